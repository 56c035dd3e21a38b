"""A station: does one step of staging after another, until card, authority and registry agree.

It may be cut anywhere, by power, by a pulled card or by its own death. What is on paper is a procedure in the
registry; it is written before the card is given what it says, and finished after the card has it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from secrets import token_hex
from typing import ClassVar

from host_tools.errors import BadResponse, BadSignature, OfficeProblem
from host_tools.office import scripts
from host_tools.office.desk import settle
from host_tools.office.folder import Office
from host_tools.office.papers import ASKED, ISSUED, issued_by, strays
from host_tools.office.plastic import Plastic
from host_tools.office.staging import Issued, Seen, Step, next_step
from host_tools.pki import verify
from host_tools.pki.certificate import Use
from host_tools.pki.generation import CARD_PREFIX, Generation, Subject, serial_of
from host_tools.pki.keys import SCHEMES, USUAL_HASH
from host_tools.pki.revocation import Reason
from host_tools.pki.view import Certificate
from host_tools.registry.columns import canonical
from host_tools.registry.models import Card, Procedure
from host_tools.registry.states import CardState, ProcedureKind
from host_tools.registry.work import Work
from simcard.wire.secret import Secret

PRESENCE_FORM = "simcard presence 1"
START = "start"
"""The page of a procedure that has the day from which what is issued is valid."""
MOST_STEPS = 32
"""A card that tells the truth needs eight."""
RSA_BITS = 1024
"""Keys of the older generation, as real cards had them."""


def shown_number(card: Card) -> str:
    """The number as it stands on the card."""
    return (CARD_PREFIX if card.generation is Generation.SM2 else "") + card.number


@dataclass(frozen=True, slots=True)
class HolderData:
    """What of a holder stands on a card."""

    name: str
    document_type: str
    document_number: str
    social_number: str
    record_number: str

    @classmethod
    def of(cls, card: Card) -> HolderData:
        """As the registry has them."""
        return cls(*(getattr(card.holder, each.name) for each in fields(cls)))


def subject_of(card: Card, holder: HolderData | None = None) -> Subject:
    """Whom the certificates of a card name, or will name once its holder's data are these."""
    holder, firm = holder or HolderData.of(card), card.enterprise
    return Subject(
        holder.name,
        firm.name,
        holder.document_type,
        holder.document_number,
        card.number,
        firm.code,
        firm.category or "00",
        firm.acceptance_point or "10",
    )


@dataclass(frozen=True, slots=True)
class Task:
    """What a station needs to know of the card in it."""

    number: str
    generation: Generation
    subject: Subject
    start: date
    bits: int = RSA_BITS


