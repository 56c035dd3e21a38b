"""The power supply: cuts fall where they are ordered, and tears are what they say."""

from __future__ import annotations

import pytest

from simcard.hal.power import PowerLost, PowerSupply, Tear

BEFORE = b"\xff" * 64
WANTED = bytes(range(64))


def test_it_counts_the_operations_asked_for() -> None:
    power = PowerSupply()
    for _ in range(3):
        power.request()
    assert 3 == power.operations


def test_a_cut_falls_on_the_ordered_operation() -> None:
    power = PowerSupply()
    power.cut(2, Tear.PREFIX)
    assert [None, None, Tear.PREFIX] == [power.request() for _ in range(3)]


def test_after_the_cut_nothing_is_allowed() -> None:
    power = PowerSupply()
    power.cut(0)
    power.request()
    with pytest.raises(PowerLost):
        power.request()


def test_switched_off_by_hand_nothing_is_allowed() -> None:
    power = PowerSupply()
    power.off()
    with pytest.raises(PowerLost):
        power.request()


def test_restore_gives_power_and_forgets_the_cut() -> None:
    power = PowerSupply()
    power.cut(0)
    power.restore()
    assert power.on
    assert [None, None] == [power.request(), power.request()]


def test_power_loss_is_not_an_exception_that_code_may_catch() -> None:
    assert not issubclass(PowerLost, Exception)


def test_a_cut_in_the_past_is_refused() -> None:
    with pytest.raises(ValueError, match="past"):
        PowerSupply().cut(-1)


def test_an_absent_operation_leaves_what_was() -> None:
    assert BEFORE == PowerSupply().remains(Tear.ABSENT, BEFORE, WANTED)


def test_an_unacknowledged_operation_leaves_what_was_wanted() -> None:
    assert WANTED == PowerSupply().remains(Tear.UNACKNOWLEDGED, BEFORE, WANTED)


def torn(tear: Tear, seed: int) -> bytes:
    power = PowerSupply()
    power.cut(0, tear, seed)
    return power.remains(tear, BEFORE, WANTED)


def test_prefixes_are_proper_and_differ_by_seed() -> None:
    left = {torn(Tear.PREFIX, seed) for seed in range(200)}
    assert left <= {WANTED[:n] + BEFORE[n:] for n in range(1, 64)}
    assert len(left) > 40


def test_garbage_differs_by_seed() -> None:
    assert 200 == len({torn(Tear.GARBAGE, seed) for seed in range(200)})


def test_some_garbage_hits_bits_that_had_to_stay_and_some_does_not() -> None:
    hit = {any(left & want != want for left, want in zip(torn(Tear.GARBAGE, s), WANTED)) for s in range(20)}
    assert {True, False} == hit


@pytest.mark.parametrize("tear", Tear)
def test_the_same_seed_tears_the_same_way(tear: Tear) -> None:
    assert torn(tear, 7) == torn(tear, 7)


@pytest.mark.parametrize("tear", Tear)
def test_a_torn_program_never_sets_a_bit(tear: Tear) -> None:
    power = PowerSupply()
    for seed in range(50):
        power.cut(0, tear, seed)
        left = power.remains(tear, WANTED, bytes(64))
        assert not any(now & ~was for now, was in zip(left, WANTED))


@pytest.mark.parametrize("tear", Tear)
def test_one_byte_can_tear_too(tear: Tear) -> None:
    assert 1 == len(PowerSupply().remains(tear, b"\xff", b"\x00"))
