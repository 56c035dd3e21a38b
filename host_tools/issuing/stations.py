"""The stations of issuing: a blank becomes a card, takes another card's place, or gets its holder's new data.

All of them stage keys and certificates and end with one script, so a card is what it was or what it shall be. A card
is in the registry before anything is written to plastic, and nothing is written that the registry does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from host_tools.errors import OfficeProblem, OfficeRefused
from host_tools.issuing import plan
from host_tools.office import scripts
from host_tools.office.folder import Office
from host_tools.office.papers import BY, ORDER, give_up, on_paper, strays
from host_tools.office.plastic import ADMIN_PIN, USER_PIN, Plastic
from host_tools.office.staging import Issued, Seen, Step
from host_tools.office.station import HolderData, Station, Task, revoke, shown_number, subject_of
from host_tools.pki.certificate import Use
from host_tools.pki.generation import Subject
from host_tools.pki.view import Certificate as View
from host_tools.registry.columns import Json
from host_tools.registry.log import Entry
from host_tools.registry.models import Card, Certificate, Procedure
from host_tools.registry.states import Action, CardState, ProcedureKind
from host_tools.registry.work import Work
from simcard.wire.secret import Secret

OLD, HOLDER = "old", "holder"
"""Pages of the procedures: the card that is replaced, what changes of the holder."""


def entry_of(action: Action, procedure: Procedure) -> Entry:
    """A line of the log for what a procedure did."""
    return Entry(action, str(procedure.data.get(BY, "")), str(procedure.data.get(ORDER, "")))


class Issuing(Station):
    """A blank becomes the card that the registry prepared under `number`.

    A number goes onto one blank. Where the one that was begun is destroyed, `another` says that this one takes its
    place: what was issued for the other is revoked.
    """

    kind = ProcedureKind.ISSUE
    when_void = "this blank stays a blank"
    has_a_key = False

    def __init__(self, office: Office, plastic: Plastic, number: str, another: bool = False) -> None:
        super().__init__(office, plastic, number)
        self._another = another
        found = plastic.number()
        with office.registry.reading() as work:
            card = work.card(number)
            shown, generation = shown_number(card), card.generation
        if found not in ("", shown):
            raise OfficeProblem(f"the card in the reader is {found} already; put in a blank one for {shown}")
        if plastic.generation() is not generation:
            raise OfficeProblem(f"card {shown} needs a blank of the {generation.value} generation")

    def bound(self, card: Card) -> str:
        return ""

    def key(self, card: Card) -> Secret:
        return scripts.TRANSPORT_KEY

    def _certify(self, task: Task, seen: Seen, before: Issued | None) -> None:
        if before is not None and not self._another:
            raise OfficeProblem(
                f"card {self.number} was begun on another blank: put that one in, or say that it is destroyed "
                f"(simcard issue card {self.number} --another-blank)"
            )
        super()._certify(task, seen, before)

    def operations(self, card: Card) -> tuple[bytes, ...]:
        if card.state is not CardState.PREPARING:
            raise OfficeProblem(f"card {card.number} is {card.state.value} by now; {self.when_void}")
        files = (scripts.write_file(path, body) for path, body in plan.bodies(card).items())
        master = self.office.master_key()
        key, admin = scripts.management_key(master, card.number), scripts.admin_pin(master, card.number)
        # The administrator's PIN of blanks is known to everybody, and unblocks the holder's.
        keys = scripts.new_key(scripts.TRANSPORT_KEY, key), scripts.new_pin(ADMIN_PIN, key, admin)
        return (*files, scripts.reset_pin(USER_PIN), *keys)

    def record(self, work: Work, card: Card, procedure: Procedure, issued: Issued) -> None:
        entry = entry_of(Action.ISSUE, procedure)
        work.certify(card, issued.bodies, entry_of(Action.CERTIFY, procedure))
        work.move(card, CardState.NORMAL, entry)


class Replacing(Issuing):
    """The same for a card that takes another's place: it gets that one's exchange key, so old mail stays readable.

    Nothing is encrypted for the office's operator, who may be another person now: their card gets a key of its own.
    """

    kind = ProcedureKind.REPLACE

    def keys(self, seen: Seen) -> frozenset[bytes]:
        kept = self._kept()
        return super().keys(seen) | (frozenset() if kept is None else {View.parse(kept.der).key.fingerprint})

    def issue(self, task: Task, asked: bytes) -> Issued:
        kept = self._kept()
        if kept is None:
            return super().issue(task, asked)
        authority = self.office.authority(task.generation)
        signing = authority.issue(asked, task.subject, Use.SIGN, task.start)
        sealed = authority.recover(kept.serial, signing)
        exchange = authority.issue_key(sealed.key, task.subject, Use.EXCHANGE, task.start)
        return Issued(signing, exchange, sealed)

    def _kept(self) -> Certificate | None:
        """The old card's newest exchange certificate, whose key the new card gets; None for the office's own cards."""
        with self.office.registry.reading() as work:
            card = self._old(work)
            old = work.certificates(card, None)
        if self.office.is_own(card):
            return None
        kept = next((row for row in reversed(old) if row.use is Use.EXCHANGE), None)
        if kept is None:
            raise OfficeProblem(f"card {self.number} takes the place of one that never had an exchange key")
        return kept

    def _old(self, work: Work) -> Card:
        return work.card(str(self._procedure(work).data[OLD]))

    def record(self, work: Work, card: Card, procedure: Procedure, issued: Issued) -> None:
        super().record(work, card, procedure, issued)
        old = self._old(work)
        rows = frozenset(row.number for row in work.certificates(old, None))
        for number in rows | on_paper(work, old) | strays(self.office, work, old):
            revoke(self.office, number)
        work.replace(old, card)
        if old.state is not CardState.VOID:
            bound = work.binding(old)
            record_number = bound.record_number if bound is not None else ""
            work.move(old, CardState.VOID, entry_of(Action.REPLACE, procedure))
            give_up(work, old)
            if record_number:
                work.bind(card, record_number, entry_of(Action.BIND, procedure))


class Update(Station):
    """A card gets the changed data of its holder or its enterprise, and certificates that name them."""

    kind = ProcedureKind.HOLDER

    def __init__(self, office: Office, plastic: Plastic) -> None:
        with office.registry.reading() as work:
            card = work.card(plastic.number())
        super().__init__(office, plastic, card.number)

    def run(self, pin: Callable[[], Secret]) -> Iterator[Step]:
        """Every step; a card that was frozen or lost meanwhile is not gone on with."""
        with self.office.registry.reading() as work:
            state = work.card(self.number).state
        if state not in (CardState.NORMAL, CardState.VOID):  # of a void one the station says so itself
            raise OfficeRefused(f"card {self.number} is {state.value}; its data change once it is normal", "card-state")
        return super().run(pin)

    def page(self) -> Json | None:
        """What is written down of the change that waits for the card; None where none does."""
        with self.office.registry.reading() as work:
            found = work.open_procedure(self.kind, work.card(self.number))
            return None if found is None else dict(found.data)

    def bound(self, card: Card) -> str:
        return shown_number(card)

    def key(self, card: Card) -> Secret:
        return scripts.management_key(self.office.master_key(), card.number)

    def operations(self, card: Card) -> tuple[bytes, ...]:
        files = (scripts.write_file(path, body) for path, body in plan.bodies(card, self._holder(card)).items())
        return (*files, scripts.reset_pin(USER_PIN))

    def subject(self, card: Card, procedure: Procedure) -> Subject:
        return subject_of(card, self._holder(card))

    def _holder(self, card: Card) -> HolderData:
        """The holder as they will be: the registry keeps the old data until the card has the new ones."""
        with self.office.registry.reading() as work:
            return replace(HolderData.of(card), **self._procedure(work).data[HOLDER])

    def record(self, work: Work, card: Card, procedure: Procedure, issued: Issued) -> None:
        changes = procedure.data[HOLDER]
        if changes:
            entry = work.change_holder(card, changes, entry_of(Action.HOLDER_CHANGED, procedure))
        else:
            entry = entry_of(Action.ENTERPRISE_CHANGED, procedure)
        work.certify(card, issued.bodies, entry)
