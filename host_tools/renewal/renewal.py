"""The renewal of one card: an order, then a station's steps. Whatever is interrupted is taken up by running it again.

renewal = Renewal(office, plastic)
renewal.begin(signed_order)         # only where none is open
for step in renewal.run(pin): ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from host_tools.client.iso import IsoCard
from host_tools.eport_client.wording import Lang
from host_tools.errors import NotRegistered, OfficeRefused
from host_tools.office import scripts
from host_tools.office.desk import Desk, Expected
from host_tools.office.folder import Office
from host_tools.office.orders import Order, Signed, sign_order
from host_tools.office.plastic import USER_PIN, Plastic
from host_tools.office.rules import Signer, renews_itself
from host_tools.office.staging import Issued, Step, next_step
from host_tools.office.station import START, Station, shown_number
from host_tools.pki.certificate import Use
from host_tools.registry.log import Entry
from host_tools.registry.models import Card, Procedure
from host_tools.registry.states import Action, CardKind, CardState, Outcome, ProcedureKind
from host_tools.registry.work import Work
from host_tools.renewal import rules
from host_tools.renewal.rules import Standing
from simcard.wire.secret import Secret


@dataclass(frozen=True, slots=True)
class View:
    """What the renewal client shows of a card; the two moments are UTC."""

    name: str
    certificate: str
    document_number: str
    card_number: str
    unit: str
    kind: str
    start: datetime
    end: datetime

    TITLES: ClassVar[tuple[tuple[str, str], ...]] = (
        ("申请者名称", "Applicant"),
        ("用户证书号", "Certificate number"),
        ("证件号码", "Document number"),
        ("IC卡号", "Card number"),
        ("单位名称", "Unit"),
        ("卡类型", "Kind of card"),
        ("证书有效期开始时间", "Valid from"),
        ("证书有效期结束时间", "Valid until"),
    )

    @property
    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """Chinese title, English title, text: as the screens have them."""
        data = (self.name, self.certificate, self.document_number, self.card_number, self.unit, self.kind)
        days = (f"{self.start:%Y-%m-%d}", f"{self.end:%Y-%m-%d}")
        return tuple((zh, en, text) for (zh, en), text in zip(self.TITLES, (*data, *days)))


class RenewalRefused(OfficeRefused):
    """A renewal that is not due, or not for this signer."""

    code = "renewal-refused"


class Renewal(Station):
    """The renewal of the card behind `plastic`."""

    kind = ProcedureKind.RENEW

    def __init__(self, office: Office, plastic: Plastic, lang: Lang = Lang.EN) -> None:
        with office.registry.reading() as work:
            card = work.card(plastic.number())
        super().__init__(office, plastic, card.number)
        self._lang = lang

    # -- looking

    def view(self) -> View:
        """The card as the registry knows it."""
        with self.office.registry.reading() as work:
            card = work.card(self.number)
            # A void card has no current one any more: then the newest of those it had.
            former = [each for each in work.certificates(card, None) if each.use is Use.SIGN]
            row = former[-1] if former else work.current(card, Use.SIGN)
            holder = card.holder
            return View(
                holder.name,
                row.number,
                holder.document_number,
                shown_number(card),
                card.enterprise.name,
                card.kind.value,
                row.not_before,
                row.not_after,
            )

    @property
    def is_open(self) -> bool:
        """Whether a renewal was begun and not finished."""
        with self.office.registry.reading() as work:
            return work.open_procedure(self.kind, work.card(self.number)) is not None

    def waits_for(self) -> Step | None:
        """The step before which an open renewal was cut short; None where none is open."""
        if not self.is_open:
            return None
        return next_step(self.plastic.seen(self._task().generation), self._issued())

    def standing(self) -> Standing:
        """What the rules look at, now."""
        with self.office.registry.reading() as work:
            card = work.card(self.number)
            own, state = self.office.is_own(card), card.state
        locked = not self.plastic.tries_left()
        return Standing(self.view().end, self.office.clock(), locked, own, state, self.is_open)

    @property
    def by_itself(self) -> bool:
        """Whether this kind of card orders its own renewal."""
        with self.office.registry.reading() as work:
            card = work.card(self.number)
            return renews_itself(card.kind, self.office.is_own(card))

    def against(self, signer: Signer) -> str:
        """Why it may not be renewed now, in the user's language; empty if it may."""
        standing = self.standing()
        found = rules.against(standing, signer)
        return "" if found is None else rules.say(found, standing, self._lang)

    # -- beginning

    def order(self, by: str) -> Order:
        """The order to be signed by the card of that number."""
        with self.office.registry.reading() as work:
            card = work.card(self.number)
            firm = card.enterprise.credit_code
        return Order(Action.RENEW, (self.number,), firm, by, self.office.clock())

    def begin(self, signer: IsoCard, by: str, pin: Secret) -> None:
        """Have a card sign the order, and hand it in; nothing is done where a renewal is open already."""
        if self.is_open:
            return
        self._insist(by)
        self.accept(sign_order(signer, pin, self.order(by)))

    def accept(self, signed: Signed) -> None:
        """Hand in a signed order; the procedure is begun in the transaction that accepts it."""
        self._insist(Order.parse(signed.text).by)
        Desk(self.office, self._lang).submit(signed, Expected(Action.RENEW, card=self.number), also=self._open)

    def _open(self, work: Work, card: Card, order: Order) -> None:
        self.office.insist_on_life(card.generation)
        page = {START: self.office.clock().date().isoformat(), "order": order.number, "by": order.by}
        work.begin(self.kind, card, page)

    def _insist(self, by: str) -> None:
        """Refuse, and write down, what the rules do not allow this signer now."""
        signer, standing = self._signer(by), self.standing()
        found = rules.against(standing, signer)
        if found is None:
            return
        reason = f"{found.value}: {rules.say(found, standing, Lang.EN)}"
        with self.office.registry.writing() as work:
            work.note(work.card(self.number), Entry(Action.RENEW, by, "", Outcome.REFUSED, reason))
        raise RenewalRefused(rules.say(found, standing, self._lang), found.value)

    def _signer(self, by: str) -> Signer:
        with self.office.registry.reading() as work:
            card, signer = work.card(self.number), work.find_card(by)
            if signer is None:
                raise NotRegistered(f"no card {by} in the registry")
            if self.office.is_own(signer):
                return Signer.SELF if signer.number == card.number else Signer.OFFICE
            return Signer.SELF if card.kind is CardKind.LEGAL else Signer.LEGAL

    # -- as a station

    def run(self, pin: Callable[[], Secret]) -> Iterator[Step]:
        """Every step, told before it is done; a card that was frozen or lost meanwhile is not gone on with."""
        with self.office.registry.reading() as work:
            state = work.card(self.number).state
        if state is not CardState.NORMAL:
            raise RenewalRefused(
                f"card {self.number} is {state.value}; a renewal waits until it is normal", "card-state"
            )
        return super().run(pin)

    def bound(self, card: Card) -> str:
        return shown_number(card)

    def key(self, card: Card) -> Secret:
        return scripts.management_key(self.office.master_key(), card.number)

    def operations(self, card: Card) -> tuple[bytes, ...]:
        return (scripts.reset_pin(USER_PIN),)

    def record(self, work: Work, card: Card, procedure: Procedure, issued: Issued) -> None:
        by, order = str(procedure.data["by"]), str(procedure.data["order"])
        end = f"{issued.signing.not_after:%Y-%m-%d}"
        work.certify(card, issued.bodies, Entry(Action.RENEW, by, order, data={"until": end}))
