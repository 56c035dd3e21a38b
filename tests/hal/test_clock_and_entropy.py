"""Clock and randomness: nothing moves by itself, and a seed fixes every byte."""

from __future__ import annotations

import pytest

from simcard.hal.clock import VirtualClock
from simcard.hal.entropy import Entropy, EntropyExhausted, ScriptedEntropy, SeededEntropy
from simcard.hal.system import SystemEntropy


def test_the_clock_starts_at_power_up() -> None:
    assert 0 == VirtualClock().now


def test_the_clock_moves_when_it_is_told() -> None:
    clock = VirtualClock()
    clock.advance(250)
    assert 251 == clock.advance(1)


def test_the_clock_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        VirtualClock().advance(-1)


def test_the_clock_restarts_at_power_up() -> None:
    clock = VirtualClock()
    clock.advance(5)
    clock.restart()
    assert 0 == clock.now


def test_a_seed_fixes_the_stream() -> None:
    assert SeededEntropy(1).read(64) == SeededEntropy(1).read(64)


def test_the_stream_stays_what_it_was_in_the_first_release() -> None:
    assert "a74cbe4b1a1a43d1148df9016942baac" == SeededEntropy(1).read(16).hex()


@pytest.mark.parametrize("other", [0, -1, 2, b"\x01", b"1", 1 << 300])
def test_seeds_are_told_apart(other: int | bytes) -> None:
    assert SeededEntropy(1).read(16) != SeededEntropy(other).read(16)


def test_the_stream_does_not_repeat() -> None:
    entropy = SeededEntropy(1)
    assert 1000 == len({entropy.read(8) for _ in range(1000)})


def test_forks_are_told_apart_by_label() -> None:
    entropy = SeededEntropy(1)
    assert 3 == len({entropy.read(16), entropy.fork("nonce").read(16), entropy.fork("boot 1").read(16)})


def test_a_fork_does_not_depend_on_what_was_read() -> None:
    fresh, used = SeededEntropy(1), SeededEntropy(1)
    used.read(100)
    assert fresh.fork("a").read(16) == used.fork("a").read(16)


def test_forks_of_forks_are_told_apart() -> None:
    entropy = SeededEntropy(1)
    assert entropy.fork("a").fork("b").read(16) != entropy.fork("ab").read(16)


def test_a_script_is_replayed_across_reads() -> None:
    entropy = ScriptedEntropy(b"ab", b"cd")
    assert [b"abc", b"d"] == [entropy.read(3), entropy.read(1)]


def test_a_script_that_is_used_up_raises() -> None:
    entropy = ScriptedEntropy(b"ab")
    with pytest.raises(EntropyExhausted):
        entropy.read(3)
    assert 2 == entropy.left


def test_a_fork_of_a_script_goes_on_with_it() -> None:
    entropy = ScriptedEntropy(b"abcd")
    entropy.read(1)
    assert b"bc" == entropy.fork("any").read(2)


def test_a_fork_may_have_a_script_of_its_own() -> None:
    entropy = ScriptedEntropy(b"ab", forks={"nonce": ScriptedEntropy(b"xy")})
    assert [b"xy", b"ab"] == [entropy.fork("nonce").read(2), entropy.read(2)]


@pytest.mark.parametrize(
    ("entropy", "deterministic"),
    [(SeededEntropy(0), True), (ScriptedEntropy(), True), (SystemEntropy(), False)],
)
def test_every_source_says_whether_it_can_be_foretold(entropy: Entropy, deterministic: bool) -> None:
    assert deterministic == entropy.deterministic


def test_the_system_gives_as_many_bytes_as_asked() -> None:
    assert 33 == len(SystemEntropy().fork("any").read(33))


def test_no_source_shows_what_it_will_give() -> None:
    assert ["SeededEntropy(***)", "ScriptedEntropy(***)"] == [
        repr(SeededEntropy(77)),
        repr(ScriptedEntropy(b"secret")),
    ]
