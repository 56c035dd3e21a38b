"""Who may do what: the table looked at as a whole, and the document that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from host_tools.office.refusals import KINDS, STATES
from host_tools.office.rules import (
    RULES,
    Party,
    Target,
    permitted,
    permitted_for_enterprise,
    renews_itself,
    ruling,
)
from host_tools.registry.states import MOVES, Action, CardKind, CardState

DOCUMENT = Path(__file__).parents[2] / "docs" / "office.md"
FIRM, OTHER, OFFICE = "firm", "other", "office"
PARTIES = {
    "legal": Party("L", CardKind.LEGAL, FIRM, False),
    "operator": Party("S", CardKind.OPERATOR, FIRM, False),
    "declarant": Party("D", CardKind.DECLARANT, FIRM, False),
    "other legal": Party("X", CardKind.LEGAL, OTHER, False),
    "office": Party("O", CardKind.OPERATOR, OFFICE, True),
    "legal card of the office": Party("P", CardKind.LEGAL, OFFICE, True),
}
TARGETS = {kind: Target("L" if kind is CardKind.LEGAL else "T", kind, FIRM, CardState.NORMAL) for kind in CardKind}


def able(action: Action, kind: CardKind) -> set[str]:
    """Who may do this to a card of the firm."""
    return {name for name, party in PARTIES.items() if permitted(action, party, TARGETS[kind])}


@pytest.mark.parametrize("action", [Action.FREEZE, Action.REPORT_LOSS, Action.UNLOCK, Action.REPLACE])
@pytest.mark.parametrize("kind", [CardKind.OPERATOR, CardKind.DECLARANT])
def test_the_legal_person_card_alone_manages_the_others(action: Action, kind: CardKind) -> None:
    assert {"legal"} == able(action, kind)


@pytest.mark.parametrize("action", [Action.FREEZE, Action.REPORT_LOSS, Action.UNLOCK, Action.VOID, Action.REPLACE])
def test_the_office_alone_manages_legal_person_cards(action: Action) -> None:
    assert {"office"} == able(action, CardKind.LEGAL)


def test_a_legal_person_card_is_renewed_by_its_holder_or_the_office() -> None:
    assert {"legal", "office"} == able(Action.RENEW, CardKind.LEGAL)


@pytest.mark.parametrize(("kind", "who"), [(CardKind.DECLARANT, {"legal"}), (CardKind.OPERATOR, set())])
def test_only_declarants_are_bound(kind: CardKind, who: set[str]) -> None:
    assert who == able(Action.BIND, kind)


def test_the_offices_own_card_renews_itself_and_nobody_orders_anything_else_of_it() -> None:
    own = Target("O", CardKind.OPERATOR, OFFICE, CardState.NORMAL, of_office=True)
    found = {(name, action) for name, party in PARTIES.items() for action in Action if permitted(action, party, own)}
    assert {("office", Action.RENEW)} == found


def test_the_operator_card_of_an_enterprise_does_not_renew_itself() -> None:
    assert [False, True] == [renews_itself(CardKind.OPERATOR, of_office) for of_office in (False, True)]


def test_an_office_does_not_cancel_itself() -> None:
    assert () == permitted_for_enterprise(Action.ENTERPRISE_CANCELLED, PARTIES["office"], OFFICE)


def test_what_is_done_to_an_enterprise_is_its_own_matter_or_the_offices() -> None:
    def who(action: Action) -> set[str]:
        return {name for name, party in PARTIES.items() if permitted_for_enterprise(action, party, FIRM)}

    assert ({"legal"}, {"legal", "office"}) == (who(Action.ISSUE), who(Action.ENTERPRISE_CANCELLED))


def test_a_found_card_is_given_back_by_the_office_only() -> None:
    for name, party in PARTIES.items():
        rule = ruling(permitted(Action.UNFREEZE, party, TARGETS[CardKind.OPERATOR]), CardState.LOST)
        assert (name == "office") is (rule is not None)


def test_every_change_of_state_is_one_the_registry_knows() -> None:
    moves = [(state, rule.to) for rule in RULES if rule.to is not None for state in rule.states]
    assert [] == [(state, to) for state, to in moves if to not in MOVES[state]]


def test_no_two_rules_answer_the_same_question() -> None:
    cells = [
        (r.action, r.signer, r.of_office, kind, state)
        for r in RULES
        for kind in r.kinds or {None}
        for state in r.states
    ]
    assert len(set(cells)) == len(cells)


def table() -> list[str]:
    """The table as the document has to show it."""
    rows = ["| action | to | in state | by | becomes |", "|---|---|---|---|---|"]
    for rule in RULES:
        kinds = (
            ", ".join(KINDS[kind].en.split(" ", 1)[1] for kind in CardKind if kind in rule.kinds) or "the enterprise"
        )
        kinds = "the office's operator card" if rule.of_office else kinds
        states = ", ".join(STATES[state].en for state in CardState if state in rule.states) if rule.kinds else ""
        to = STATES[rule.to].en if rule.to is not None else ""
        rows.append(f"| {rule.action.value} | {kinds} | {states} | {rule.signer.value} | {to} |")
    return rows


def test_the_document_shows_the_table() -> None:
    assert "\n".join(table()) in DOCUMENT.read_text(encoding="utf-8")
