"""Orders that are followed, and what they leave in the registry, the authority's book and the log."""

from __future__ import annotations

import pytest

from host_tools.errors import OrderRefused
from host_tools.office.desk import RECORD
from host_tools.office.orders import Details
from host_tools.registry.audit import audit
from host_tools.registry.states import Action, CardState, Outcome
from tests.office.support import (
    CLERK,
    DECLARANT,
    LEGAL,
    OFFICE,
    OLD_CLERK,
    OLD_LEGAL,
    OTHER_CLERK,
    OTHER_LEGAL,
    House,
    Made,
)
from tests.pki.support import NOW


def test_the_legal_person_card_freezes_an_operator_card(any_house: House) -> None:
    assert {CLERK.number: CardState.FROZEN} == any_house.do(Action.FREEZE, LEGAL, CLERK).states


def test_cards_of_the_older_generation_sign_orders_too(house: House) -> None:
    assert {OTHER_CLERK.number: CardState.FROZEN} == house.do(Action.FREEZE, OLD_LEGAL, OTHER_CLERK).states


def test_a_frozen_card_has_its_certificates_on_hold(house: House) -> None:
    house.do(Action.FREEZE, LEGAL, CLERK)
    assert {"HOLD"} == house.standing(CLERK)


def test_an_unfrozen_card_is_as_it_was(any_house: House) -> None:
    any_house.do(Action.FREEZE, LEGAL, CLERK)
    any_house.do(Action.UNFREEZE, LEGAL, CLERK)
    assert (CardState.NORMAL, {"GOOD"}) == (any_house.state(CLERK), any_house.standing(CLERK))


def test_a_lost_card_is_on_hold_and_only_the_office_takes_that_back(house: House) -> None:
    house.do(Action.REPORT_LOSS, LEGAL, CLERK)
    assert (CardState.LOST, {"HOLD"}) == (house.state(CLERK), house.standing(CLERK))
    with pytest.raises(OrderRefused, match="is reported lost"):
        house.do(Action.UNFREEZE, LEGAL, CLERK)
    house.do(Action.UNFREEZE, OFFICE, CLERK)
    assert (CardState.NORMAL, {"GOOD"}) == (house.state(CLERK), house.standing(CLERK))


@pytest.mark.parametrize("before", [(), (Action.FREEZE,), (Action.REPORT_LOSS,), (Action.FREEZE, Action.REPORT_LOSS)])
def test_a_void_card_has_its_certificates_revoked(house: House, before: tuple[Action, ...]) -> None:
    for action in before:
        house.do(action, LEGAL, CLERK)
    house.do(Action.VOID, LEGAL, CLERK)
    assert (CardState.VOID, {"CESSATION"}) == (house.state(CLERK), house.standing(CLERK))


def test_one_order_may_name_several_cards(any_house: House) -> None:
    any_house.do(Action.FREEZE, LEGAL, CLERK, DECLARANT, OLD_CLERK)
    assert {CardState.FROZEN} == {any_house.state(each) for each in (CLERK, DECLARANT, OLD_CLERK)}


@pytest.mark.parametrize("action", [Action.FREEZE, Action.REPORT_LOSS, Action.VOID])
def test_the_office_manages_legal_person_cards(house: House, action: Action) -> None:
    house.do(action, OFFICE, LEGAL)
    assert CardState.NORMAL is not house.state(LEGAL)


def test_a_followed_order_stands_in_the_log_with_its_proof(house: House) -> None:
    order = house.order(Action.FREEZE, LEGAL, CLERK)
    signed = house.signed(order, LEGAL)
    house.desk.submit(signed)
    last = house.history(CLERK)[-1]
    assert (Action.FREEZE, LEGAL.number, order.number, Outcome.ACCEPTED, NOW) == (
        last.action,
        last.by_card,
        last.order_number,
        last.outcome,
        last.at,
    )
    assert (order.encode().decode(), signed.signature.hex()) == (last.data["order"], last.data["signature"])


def test_a_declarant_is_bound_and_unbound(any_house: House) -> None:
    any_house.do(Action.BIND, LEGAL, DECLARANT, **{RECORD: "99000001"})
    with any_house.office.registry.reading() as work:
        found = work.binding(work.card(DECLARANT.number))
    assert found is not None and "99000001" == found.record_number
    any_house.do(Action.UNBIND, LEGAL, DECLARANT)
    with any_house.office.registry.reading() as work:
        assert work.binding(work.card(DECLARANT.number)) is None


def test_a_declarant_is_bound_once(house: House) -> None:
    house.do(Action.BIND, LEGAL, DECLARANT, **{RECORD: "99000001"})
    with pytest.raises(OrderRefused, match="bound already"):
        house.do(Action.BIND, LEGAL, DECLARANT, **{RECORD: "99000002"})


def test_nobody_is_bound_to_an_operator_card(house: House) -> None:
    with pytest.raises(OrderRefused, match="may not do that to an operator card"):
        house.do(Action.BIND, LEGAL, CLERK, **{RECORD: "99000001"})


@pytest.mark.parametrize(("by", "card"), [(LEGAL, CLERK), (LEGAL, DECLARANT), (OFFICE, LEGAL)])
def test_an_order_to_unlock_is_written_down_for_whoever_unlocks(house: House, by: Made, card: Made) -> None:
    seen: list[str] = []
    house.desk.submit(
        house.signed(house.order(Action.UNLOCK, by, card), by),
        also=lambda work, found, order: seen.append(found.number),
    )
    assert ([card.number], Action.UNLOCK) == (seen, house.history(card)[-1].action)


def test_a_holder_renews_their_legal_person_card_themselves(house: House) -> None:
    house.do(Action.RENEW, LEGAL, LEGAL)
    assert Outcome.ACCEPTED is house.history(LEGAL)[-1].outcome


def test_an_enterprise_is_the_matter_of_its_legal_person_card(house: House) -> None:
    details = Details({"name": "测试操作员"})
    house.desk.submit(house.signed(house.order(Action.ISSUE, LEGAL, **details.data), LEGAL), details=details)
    with house.office.registry.reading() as work:
        assert Action.ISSUE is work.history(work.enterprise(LEGAL.enterprise))[-1].action
    with pytest.raises(OrderRefused, match="does not belong to this enterprise"):
        house.do(Action.ISSUE, OTHER_LEGAL, enterprise=LEGAL.enterprise)


def test_after_all_that_the_log_is_as_it_was_written(any_house: House) -> None:
    for action in (Action.FREEZE, Action.UNFREEZE, Action.REPORT_LOSS, Action.VOID):
        any_house.do(action, LEGAL, CLERK)
    with any_house.office.registry.reading() as work:
        assert () == audit(work).findings
