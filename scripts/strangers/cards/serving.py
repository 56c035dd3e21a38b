"""For a stranger's process: a new card on every connection to a reader that speaks vpcd's protocol.

This file runs beside a stranger, in its own Python path, and imports nothing of this project. A card lives in a child
process, so one that dies is just a card that does not answer any more; the next connection gets a new one.
"""

import os
import socket
import struct
import sys
from collections.abc import Callable
from typing import Protocol

OFF, ON, RESET, ATR = (bytes((order,)) for order in (0, 1, 2, 4))


class Served(Protocol):
    """What a stranger must be wrapped into, if it does not speak to readers itself."""

    def on(self) -> None: ...

    def off(self) -> None: ...

    def reset(self) -> None: ...

    def atr(self) -> bytes: ...

    def transmit(self, command: bytes) -> bytes: ...


def forever(serve: Callable[[str, int], None]) -> None:
    """Let `serve` connect to the reader whose host and port are the program's arguments, until the program is ended."""
    host, port = sys.argv[1], int(sys.argv[2])
    while True:
        child = os.fork()
        if child == 0:
            serve(host, port)
            os._exit(0)
        os.waitpid(child, 0)


def with_card(make: Callable[[], Served]) -> None:
    """Serve cards made by `make`."""
    forever(lambda host, port: _speak(socket.create_connection((host, port)), make()))


def _speak(reader: socket.socket, card: Served) -> None:
    orders = {OFF: card.off, ON: card.on, RESET: card.reset}
    while message := _message(reader):
        if message in orders:
            orders[message]()
            continue
        answer = card.atr() if message == ATR else card.transmit(message)
        reader.sendall(struct.pack("!H", len(answer)) + answer)


def _message(reader: socket.socket) -> bytes:
    """The next message; empty when the reader has gone."""
    size = reader.recv(2, socket.MSG_WAITALL)
    return reader.recv(struct.unpack("!H", size)[0], socket.MSG_WAITALL) if len(size) == 2 else b""
