"""The desk where signed orders are handed in: each is followed or refused, once, and either way written down.

An order that changes the state of a card touches two books: the authority's (hold, release, revoke) and the
registry. It is first accepted, with an open procedure in the registry; then the authority's book is brought to what
the new state needs, which does no harm done twice; then the card moves and the procedure ends, in one transaction.
A process that dies between leaves the procedure open, and `resume` finishes it. Whatever stands in only one of the
books meanwhile, log in and orders are refused by the stricter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from host_tools.eport_client.wording import Lang, Text
from host_tools.errors import BadEncoding, OrderRefused, RegistryBusy
from host_tools.office import rules
from host_tools.office.credentials import authenticate, insist_on_standing
from host_tools.office.folder import Office
from host_tools.office.orders import WORD, Details, Order, Signed
from host_tools.office.papers import give_up, on_paper, strays
from host_tools.office.refusals import KINDS, OFFICE, STATES, Reason, Refusal, who_may
from host_tools.office.rules import Party, Rule, Target
from host_tools.pki.generation import serial_of
from host_tools.pki.ledger import Entry as BookEntry
from host_tools.pki.revocation import Reason as Why
from host_tools.registry.columns import Json
from host_tools.registry.log import Entry
from host_tools.registry.models import Card, Enterprise
from host_tools.registry.states import Action, CardState, EnterpriseState, Outcome, ProcedureKind
from host_tools.registry.work import Work

LIFE = timedelta(minutes=10)
"""How long after its signature an order may come."""
SKEW = timedelta(minutes=2)
"""How far the signer's clock may be ahead."""
RECORD = "record_number"
"""The datum of an order to bind: the declarant's record number."""

MOST_KEPT = 4096
"""Bytes of what a stranger sends that the log keeps; it must not grow as they please."""

LEAVES = "leaves"
"""Page of an order to void a card: its enterprise leaves the network with the last one."""
Also = Callable[[Work, Card, Order], None]
"""What else to do in the transaction that accepts an order, for each card."""
Whole = Callable[[Work, Order], Json]
"""The same for an order about an enterprise as a whole; what the log shall say of it besides."""
DETAILED = frozenset((Action.ISSUE, Action.HOLDER_CHANGED, Action.ENTERPRISE_CHANGED))
"""Orders that mean nothing without the details handed in with them."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order that was followed, or will be by whoever asked (such as unlocking, which needs the card)."""

    order: Order
    states: dict[str, CardState]


@dataclass(frozen=True, slots=True)
class Expected:
    """The order that is needed for what is done next: an action, and one card (any, or this one) or none."""

    action: Action
    one_card: bool = True
    card: str = ""

    def allows(self, order: Order) -> bool:
        """Whether it is that order."""
        cards = len(order.cards) == (1 if self.one_card else 0)
        return order.action is self.action and cards and self.card in ("", *order.cards)


@dataclass(frozen=True, slots=True)
class Finished:
    """An order cut short earlier, finished now."""

    card: str
    action: Action
    state: CardState


@dataclass(slots=True)
class _Case:
    """An order while it is looked at: what is known of it so far."""

    signed: Signed
    expected: Expected | None = None
    details: Details | None = None
    order: Order | None = None
    by: str = ""

    @property
    def data(self) -> Json:
        """What the log keeps of it: the proof; and of what nobody known signed only the beginning."""
        most = None if self.by else MOST_KEPT
        return {
            "order": self.signed.text[:most].decode("utf-8", "backslashreplace"),
            "signature": self.signed.signature[:most].hex(),
            "certificate": "" if self.by else self.signed.certificate[:most].hex(),
        }

    def entry(self, action: Action, outcome: Outcome = Outcome.ACCEPTED, reason: str = "") -> Entry:
        number = self.order.number if self.order is not None and self.by else ""
        return Entry(action, self.by, number, outcome, reason, self.data)


