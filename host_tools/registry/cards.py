"""Enterprises, holders, cards and certificates in a transaction: a change and its line in the log are one thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from secrets import token_hex

from sqlalchemy import func, select

from host_tools.errors import AlreadyRegistered, NotRegistered, RegistryProblem, WrongCardState
from host_tools.pki.certificate import Use
from host_tools.pki.generation import CARD_PREFIX, Generation
from host_tools.pki.view import Certificate as Body
from host_tools.registry import codes, log
from host_tools.registry.columns import Json
from host_tools.registry.log import Entry
from host_tools.registry.models import (
    Binding,
    Card,
    Certificate,
    Enterprise,
    Holder,
    Operation,
)
from host_tools.registry.states import (
    MOVES,
    Action,
    CardKind,
    CardState,
    CertificateState,
    EnterpriseState,
    Medium,
)
from host_tools.registry.transaction import Transaction

MARK = "holder"
"""The datum of a line of the log that has the mark of the card's holder."""
BOUND = "bound"
"""The datum of a line of the log that has the record number bound to the card, empty for none."""
FIRM = "firm"
"""The datum of a line of the log that has what may change of an enterprise."""


class Cards(Transaction):
    """Who has which card, and what state it is in."""

    # -- enterprises and holders

    def add_enterprise(
        self,
        name: str,
        credit_code: str,
        *,
        category: str = "00",
        customs_code: str = "",
        acceptance_point: str = "10",
        data: Json | None = None,
        entry: Entry = Entry(Action.ENTERPRISE_ADDED),  # noqa: B008 - it is frozen
    ) -> Enterprise:
        """A new enterprise; `RegistryProblem` for a credit code whose check characters are wrong."""
        if not codes.is_credit_code(credit_code):
            raise RegistryProblem(f"{credit_code}: is no unified social credit code (18 characters, GB 32100)")
        if self.find_enterprise(credit_code) is not None:
            raise AlreadyRegistered(f"enterprise {credit_code} is in the registry already")
        made = Enterprise(
            name=name,
            credit_code=credit_code,
            code=codes.organisation_code(credit_code),
            category=category,
            customs_code=customs_code,
            acceptance_point=acceptance_point,
            state=EnterpriseState.ACTIVE,
            data=data or {},
        )
        self.session.add(made)
        log.append(self.session, log.REGISTRY, "", Entry(entry.action, data={"subject": made.subject}), self.now)
        log.start(self.session, made.subject)
        self.note(made, replace(entry, data={**entry.data, **enterprise_facts(made)}))
        return made

    def readmit(self, enterprise: Enterprise, changes: Mapping[str, str]) -> None:
        """Take a cancelled enterprise into the network again, with these data."""
        enterprise.state = EnterpriseState.ACTIVE
        self.note(enterprise, Entry(Action.ENTERPRISE_ADDED, data=self.change_enterprise(enterprise, changes)))

    def change_enterprise(self, enterprise: Enterprise, changes: Mapping[str, str]) -> Json:
        """Give an enterprise another name or other codes; what its line in the log has to say of that."""
        for name, value in changes.items():
            setattr(enterprise, name, value)
        self.session.flush()
        return enterprise_facts(enterprise)

    def find_enterprise(self, credit_code: str) -> Enterprise | None:
        """The enterprise of a credit code."""
        return self.session.execute(
            select(Enterprise).where(Enterprise.credit_code == credit_code)
        ).scalar_one_or_none()

    def enterprise(self, credit_code: str) -> Enterprise:
        """The same; `NotRegistered` where there is none."""
        found = self.find_enterprise(credit_code)
        if found is None:
            raise NotRegistered(f"no enterprise {credit_code} in the registry")
        return found

    def enterprise_alone(self, credit_code: str) -> Enterprise:
        """The same for whoever looks at its cards to add one: until the transaction ends, nobody else can ask so."""
        found = self.enterprise(credit_code)
        self.session.execute(self._locked(select(Enterprise).where(Enterprise.id == found.id), Enterprise))
        return found

    def cancel_enterprise(self, enterprise: Enterprise, entry: Entry) -> None:
        """Take an enterprise out of the network; its cards must be void already."""
        if any(card.state is not CardState.VOID for card in self.cards(enterprise)):
            raise RegistryProblem(f"enterprise {enterprise.credit_code} still has cards that are not void")
        enterprise.state = EnterpriseState.CANCELLED
        self.note(enterprise, entry)

    def add_holder(
        self,
        enterprise: Enterprise,
        name: str,
        document_number: str,
        *,
        document_type: str = "01",
        social_number: str = "",
        record_number: str = "",
    ) -> Holder:
        """A person of an enterprise; written into the log with the card they get."""
        made = Holder(
            enterprise=enterprise,
            name=name,
            document_type=document_type,
            document_number=document_number,
            social_number=social_number,
            record_number=record_number,
            salt=_salt(),
        )
        self.session.add(made)
        self.session.flush()
        return made

    def change_holder(self, card: Card, changes: Mapping[str, str], entry: Entry) -> Entry:
        """Give the holder of a card other data; the entry, with their mark, for the line of the card that shows them.

        Their other cards get their lines here, so that the last mark in each chain is that of the holder.
        """
        holder = card.holder
        for name, value in {**changes, "salt": _salt()}.items():
            setattr(holder, name, value)
        self.session.flush()
        marked = replace(entry, data={**entry.data, MARK: holder.mark})
        query = select(Card.number).where(Card.holder_id == holder.id, Card.id != card.id).order_by(Card.number)
        for number in self.session.execute(query).scalars().all():
            self.note(self.card(number), marked)
        return marked

    # -- cards

    def last_number(self, beginning: str) -> str | None:
        """The highest card number that begins so."""
        query = select(func.max(Card.number)).where(Card.number.startswith(beginning, autoescape=True))
        return self.session.execute(query).scalar_one()

    def add_card(
        self,
        number: str,
        kind: CardKind,
        holder: Holder,
        generation: Generation,
        *,
        medium: Medium = Medium.IC,
        data: Json | None = None,
        entry: Entry = Entry(Action.CARD_ADDED),  # noqa: B008
    ) -> Card:
        """A record of a card that is not yet written to: state `preparing`."""
        number = number.removeprefix(CARD_PREFIX)
        if self.find_card(number) is not None:
            raise AlreadyRegistered(f"card {number} is in the registry already")
        made = Card(
            number=number,
            kind=kind,
            medium=medium,
            generation=generation,
            enterprise=holder.enterprise,
            holder=holder,
            state=CardState.PREPARING,
            script_counter=0,
            data=data or {},
        )
        holder.salt = holder.salt or _salt()
        self.session.add(made)
        self.note(holder.enterprise, Entry(entry.action, data={"subject": made.subject}))
        log.start(self.session, made.subject)
        facts = {**card_facts(made), MARK: holder.mark}
        self.note(made, Entry(entry.action, entry.by_card, entry.order_number, data={**entry.data, **facts}))
        return made

    def find_card(self, number: str) -> Card | None:
        """The card of a number, with or without the prefix of the SM2 generation.

        In a transaction that may write, nobody else changes it before the end.
        """
        query = self._locked(select(Card).where(Card.number == number.removeprefix(CARD_PREFIX)), Card)
        return self.session.execute(query).scalar_one_or_none()

    def card(self, number: str) -> Card:
        """The same; `NotRegistered` where there is none."""
        if not number.removeprefix(CARD_PREFIX):  # as it stands on a blank
            raise NotRegistered("the card has no number: it was not issued yet; simcard issue makes a card of a blank")
        found = self.find_card(number)
        if found is None:
            raise NotRegistered(f"no card {number} in the registry")
        return found

    def cards(self, enterprise: Enterprise | None = None, state: CardState | None = None) -> Iterator[Card]:
        """Cards by number: all, or those of an enterprise, or those in a state."""
        query = select(Card).order_by(Card.number)
        query = query if enterprise is None else query.where(Card.enterprise_id == enterprise.id)
        query = query if state is None else query.where(Card.state == state)
        yield from self.session.execute(query.execution_options(yield_per=500)).scalars()

    def move(self, card: Card, to: CardState, entry: Entry) -> Operation:
        """Bring a card into another state; `WrongCardState` where no way leads there."""
        if to not in MOVES[card.state]:
            raise WrongCardState(f"card {card.number} is {card.state.value}, and cannot become {to.value}")
        if to is CardState.NORMAL and card.made_at is None:
            card.made_at = self.now
        if to is CardState.VOID:
            self._retire(card, CertificateState.REVOKED)
            entry = self._released(card, entry)
        card.state = to
        return self.note(card, entry)

    def _released(self, card: Card, entry: Entry) -> Entry:
        """A void card binds no declarant; the entry that says so too, if it bound one."""
        binding = self.session.get(Binding, card.id)
        if binding is None:
            return entry
        self.session.delete(binding)
        self.session.flush()
        return replace(entry, data={**entry.data, BOUND: ""})

    def replace(self, card: Card, by: Card) -> None:
        """Remember which card a holder got instead of this one."""
        card.replaced_by_id = by.id

    def replacement(self, card: Card) -> Card | None:
        """The card that its holder got instead of this one."""
        return None if card.replaced_by_id is None else self.session.get(Card, card.replaced_by_id)

    # -- certificates

    def certify(self, card: Card, bodies: Mapping[Use, bytes], entry: Entry) -> tuple[Certificate, ...]:
        """Make these certificates (DER) the card's current ones; those before them are replaced."""
        for old in self.certificates(card):
            if old.use in bodies:
                old.state = CertificateState.REPLACED
        # A card that became void meanwhile has no good certificate any more, new ones included.
        state = CertificateState.REVOKED if card.state is CardState.VOID else CertificateState.CURRENT
        made = tuple(_certificate(card, use, Body.parse(body), state) for use, body in bodies.items())
        self.session.add_all(made)
        marks = {each.use.value: [each.number, sha256(each.der).hexdigest()] for each in made}
        data = {**entry.data, "certificates": marks}
        self.note(card, Entry(entry.action, entry.by_card, entry.order_number, entry.outcome, entry.reason, data))
        return made

    def certificates(
        self, card: Card, state: CertificateState | None = CertificateState.CURRENT
    ) -> tuple[Certificate, ...]:
        """The certificates of a card, oldest first; None gives those of every state."""
        query = select(Certificate).where(Certificate.card_id == card.id).order_by(Certificate.id)
        query = query if state is None else query.where(Certificate.state == state)
        return tuple(self.session.execute(query).scalars())

    def current(self, card: Card, use: Use) -> Certificate:
        """The certificate a card has now for a use; `NotRegistered` where it has none."""
        found = next((each for each in self.certificates(card) if each.use is use), None)
        if found is None:
            raise NotRegistered(f"card {card.number} has no current certificate in the registry")
        return found

    def ends(self) -> dict[str, datetime]:
        """Until when the signing certificates of all cards are valid that have a current one, by card number."""
        query = select(Card.number, Certificate.not_after).join(Certificate, Certificate.card_id == Card.id)
        query = query.where(Certificate.use == Use.SIGN, Certificate.state == CertificateState.CURRENT)
        return {row[0]: row[1] for row in self.session.execute(query)}

    def find_certificate(self, number: str) -> Certificate | None:
        """The certificate of a number, with its card."""
        return self.session.execute(
            select(Certificate).where(Certificate.number == number.lower())
        ).scalar_one_or_none()

    def _retire(self, card: Card, state: CertificateState) -> None:
        for each in self.certificates(card):
            each.state = state


def enterprise_facts(enterprise: Enterprise) -> Json:
    """What the last line of an enterprise's chain that says so has to agree with."""
    names = ("name", "category", "customs_code", "acceptance_point")
    return {FIRM: {name: getattr(enterprise, name) for name in names}}


def card_facts(card: Card) -> Json:
    """What of a card never changes and stands in the first line of its chain."""
    return {
        "number": card.number,
        "kind": card.kind.value,
        "generation": card.generation.value,
        "enterprise": card.enterprise.credit_code,
    }


def _salt() -> str:
    return token_hex(16)


def _certificate(card: Card, use: Use, body: Body, state: CertificateState) -> Certificate:
    return Certificate(
        card=card,
        use=use,
        number=body.number,
        not_before=body.not_before,
        not_after=body.not_after,
        der=body.encoded,
        state=state,
    )
