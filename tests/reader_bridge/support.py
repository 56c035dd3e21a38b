"""Cards, a reader and small helpers for the tests of the reader bridge."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from reader_bridge import vpcd
from reader_bridge.echo import EchoCard
from reader_bridge.endpoint import Connect, Dial
from simcard.hal.power import PowerLost

T = TypeVar("T")
CHALLENGE = bytes.fromhex("0084000008")
CRASH = bytes.fromhex("00FF000000")
CUT = bytes.fromhex("00FE000000")
SHORT = bytes.fromhex("00FD000000")
WAIT = bytes.fromhex("00FC000000")
GIANT = bytes.fromhex("00FB000000")
DEADLINE = 20.0


class BadCard(EchoCard):
    """An echo card with commands that break it, and a diary of what was done to it."""

    def __init__(self, atr: bytes = b"") -> None:
        super().__init__(atr)
        self.diary: list[str] = []
        self.working = threading.Event()
        self.go_on = threading.Event()

    def power_on(self) -> bytes:
        self.diary.append("power on")
        return super().power_on()

    def reset(self) -> bytes:
        self.diary.append("reset")
        return super().reset()

    def power_off(self) -> None:
        self.diary.append("power off")

    def transmit(self, command: bytes) -> bytes:
        if command == CRASH:
            raise ValueError("PIN 88888888")
        if command == CUT:
            raise PowerLost
        if command == SHORT:
            return b"\x90"
        if command == GIANT:
            return bytes(70_000)
        if command == WAIT:
            self.working.set()
            self.go_on.wait(DEADLINE)
        return super().transmit(command)


class FakeReader:
    """A reader that speaks vpcd's side over one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = vpcd.ReplyDecoder()

    def tell(self, request: vpcd.Request) -> None:
        """Send a request that is not answered."""
        self._writer.write(vpcd.encode_request(request))

    async def ask(self, request: vpcd.Request) -> bytes:
        """Send a request and wait for its reply; empty when the card side hung up instead."""
        self.tell(request)
        while data := await self._reader.read(65537):
            replies = self._decoder.feed(data)
            if replies:
                return replies[0]
        return b""

    async def transmit(self, command: bytes) -> bytes:
        """The reply to an APDU."""
        return await self.ask(vpcd.Apdu(command))

    async def on(self) -> FakeReader:
        """Power the card."""
        self.tell(vpcd.PowerOn())
        await self.ask(vpcd.GetAtr())
        return self

    async def hung_up(self) -> bool:
        """Wait for the end of the connection; True if nothing came before it."""
        try:
            return await self._reader.read() == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        """Leave."""
        self._writer.close()


class FakeVpcd:
    """A vpcd that listens: gives each connection of a card as a `FakeReader`."""

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[FakeReader] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self, port: int = 0) -> FakeVpcd:
        """Listen on `port`, by default a free one."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def close(self) -> None:
        """Stop listening; connections stay."""
        assert self._server is not None
        self._server.close()

    @property
    def endpoint(self) -> Connect:
        """Where a card finds it."""
        return Connect("127.0.0.1", self.port)

    async def card(self) -> FakeReader:
        """The next card that connects."""
        return await self._arrived.get()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._arrived.put(FakeReader(reader, writer))


async def dialled(port: int) -> FakeReader:
    """A vpcd that dials out to `port`."""
    return FakeReader(*await asyncio.open_connection("127.0.0.1", port))


def run(scene: Callable[[], Awaitable[T]]) -> T:
    """Play an asynchronous scene; a scene that hangs fails after `DEADLINE` seconds."""

    async def limited() -> T:
        return await asyncio.wait_for(scene(), DEADLINE)

    return asyncio.run(limited())


def failing_dial(failures: int, endpoint: Connect) -> tuple[Dial, list[int]]:
    """An endpoint that refuses `failures` times before it connects; and the list of its attempts."""
    attempts: list[int] = []

    async def dial() -> socket.socket:
        attempts.append(len(attempts))
        if len(attempts) <= failures:
            raise ConnectionRefusedError("nobody there")
        return await asyncio.to_thread(socket.create_connection, (endpoint.host, endpoint.port))

    return Dial(dial), attempts
