"""The two laws over random streams, over all short prefixes of valid commands, and over chains with things between."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conformance.laws import Violation, judge, shortest, stream
from reader_bridge.slot import Slot
from simcard.card import Card
from simcard.nvm.store import Store
from tests.card.grammar import FURNITURE, GRAMMAR
from tests.kit import COUNTERS, Bench, bench, logical


class Watched:
    """A blank ISO card as the laws see it."""

    def __init__(self, seed: int = 1) -> None:
        self.bench = bench("iso-blank", seed)
        self.crashes: list[BaseException] = []
        self._slot = Slot("law", self.bench.card, lambda _name, _card, bug: self.crashes.append(bug))
        self._slot.power_on()

    @property
    def memory(self) -> Store:
        store = self.bench.card._store
        assert store is not None
        return store

    def transmit(self, command: bytes) -> bytes | None:
        return self._slot.transmit(command)

    def content(self) -> bytes:
        digest = sha256()
        for key, value in self.memory.items():
            if not key.startswith(COUNTERS):
                digest.update(b"%d %d " % (len(key), len(value)) + key + value)
        return digest.digest()


def life(seed: int) -> list[bytes]:
    """The stream of a seed, on a blank card or on a furnished one."""
    return [*(FURNITURE if seed % 2 else ()), *stream(seed, GRAMMAR)]


def hold(seed: int) -> None:
    """Both laws hold for the stream of this seed, and flash and RAM agree at its end."""
    commands, watched = life(seed), Watched()
    violation = judge(watched, commands)
    assert violation is None, story(seed, commands)
    assert logical(watched.memory) == watched.bench.content(), story(seed, commands)


def story(seed: int, commands: list[bytes]) -> str:
    """Everything that repeats a violation, and no more."""
    if judge(Watched(), commands) is None:
        return f"stream {seed}: flash and RAM differ"
    kept, found = shortest(Watched, commands)
    shown = " ".join(raw.hex().upper() or "(empty)" for raw in kept)
    return f"law {found.law}: {found.what}; profile iso-blank, seed 1, stream {seed}, commands {shown}, no cut"


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_the_laws_hold_over_random_streams(seed: int) -> None:
    hold(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(100))
def test_the_laws_hold_over_ten_thousand_streams(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        hold(seed)


def test_every_short_prefix_of_a_valid_command_is_answered() -> None:
    prefixes = sorted({raw[:n] for raw in GRAMMAR.commands for n in range(1, 7)})
    assert judge(Watched(), [b"", *prefixes]) is None


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=8))
@example([bytes(65600)])
@example([bytes.fromhex("00DA00C1 00FFFF") + bytes(65535)])
def test_the_laws_hold_over_any_bytes(commands: list[bytes]) -> None:
    assert judge(Watched(), commands) is None


class Liar(Watched):
    """A card that changes memory under 6A80, as one with a forgotten rollback would."""

    def transmit(self, command: bytes) -> bytes | None:
        super().transmit(bytes.fromhex("00DA00C5 01") + command[1:2])
        return bytes.fromhex("6A80")


class Mute(Watched):
    """A card that answers nothing."""

    def transmit(self, command: bytes) -> bytes | None:
        return b""


@pytest.mark.parametrize(("guilty", "law"), [(Liar, 2), (Mute, 1)])
def test_the_judge_finds_guilt(guilty: type[Watched], law: int) -> None:
    found = judge(guilty(), GRAMMAR.commands)
    assert isinstance(found, Violation)
    assert law == found.law


def test_the_judge_leaves_out_what_is_not_needed() -> None:
    class Forgetful(Watched):
        """Lies only after VERIFY."""

        def transmit(self, command: bytes) -> bytes | None:
            answer = super().transmit(command)
            status = self.bench.card.transmit(bytes.fromhex("00200001"))
            return b"" if status == b"\x90\x00" and command[1] == 0x84 else answer

    noise = [bytes.fromhex("00B0000001")] * 5
    verify, challenge = bytes.fromhex("0020000108") + b"12345678", bytes.fromhex("0084000008")
    kept, _ = shortest(Forgetful, [*noise, verify, *noise, challenge])
    assert [verify, challenge] == kept


def test_the_same_seed_gives_the_same_stream() -> None:
    assert stream(7, GRAMMAR) == stream(7, GRAMMAR)


def test_a_seed_and_a_stream_give_the_same_flash() -> None:
    def run(card: Card) -> None:
        for raw in stream(11, GRAMMAR):
            card.transmit(raw)

    def lived() -> Bench:
        one = bench(seed=5)
        run(one.card)
        return one

    assert lived().flash.image() == lived().flash.image()
