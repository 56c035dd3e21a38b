"""A process killed at any step of an order leaves nothing half-done: whoever comes next finishes it, once."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from host_tools.errors import OrderRefused, RegistryBusy
from host_tools.office.desk import Desk
from host_tools.office.orders import Signed
from host_tools.registry.audit import audit
from host_tools.registry.states import Action, CardState, Outcome
from tests.issuing.judge import lame, strays
from tests.office import dying
from tests.office.support import CLERK, DECLARANT, LEGAL, House

STEPS = {Action.FREEZE: 8, Action.VOID: 8, Action.UNFREEZE: 8}
"""Before and after: the accepting commit, two certificates in the authority's book, the closing commit."""
AFTER = {
    Action.FREEZE: (CardState.FROZEN, {"HOLD"}),
    Action.VOID: (CardState.VOID, {"CESSATION"}),
    Action.UNFREEZE: (CardState.NORMAL, {"GOOD"}),
}
BEFORE = {Action.FREEZE: CardState.NORMAL, Action.VOID: CardState.NORMAL, Action.UNFREEZE: CardState.FROZEN}


def killed(house: House, signed: Signed, step: int) -> None:
    """Let another process hand an order in, and die at a step."""
    assert -signal.SIGKILL == dying.hand_in(house.folder, house.clock(), signed, step)


def prepared(house: House, action: Action) -> Signed:
    """An order that is ready to be handed in."""
    if action is Action.UNFREEZE:
        house.do(Action.FREEZE, LEGAL, CLERK)
    return house.signed(house.order(action, LEGAL, CLERK), LEGAL)


@pytest.mark.parametrize("action", STEPS)
def test_these_are_all_steps(house: House, action: Action) -> None:
    assert STEPS[action] == dying.hand_in(house.folder, house.clock(), prepared(house, action))


CUTS = [(action, n + 1) for action, count in STEPS.items() for n in range(count)]
FREEZE = [step for action, step in CUTS if action is Action.FREEZE]


def insist_that_the_next_finishes(house: House, action: Action, step: int) -> None:
    signed = prepared(house, action)
    killed(house, signed, step)
    accepted = step > 1
    house.desk.resume()
    assert (AFTER[action][0] if accepted else BEFORE[action]) is house.state(CLERK)
    if accepted:
        with pytest.raises(OrderRefused, match="used already"):
            house.desk.submit(signed)
    else:
        house.desk.submit(signed)
    lines = [each for each in house.history(CLERK) if each.action is action and each.outcome is Outcome.ACCEPTED]
    assert (AFTER[action], 1) == ((house.state(CLERK), house.standing(CLERK)), len(lines))
    assert ([], []) == (strays(house.office), lame(house.office))
    with house.office.registry.reading() as work:
        assert (0, ()) == (len(work.open_procedures()), audit(work).findings)


@pytest.mark.parametrize("step", FREEZE)
def test_a_killed_order_is_finished_by_the_next(any_house: House, step: int) -> None:
    insist_that_the_next_finishes(any_house, Action.FREEZE, step)


@pytest.mark.parametrize(("action", "step"), CUTS[len(FREEZE) :])
def test_so_are_orders_that_release_or_revoke(house: House, action: Action, step: int) -> None:
    insist_that_the_next_finishes(house, action, step)


def test_another_order_about_the_card_finishes_the_first(house: House) -> None:
    killed(house, prepared(house, Action.FREEZE), 4)
    house.do(Action.UNFREEZE, LEGAL, CLERK)
    assert (CardState.NORMAL, {"GOOD"}) == (house.state(CLERK), house.standing(CLERK))
    assert [Action.FREEZE, Action.UNFREEZE] == [each.action for each in house.history(CLERK)[-2:]]


def test_other_cards_do_not_wait_for_it(house: House) -> None:
    killed(house, prepared(house, Action.FREEZE), 4)
    house.do(Action.FREEZE, LEGAL, DECLARANT)
    assert CardState.FROZEN is house.state(DECLARANT)


def test_two_processes_may_finish_the_same_order(house: House) -> None:
    killed(house, prepared(house, Action.FREEZE), 4)
    running = [Desk(house.office), Desk(house.office)]
    assert [1, 0] == [len(desk.resume()) for desk in running]


def test_of_orders_that_come_at_once_one_is_followed(any_house: House) -> None:
    about = ((CLERK, DECLARANT), (DECLARANT, CLERK), (CLERK, DECLARANT), (DECLARANT, CLERK))
    orders = [any_house.signed(any_house.order(Action.FREEZE, LEGAL, *cards), LEGAL) for cards in about]

    def hand_in(signed: Signed) -> bool:
        try:
            Desk(any_house.office).submit(signed)
        except (OrderRefused, RegistryBusy):
            return False
        return True

    with ThreadPoolExecutor(len(orders)) as pool:
        assert 1 == sum(pool.map(hand_in, orders))
    assert {CardState.FROZEN} == {any_house.state(each) for each in (CLERK, DECLARANT)}
    with any_house.office.registry.reading() as work:
        assert (0, ()) == (len(work.open_procedures()), audit(work).findings)