class Desk:
    """The desk of an office; refusals are told in `lang`."""

    def __init__(self, office: Office, lang: Lang = Lang.EN) -> None:
        self._office = office
        self._lang = lang

    # -- taking orders

    def submit(
        self,
        signed: Signed,
        expected: Expected | None = None,
        *,
        also: Also | None = None,
        details: Details | None = None,
        whole: Whole | None = None,
    ) -> Accepted:
        """Follow an order, or `OrderRefused`. `also` and `whole` are done in the transaction that accepts it.

        `expected`: what whoever hands it in is about to do; an order that says anything else is refused.
        """
        case, refusal, ruled = _Case(signed, expected, details), None, {}
        self._finish_what_is_open(signed)
        with self._office.registry.writing() as work:
            try:
                ruled = self._decide(work, case)
            except Refusal as found:
                refusal = found
                self._note_refusal(work, case, found)
            else:
                self._accept(work, case, ruled, also, whole)
        if refusal is not None or case.order is None:
            assert refusal is not None
            raise OrderRefused(refusal.say(self._lang), refusal.reason.value)
        for number in sorted(number for number, rule in ruled.items() if rule.to is not None):
            self._carry_out(number)
        return Accepted(case.order, self._states(case.order))

    def _states(self, order: Order) -> dict[str, CardState]:
        with self._office.registry.reading() as work:
            return {number: work.card(number).state for number in order.cards}

    def _finish_what_is_open(self, signed: Signed) -> None:
        try:
            order = Order.parse(signed.text)
        except BadEncoding:
            return
        for number in order.cards:
            self._carry_out(number)

    def _decide(self, work: Work, case: _Case) -> dict[str, Rule]:
        """The rule for each card of the order; `Refusal` if there is anything against it."""
        try:
            order = Order.parse(case.signed.text)
        except BadEncoding:
            raise Refusal(Reason.FORM) from None
        row = authenticate(self._office, work, case.signed)
        case.order, case.by = order, row.card.number
        if order.by != row.card.number:
            raise Refusal(Reason.OTHER_SIGNER)
        self._spend(work, order)
        if case.expected is not None and not case.expected.allows(order):
            raise Refusal(Reason.FORM)
        signer = insist_on_standing(self._office, work, row)
        party = Party(signer.number, signer.kind, signer.enterprise.credit_code, self._office.is_own(signer))
        ruled: dict[str, Rule] = {}
        if order.action in BOOKINGS and len(order.cards) > 1:
            raise Refusal(Reason.FORM)
        if not order.cards:
            self._decide_on_enterprise(work, order, party)
        # Always in the same order, or two orders about the same cards could wait for each other.
        for number in sorted(order.cards):
            ruled[number] = _rule(self._office, work, order, party, number)
        if order.action in DETAILED and (case.details is None or case.details.data.items() - order.data.items()):
            raise Refusal(Reason.OTHER_DETAILS)
        return ruled

    @staticmethod
    def _spend(work: Work, order: Order) -> None:
        """A well-signed order is answered once, whatever the answer."""
        if order.at > work.now + SKEW:
            raise Refusal(Reason.FUTURE)
        if order.at < work.now - LIFE:
            raise Refusal(Reason.STALE)
        if work.is_spent(order.number):
            raise Refusal(Reason.USED)
        work.spend_order(order.number)

    @staticmethod
    def _decide_on_enterprise(work: Work, order: Order, party: Party) -> None:
        if work.find_enterprise(order.enterprise) is None:
            raise Refusal(Reason.UNKNOWN_ENTERPRISE, enterprise=order.enterprise)
        if not rules.permitted_for_enterprise(order.action, party, order.enterprise):
            if not party.of_office and party.enterprise != order.enterprise:
                raise Refusal(Reason.WRONG_ENTERPRISE, card=party.number)
            own = party.of_office and party.enterprise == order.enterprise
            who = who_may(() if own else rules.signers_for_enterprise(order.action))
            raise Refusal(Reason.NOT_PERMITTED, signer=_named(party), kind=KINDS[None], who=who)

    def _accept(self, work: Work, case: _Case, ruled: dict[str, Rule], also: Also | None, whole: Whole | None) -> None:
        order = case.order
        assert order is not None
        for number, rule in ruled.items():
            card = work.card(number)
            if rule.to is not None:
                self._open(work, case, card, rule.to)
            elif order.action in BOOKINGS:
                BOOKINGS[order.action](work, card, order, case.entry(order.action))
            else:
                work.note(card, case.entry(order.action))
            if also is not None:
                also(work, card, order)
        if not ruled:
            more = {} if whole is None else whole(work, order)
            entry = case.entry(order.action)
            work.note(work.enterprise(order.enterprise), replace(entry, data={**entry.data, **more}))

    @staticmethod
    def _open(work: Work, case: _Case, card: Card, to: CardState) -> None:
        assert case.order is not None
        if work.open_procedure(ProcedureKind.ORDER, card) is not None:
            raise RegistryBusy(f"another order about card {card.number} is being followed now; try again")
        order = {"action": case.order.action.value, "to": to.value, "number": case.order.number}
        work.begin(ProcedureKind.ORDER, card, {**order, "by": case.by, "proof": case.data})

    def _note_refusal(self, work: Work, case: _Case, refusal: Refusal) -> None:
        """Into the chains of the cards it was about; where nobody known signed it, into that of the registry."""
        reason = f"{refusal.reason.value}: {refusal.say(Lang.EN)}"
        if case.order is None:
            work.note(None, case.entry(Action.ORDER, Outcome.REFUSED, reason))
            return
        entry = case.entry(case.order.action, Outcome.REFUSED, reason)
        found = [card for number in case.order.cards if (card := work.find_card(number)) is not None]
        for card in found or [work.card(case.by)]:
            work.note(card, entry)

    # -- carrying them out

    def resume(self) -> tuple[Finished, ...]:
        """Finish every order that was accepted and then cut short."""
        with self._office.registry.reading() as work:
            open_ = [each.card.number for each in work.open_procedures(ProcedureKind.ORDER)]
        return tuple(done for number in open_ if (done := self._carry_out(number)) is not None)

    def _carry_out(self, number: str) -> Finished | None:
        """Finish the open order about a card, if there is one; safe in several processes at once."""
        while True:
            with self._office.registry.reading() as work:
                card = work.find_card(number)
                found = None if card is None else work.open_procedure(ProcedureKind.ORDER, card)
                if card is None or found is None:
                    return None
                done = Finished(number, Action(found.data["action"]), CardState(found.data["to"]))
                concerned = _concerned(self._office, work, card, done.state)
            for certificate in sorted(concerned):
                settle(self._office, certificate, done.state)
            state = self._close(done, concerned)
            if state is not None:
                return replace(done, state=state)

    def _close(self, done: Finished, seen: frozenset[str]) -> CardState | None:
        """Move the card, and say where to; None if it got certificates meanwhile that the authority was not told of."""
        with self._office.registry.writing() as work:
            card = work.card(done.card)
            found = work.open_procedure(ProcedureKind.ORDER, card)
            if found is None:  # another process was quicker
                return done.state
            if card.state is CardState.VOID:  # no way leads from there: the order came too late
                give_up(work, card)
                return card.state
            if _concerned(self._office, work, card, done.state) != seen:
                return None
            entry = Entry(done.action, found.data["by"], found.data["number"], data=found.data["proof"])
            work.move(card, done.state, entry)
            work.finish(found)
            if done.state is CardState.VOID:
                give_up(work, card)
            if found.data.get(LEAVES):
                _leave(work, card.enterprise, Entry(Action.ENTERPRISE_CANCELLED, entry.by_card, entry.order_number))
            return done.state


