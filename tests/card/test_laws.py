"""The two laws over random streams, over all short prefixes of valid commands, and over chains with things between."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conformance.laws import Violation, judge, shortest, stream
from reader_bridge.slot import Slot
from simcard import profile as sheets
from simcard.applet.base import Applet
from simcard.card import Card
from simcard.nvm.store import Store
from tests.card.grammar import FURNITURE, GRAMMAR
from tests.kit import COUNTERS, Bench, bench, command, logical


class Watched:
    """A card as the laws see it."""

    def __init__(self, profile: str = "iso-blank") -> None:
        self.bench = bench(profile)
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


def at_every_door(seed: int, applets: Sequence[Applet]) -> list[bytes]:
    """A stream in which every second command is one of any door of the card, with parameters and data by chance."""
    random = Random(seed)
    shelf = [ins for applet in applets for ins in applet.commands]
    found: list[bytes] = []
    for raw in life(seed):
        head = bytes((random.choice((0x00, 0x80, 0x80, 0x84)), random.choice(shelf)))
        data = random.randbytes(random.choice((0, 1, 2, 4, 8, 16, 32, 65)))
        body = bytes((len(data),)) + data if data else b""
        found += [raw, head + bytes(random.choices((0, 0, 1, 2, 0x80, 0x9A, 0xFF), k=2)) + body + b"\0"]
    aids = [applet.aid for applet in applets if applet.aid]
    return [command(0xA4, 4, 0, random.choice(aids), ne=256), *found] if aids and seed % 3 else found


@pytest.mark.parametrize("name", sheets.builtin_names())
@pytest.mark.parametrize("seed", range(20))
def test_the_laws_hold_at_every_door_of_every_profile(name: str, seed: int) -> None:
    watched = Watched(name)
    assert watched.bench.card._router is not None
    commands = at_every_door(seed, watched.bench.card._router.applets)
    found = judge(watched, commands)
    assert found is None, f"{found}; profile {name}, seed 1, stream {seed} at every door"


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
