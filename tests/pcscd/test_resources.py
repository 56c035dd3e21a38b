"""What the side-by-side table does not reach: removal in the midst of work, notices, power, limits. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TypeVar

import pytest

from reader_bridge.echo import EchoCard
from reader_bridge.pcscd.codes import MAX_HANDLES, Disposition, Rv, Share, State
from reader_bridge.pcscd.grammar import Connect, End, GetAttribute, Reconnect, Transmit
from reader_bridge.pcscd.readers import Power, Reader, Waiter
from reader_bridge.pcscd.resources import Client, MustWait, Resources
from reader_bridge.pcscd.table import ReaderTable, Steps
from reader_bridge.slot import Slot
from simcard.hal.power import PowerLost

T = TypeVar("T")
NAME = b"r".ljust(128, b"\0")


class World:
    """Resources with one reader, driven in place; `before` runs before each piece of card work."""

    def __init__(self) -> None:
        self.table = ReaderTable()
        numbers = count(1)
        self.resources = Resources(self.table, lambda: next(numbers))
        self.reader = self.table.add("r", Slot("r", EchoCard()))
        self.before: Callable[[], None] = lambda: None
        self.works = 0
        self.drive(self.table.first_look(self.reader))

    def drive(self, steps: Steps[T]) -> T:
        """Run steps to their end."""
        result: bytes | None = None
        while True:
            try:
                work = steps.send(result)
            except StopIteration as done:
                value: T = done.value
                return value
            self.works += 1
            self.before()
            result = work()

    def client(self) -> Client:
        """A client with a context."""
        client = Client()
        self.resources.establish(client, 2)
        return client

    def connect(self, client: Client, share: Share = Share.SHARED, protocols: int = 3) -> tuple[Rv, int, int]:
        """SCardConnect to the one reader."""
        ask = Connect(client.context, NAME, share, protocols, 0, 0)
        return self.drive(self.resources.connect(client, ask, -1))

    def connected(self, share: Share = Share.SHARED) -> tuple[Client, int]:
        """A client and its handle."""
        client = self.client()
        rv, handle, _ = self.connect(client, share)
        assert rv is Rv.SUCCESS
        return client, handle

    def transmit(self, handle: int, command: bytes = b"\0\x84\0\0\x08") -> tuple[Rv, bytes]:
        """SCardTransmit."""
        ask = Transmit(handle, self.reader.protocol, 16, len(command), 3, 16, 300, command)
        rv, reader = self.resources.may_transmit(ask)
        if reader is None:
            return rv, b""
        self.before()
        return self.resources.transmitted(reader, reader.slot.transmit(command))

    def pull(self) -> None:
        """Pull the card."""
        self.table.card_gone(self.reader)
        self.drive(self.table.take_out(self.reader))


@pytest.fixture
def world() -> World:
    """A world with a card in its reader."""
    return World()


def test_a_card_that_is_there_from_the_start_is_no_event(world: World) -> None:
    """pcscd counts movements only."""
    assert (0, State.RUNNING) == (world.reader.events, world.reader.state)


def test_movements_are_counted(world: World) -> None:
    """Out and in make two."""
    world.pull()
    world.drive(world.table.insert(world.reader, EchoCard()))
    assert 2 == world.reader.events


def test_the_event_counter_wraps(world: World) -> None:
    """At FFFF, to zero."""
    world.reader.events = 0xFFFF
    world.pull()
    assert 0 == world.reader.events


def test_an_unused_card_loses_its_power_at_the_first_look(world: World) -> None:
    """After insertion."""
    world.drive(world.table.save_power(world.reader))
    assert Power.UNPOWERED is world.reader.power


def test_a_used_card_loses_its_power_at_the_second_look(world: World) -> None:
    """The grace period; the table still shows a powered card, as pcscd's does."""
    client, handle = world.connected()
    world.drive(world.resources.disconnect(client, handle, Disposition.LEAVE))
    assert [world.reader] == world.table.looks_due()
    world.drive(world.table.save_power(world.reader))
    assert Power.POWERED is world.reader.power
    world.drive(world.table.save_power(world.reader))
    assert (Power.UNPOWERED, State.RUNNING) == (world.reader.power, world.reader.state)