def _leave(work: Work, enterprise: Enterprise, entry: Entry) -> None:
    """The enterprise leaves with the last of its cards, in one transaction."""
    alone = work.enterprise_alone(enterprise.credit_code)
    gone = all(card.state is CardState.VOID for card in work.cards(alone))
    if gone and alone.state is EnterpriseState.ACTIVE:
        work.cancel_enterprise(alone, entry)


def settle(office: Office, number: str, state: CardState) -> None:
    """Bring the authority's book to what the state of a certificate's card needs; twice does no harm."""
    generation, serial = serial_of(number)
    ledger = office.authorities.ledger
    why = STANDING[state]
    now = _standing(ledger.find(generation, serial))
    if now is why or now not in CHANGEABLE:
        return
    if why is None:
        ledger.release(generation, serial)
    else:
        ledger.revoke(generation, serial, office.clock().replace(microsecond=0), why)


STANDING: dict[CardState, Why | None] = {
    CardState.PREPARING: None,
    CardState.NORMAL: None,
    CardState.FROZEN: Why.HOLD,
    CardState.LOST: Why.HOLD,
    CardState.VOID: Why.CESSATION,
}
"""What the authority's book says of the certificates of a card in a state; None is good."""
CHANGEABLE = (None, Why.HOLD)
"""Any other reason stays for ever."""


