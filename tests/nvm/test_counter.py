"""Counters are paid before what they guard."""

from __future__ import annotations

import pytest

from simcard.hal.power import PowerLost, PowerSupply, Tear
from simcard.nvm.counter import Counter
from simcard.nvm.store import CorruptMemory, Store
from simcard.wire.status import SW, Refused
from tests.nvm.bench import fresh


def made(store: Store, limit: int = 3) -> Counter:
    store.begin()
    counter = Counter.create(store, b"tries", limit)
    store.commit()
    return counter


@pytest.fixture
def counter() -> Counter:
    return made(fresh()[1])


def test_a_new_counter_is_full(counter: Counter) -> None:
    assert (3, 3) == (counter.value, counter.limit)


def test_spending_takes_one_off(counter: Counter) -> None:
    assert 2 == counter.spend() == counter.value


def test_an_empty_counter_refuses_with_6983(counter: Counter) -> None:
    for _ in range(3):
        counter.spend()
    with pytest.raises(Refused) as refused:
        counter.spend()
    assert SW.BLOCKED == refused.value.sw


def test_restore_gives_all_back(counter: Counter) -> None:
    counter.spend()
    counter.restore()
    assert 3 == counter.value


def test_what_is_spent_is_spent_after_mount_and_rollback() -> None:
    flash, store = fresh()
    counter = made(store)
    store.begin()
    counter.spend()
    store.rollback()
    assert 2 == Counter(Store.mount(flash), b"tries").value


def test_restoring_a_full_counter_touches_no_flash() -> None:
    power = PowerSupply()
    counter = made(fresh(power)[1])
    before = power.operations
    counter.restore()
    assert before == power.operations


def test_a_large_limit_is_kept() -> None:
    assert 65534 == made(fresh()[1], 65535).spend()


def test_a_counter_that_is_not_there_is_refused_with_6a88() -> None:
    with pytest.raises(Refused) as refused:
        Counter(fresh()[1], b"none").spend()
    assert SW.REFERENCE_NOT_FOUND == refused.value.sw


def test_a_counter_of_an_unknown_version_is_reported() -> None:
    _, store = fresh()
    store.write_through(b"tries", b"\x02\x00\x03\x00\x03")
    with pytest.raises(CorruptMemory, match="version"):
        Counter(store, b"tries").spend()


def test_the_record_is_version_limit_left() -> None:
    _, store = fresh()
    made(store).spend()
    assert "0100030002" == (store.get(b"tries") or b"").hex()


@pytest.mark.parametrize("tear", Tear)
def test_no_cut_gives_a_free_guess(tear: Tear) -> None:
    """Whoever got past `spend` has paid; whoever was cut in it has not looked yet."""
    for after in range(2):
        power = PowerSupply()
        flash, store = fresh(power)
        counter = made(store)
        power.cut(after, tear, after)
        with pytest.raises(PowerLost):
            counter.spend()
        power.restore()
        assert Counter(Store.mount(flash), b"tries").value in (2, 3)
