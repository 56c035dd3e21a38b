"""The socket: who may use it, who misuses it, and that nobody else suffers."""

from __future__ import annotations

import contextlib
import socket
import stat
import tempfile
import threading
from pathlib import Path

import pytest

from reader_bridge.echo import EchoCard
from reader_bridge.pcscd import grammar as g
from reader_bridge.pcscd import messages as m
from reader_bridge.pcscd.codes import Rv
from reader_bridge.pcscd.server import PcscService, VirtualReader
from reader_bridge.pcscd.table import TableError
from reader_bridge.slot import SlotError
from tests.pcscd.wire import SECONDS, WireClient

GET = bytes.fromhex("0084000008")
CHALLENGE = bytes.fromhex("01020304050607089000")


def works(service: PcscService, reader: VirtualReader) -> bool:
    """Whether a well-behaved client gets its answer."""
    with WireClient(service.path) as client:
        card = client.establish().connect(reader.name)
        return client.transmit(card, GET) == (Rv.SUCCESS, CHALLENGE)


def test_the_socket_is_for_its_owner_only(service: PcscService) -> None:
    """Mode 600."""
    assert 0o600 == stat.S_IMODE(service.path.stat().st_mode)


def test_the_socket_is_gone_afterwards() -> None:
    """And the service can be started again at the same place."""
    with tempfile.TemporaryDirectory(prefix="pcsc-") as folder:
        path = Path(folder) / "socket"
        for _ in range(2):
            with PcscService(path):
                assert path.is_socket()
            assert not path.exists()


def test_a_dead_service_is_replaced() -> None:
    """Its socket file is still there and nobody listens."""
    with tempfile.TemporaryDirectory(prefix="pcsc-") as folder:
        path = Path(folder) / "socket"
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        with PcscService(path) as service:
            assert works(service, service.add_reader("r", EchoCard()))


def test_a_living_service_is_not_replaced(service: PcscService) -> None:
    """Two services at one place would take each other's clients."""
    with pytest.raises(FileExistsError), PcscService(service.path):
        pass


def test_a_file_is_not_replaced(tmp_path: Path) -> None:
    """It may be somebody's work."""
    (tmp_path / "work").write_text("precious")
    with pytest.raises(FileExistsError), PcscService(tmp_path / "work"):
        pass
    assert "precious" == (tmp_path / "work").read_text()


def test_a_path_that_clients_would_cut_is_refused() -> None:
    """libpcsclite cuts it silently."""
    with pytest.raises(ValueError, match="107"):
        PcscService(Path("/" + "x" * 107))


@pytest.mark.parametrize("minor", [2, 3, 4, 5])
def test_known_versions_are_spoken(service: PcscService, minor: int) -> None:
    """The client is told its own version."""
    with WireClient(service.path) as client:
        answer = client.ask(g.Version(4, minor))
        assert (4, minor, Rv.SUCCESS) == (answer["major"], answer["minor"], answer["rv"])


@pytest.mark.parametrize(("major", "minor"), [(4, 1), (4, 6), (3, 4), (5, 0), (-1, -1)])
def test_other_versions_are_told_which_is_known(service: PcscService, major: int, minor: int) -> None:
    """pcsc-lite 2.4.1 and later come back with it, on the same connection."""
    with WireClient(service.path) as client:
        answer = client.ask(g.Version(major, minor))
        assert (4, 5, Rv.SERVICE_STOPPED) == (answer["major"], answer["minor"], answer["rv"])
        assert client.ask(g.Version(4, 5))["rv"] == Rv.SUCCESS


def test_clients_before_4_4_wait_without_a_table(service: PcscService, reader: VirtualReader) -> None:
    """They send a body and have fetched the table before."""
    with WireClient(service.path) as client:
        client.establish().send(g.Wait(old=True))
        client.send(g.ReadersState())
        assert reader.name.encode() == client.receive(16 * 184)[:17]
        reader.remove()
        assert m.FAST_WAIT.pack(0, Rv.SUCCESS) == client.receive(8)


def test_a_wait_brings_the_table_and_then_the_event(service: PcscService, reader: VirtualReader) -> None:
    """In this order and without a gap."""
    with WireClient(service.path) as client:
        client.establish().send(g.Wait(old=False))
        assert reader.name.encode() == client.receive(16 * 184)[:17]
        reader.remove()
        assert m.FAST_WAIT.pack(0, Rv.SUCCESS) == client.receive(8)


