"""What an office does for enterprises: joining, more cards, replacement, other holder data, cancellation.

Each of these writes the registry's part, in one transaction, and names the cards that are then to be made; making
them is `stations`. Joining is the office's own business; everything else needs a signed order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import TypeVar

from host_tools.eport_client.wording import Lang
from host_tools.errors import AlreadyRegistered, OfficeProblem, OrderRefused, RegistryBusy
from host_tools.issuing import plan
from host_tools.issuing.plan import Firm, Person
from host_tools.issuing.stations import HOLDER, OLD
from host_tools.office.desk import LEAVES, Desk, Expected
from host_tools.office.folder import Office
from host_tools.office.orders import Details, Order, Signed
from host_tools.office.papers import BY, ORDER
from host_tools.office.refusals import Reason
from host_tools.office.station import START, HolderData
from host_tools.pki.generation import Generation
from host_tools.registry.columns import Json
from host_tools.registry.log import Entry
from host_tools.registry.models import Card, Enterprise, Holder
from host_tools.registry.states import Action, CardKind, CardState, EnterpriseState, Medium, ProcedureKind
from host_tools.registry.work import Work

SALT = "salt"
"""Page of a procedure: the salt of the details that were handed in with its order."""
TRIES = 5
"""How often to look for a free card number while other stations take them."""
Result = TypeVar("Result")


class Procedures:
    """The procedures of one office; refusals are told in `lang`."""

    def __init__(self, office: Office, lang: Lang = Lang.EN) -> None:
        self.office = office
        self._lang = lang

    # -- joining

    def join(
        self, firm: Firm, legal: Person, operator: Person | None, generation: Generation, medium: Medium = Medium.IC
    ) -> tuple[str, str]:
        """A new enterprise: numbers of its legal-person and operator card, prepared together.

        The operator is the legal representative unless another is named. Running it again with the same data gives
        the same numbers, so a call that was cut short can simply be repeated. An enterprise that was cancelled joins
        as a new one does.
        """
        second = operator or legal
        plan.check_firm(firm)
        plan.check_person(legal, CardKind.LEGAL)
        plan.check_person(second, CardKind.OPERATOR)

        self._insist_on_another(firm)

        def do(work: Work) -> tuple[str, str]:
            known = work.find_enterprise(firm.credit_code)
            if known is not None and known.state is EnterpriseState.ACTIVE:
                return self._joined(work, known, firm, legal, second, generation)
            enterprise = _admitted(work, known, firm)
            one = self._prepare(work, enterprise, legal, CardKind.LEGAL, generation, medium)
            two = self._prepare(work, enterprise, second, CardKind.OPERATOR, generation, medium)
            return one.number, two.number

        return self._again(do)

    def check(self, firm: Firm, legal: Person, operator: Person | None, generation: Generation) -> None:
        """`AlreadyRegistered` for an enterprise that is in the network with other data than these."""
        self._insist_on_another(firm)
        with self.office.registry.reading() as work:
            known = work.find_enterprise(firm.credit_code)
            if known is not None and known.state is EnterpriseState.ACTIVE:
                self._joined(work, known, firm, legal, operator or legal, generation)

    def _insist_on_another(self, firm: Firm) -> None:
        if firm.credit_code == self.office.credit_code:
            raise AlreadyRegistered(f"{firm.credit_code} is the office itself, which is no enterprise that joins")

    @staticmethod
    def _joined(
        work: Work, known: Enterprise, firm: Firm, legal: Person, operator: Person, generation: Generation
    ) -> tuple[str, str]:
        """The two cards of an enterprise that is here already, if they are the very ones asked for."""
        here = f"enterprise {known.credit_code} is in the network already"
        if (known.name, known.customs_code) != (firm.name, firm.customs_code):
            code = f", customs code {known.customs_code}" if known.customs_code else ""
            raise AlreadyRegistered(f"{here}, as {known.name}{code}; simcard issue change-enterprise changes that")
        every = list(work.cards(known))
        cards = [card for card in every if card.state is not CardState.VOID]
        if not any(card.kind is CardKind.LEGAL for card in cards):
            last = max(card.number for card in every if card.kind is CardKind.LEGAL)
            raise AlreadyRegistered(
                f"{here}, and its legal-person card void; the office makes another with simcard issue replace {last}"
            )
        found = [
            next(
                (c.number for c in cards if c.kind is kind and c.generation is generation and _is(c.holder, one)), None
            )
            for kind, one in ((CardKind.LEGAL, legal), (CardKind.OPERATOR, operator))
        ]
        if found[0] is None or found[1] is None:
            has = ", ".join(
                f"{card.kind.value} {card.number} ({card.generation.value}) {card.holder.name}" for card in cards
            )
            raise AlreadyRegistered(f"{here}, with other cards or holders: {has}")
        return found[0], found[1]

    # -- more cards, by order

    def add(self, signed: Signed, person: Person, kind: CardKind, generation: Generation, salt: str) -> str:
        """An operator or declarant card more, ordered by the legal-person card; its number.

        `salt` is that of the order's details (`plan.new_card`). The same person gets one of a kind: ordered again, it
        is the same number, to be made if it is not.
        """
        if kind is CardKind.LEGAL:
            raise OfficeProblem("an enterprise has one legal-person card; replace it instead")
        plan.check_person(person, kind)
        details = Details(plan.new_card(person, kind, generation), salt)
        order = (
            Desk(self.office, self._lang).submit(signed, Expected(Action.ISSUE, one_card=False), details=details).order
        )

        def do(work: Work) -> str:
            page: Json = {BY: order.by, ORDER: order.number, SALT: salt}
            enterprise = work.enterprise_alone(order.enterprise)
            if enterprise.state is not EnterpriseState.ACTIVE:
                raise OfficeProblem(f"enterprise {enterprise.credit_code} is {enterprise.state.value} by now")
            has = _card_of(work, enterprise, person, kind, generation)
            return has or self._prepare(work, enterprise, person, kind, generation, Medium.IC, page).number

        return self._again(do)

    def replace(self, signed: Signed) -> str:
        """A new card for the holder of a lost or damaged one; its number. The old one is void once the new is made."""
        try:
            order = Desk(self.office, self._lang).submit(signed, Expected(Action.REPLACE)).order
        except OrderRefused as refused:
            # Who signed has the right, or another reason would be told; the card is void because it was replaced.
            order = Order.parse(signed.text)
            with self.office.registry.reading() as work:
                there = _replacement(work, order) if refused.reason == Reason.CARD_STATE.value else ""
            if not there:
                raise
            return there

        def do(work: Work) -> str:
            old = work.card(order.cards[0])
            return _replacement(work, order) or self._succeed(work, old, old.holder, order)

        return self._again(do)

    def change_holder(self, signed: Signed, details: Details) -> str:
        """Other data of a card's holder, named as in `Person`; the number of the card, which a station then changes."""
        changes = dict(details.values)
        order = Order.parse(signed.text)
        with self.office.registry.reading() as work:
            card = work.card(next(iter(order.cards), ""))
            person, kind = _person(card.holder), card.kind
        # The data of a legal-person card follow the enterprise's; the office alone signs for those.
        plan.check_person(Person(**{**asdict(person), **changes}), kind)

        def also(work: Work, card: Card, order: Order) -> None:
            work.insist_on_room(card)
            plan.check_card(card, replace(HolderData.of(card), **changes))
            page = {START: self._start(card.generation), BY: order.by, ORDER: order.number, HOLDER: changes}
            work.begin(ProcedureKind.HOLDER, card, {**page, SALT: details.salt})

        Desk(self.office, self._lang).submit(signed, Expected(Action.HOLDER_CHANGED), also=also, details=details)
        return order.cards[0]

    def change_enterprise(self, signed: Signed, details: Details) -> tuple[str, ...]:
        """Another `name` or `customs_code` of an enterprise; numbers of the cards that stations then have to change.

        The registry has the new data at once. Nothing is changed while a card of the enterprise has unfinished work.
        """
        changes = dict(details.values)
        waiting: list[str] = []

        def whole(work: Work, order: Order) -> Json:
            enterprise = work.enterprise_alone(order.enterprise)
            plan.check_firm(replace(_firm(enterprise), **changes))
            facts = work.change_enterprise(enterprise, changes)
            page: Json = {BY: order.by, ORDER: order.number, SALT: details.salt, HOLDER: {}}
            shown = [card for card in work.cards(enterprise) if card.state is not CardState.VOID and "name" in changes]
            waiting[:] = [self._update(work, card, page) for card in shown]
            return facts

        expected = Expected(Action.ENTERPRISE_CHANGED, one_card=False)
        Desk(self.office, self._lang).submit(signed, expected, details=details, whole=whole)
        return tuple(waiting)

    def changed(self, credit_code: str, changes: Mapping[str, str]) -> tuple[str, ...] | None:
        """The cards that still wait for a change that the registry has already; None where it has not."""
        with self.office.registry.reading() as work:
            enterprise = work.enterprise(credit_code)
            if any(getattr(enterprise, name) != value for name, value in changes.items()):
                return None
            cards = tuple(work.cards(enterprise))
            return tuple(card.number for card in cards if work.open_procedure(ProcedureKind.HOLDER, card) is not None)

    def _update(self, work: Work, card: Card, page: Json) -> str:
        plan.check_card(card)
        work.insist_on_room(card)
        work.begin(ProcedureKind.HOLDER, card, {START: self._start(card.generation), **page})
        return card.number

    # -- the office's own operator

    def enrol(self, person: Person, generation: Generation) -> str:
        """The office's first operator: the number of their card, which is to be made."""
        plan.check_person(person, CardKind.OPERATOR)
        with self.office.registry.writing() as work:
            office = work.enterprise(self.office.credit_code)
            return self._prepare(work, office, person, CardKind.OPERATOR, generation, Medium.IC).number

    def replace_operator(self, person: Person | None = None) -> str:
        """Another card for the office's operator, or for another person who is it now; its number.

        No card signs for that, since theirs may be expired, locked or lost: whoever can open the office's authority
        may do it. The old card is void once the new one is made; asked again before, the number is the same.
        """
        if person is not None:
            plan.check_person(person, CardKind.OPERATOR)
        with self.office.registry.reading() as work:
            generation = self.office.operators(work)[-1].generation
        self.office.authority(generation)

        def do(work: Work) -> str:
            newest = self.office.operators(work)[-1]
            same = person is None or _is(newest.holder, person)
            if newest.state is CardState.PREPARING:
                if not same:
                    raise OfficeProblem(
                        f"card {newest.number} of {newest.holder.name} is being made; finish that first"
                    )
                return newest.number
            holder = newest.holder if person is None or same else work.add_holder(newest.enterprise, **asdict(person))
            return self._succeed(work, newest, holder)

        return self._again(do)

    # -- the end

    def cancel_enterprise(self, signed: Signed) -> tuple[str, ...]:
        """Take an enterprise out of the network: all its cards become void; their numbers. Resumed by another order."""
        desk = Desk(self.office, self._lang)
        left: list[str] = []

        def whole(work: Work, order: Order) -> Json:
            enterprise = work.enterprise_alone(order.enterprise)
            if enterprise.state is not EnterpriseState.ACTIVE:
                raise OfficeProblem(f"enterprise {enterprise.credit_code} is {enterprise.state.value} already")
            page: Json = {"action": Action.VOID.value, "to": CardState.VOID.value, "number": order.number}
            cards = [card for card in work.cards(enterprise) if card.state is not CardState.VOID]
            for card in cards:
                if work.open_procedure(ProcedureKind.ORDER, card) is not None:
                    raise RegistryBusy(f"another order about card {card.number} is being followed now; try again")
                work.begin(ProcedureKind.ORDER, card, {**page, "by": order.by, "proof": {}, LEAVES: True})
            if not cards:
                work.cancel_enterprise(enterprise, Entry(order.action, order.by, order.number))
            left[:] = [card.number for card in cards]
            return {}

        desk.resume()
        desk.submit(signed, Expected(Action.ENTERPRISE_CANCELLED, one_card=False), whole=whole)
        desk.resume()
        return tuple(left)

    # -- what they share

    def _prepare(
        self,
        work: Work,
        enterprise: Enterprise,
        person: Person,
        kind: CardKind,
        generation: Generation,
        medium: Medium,
        page: Json | None = None,
    ) -> Card:
        """A record of a card that is to be made, and the procedure that makes it."""
        holder = work.add_holder(enterprise, **asdict(person))
        number = self._next_number(work, enterprise, kind)
        said = page or {}
        entry = Entry(Action.CARD_ADDED, str(said.get(BY, "")), str(said.get(ORDER, "")))
        made = work.add_card(number, kind, holder, generation, medium=medium, entry=entry)
        plan.check_card(made)
        work.begin(ProcedureKind.ISSUE, made, {START: self._start(generation), **said})
        return made

    def _succeed(self, work: Work, old: Card, holder: Holder, order: Order | None = None) -> str:
        """A record of the card that is to take another's place, and the procedure that makes it; its number."""
        by, ordered = (order.by, order.number) if order is not None else ("", "")
        number = self._next_number(work, old.enterprise, old.kind)
        entry = Entry(Action.CARD_ADDED, by, ordered, data={"replaces": old.number})
        made = work.add_card(number, old.kind, holder, old.generation, medium=old.medium, entry=entry)
        plan.check_card(made)
        work.begin(
            ProcedureKind.REPLACE, made, {START: self._start(made.generation), BY: by, ORDER: ordered, OLD: old.number}
        )
        return made.number

    def _next_number(self, work: Work, enterprise: Enterprise, kind: CardKind) -> str:
        first = plan.first_of(kind, of_office=enterprise.credit_code == self.office.credit_code)
        return plan.number_after(work.last_number(first), first)

    def _start(self, generation: Generation) -> str:
        """The page that says from when the certificates will be valid; nothing is begun that could never be issued."""
        self.office.insist_on_life(generation)
        return self.office.clock().date().isoformat()

    def _again(self, do: Callable[[Work], Result]) -> Result:
        """Run a transaction; once more where another station took the same card number."""
        for left in reversed(range(TRIES)):
            try:
                with self.office.registry.writing() as work:
                    return do(work)
            except AlreadyRegistered as taken:
                if not left or "network already" in str(taken):
                    raise
        raise AssertionError("the last try either returns or raises")


