"""What the side-by-side table does not reach: removal in the midst of work, notices, power, limits. No I/O."""

from __future__ import annotations

import pytest

from reader_bridge.echo import EchoCard
from reader_bridge.pcscd.codes import MAX_HANDLES, Disposition, Rv, Share, State
from reader_bridge.pcscd.grammar import Connect, End, GetAttribute, Reconnect
from reader_bridge.pcscd.readers import Power
from reader_bridge.pcscd.resources import Client
from reader_bridge.pcscd.table import ReaderTable
from reader_bridge.slot import Slot
from simcard.hal.power import PowerLost
from tests.pcscd.world import NAME, World


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