def _standing(entry: BookEntry | None) -> Why | None:
    return entry.revoked.reason if entry is not None and entry.revoked is not None else None


def _concerned(office: Office, work: Work, card: Card, to: CardState) -> frozenset[str]:
    """Numbers of the certificates a change of state is about: in use or soon to be; all where a card becomes void."""
    void = to is CardState.VOID
    rows = work.certificates(card, None) if void else work.certificates(card)
    return on_paper(work, card).union((each.number for each in rows), strays(office, work, card) if void else ())


def _named(party: Party) -> Text:
    """The card that signed, as a refusal speaks of it."""
    return OFFICE if party.of_office else KINDS[party.kind]


def _rule(office: Office, work: Work, order: Order, party: Party, number: str) -> Rule:
    card = work.find_card(number)
    if card is None or card.number != number:
        raise Refusal(Reason.UNKNOWN_CARD, card=number)
    target = Target(card.number, card.kind, card.enterprise.credit_code, card.state, office.is_own(card))
    if target.enterprise != order.enterprise:
        raise Refusal(Reason.WRONG_ENTERPRISE, card=number)
    able, who = rules.permitted(order.action, party, target), who_may(rules.signers_for(order.action, target))
    if not able:
        foreign = not party.of_office and party.enterprise != target.enterprise
        if foreign:
            raise Refusal(Reason.WRONG_ENTERPRISE, card=number)
        raise Refusal(Reason.NOT_PERMITTED, signer=_named(party), kind=KINDS[card.kind], who=who)
    rule = rules.ruling(able, card.state)
    if rule is None:
        raise Refusal(Reason.CARD_STATE, card=number, state=STATES[card.state], signer=_named(party), who=who)
    if order.action is Action.BIND and not WORD.fullmatch(order.data.get(RECORD, "")):
        raise Refusal(Reason.RECORD_NUMBER)
    if order.action is Action.BIND and _is_bound(work, card, order):
        raise Refusal(Reason.BOUND)
    if order.action is Action.UNBIND and work.binding(card) is None:
        raise Refusal(Reason.NOT_BOUND)
    return rule


def _is_bound(work: Work, card: Card, order: Order) -> bool:
    return work.binding(card) is not None or work.is_bound(order.data.get(RECORD, ""))


def _bind(work: Work, card: Card, order: Order, entry: Entry) -> None:
    work.bind(card, order.data.get(RECORD, ""), entry)


def _unbind(work: Work, card: Card, _order: Order, entry: Entry) -> None:
    work.unbind(card, entry)


BOOKINGS: dict[Action, Callable[[Work, Card, Order, Entry], None]] = {Action.BIND: _bind, Action.UNBIND: _unbind}
"""What is done by writing into the registry alone."""
