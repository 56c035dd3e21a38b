"""Our card in vsmartcard's own program, which Debian's python3-virtualsmartcard brings."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reader_bridge import vicc, vpcd
from reader_bridge.echo import EchoCard
from reader_bridge.slot import Slot, State
from tests.reader_bridge.support import CHALLENGE, CRASH, BadCard

ANSWER = bytes.fromhex("0102030405060708 9000")


class Reader:
    """vpcd's side of a socket, blocking."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._decoder = vpcd.ReplyDecoder()

    def ask(self, request: vpcd.Request) -> bytes:
        self.sock.sendall(vpcd.encode_request(request))
        return self.reply()

    def reply(self) -> bytes:
        while data := self.sock.recv(65537):
            if replies := self._decoder.feed(data):
                return replies[0]
        return b""


@contextmanager
def driven(slot: Slot) -> Iterator[Reader]:
    """A reader on whose other end vsmartcard's loop drives `slot`."""
    ours, theirs = socket.socketpair()
    icc = vicc.virtual_icc(slot, theirs)
    thread = threading.Thread(target=vicc.serve, args=(icc,))
    thread.start()
    with ours:
        yield Reader(ours)
    thread.join()


@pytest.mark.pcsc
def test_vsmartcard_serves_our_card() -> None:
    with driven(Slot("vicc", EchoCard())) as reader:
        reader.sock.sendall(vpcd.encode_request(vpcd.PowerOn()))
        assert EchoCard().atr == reader.ask(vpcd.GetAtr())
        assert ANSWER == reader.ask(vpcd.Apdu(CHALLENGE))


@pytest.mark.pcsc
def test_power_and_reset_reach_the_card() -> None:
    card = BadCard()
    with driven(Slot("vicc", card)) as reader:
        for request in (vpcd.PowerOn(), vpcd.Reset(), vpcd.PowerOff()):
            reader.sock.sendall(vpcd.encode_request(request))
        reader.ask(vpcd.GetAtr())
    assert ["power on", "reset", "power off"] == card.diary


@pytest.mark.pcsc
def test_a_bug_of_the_card_does_not_end_vsmartcard() -> None:
    slot = Slot("vicc", BadCard())
    with driven(slot) as reader:
        reader.sock.sendall(vpcd.encode_request(vpcd.PowerOn()))
        assert vpcd.NO_ANSWER == reader.ask(vpcd.Apdu(CRASH))
        assert State.MUTE is slot.state
        reader.sock.sendall(vpcd.encode_request(vpcd.Reset()))
        assert ANSWER == reader.ask(vpcd.Apdu(CHALLENGE))


@pytest.mark.pcsc
def test_a_message_in_pieces_arrives_whole() -> None:
    command = bytes.fromhex("00EC00000000FF") + bytes(255)
    message = vpcd.encode_request(vpcd.Apdu(command))
    with driven(Slot("vicc", EchoCard())) as reader:
        reader.sock.sendall(vpcd.encode_request(vpcd.PowerOn()))
        for place in range(0, len(message), 50):
            reader.sock.sendall(message[place : place + 50])
        assert bytes(255) + b"\x90\x00" == reader.reply()


def test_a_missing_package_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vicc, "MODULE", "virtualsmartcard_that_is_not_there")
    with pytest.raises(vicc.ViccError, match="does not load"):
        vicc.load(tmp_path)