class Station(ABC):
    """Works on one card of one procedure. Subclasses say what the script does and what is written down at the end."""

    kind: ProcedureKind
    when_void: ClassVar = "nothing more is done to it"
    """What there is to say of the card in the reader, once it became void."""
    has_a_key: ClassVar = True
    """Whether the card in the reader has keys that the registry knows it by; a blank has none."""

    def __init__(self, office: Office, plastic: Plastic, number: str) -> None:
        self.office = office
        self.plastic = plastic
        self.number = number

    # -- what differs

    @abstractmethod
    def bound(self, card: Card) -> str:
        """What the card's number file says before the script."""

    @abstractmethod
    def key(self, card: Card) -> Secret:
        """The management key before the script."""

    @abstractmethod
    def operations(self, card: Card) -> tuple[bytes, ...]:
        """What the script does besides the switch."""

    @abstractmethod
    def record(self, work: Work, card: Card, procedure: Procedure, issued: Issued) -> None:
        """Write down that it is done, in the transaction that ends the procedure."""

    # -- going on

    def run(self, pin: Callable[[], Secret]) -> Iterator[Step]:
        """Every step, told before it is done. `pin` is asked for once, when the first step needs it."""
        task, logged_in = self._task(), False
        for _ in range(MOST_STEPS):
            issued = self._issued()
            seen = self.plastic.seen(task.generation)
            step = next_step(seen, issued)
            if step not in (Step.SCRIPT, Step.RECORD) and not logged_in:
                self.plastic.login(pin())
                logged_in = True
            yield step
            if step is Step.RECORD:
                self._record(seen)
                return
            self._do(step, task, seen, issued)
        raise BadResponse("the card does not keep what it is given; try another card")

    def _do(self, step: Step, task: Task, seen: Seen, issued: Issued | None) -> None:
        plastic, generation = self.plastic, task.generation
        match step, issued:
            case Step.STAGE, _:
                plastic.stage(generation)
            case Step.GENERATE, _:
                plastic.generate(generation, task.bits)
            case Step.CERTIFY, _:
                self._certify(task, seen, issued)
            case Step.IMPORT_KEY, Issued():
                plastic.import_key(generation, issued.envelope)
            case Step.IMPORT_SIGNING, Issued():
                plastic.import_certificate(generation, Use.SIGN, issued.signing.encoded)
            case Step.IMPORT_EXCHANGE, Issued():
                plastic.import_certificate(generation, Use.EXCHANGE, issued.exchange.encoded)
            case Step.SCRIPT, _:
                self._script(seen)

    def _certify(self, task: Task, seen: Seen, before: Issued | None) -> None:
        if self.has_a_key:
            self.insist_on_its_key(seen)
        asked = self.plastic.request(task.generation, task.subject, seen.keys[Use.SIGN])
        self._note(self.keys(seen), before)
        # Their keys are gone from the card: nobody can ever use these certificates.
        for number in self._put_down(task, asked, before):
            revoke(self.office, number)

    def insist_on_its_key(self, seen: Seen) -> None:
        """`OfficeProblem` where the card in the reader is not the one of its number: it has to use that one's key.

        Anybody can make a card that bears a number; nothing is certified for one that only says so.
        """
        text = canonical({"form": PRESENCE_FORM, "card": self.number, "nonce": token_hex(32)}).encode()
        with self.office.registry.reading() as work:
            rows = work.certificates(work.card(self.number))
        known = [Certificate.parse(row.der).key for row in rows if row.use is Use.SIGN]
        try:
            if seen.active is None or seen.active not in known:
                raise BadSignature("another key")
            hash_, scheme = USUAL_HASH[seen.active.kind], SCHEMES[seen.active.kind][0]
            signature = self.plastic.prove(seen.active, text)
            verify.verify(seen.active, hash_, scheme, text, signature, self.office.sm2.verify)
        except BadSignature:
            raise OfficeProblem(
                f"the card in the reader bears the number {self.number}, and has not its key: it is another card; "
                "nothing was issued for it"
            ) from None

    def keys(self, seen: Seen) -> frozenset[bytes]:
        """The keys (fingerprints) for which the authority is asked to issue."""
        return frozenset((seen.keys[Use.SIGN].fingerprint,))

    def _note(self, keys: frozenset[bytes], before: Issued | None) -> None:
        """Write down for which keys the authority will be asked: after a death it shows what to look for."""
        former = () if before is None else (before.signing.key.fingerprint,)
        with self.office.registry.writing() as work:
            procedure = self._procedure(work)
            self._insist_on_page(procedure, before)
            asked = {*procedure.data.get(ASKED, ()), *(key.hex() for key in (*keys, *former))}
            work.step(procedure, **{ASKED: sorted(asked)})

    def issue(self, task: Task, asked: bytes) -> Issued:
        """What the authority issues for a request of the card."""
        return Issued.of(self.office.authority(task.generation).issue_pair(asked, task.subject, task.start))

    def _put_down(self, task: Task, asked: bytes, before: Issued | None) -> frozenset[str]:
        """Have it issued, and write it down; numbers of what was issued earlier and is on no paper any more.

        Both in one transaction, which has the card for itself: nobody else issues for it, or makes it void, between.
        """
        with self.office.registry.writing() as work:
            procedure = self._procedure(work)
            self._insist_on_page(procedure, before)
            work.step(procedure, **{ISSUED: self.issue(task, asked).encode()})
            return strays(self.office, work, procedure.card)

    def _insist_on_page(self, procedure: Procedure, issued: Issued | None) -> None:
        """`OfficeProblem` where another station wrote down something else meanwhile."""
        if issued_by(procedure) != issued:
            raise OfficeProblem(f"card {self.number} is worked on at another station; finish it there")

    def _script(self, seen: Seen) -> None:
        with self.office.registry.reading() as work:
            card = work.card(self.number)
            key, bound, operations = self.key(card), self.bound(card), self.operations(card)
            name = self.plastic.container_name(card.generation)
        made = scripts.script(key, bound, seen.scripts + 1, scripts.switch(name), *operations)
        self.plastic.execute(made)

    def _record(self, seen: Seen) -> None:
        issued = self._issued()
        assert issued is not None
        while not self._recorded(seen, issued):  # its state changed meanwhile: look again
            pass

    def _recorded(self, seen: Seen, issued: Issued) -> bool:
        with self.office.registry.reading() as work:
            card = work.card(self.number)
            state = card.state
            former = [row.number for row in work.certificates(card) if row.der not in issued.bodies.values()]
        for number in former:
            revoke(self.office, number)
        # What is new must not be good where the card is not: the authority hears of it first.
        for certificate in (issued.signing, issued.exchange):
            settle(self.office, certificate.number, state)
        with self.office.registry.writing() as work:
            procedure, card = self._procedure(work), work.card(self.number)
            if card.state is not state:
                return False
            self._insist_on_page(procedure, issued)
            for number in strays(self.office, work, card):  # the last time that anybody looks for them
                revoke(self.office, number)
            self.record(work, card, procedure, issued)
            card.script_counter = seen.scripts
            work.finish(procedure)
            return True

    # -- on paper

    def _procedure(self, work: Work) -> Procedure:
        card = work.card(self.number)
        found = work.open_procedure(self.kind, card)
        if found is None and card.state is CardState.VOID:
            raise OfficeProblem(f"card {self.number} is void by now; {self.when_void}")
        if found is None:
            raise OfficeProblem(f"card {self.number}: somebody else finished this {self.kind.value} meanwhile")
        return found

    def _task(self) -> Task:
        self._begin_today()
        with self.office.registry.reading() as work:
            card, procedure = work.card(self.number), self._procedure(work)
            start = date.fromisoformat(str(procedure.data[START]))
            return Task(card.number, card.generation, self.subject(card, procedure), start)

    def _begin_today(self) -> None:
        """Work of an earlier day that has got nothing yet of the authority gets certificates of today."""
        today = self.office.clock().date().isoformat()
        with self.office.registry.reading() as work:
            card, procedure = work.card(self.number), self._procedure(work)
            generation, page = card.generation, procedure.data
        if issued_by(procedure) is not None or page[START] == today:
            return
        self.office.insist_on_life(generation)
        with self.office.registry.writing() as work:
            work.step(self._procedure(work), **{START: today})

    def subject(self, card: Card, procedure: Procedure) -> Subject:
        """Whom the new certificates name."""
        return subject_of(card)

    def _issued(self) -> Issued | None:
        with self.office.registry.reading() as work:
            return issued_by(self._procedure(work))


def revoke(office: Office, number: str) -> None:
    """Tell the authority's book that a newer certificate stands in a certificate's place; twice does no harm."""
    generation, serial = serial_of(number)
    entry = office.authorities.ledger.find(generation, serial)
    gone = entry is not None and entry.revoked is not None and entry.revoked.reason is not Reason.HOLD
    if not gone:
        office.authorities.ledger.revoke(generation, serial, office.clock().replace(microsecond=0), Reason.SUPERSEDED)
