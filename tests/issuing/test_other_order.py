"""An order says what may be done, and to which card: for anything else, and on any other card, nothing is done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host_tools.errors import OfficeProblem, OfficeRefused, OrderRefused
from host_tools.issuing.procedures import Procedures
from host_tools.issuing.stations import Replacing, Update
from host_tools.office import scripts
from host_tools.office.desk import Desk
from host_tools.office.orders import Details, Signed
from host_tools.office.unlock import Unlock
from host_tools.pki.generation import Generation
from host_tools.registry.states import Action, CardKind, CardState
from host_tools.renewal.renewal import Renewal
from tests.issuing.support import DECLARANT, OPERATOR_NUMBER, PIN, Town
from tests.renewal.test_renewal import near_the_end

DETAILS = Details({"name": "测试"})
WAYS: dict[str, tuple[Action, bool, Callable[[Procedures, Signed], object]]] = {
    "add": (
        Action.UNLOCK,
        True,
        lambda desk, signed: desk.add(signed, DECLARANT, CardKind.DECLARANT, Generation.SM2, DETAILS.salt),
    ),
    "replace": (Action.UNLOCK, True, lambda desk, signed: desk.replace(signed)),
    "change": (Action.UNLOCK, True, lambda desk, signed: desk.change_holder(signed, DETAILS)),
    "change enterprise": (Action.UNLOCK, True, lambda desk, signed: desk.change_enterprise(signed, DETAILS)),
    "cancel": (Action.UNLOCK, True, lambda desk, signed: desk.cancel_enterprise(signed)),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_order_for_something_else_does_nothing(town: Town, way: str) -> None:
    action, about_card, do = WAYS[way]
    before = town.kinds()
    order = town.order(action, town.legal, *((town.clerk,) if about_card else ()), details=DETAILS)
    with pytest.raises(OrderRefused):
        do(Procedures(town.office), order)
    with town.office.registry.reading() as work:
        assert (before, (), CardState.NORMAL) == (town.kinds(), work.open_procedures(), town.state(town.clerk))


def test_an_order_to_freeze_another_card_does_not_unlock_this_one(town: Town) -> None:
    with pytest.raises(OrderRefused):
        Unlock(town.office, town.plastic(town.clerk)).accept(town.order(Action.FREEZE, town.legal, town.clerk))
    assert CardState.NORMAL is town.state(town.clerk)


def test_who_has_no_right_does_not_learn_of_a_replacement(town: Town) -> None:
    procedures = Procedures(town.office)
    number = procedures.replace(town.order(Action.REPLACE, town.legal, town.clerk))
    with pytest.raises(OrderRefused):
        procedures.replace(town.order(Action.REPLACE, OPERATOR_NUMBER, town.clerk))
    town.blank(number)
    assert (
        "record" == [step.value for step in Replacing(town.office, town.plastic(number), number).run(lambda: PIN)][-1]
    )
    with pytest.raises(OrderRefused):
        procedures.replace(town.order(Action.REPLACE, OPERATOR_NUMBER, town.clerk))
    assert number == procedures.replace(town.order(Action.REPLACE, town.legal, town.clerk))


def lose(town: Town) -> None:
    Desk(town.office).submit(town.order(Action.REPORT_LOSS, town.legal, town.clerk))


def test_a_lost_card_is_not_unlocked_by_an_older_order(town: Town) -> None:
    work = Unlock(town.office, town.plastic(town.clerk))
    work.accept(town.order(Action.UNLOCK, town.legal, town.clerk))
    lose(town)
    with pytest.raises(OfficeRefused, match="lost"):
        work.finish()


def test_a_lost_card_does_not_get_other_data_by_an_older_order(town: Town) -> None:
    town.change_holder(town.clerk, name="测试新操作员")
    lose(town)
    with pytest.raises(OfficeRefused, match="lost"):
        list(Update(town.office, town.plastic(town.clerk)).run(lambda: PIN))


def test_a_card_that_only_bears_the_number_is_not_certified(town: Town) -> None:
    """Made elsewhere under the same number; its maker knows its management key and could finish the renewal."""
    near_the_end(town, town.clerk)
    town.blank("foreign", seed=77)
    foreign = town.plastic("foreign")
    number = scripts.write_file("2F02", f"03-{town.clerk}".encode())
    foreign.execute(scripts.script(scripts.TRANSPORT_KEY, "", 1, number))
    renewal = Renewal(town.office, foreign)
    renewal.begin(town.card(town.legal), town.legal, PIN)
    ledger = town.office.authorities.ledger
    before = len(list(ledger.entries(Generation.SM2)))
    with pytest.raises(OfficeProblem, match="has not its key"):
        list(renewal.run(lambda: PIN))
    assert before == len(list(ledger.entries(Generation.SM2)))
    assert "record" == [step.value for step in Renewal(town.office, town.plastic(town.clerk)).run(lambda: PIN)][-1]


@pytest.mark.parametrize(
    "changes", [{"name": "😀" * 60}, {"social_number": "9" * 500}, {"name": "   "}, {"name": "a|"}]
)
def test_holder_data_that_do_not_fit_begin_nothing(town: Town, changes: dict[str, str]) -> None:
    with pytest.raises(OfficeProblem):
        town.change_holder(town.clerk, **changes)
    with town.office.registry.reading() as work:
        assert () == work.open_procedures()
