"""Who may do what to which card: a table, and nothing else. The table of `docs/office.md` is tested against it.

A legal-person card manages the other cards of its enterprise; only the office manages legal-person cards, but for
the renewal that their holders do themselves while they are valid and not locked. The card of the office's own operator
renews itself; whatever else becomes of it is not ordered with a card (`simcard office replace-card`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from host_tools.registry.states import Action, CardKind, CardState


class Signer(StrEnum):
    """Whose signature an order needs."""

    LEGAL = "the enterprise's legal-person card"
    SELF = "the card itself"
    OFFICE = "the office's operator card"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: `signer` may do `action` to cards of these kinds in these states; `to` is what becomes of the card.

    Without kinds the rule is about the enterprise. `of_office`: it is about the office's own cards, others are not.
    """

    action: Action
    signer: Signer
    kinds: frozenset[CardKind]
    states: frozenset[CardState]
    to: CardState | None = None
    of_office: bool = False


MANAGED = frozenset((CardKind.OPERATOR, CardKind.DECLARANT))
LEGAL = frozenset((CardKind.LEGAL,))
OPERATOR = frozenset((CardKind.OPERATOR,))
DECLARANT = frozenset((CardKind.DECLARANT,))
ALL = MANAGED | LEGAL
NONE: frozenset[CardKind] = frozenset()

NORMAL = frozenset((CardState.NORMAL,))
FROZEN = frozenset((CardState.FROZEN,))
LOST = frozenset((CardState.LOST,))
USED = NORMAL | FROZEN
MADE = NORMAL | FROZEN | LOST
GONE = frozenset((CardState.VOID,))
UNFINISHED = frozenset((CardState.PREPARING,))

RULES: tuple[Rule, ...] = (
    Rule(Action.FREEZE, Signer.LEGAL, MANAGED, NORMAL, CardState.FROZEN),
    Rule(Action.FREEZE, Signer.OFFICE, LEGAL, NORMAL, CardState.FROZEN),
    Rule(Action.UNFREEZE, Signer.LEGAL, MANAGED, FROZEN, CardState.NORMAL),
    Rule(Action.UNFREEZE, Signer.OFFICE, LEGAL, FROZEN, CardState.NORMAL),
    Rule(Action.UNFREEZE, Signer.OFFICE, ALL, LOST, CardState.NORMAL),
    Rule(Action.REPORT_LOSS, Signer.LEGAL, MANAGED, USED, CardState.LOST),
    Rule(Action.REPORT_LOSS, Signer.OFFICE, LEGAL, USED, CardState.LOST),
    Rule(Action.VOID, Signer.LEGAL, MANAGED, MADE, CardState.VOID),
    Rule(Action.VOID, Signer.OFFICE, LEGAL, MADE, CardState.VOID),
    Rule(Action.VOID, Signer.OFFICE, ALL, UNFINISHED, CardState.VOID),
    Rule(Action.UNLOCK, Signer.LEGAL, MANAGED, NORMAL),
    Rule(Action.UNLOCK, Signer.OFFICE, LEGAL, NORMAL),
    Rule(Action.RENEW, Signer.LEGAL, MANAGED, NORMAL),
    Rule(Action.RENEW, Signer.SELF, LEGAL, NORMAL),
    Rule(Action.RENEW, Signer.OFFICE, LEGAL, NORMAL),
    Rule(Action.RENEW, Signer.SELF, OPERATOR, NORMAL, of_office=True),
    Rule(Action.BIND, Signer.LEGAL, DECLARANT, NORMAL),
    Rule(Action.UNBIND, Signer.LEGAL, DECLARANT, USED | LOST),
    Rule(Action.HOLDER_CHANGED, Signer.LEGAL, MANAGED, NORMAL),
    Rule(Action.HOLDER_CHANGED, Signer.OFFICE, LEGAL, NORMAL),
    Rule(Action.REPLACE, Signer.LEGAL, MANAGED, MADE),
    Rule(Action.REPLACE, Signer.OFFICE, LEGAL, MADE | GONE),
    Rule(Action.ISSUE, Signer.LEGAL, NONE, NORMAL),
    Rule(Action.ENTERPRISE_CHANGED, Signer.LEGAL, NONE, NORMAL),
    Rule(Action.ENTERPRISE_CANCELLED, Signer.LEGAL, NONE, NORMAL),
    Rule(Action.ENTERPRISE_CANCELLED, Signer.OFFICE, NONE, NORMAL),
)
"""A joining enterprise has no card yet; it is the office that lets it in."""


@dataclass(frozen=True, slots=True)
class Party:
    """What the rules look at in the card that signs."""

    number: str
    kind: CardKind
    enterprise: str
    of_office: bool


@dataclass(frozen=True, slots=True)
class Target:
    """What the rules look at in the card that something is done to."""

    number: str
    kind: CardKind
    enterprise: str
    state: CardState
    of_office: bool = False


def signers(party: Party, enterprise: str, number: str = "") -> frozenset[Signer]:
    """As what a card may sign an order about an enterprise, or a card of it."""
    found = set()
    if party.of_office and party.kind is CardKind.OPERATOR:
        found.add(Signer.OFFICE)
    if party.kind is CardKind.LEGAL and party.enterprise == enterprise:
        found.add(Signer.LEGAL)
    if party.number == number:
        found.add(Signer.SELF)
    return frozenset(found)


def permitted(action: Action, party: Party, target: Target) -> tuple[Rule, ...]:
    """The rules by which this card may do this to that card, whatever state that is in; none if it may not."""
    able = signers(party, target.enterprise, target.number)
    return tuple(rule for rule in rules_about(action, target.kind, target.of_office) if rule.signer in able)


def rules_about(action: Action, kind: CardKind, of_office: bool) -> tuple[Rule, ...]:
    """The rules by which somebody may do this to cards of that kind."""
    rows = [rule for rule in RULES if rule.action is action and kind in rule.kinds]
    return tuple(rule for rule in rows if rule.of_office is of_office)


def signers_for(action: Action, target: Target) -> tuple[Signer, ...]:
    """Who may do this to that card in the state it is in."""
    rows = rules_about(action, target.kind, target.of_office)
    return tuple(rule.signer for rule in rows if target.state in rule.states)


def signers_for_enterprise(action: Action) -> tuple[Signer, ...]:
    """Who may do this to an enterprise as a whole."""
    return tuple(rule.signer for rule in RULES if rule.action is action and not rule.kinds)


def renews_itself(kind: CardKind, of_office: bool) -> bool:
    """Whether a card of that kind may order its own renewal."""
    return any(rule.signer is Signer.SELF for rule in rules_about(Action.RENEW, kind, of_office))


def permitted_for_enterprise(action: Action, party: Party, enterprise: str) -> tuple[Rule, ...]:
    """The same for what is done to an enterprise as a whole."""
    if party.of_office and party.enterprise == enterprise:  # an office does not join, and does not cancel itself
        return ()
    able = signers(party, enterprise)
    return tuple(rule for rule in RULES if rule.action is action and rule.signer in able and not rule.kinds)


def ruling(rules: tuple[Rule, ...], state: CardState) -> Rule | None:
    """The rule that holds for a card in this state."""
    return next((rule for rule in rules if state in rule.states), None)
