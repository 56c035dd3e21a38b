"""Resources with one reader and no I/O, driven in place."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TypeVar

from reader_bridge.echo import EchoCard
from reader_bridge.pcscd.codes import Rv, Share
from reader_bridge.pcscd.grammar import Connect, Transmit
from reader_bridge.pcscd.resources import Client, Resources
from reader_bridge.pcscd.table import ReaderTable, Steps
from reader_bridge.slot import Slot

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
