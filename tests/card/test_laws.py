"""The two laws over random streams, over all short prefixes of valid commands, and over chains with things between."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conformance.campaign.life import grammar_of, stream_of
from conformance.campaign.minimise import shortest
from conformance.campaign.story import Judge, Story
from conformance.laws import Violation, judge, stream
from host_tools.cli.campaigning import Subject, content_of, lives_of, memory_of
from simcard import profile as sheets
from simcard.applet.base import Applet
from simcard.card import Card
from tests.kit import SEED, Bench, bench, command, image_of

LIVES = lives_of("iso-blank", SEED)
GRAMMAR = grammar_of(LIVES)


class Watched(Subject):
    """A card as the laws see it."""

    def __init__(self, profile: str = "iso-blank") -> None:
        super().__init__(image_of(profile, SEED))


def life(number: int) -> list[bytes]:
    """A stream of what the suites send to a blank card, and of what is like it."""
    return stream_of(SEED, number, LIVES, GRAMMAR)


def hold(number: int) -> None:
    """Both laws hold for this stream, and flash and RAM agree at its end."""
    commands, watched = life(number), Watched()
    if judge(watched, commands) is not None:
        raise AssertionError(story(commands))
    assert content_of(watched.card) == memory_of(watched.card), f"stream {number}: flash and RAM differ"


def story(commands: list[bytes]) -> str:
    """Everything that repeats a violation, and no more."""
    kept = shortest(commands, lambda kept: judge(Watched(), kept) is not None)
    return str(Story(Judge.LAWS, "iso-blank", SEED, tuple(kept)))


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
    assert watched.card._router is not None
    commands = at_every_door(seed, watched.card._router.applets)
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
