"""Clients that misbehave, die or come in crowds, and that nobody else suffers."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from reader_bridge.echo import EchoCard
from reader_bridge.pcscd import grammar as g
from reader_bridge.pcscd import messages as m
from reader_bridge.pcscd.codes import Command, Rv
from reader_bridge.pcscd.server import PcscService, VirtualReader
from tests.pcscd.test_server import works
from tests.pcscd.wire import SECONDS, WireClient

GET = bytes.fromhex("0084000008")
CHALLENGE = bytes.fromhex("01020304050607089000")


BAD = {
    "unknown command": m.FAST_HEADER.pack(0, 0x99),
    "reserved command": m.FAST_HEADER.pack(0, 3),
    "oversize": m.FAST_HEADER.pack(0xFFFFFFFF, Command.CONNECT),
    "wrong size": m.FAST_HEADER.pack(13, Command.VERSION) + bytes(13),
    "rubbish": bytes(range(256)) * 40,
    "too long an APDU": g.encode(g.Transmit(5, 2, 16, 1 << 20, 3, 16, 258, b"")),
    "foreign handle": g.encode(g.Status(5)),
    "handle zero": g.encode(g.Begin(0)),
}


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD.keys())
def test_bad_messages_end_the_connection_and_disturb_nobody(
    service: PcscService, reader: VirtualReader, raw: bytes
) -> None:
    """Without an answer, as pcscd does."""
    with WireClient(service.path) as good, WireClient(service.path) as bad:
        card = good.establish().connect(reader.name)
        bad.establish().socket.sendall(raw)
        assert bad.hung_up
        assert (Rv.SUCCESS, CHALLENGE) == good.transmit(card, GET)


@pytest.mark.parametrize("length", [1, 7, 8, 20, 44])
def test_half_a_message_and_then_nothing(service: PcscService, reader: VirtualReader, length: int) -> None:
    """A client that dies in the middle of a message."""
    with WireClient(service.path) as bad:
        card = bad.establish().connect(reader.name)
        bad.ask(g.Begin(card))
        bad.socket.sendall(g.encode(g.Transmit(card, 2, 16, 5, 3, 16, 258, GET))[:length])
    assert works(service, reader)
    assert not reader.locked


def test_a_stolen_handle_is_worth_nothing(service: PcscService, reader: VirtualReader) -> None:
    """A handle belongs to one connection."""
    with WireClient(service.path) as owner, WireClient(service.path) as thief:
        card = owner.establish().connect(reader.name)
        thief.establish().send(g.Status(card))
        assert thief.hung_up
        assert owner.ask(g.Status(card))["rv"] == Rv.SUCCESS


def test_a_client_that_reads_nothing_delays_nobody(service: PcscService, reader: VirtualReader) -> None:
    """It asks for more than its socket holds, waits for an event, and is dropped when the event comes."""
    with WireClient(service.path) as deaf:
        deaf.establish().send(g.Wait(old=False))
        deaf.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                deaf.socket.sendall(g.encode(g.ReadersState()) * 100)
        assert works(service, reader)
        reader.insert(reader.remove())
        assert works(service, reader)


def test_a_client_killed_within_a_transaction(service: PcscService, reader: VirtualReader) -> None:
    """By signal 9, with the lock and a handle; the card is reset for the next one."""
    program = (
        "import sys, pathlib; from tests.pcscd.wire import WireClient; from reader_bridge.pcscd import grammar as g\n"
        "c = WireClient(pathlib.Path(sys.argv[1])).establish(); c.ask(g.Begin(c.connect(sys.argv[2])))\n"
        "print('ready', flush=True); sys.stdin.read()"
    )
    with WireClient(service.path) as other:
        card = other.establish().connect(reader.name)
        command = [sys.executable, "-c", program, str(service.path), reader.name]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
            assert client.stdout is not None
            assert b"ready\n" == client.stdout.readline()
            assert reader.locked
            client.kill()
        assert Rv.RESET_CARD == other.ask(g.Begin(card))["rv"]
        assert works(service, reader)


def test_a_thousand_connections_one_after_the_other(service: PcscService, reader: VirtualReader) -> None:
    """Each with a context and a card; nothing is left of them."""
    for _ in range(1000):
        with WireClient(service.path) as client:
            client.establish().connect(reader.name)
    assert works(service, reader)


def test_a_thousand_connections_at_once() -> None:
    """Those over the limit are sent away, those within it are served, and so is everybody afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="pcsc-") as folder,
        PcscService(Path(folder) / "socket", most_clients=50) as service,
    ):
        reader = service.add_reader("r", EchoCard())
        clients = [WireClient(service.path) for _ in range(400)]
        assert all(client.ask(g.Version(4, 4))["rv"] == Rv.SUCCESS for client in clients[:50])
        assert all(client.hung_up for client in clients[50:])
        for client in clients:
            client.socket.close()
        while service.clients:
            pass
        assert works(service, reader)