def test_a_connected_card_keeps_its_power(world: World) -> None:
    """However long nobody sends anything."""
    world.connected()
    assert [] == world.table.looks_due()


def test_connecting_powers_the_card_again(world: World) -> None:
    """A cold start, so nothing of the last user is left."""
    world.drive(world.table.save_power(world.reader))
    before = world.works
    world.connected()
    assert before + 1 == world.works


@pytest.mark.parametrize("share", [Share.SHARED, Share.EXCLUSIVE])
def test_removal_while_the_card_starts(world: World, share: Share) -> None:
    """SCardConnect finds no power."""
    world.drive(world.table.save_power(world.reader))
    world.before = lambda: world.table.card_gone(world.reader)
    assert Rv.UNPOWERED_CARD is world.connect(world.client(), share)[0]


@pytest.mark.parametrize(
    ("rv", "initialization"),
    [(Rv.NO_SMARTCARD, Disposition.RESET), (Rv.NO_SMARTCARD, Disposition.UNPOWER), (Rv.SUCCESS, Disposition.LEAVE)],
)
def test_removal_during_reconnect(world: World, rv: Rv, initialization: Disposition) -> None:
    """Where the card is touched."""
    _, handle = world.connected()
    world.before = lambda: world.table.card_gone(world.reader)
    assert rv is world.drive(world.resources.reconnect(Reconnect(handle, 2, 3, initialization, 0)))[0]


def test_removal_during_disconnect(world: World) -> None:
    """The connection ends all the same."""
    client, handle = world.connected()
    world.before = lambda: world.table.card_gone(world.reader)
    assert Rv.SUCCESS is world.drive(world.resources.disconnect(client, handle, Disposition.RESET))
    assert State.ABSENT is world.reader.state


def test_removal_during_end_of_transaction(world: World) -> None:
    """The reset fails and the code says why."""
    client, handle = world.connected()
    world.resources.begin(client, handle)
    world.before = lambda: world.table.card_gone(world.reader)
    assert Rv.REMOVED_CARD is world.drive(world.resources.end(End(handle, Disposition.RESET)))
    assert 0 == world.reader.owner


def test_removal_during_transmit(world: World) -> None:
    """What the card still says is nobody's."""
    _, handle = world.connected()
    world.before = lambda: world.table.card_gone(world.reader)
    assert (Rv.NO_SMARTCARD, b"") == world.transmit(handle)


def test_unplugging_during_transmit(world: World) -> None:
    """The reader is not available any more."""
    _, handle = world.connected()
    world.before = lambda: world.table.remove(world.reader)
    assert (Rv.READER_UNAVAILABLE, b"") == world.transmit(handle)


def test_calls_after_unplugging(world: World) -> None:
    """The handle is known to the client and to nobody else."""
    client, handle = world.connected()
    world.table.remove(world.reader)
    assert Rv.INVALID_VALUE is world.resources.status(handle)
    assert Rv.INVALID_VALUE is world.transmit(handle)[0]
    assert Rv.INVALID_VALUE is world.resources.begin(client, handle)
    assert Rv.INVALID_VALUE is world.resources.get_attribute(GetAttribute(handle, 0x303, b"", 264))[0]
    assert Rv.SUCCESS is world.drive(world.resources.disconnect(client, handle, Disposition.LEAVE))
    assert Rv.UNKNOWN_READER is world.connect(client)[0]


def test_a_card_that_loses_its_power_is_silent_until_reset(world: World) -> None:
    """NOT_TRANSACTED, and SCardReconnect with a reset helps."""

    class Failing(EchoCard):
        def transmit(self, command: bytes) -> bytes:
            if command[1] == 0xDE:
                raise PowerLost
            return super().transmit(command)

    world.pull()
    world.drive(world.table.insert(world.reader, Failing()))
    _, handle = world.connected()
    assert Rv.NOT_TRANSACTED is world.transmit(handle, b"\0\xde\0\0")[0]
    assert Rv.NOT_TRANSACTED is world.transmit(handle)[0]
    assert Rv.SUCCESS is world.drive(world.resources.reconnect(Reconnect(handle, 2, 3, Disposition.RESET, 0)))[0]
    assert Rv.SUCCESS is world.transmit(handle)[0]


