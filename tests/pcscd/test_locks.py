"""Who waits for a transaction, in which order, and what an abandoned one leaves. No I/O."""

from __future__ import annotations

import pytest

from reader_bridge.pcscd.codes import Disposition, Rv
from reader_bridge.pcscd.grammar import End
from reader_bridge.pcscd.readers import Reader, Waiter
from reader_bridge.pcscd.resources import MustWait
from tests.pcscd.world import World


def test_a_transaction_of_another_is_waited_for(world: World) -> None:
    """Connecting, beginning and disconnecting with a reset; everything else is refused at once."""
    ours, ours_handle = world.connected()
    theirs, theirs_handle = world.connected()
    world.resources.begin(theirs, theirs_handle)
    with pytest.raises(MustWait):
        world.connect(ours)
    with pytest.raises(MustWait):
        world.resources.begin(ours, ours_handle)
    with pytest.raises(MustWait):
        world.drive(world.resources.disconnect(ours, ours_handle, Disposition.RESET))
    assert Rv.SHARING_VIOLATION is world.transmit(ours_handle)[0]


def test_nobody_waits_for_himself(world: World) -> None:
    """pcscd would, for ever."""
    client, first = world.connected()
    second = world.connect(client)[1]
    world.resources.begin(client, first)
    assert Rv.SUCCESS is world.connect(client)[0]
    assert Rv.SHARING_VIOLATION is world.resources.begin(client, second)
    rv = world.drive(world.resources.disconnect(client, second, Disposition.RESET))
    assert Rv.SHARING_VIOLATION is rv


def queue_up(reader: Reader, *keys: int) -> list[int]:
    """Waiters with these keys; the list gets the keys in the order of waking."""
    woken: list[int] = []
    for key in keys:
        reader.enqueue(Waiter(key, lambda key=key: woken.append(key), begins=key > 0))  # type: ignore[misc]
    return woken


def test_the_lock_goes_to_who_came_first(world: World) -> None:
    """And to nobody else until that one is through."""
    client, handle = world.connected()
    others = [world.connected()[1] for _ in range(3)]
    world.resources.begin(client, handle)
    woken = queue_up(world.reader, *others)
    world.drive(world.resources.end(End(handle, Disposition.LEAVE)))
    assert ([others[0]], others[0]) == (woken, world.reader.owner)


def test_the_lock_passes_over_those_for_whom_it_is_too_late(world: World) -> None:
    """After a reset, who wanted to begin must hear of it first; who wanted to connect need not."""
    client, handle = world.connected()
    other = world.connected()[1]
    world.resources.begin(client, handle)
    woken = queue_up(world.reader, other, -7)
    world.drive(world.resources.disconnect(client, handle, Disposition.RESET))
    assert ([other, -7], -7) == (woken, world.reader.owner)


def test_who_gives_up_waiting_keeps_the_place(world: World) -> None:
    """libpcsclite asks again every second."""
    client, handle = world.connected()
    first, second = world.connected()[1], world.connected()[1]
    world.resources.begin(client, handle)
    woken: list[int] = []
    impatient = Waiter(first, lambda: woken.append(first), begins=True)
    world.reader.enqueue(impatient)
    world.reader.enqueue(Waiter(second, lambda: woken.append(second), begins=True))
    world.reader.leave(impatient)
    world.reader.enqueue(impatient)
    world.drive(world.resources.end(End(handle, Disposition.LEAVE)))
    assert [first] == woken


def test_removal_wakes_everybody(world: World) -> None:
    """Nobody waits for a card that has gone."""
    client, handle = world.connected()
    others = [world.connected()[1] for _ in range(2)]
    world.resources.begin(client, handle)
    woken = queue_up(world.reader, *others)
    world.pull()
    assert (others, 0) == (woken, world.reader.owner)


def test_an_abandoned_lock_resets_the_card(world: World) -> None:
    """The others are told."""
    client, handle = world.connected()
    other = world.connected()[1]
    world.resources.begin(client, handle)
    world.drive(world.resources.abandon(client, handle))
    assert (Rv.RESET_CARD, 0) == (world.resources.status(other), world.reader.owner)


def test_an_abandoned_connection_leaves_the_card_alone(world: World) -> None:
    """As SCardReleaseContext does."""
    client, handle = world.connected()
    other = world.connected()[1]
    world.drive(world.resources.abandon(client, handle))
    assert Rv.SUCCESS is world.resources.status(other)