def test_a_wait_that_ended_is_not_answered_twice(service: PcscService, reader: VirtualReader) -> None:
    """The event is the answer to STOP_WAITING when they cross."""
    with WireClient(service.path) as client:
        client.establish().send(g.Wait(old=False))
        client.receive(16 * 184)
        reader.remove()
        client.send(g.StopWaiting())
        client.send(g.Release(client.context))
        assert m.FAST_WAIT.pack(0, Rv.SUCCESS) + m.RELEASE.build({"context": client.context, "rv": 0}) == (
            client.receive(16)
        )


def test_a_wait_can_be_ended(service: PcscService, reader: VirtualReader) -> None:
    """And then events are no business of this client."""
    with WireClient(service.path) as client:
        client.establish().send(g.Wait(old=False))
        client.receive(16 * 184)
        client.send(g.StopWaiting())
        assert m.FAST_WAIT.pack(0, Rv.SUCCESS) == client.receive(8)
        reader.remove()
        assert client.ask(g.Release(client.context))["rv"] == Rv.SUCCESS


def test_a_wait_can_be_cancelled(service: PcscService, reader: VirtualReader) -> None:
    """From a connection of its own, which needs no context and no version."""
    with WireClient(service.path) as client, WireClient(service.path) as other:
        client.establish().send(g.Wait(old=False))
        client.receive(16 * 184)
        assert other.ask(g.Cancel(client.context))["rv"] == Rv.SUCCESS
        assert m.FAST_WAIT.pack(0, Rv.CANCELLED) == client.receive(8)
        assert other.ask(g.Cancel(client.context))["rv"] == Rv.SUCCESS
        assert other.ask(g.Cancel(client.context + 1))["rv"] == Rv.INVALID_HANDLE


def test_reader_events_count_readers(service: PcscService) -> None:
    """4:5: one for each reader that comes or goes."""
    with WireClient(service.path) as client:
        client.send(g.ReaderEvents())
        before = m.READER_EVENTS.parse(client.receive(8)).events
        service.add_reader("one").unplug()
        client.send(g.ReaderEvents())
        assert before + 2 == m.READER_EVENTS.parse(client.receive(8)).events


def test_readers_come_and_go(service: PcscService, reader: VirtualReader) -> None:
    """A place is used again."""
    with WireClient(service.path) as client:
        service.add_reader("second")
        reader.unplug()
        service.add_reader("third")
        client.send(g.ReadersState())
        table = client.receive(16 * 184)
        assert [b"third", b"second", b""] == [table[at : at + 128].rstrip(b"\0") for at in (0, 184, 368)]


def test_a_reader_is_unplugged_once(service: PcscService, reader: VirtualReader) -> None:
    """A second time would hit the reader that took its place."""
    reader.unplug()
    other = service.add_reader("other", EchoCard())
    with pytest.raises(TableError):
        reader.unplug()
    assert works(service, other)


def test_a_card_that_nobody_uses_is_powered_off() -> None:
    """After it was inserted, and after its last user has gone."""

    class Lamp(EchoCard):
        def __init__(self) -> None:
            super().__init__()
            self.dark = threading.Event()

        def power_off(self) -> None:
            self.dark.set()

    with (
        tempfile.TemporaryDirectory(prefix="pcsc-") as folder,
        PcscService(Path(folder) / "socket", look_seconds=0.01) as service,
    ):
        lamp = Lamp()
        reader = service.add_reader("r", lamp)
        assert lamp.dark.wait(SECONDS)
        lamp.dark.clear()
        assert works(service, reader)
        assert lamp.dark.wait(SECONDS)


def test_fifty_worlds_at_once() -> None:
    """In one process, each with a reader of the same name and a card of its own."""
    with tempfile.TemporaryDirectory(prefix="pcsc-") as folder, contextlib.ExitStack() as stack:
        worlds = [stack.enter_context(PcscService(Path(folder) / str(number))) for number in range(50)]
        readers = [world.add_reader("Virtual PCD 00 00", EchoCard()) for world in worlds]
        assert all(works(world, reader) for world, reader in zip(worlds, readers))
        readers[0].remove()
        assert all(reader.occupied for reader in readers[1:])


def test_sixteen_readers_and_no_more(service: PcscService) -> None:
    """What libpcsclite can list."""
    for number in range(16):
        service.add_reader(f"reader {number}")
    with pytest.raises(TableError):
        service.add_reader("one too many")


def test_no_two_readers_have_one_name(service: PcscService, reader: VirtualReader) -> None:
    """Programs could not tell them apart."""
    with pytest.raises(TableError):
        service.add_reader(reader.name)


def test_a_reader_holds_one_card(reader: VirtualReader) -> None:
    """The second does not go in, and out of an empty reader comes nothing."""
    with pytest.raises(SlotError):
        reader.insert(EchoCard())
    reader.remove()
    with pytest.raises(SlotError):
        reader.remove()