def _person(holder: Holder) -> Person:
    return Person(holder.name, holder.document_number, holder.document_type, holder.social_number, holder.record_number)


def _is(holder: Holder, person: Person) -> bool:
    return _person(holder) == person


def _admitted(work: Work, known: Enterprise | None, firm: Firm) -> Enterprise:
    """The enterprise, new or in the network again."""
    changes = {each.name: getattr(firm, each.name) for each in fields(Firm)}
    if known is None:
        return work.add_enterprise(**changes)
    work.readmit(known, changes)
    return known


def _firm(enterprise: Enterprise) -> Firm:
    return Firm(**{each.name: getattr(enterprise, each.name) for each in fields(Firm)})


def _card_of(work: Work, enterprise: Enterprise, person: Person, kind: CardKind, generation: Generation) -> str:
    """The card of a kind that a person has; `OfficeProblem` for one that is to be replaced, not added to."""
    for card in work.cards(enterprise):
        same = card.kind is kind and card.generation is generation and card.medium is Medium.IC
        if card.state is CardState.VOID or not same or not _is(card.holder, person):
            continue
        if card.state not in (CardState.PREPARING, CardState.NORMAL):
            raise OfficeProblem(f"{person.name} has card {card.number}, which is {card.state.value}; replace that one")
        return card.number
    return ""


def _replacement(work: Work, order: Order) -> str:
    """The card that is, or is being, made in the place of the ordered one."""
    old = work.card(order.cards[0])
    done = work.replacement(old)
    if done is not None:
        return done.number
    found = [each for each in work.open_procedures(ProcedureKind.REPLACE) if each.card.state is not CardState.VOID]
    return next((each.card.number for each in found if each.data[OLD] == old.number), "")