def test_the_service_stops_while_everybody_waits(service: PcscService, reader: VirtualReader) -> None:
    """For a card that is locked, for a transaction and for an event."""
    with (
        WireClient(service.path) as holder,
        WireClient(service.path) as begins,
        WireClient(service.path) as connects,
        WireClient(service.path) as watches,
    ):
        theirs = begins.establish().connect(reader.name)
        holder.ask(g.Begin(holder.establish().connect(reader.name)))
        begins.send(g.Begin(theirs))
        connects.establish().send(g.Connect(connects.context, reader.name.encode().ljust(128, b"\0"), 2, 3, 0, 0))
        while reader.waiting < 2:
            pass
        watches.establish().send(g.Wait(old=False))
        watches.receive(16 * 184)
        service.stop()
        assert all(client.hung_up for client in (holder, begins, connects))
        assert len(watches.receive(9)) in (0, 8)


def answer_or_end(late: socket.socket, path: Path) -> bytes:
    """What a client hears that may have come too late."""
    late.settimeout(SECONDS)
    late.connect(str(path))
    try:
        late.sendall(g.encode(g.Version(4, 4)))
        return late.recv(12)
    except (ConnectionResetError, BrokenPipeError):
        return b""


def test_out_of_descriptors_is_survived(service: PcscService, reader: VirtualReader) -> None:
    """Clients that cannot be accepted are sent away instead of waiting in the queue."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as stack:
        early = stack.enter_context(WireClient(service.path)).establish()
        card = early.connect(reader.name)
        late = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(3)]
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        highest = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
        with pytest.raises(OSError, match="Too many open files"):
            while True:
                stack.enter_context(Path(os.devnull).open())
        # The service may have taken a descriptor before the limit came; that one still serves a client.
        heard = [answer_or_end(each, service.path) for each in late]
        assert b"" == heard[-1]
        assert (Rv.SUCCESS, CHALLENGE) == early.transmit(card, GET)
    assert works(service, reader)


def test_many_threads_share_a_card_in_order(service: PcscService, reader: VirtualReader) -> None:
    """Everybody's transactions are whole: a counting card sees no interleaving."""
    seen: list[int] = []

    class Recorder(EchoCard):
        def transmit(self, command: bytes) -> bytes:
            seen.append(command[3])
            return super().transmit(command)

    reader.remove()
    reader.insert(Recorder())

    def use(who: int) -> None:
        with WireClient(service.path) as client:
            card = client.establish().connect(reader.name)
            for _ in range(20):
                while client.ask(g.Begin(card))["rv"] != Rv.SUCCESS:
                    pass
                for _ in range(3):
                    assert client.transmit(card, bytes((0, 0x84, 0, who, 8)))[0] == Rv.SUCCESS
                client.ask(g.End(card, 0))

    threads = [threading.Thread(target=use, args=(who,)) for who in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 300 == len(seen)
    assert all(len(set(seen[at : at + 3])) == 1 for at in range(0, 300, 3))
