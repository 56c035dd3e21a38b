"""Two orders for one person at the same moment, by two connections to either data base: one card."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from host_tools.errors import RegistryBusy
from host_tools.issuing import plan
from host_tools.issuing.procedures import Procedures
from host_tools.office.folder import Office
from host_tools.office.orders import Details, Signed
from host_tools.pki.generation import Generation
from host_tools.registry import database
from host_tools.registry.audit import audit
from host_tools.registry.models import Card
from host_tools.registry.states import Action, CardKind
from tests.issuing.support import DECLARANT
from tests.office.conftest import any_house, cluster, postgres_template, template
from tests.office.support import LEGAL, House
from tests.pki.support import SM2

__all__ = ["any_house", "cluster", "postgres_template", "template"]


DETAILS = Details(plan.new_card(DECLARANT, CardKind.DECLARANT, Generation.SM2))


def ordered(house: House) -> Signed:
    return house.signed(house.order(Action.ISSUE, LEGAL, **DETAILS.data), LEGAL)


def add(office: Office, order: Signed) -> str:
    return Procedures(office).add(order, DECLARANT, CardKind.DECLARANT, Generation.SM2, DETAILS.salt)


def cards(house: House) -> list[str]:
    """The cards that the person has."""
    with house.office.registry.reading() as work:
        assert () == audit(work).findings
        return [card.number for card in work.cards() if card.holder.name == DECLARANT.name]


def test_who_looks_while_another_prepares_the_card_waits(any_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAIT_MS", 50)
    orders = [ordered(any_house) for _ in range(3)]
    prepare = Procedures._prepare

    def meanwhile(own: Procedures, *asked: object, **more: object) -> Card:
        monkeypatch.setattr(Procedures, "_prepare", prepare)
        with Office(any_house.folder, any_house.clock, SM2) as second, pytest.raises(RegistryBusy):
            add(second, orders[1])
        return prepare(own, *asked, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Procedures, "_prepare", meanwhile)
    number = add(any_house.office, orders[0])
    assert number == add(any_house.office, orders[2])
    assert [number] == cards(any_house)


def test_of_many_orders_at_once_comes_one_card(any_house: House) -> None:
    orders = [ordered(any_house) for _ in range(8)]

    def again(order: Signed) -> str:
        with Office(any_house.folder, any_house.clock, SM2) as own:
            return add(own, order)

    with ThreadPoolExecutor(4) as pool:
        numbers = set(pool.map(again, orders))
    assert cards(any_house) == sorted(numbers)
    assert 1 == len(numbers)