def test_a_card_that_does_not_start_is_mute(world: World) -> None:
    """Present and swallowed, as pcscd says."""

    class Dead(EchoCard):
        def power_on(self) -> bytes:
            raise PowerLost

    world.pull()
    world.drive(world.table.insert(world.reader, Dead()))
    assert (State.MUTE, b"") == (world.reader.state, world.reader.atr)
    assert Rv.UNPOWERED_CARD is world.connect(world.client())[0]


def test_a_card_that_dies_at_a_reset_is_unresponsive(world: World) -> None:
    """SCardReconnect tells it."""

    class OneLife(EchoCard):
        def reset(self) -> bytes:
            raise PowerLost

    world.pull()
    world.drive(world.table.insert(world.reader, OneLife()))
    _, handle = world.connected()
    rv, _ = world.drive(world.resources.reconnect(Reconnect(handle, 2, 3, Disposition.RESET, 0)))
    assert Rv.UNRESPONSIVE_CARD is rv


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


def test_handles_of_a_client_are_limited(world: World) -> None:
    """pcscd's default; the reader has room for others then, but not for a handle more."""
    client = world.client()
    codes = [world.connect(client)[0] for _ in range(MAX_HANDLES + 1)]
    assert [Rv.SUCCESS] * MAX_HANDLES + [Rv.INTERNAL_ERROR] == codes
    assert MAX_HANDLES == world.reader.sharing


def test_a_foreign_context_gets_no_handle(world: World) -> None:
    """And the reader is as it was."""
    client = world.client()
    ask = Connect(client.context + 1, NAME, Share.SHARED, 3, 0, 0)
    assert Rv.INVALID_VALUE is world.drive(world.resources.connect(client, ask, -1))[0]
    assert 0 == world.reader.sharing


def test_a_connection_without_context_gets_no_handle(world: World) -> None:
    """Nor does one whose context was released."""
    ask = Connect(0, NAME, Share.SHARED, 3, 0, 0)
    assert Rv.INVALID_HANDLE is world.drive(world.resources.connect(Client(), ask, -1))[0]


def test_handles_are_unique() -> None:
    """Also if chance gives the same number twice."""
    numbers = iter((5, 5, 6))
    table = ReaderTable()
    reader = table.add("r", Slot("r"))
    table.add_handle(reader, table.new_handle(lambda: next(numbers)))
    assert 6 == table.new_handle(lambda: next(numbers))


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        (b"\x3b\x89\x80\x01ECHO CARD\x3d", 0x0303),
        (b"\x3b\x89\x80\x01ECHO CARD\x3d", 0x90303),
        (b"r\0", 0x7FFF0003),
        (b"\x02", 0x90300),
        (b"\x01", 0x90301),
        (b"\x0c\x00\x01\x00", 0x7A007),
        (b"\x02\x00\x00\x00", 0x80201),
        (b"simcard\0", 0x10100),
    ],
)
def test_attributes(world: World, value: bytes, tag: int) -> None:
    """On a little-endian host."""
    _, handle = world.connected()
    assert (Rv.SUCCESS, value) == world.resources.get_attribute(GetAttribute(handle, tag, b"", 264))


def test_an_attribute_that_does_not_fit(world: World) -> None:
    """The length is told."""
    _, handle = world.connected()
    rv, value = world.resources.get_attribute(GetAttribute(handle, 0x0303, b"", 3))
    assert (Rv.INSUFFICIENT_BUFFER, 14) == (rv, len(value))


@pytest.mark.parametrize("name", ["", "x" * 128, "a\0b"])
def test_impossible_names_are_refused(name: str) -> None:
    """libpcsclite could not connect to them."""
    with pytest.raises(ValueError, match="name"):
        ReaderTable().add(name, Slot("r"))
