"""A private world of the rootless service, and how the control service moves its cards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from reader_bridge.echo import EchoCard
from reader_bridge.pcscd.table import TableError
from reader_bridge.private_world import PrivateWorld
from reader_bridge.server import ResetKind, ServerError
from reader_bridge.slot import State
from reader_bridge.world_cards import WorldCards


class Diary(EchoCard):
    """An echo card that remembers what was done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: list[str] = []

    def power_on(self) -> bytes:
        self.pages.append("power on")
        return super().power_on()

    def reset(self) -> bytes:
        self.pages.append("reset")
        return super().reset()


@pytest.fixture
def world() -> Iterator[PrivateWorld]:
    with PrivateWorld() as running:
        yield running


def test_a_world_leaves_nothing_behind() -> None:
    with PrivateWorld() as running:
        path = Path(running.variable[1])
        assert path.is_socket()
    assert not path.parent.exists()


def test_only_its_owner_reaches_it(world: PrivateWorld) -> None:
    assert 0o600 == Path(world.variable[1]).stat().st_mode & 0o777


def test_an_environment_is_made_from_a_given_one(world: PrivateWorld) -> None:
    assert {"A": "B", **dict((world.variable,))} == world.environment({"A": "B"})


def test_names_are_given_in_order_around_those_taken(world: PrivateWorld) -> None:
    world.add_reader("simcard 01 00")
    assert ["simcard 00 00", "simcard 02 00"] == [world.add_reader().name for _ in range(2)]


@pytest.mark.parametrize("name", ["", "x" * 128, "a\0b"])
def test_impossible_names_are_refused(world: PrivateWorld, name: str) -> None:
    with pytest.raises(TableError):
        world.add_reader(name)


def test_an_unplugged_reader_makes_room(world: PrivateWorld) -> None:
    for _ in range(16):
        world.add_reader()
    with pytest.raises(TableError, match="16 readers"):
        world.add_reader()
    world.unplug("simcard 07 00")
    assert "simcard 07 00" == world.add_reader().name


def test_a_card_goes_into_the_first_empty_reader(world: PrivateWorld) -> None:
    world.add_reader("a", EchoCard())
    world.add_reader("b")
    cards = WorldCards(world)
    assert "b" == cards.insert(EchoCard())
    with pytest.raises(ServerError, match="every reader holds a card"):
        cards.insert(EchoCard())
    with pytest.raises(ServerError, match="already holds a card"):
        cards.insert(EchoCard(), "a")


def test_a_card_that_is_taken_out_is_given_back(world: PrivateWorld) -> None:
    card = EchoCard()
    world.add_reader("a", card)
    cards = WorldCards(world)
    assert card is asyncio.run(cards.remove("a"))
    with pytest.raises(ServerError, match="holds no card"):
        asyncio.run(cards.remove("a"))
    assert [(b"", State.EMPTY)] == [(status.atr, status.state) for status in cards.status()]


def test_a_reader_that_is_not_there_is_named(world: PrivateWorld) -> None:
    with pytest.raises(ServerError, match="there is no reader x"):
        asyncio.run(WorldCards(world).remove("x"))
    with pytest.raises(ServerError, match="there is no reader"):
        WorldCards(world).insert(EchoCard())


@pytest.mark.parametrize(("kind", "done"), [(ResetKind.WARM, "reset"), (ResetKind.COLD, "power on")])
def test_a_card_is_reset(world: PrivateWorld, kind: ResetKind, done: str) -> None:
    card = Diary()
    world.add_reader("a", card)
    before = len(card.pages)
    asyncio.run(WorldCards(world).reset("a", kind))
    assert [done] == card.pages[before:]


def test_an_empty_reader_cannot_be_reset(world: PrivateWorld) -> None:
    world.add_reader("a")
    with pytest.raises(ServerError, match="holds no card"):
        asyncio.run(WorldCards(world).reset("a", ResetKind.WARM))


def test_the_control_service_sees_the_cards(world: PrivateWorld) -> None:
    world.add_reader("a", EchoCard())
    (status,) = WorldCards(world).status()
    assert ("a", EchoCard().atr, State.ON, False) == (status.name, status.atr, status.state, status.connected)
