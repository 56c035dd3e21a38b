"""What goes wrong at an office: two stations at once, a blank that breaks, orders given twice, cards void meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest

from host_tools.errors import AlreadyRegistered, OfficeProblem, RegistryBusy
from host_tools.issuing import sample
from host_tools.issuing.plan import Firm
from host_tools.issuing.procedures import Procedures
from host_tools.issuing.stations import Issuing, Replacing, Update
from host_tools.office.desk import Desk
from host_tools.office.orders import Order, sign_order
from host_tools.office.staging import Issued, Step
from host_tools.office.station import Station, Task
from host_tools.pki.certificate import Use
from host_tools.pki.generation import Generation, serial_of
from host_tools.registry.audit import audit
from host_tools.registry.states import Action, CardState, Outcome, ProcedureKind
from host_tools.registry.work import Work
from tests.cli.conftest import Simcard, simcard
from tests.issuing.judge import strays
from tests.issuing.support import DECLARANT, FIRM, LEGAL, OPERATOR_NUMBER, PIN, Town
from tests.renewal.interrupted import Killed

__all__ = ["simcard"]


def add(town: Town) -> str:
    return town.add_declarant()


def until(station: Station, last: Step) -> None:
    """Run a station up to a step that it does not do any more."""
    assert any(step is last for step in station.run(lambda: PIN))


def blank(town: Town, name: str, seed: int) -> str:
    town.blank(name, seed=seed)
    return name


def test_a_number_goes_onto_one_blank(town: Town) -> None:
    number = add(town)
    until(Issuing(town.office, town.plastic(blank(town, "first", 1)), number), Step.IMPORT_KEY)
    second = Issuing(town.office, town.plastic(blank(town, "second", 2)), number)
    with pytest.raises(OfficeProblem, match="begun on another blank"):
        list(second.run(lambda: PIN))
    assert "" == town.plastic("second").number()
    list(Issuing(town.office, town.plastic("first"), number).run(lambda: PIN))
    assert CardState.NORMAL is town.state(number)


def test_two_stations_that_begin_at_once_make_one_card(town: Town) -> None:
    number = add(town)
    first, second = (
        Issuing(town.office, town.plastic(blank(town, name, seed)), number) for name, seed in (("a", 1), ("b", 2))
    )
    running = first.run(lambda: PIN)
    request: Callable[..., bytes] = first.plastic.request

    def meanwhile(*asked: object) -> bytes:
        until(second, Step.IMPORT_KEY)
        return request(*asked)

    first.plastic.request = meanwhile  # type: ignore[method-assign, assignment]
    with pytest.raises(OfficeProblem, match="at another station"):
        list(running)
    list(Issuing(town.office, town.plastic("b"), number).run(lambda: PIN))
    assert ["", f"03-{number}"] == [town.plastic(name).number() for name in "ab"]
    assert [] == strays(town.office)


def test_what_was_issued_for_a_destroyed_blank_is_revoked(town: Town) -> None:
    number = add(town)
    until(Issuing(town.office, town.plastic(blank(town, "a", 1)), number), Step.IMPORT_KEY)
    with town.office.registry.reading() as work:
        issued = Issuing(town.office, town.plastic("a"), number)._issued()
        assert work.certificates(work.card(number)) == ()
    assert issued is not None
    other = Issuing(town.office, town.plastic(blank(town, "b", 2)), number, another=True)
    list(other.run(lambda: PIN))
    for certificate in (issued.signing, issued.exchange):
        entry = town.office.authorities.ledger.find(*serial_of(certificate.number))
        assert entry is not None
        assert entry.revoked is not None


def test_a_destroyed_blank_gives_way_to_another(town: Town) -> None:
    number = add(town)
    until(Issuing(town.office, town.plastic(blank(town, "broken", 1)), number), Step.SCRIPT)
    station = Issuing(town.office, town.plastic(blank(town, "next", 2)), number, another=True)
    list(station.run(lambda: PIN))
    assert (CardState.NORMAL, f"03-{number}") == (town.state(number), town.plastic("next").number())
    assert [] == strays(town.office)
    with town.office.registry.reading() as work:
        assert () == audit(work).findings


def test_the_exchange_key_outlives_a_destroyed_blank(town: Town) -> None:
    number = Procedures(town.office).replace(town.order(Action.REPLACE, town.legal, town.clerk))
    until(Replacing(town.office, town.plastic(blank(town, "broken", 1)), number), Step.SCRIPT)
    list(Replacing(town.office, town.plastic(blank(town, "next", 2)), number, another=True).run(lambda: PIN))
    assert [] == strays(town.office)
    with town.office.registry.reading() as work:
        kept = work.current(work.card(number), Use.EXCHANGE)
    entry = town.office.authorities.ledger.find(*serial_of(kept.number))
    assert entry is not None
    assert entry.revoked is None


def void(town: Town, number: str) -> None:
    order = Order(Action.VOID, (number,), FIRM.credit_code, OPERATOR_NUMBER, town.clock())
    Desk(town.office).submit(sign_order(town.card(OPERATOR_NUMBER), PIN, order))


def again(town: Town, number: str) -> None:
    list(Issuing(town.office, town.plastic("a"), number).run(lambda: PIN))


def another(town: Town, number: str) -> None:
    list(Issuing(town.office, town.plastic(blank(town, "b", 2)), number, another=True).run(lambda: PIN))


@pytest.mark.parametrize("after", [again, another, void])
def test_what_was_issued_in_the_moment_before_a_death_is_found(town: Town, after: Callable[[Town, str], None]) -> None:
    number = add(town)
    station = Issuing(town.office, town.plastic(blank(town, "a", 1)), number)
    issue = station.issue

    def die(task: Task, asked: bytes) -> Issued:
        issue(task, asked)
        raise Killed

    station.issue = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        list(station.run(lambda: PIN))
    assert 2 == len(strays(town.office))
    after(town, number)
    assert [] == strays(town.office)


@pytest.mark.parametrize("last", [Step.GENERATE, Step.CERTIFY, Step.IMPORT_KEY, Step.SCRIPT])
def test_a_card_that_became_void_is_not_made(town: Town, last: Step) -> None:
    number = add(town)
    town.blank(number)
    station = Issuing(town.office, town.plastic(number), number)
    until(station, last)
    void(town, number)
    with pytest.raises(OfficeProblem, match="stays a blank"):
        list(station.run(lambda: PIN))
    assert "" == town.plastic(number).number()
    assert [] == strays(town.office)
    with town.office.registry.reading() as work:
        assert ((), ()) == (work.unfinished(work.card(number)), audit(work).findings)


def test_a_void_successor_gives_way_to_another(town: Town) -> None:
    first, second = "", ""
    for name, seed in (("a", 1), ("b", 2)):
        first, second = second, Procedures(town.office).replace(town.order(Action.REPLACE, town.legal, town.clerk))
        until(Replacing(town.office, town.plastic(blank(town, name, seed)), second), Step.SCRIPT)
        if name == "a":
            void(town, second)
    list(Replacing(town.office, town.plastic("b"), second).run(lambda: PIN))
    states = [town.state(number) for number in (first, second, town.clerk)]
    assert [CardState.VOID, CardState.NORMAL, CardState.VOID] == states
    assert [] == strays(town.office)


def test_a_replaced_card_leaves_no_open_work_behind(town: Town) -> None:
    town.change_holder(town.clerk, name="测试新操作员")
    until(Update(town.office, town.plastic(town.clerk)), Step.SCRIPT)
    number = Procedures(town.office).replace(town.order(Action.REPLACE, town.legal, town.clerk))
    town.blank(number)
    with town.office.registry.writing() as work:  # an order that was accepted, and whose process then died
        page = {"action": "freeze", "to": "frozen", "number": "1", "by": town.legal, "proof": {}}
        work.begin(ProcedureKind.ORDER, work.card(town.clerk), page)
    list(Replacing(town.office, town.plastic(number), number).run(lambda: PIN))
    assert () == Desk(town.office).resume()
    assert [] == strays(town.office)
    with town.office.registry.reading() as work:
        assert ((), ()) == (work.open_procedures(), audit(work).findings)
    last = [(line.action, line.outcome, line.reason) for line in town.history(town.clerk)][-1]
    assert (Action.FREEZE, Outcome.REFUSED, "the card became void first") == last


def test_an_order_about_a_card_that_is_void_by_now_is_ended(town: Town) -> None:
    Desk(town.office).submit(town.order(Action.VOID, town.legal, town.clerk))
    with town.office.registry.writing() as work:
        page = {"action": "freeze", "to": "frozen", "number": "1", "by": town.legal, "proof": {}}
        work.begin(ProcedureKind.ORDER, work.card(town.clerk), page)
    assert [CardState.VOID] == [done.state for done in Desk(town.office).resume()]
    assert () == Desk(town.office).resume()


def test_a_person_who_is_ordered_again_gets_no_second_card(town: Town) -> None:
    number = add(town)
    assert number == add(town)
    town.issue(number)
    assert number == add(town)


def test_an_enterprise_that_left_meanwhile_gets_no_card(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    again = Procedures._again

    def meanwhile(own: Procedures, do: Callable[[Work], str]) -> str:
        monkeypatch.setattr(Procedures, "_again", again)
        own.cancel_enterprise(town.order(Action.ENTERPRISE_CANCELLED, town.legal))
        return again(own, do)

    monkeypatch.setattr(Procedures, "_again", meanwhile)
    with pytest.raises(OfficeProblem, match="is cancelled by now"):
        add(town)
    assert {CardState.VOID} == {town.state(number) for number in (town.legal, town.clerk)}


def test_a_lost_card_is_replaced_and_not_added_to(town: Town) -> None:
    number = add(town)
    town.issue(number)
    Desk(town.office).submit(town.order(Action.REPORT_LOSS, town.legal, number))
    with pytest.raises(OfficeProblem, match="replace that one"):
        add(town)


def test_a_card_that_is_replaced_twice_has_one_successor(town: Town) -> None:
    orders = [town.order(Action.REPLACE, town.legal, town.clerk) for _ in range(2)]
    number, again = (Procedures(town.office).replace(order) for order in orders)
    assert number == again
    town.blank(number)
    list(Replacing(town.office, town.plastic(number), number).run(lambda: PIN))
    assert number == Procedures(town.office).replace(town.order(Action.REPLACE, town.legal, town.clerk))


def test_stations_that_join_enterprises_at_once_share_no_number(town: Town) -> None:
    firms = [Firm(row["firm"], row["credit_code"]) for row in islice(sample.rows(1), 6)]

    def join(firm: Firm) -> tuple[str, str]:
        while True:
            try:
                return Procedures(town.office).join(firm, LEGAL, None, Generation.SM2)
            except RegistryBusy:
                continue

    with ThreadPoolExecutor(3) as pool:
        numbers = [number for pair in pool.map(join, firms) for number in pair]
    assert 12 == len(set(numbers))
    with town.office.registry.reading() as work:
        assert () == audit(work).findings


def test_an_enterprise_joins_once(town: Town) -> None:
    with pytest.raises(AlreadyRegistered, match="other cards or holders"):
        Procedures(town.office).join(FIRM, DECLARANT, None, Generation.SM2)


def test_a_blank_that_is_not_there_is_to_be_made(simcard: Simcard, town: Town, tmp_path: Path) -> None:
    number, image = add(town), tmp_path / "none.simcard"
    done = simcard("issue", "card", number, image, "--office", town.folder, "--date", "2026-11-23")
    assert (4, True) == (done.code, f"make a blank first: simcard new {image} --profile eport-blank" in done.err)
