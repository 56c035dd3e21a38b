"""Cards in readers: connects, listens, reconnects, and moves cards in and out while everything runs.

Rules:
- The event loop decides (connect, insert, remove, reset, stop); each connection is served by a thread of its
  own (`line`), so cards never wait for one another.
- A reader sees a card exactly while it is connected: to remove a card is to hang up.
- Nothing here knows what a card is made of; the wiring makes cards and takes them back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from types import TracebackType

from reader_bridge.endpoint import Connect, Dial, Endpoint, Listen, written
from reader_bridge.line import Line, Tap
from reader_bridge.slot import CardLike, OnCrash, Slot, SlotError, State, log_crash

log = logging.getLogger(__name__)

FIRST_DELAY = 0.02
LONGEST_DELAY = 1.0


class ServerError(Exception):
    """An operation on readers or cards that cannot be done; the text says why."""


class ResetKind(Enum):
    """How a card is reset by hand; the reader is not told, as it is not told of a real card's brown-out."""

    WARM = "warm"
    COLD = "cold"


@dataclass(frozen=True, slots=True)
class ReaderStatus:
    """What `list` tells of one reader; `atr` is empty if there is no card."""

    name: str
    endpoint: str
    connected: bool
    state: State
    atr: bytes


def delays() -> Iterator[float]:
    """Seconds to wait before each further attempt: doubled up to `LONGEST_DELAY`."""
    delay = FIRST_DELAY
    while True:
        yield delay
        delay = min(2 * delay, LONGEST_DELAY)


class Reader:
    """One reader: where it is, its slot, and the task that keeps it connected."""

    def __init__(self, name: str, endpoint: Endpoint, on_crash: OnCrash, tap: Tap | None) -> None:
        self.name = name
        self.endpoint = endpoint
        self.slot = Slot(name, on_crash=on_crash)
        self.connected = asyncio.Event()
        self.disconnected = asyncio.Event()
        self.disconnected.set()
        self._tap = tap
        self._lock = threading.Lock()
        self._line: Line | None = None
        self._listener: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Take the listening address, if this reader dials out. `ServerError` if that is impossible."""
        if not isinstance(self.endpoint, Listen):
            return
        host, port = self.endpoint.host, self.endpoint.port
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            self._listener = socket.create_server((host, port), family=family)
        except OSError as refused:
            raise ServerError(f"cannot listen at {written(host, port)}: {refused.strerror or refused}") from None
        self._listener.setblocking(False)
        self.endpoint = Listen(host, self._listener.getsockname()[1])
        self._task = asyncio.create_task(self._answer_calls(self._listener))

    def insert(self, card: CardLike) -> None:
        """Put a card in and show it to the reader. `ServerError` if there is one already."""
        try:
            self.slot.insert(card)
        except SlotError as refused:
            raise ServerError(str(refused)) from None
        if not isinstance(self.endpoint, Listen):
            self._task = asyncio.create_task(self._keep_calling(self.endpoint))

    async def remove(self) -> CardLike:
        """Hang up and take the card out, after the command it works on. `ServerError` if there is none."""
        if not self.slot.present:
            raise ServerError(f"{self.name} holds no card")
        if not isinstance(self.endpoint, Listen):
            await self._cancel()
        await self._hang_up()
        return self.slot.remove()

    async def reset(self, kind: ResetKind) -> None:
        """Reset the card behind the reader's back, after the command it works on. `ServerError` if none."""
        if not self.slot.present:
            raise ServerError(f"{self.name} holds no card")
        await asyncio.to_thread(self._reset, kind)

    async def close(self) -> CardLike | None:
        """End everything; the card that was in the slot."""
        await self._cancel()
        if self._listener is not None:
            self._listener.close()
        await self._hang_up()
        return self.slot.remove() if self.slot.present else None

    def status(self) -> ReaderStatus:
        """The reader as `list` shows it."""
        atr = self.slot.atr() or b""
        return ReaderStatus(self.name, str(self.endpoint), self.connected.is_set(), self.slot.state, atr)

    def _reset(self, kind: ResetKind) -> None:
        with self._lock:
            if kind is ResetKind.WARM and self.slot.state is not State.OFF:
                self.slot.reset()
            elif self.slot.state is not State.OFF:
                self.slot.power_on()

    async def _keep_calling(self, endpoint: Connect | Dial) -> None:
        waits, told = delays(), False
        while True:
            try:
                sock = await dial(endpoint)
            except OSError as refused:
                if not told:
                    reason = refused.strerror or str(refused)
                    log.warning("%s: no reader at %s yet (%s); still trying", self.name, endpoint, reason)
                told = True
            else:
                if await self._serve(sock):
                    waits, told = delays(), False
                    continue
            await asyncio.sleep(next(waits))

    async def _answer_calls(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        serving: asyncio.Task[bool] | None = None
        while True:
            sock, _ = await loop.sock_accept(listener)
            if self.slot.present and (serving is None or serving.done()):
                serving = asyncio.create_task(self._serve(sock))
            else:
                sock.close()

    async def _serve(self, sock: socket.socket) -> bool:
        """Serve one connection to its end; whether the reader asked anything."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        line = Line(sock, self.slot, self._lock, self._tap)

        def run() -> None:
            try:
                line.serve()
            finally:
                loop.call_soon_threadsafe(self._part, ended)

        self._line = line
        self.disconnected.clear()
        self.connected.set()
        threading.Thread(target=run, name=f"reader {self.name}", daemon=True).start()
        await ended.wait()
        return line.requests > 0

    def _part(self, ended: asyncio.Event) -> None:
        """The line is closed and its thread is done with the card."""
        self._line = None
        self.connected.clear()
        self.disconnected.set()
        ended.set()

    async def _hang_up(self) -> None:
        if self._line is not None:
            self._line.hang_up()
            await self.disconnected.wait()

    async def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None


async def dial(endpoint: Connect | Dial) -> socket.socket:
    """A connected socket to the reader at `endpoint`; OSError if there is none."""
    if isinstance(endpoint, Dial):
        return await endpoint.dial()
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except UnicodeError as bad:  # a name that is none, such as one with an empty label
        raise OSError(f"{endpoint.host!r} is not a host name") from bad
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    sock.setblocking(False)
    try:
        await loop.sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


class CardServer:
    """All readers and cards of one process; an async context manager that ends cleanly."""

    def __init__(self, on_crash: OnCrash = log_crash, tap: Tap | None = None) -> None:
        self._readers: dict[str, Reader] = {}
        self._on_crash = on_crash
        self._tap = tap

    async def __aenter__(self) -> CardServer:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.stop()

    def add_reader(self, name: str, endpoint: Endpoint, card: CardLike | None = None) -> Reader:
        """A new reader, with or without a card. `ServerError` on a name or an address that is taken."""
        if name in self._readers:
            raise ServerError(f"there is a reader {name} already")
        reader = Reader(name, endpoint, self._on_crash, self._tap)
        reader.open()
        self._readers[name] = reader
        if card is not None:
            reader.insert(card)
        return reader

    async def drop_reader(self, name: str) -> CardLike | None:
        """Forget a reader; the card that was in it."""
        reader = self.reader(name)
        del self._readers[name]
        return await reader.close()

    def reader(self, name: str) -> Reader:
        """The reader of that name; `ServerError` if there is none."""
        found = self._readers.get(name)
        if found is None:
            raise ServerError(f"there is no reader {name}")
        return found

    def insert(self, card: CardLike, name: str | None = None) -> str:
        """Put a card into the named reader, or the first empty one; the reader's name. Or `ServerError`."""
        reader = self.reader(name) if name is not None else self._empty_reader()
        reader.insert(card)
        return reader.name

    async def remove(self, name: str) -> CardLike:
        """Pull the card out of the named reader and give it back. `ServerError` if there is none."""
        return await self.reader(name).remove()

    async def reset(self, name: str, kind: ResetKind) -> None:
        """Reset the card in the named reader; one without power stays without. `ServerError` if none."""
        await self.reader(name).reset(kind)

    def status(self) -> list[ReaderStatus]:
        """Every reader, in the order they were added."""
        return [reader.status() for reader in self._readers.values()]

    async def stop(self) -> list[CardLike]:
        """Hang up everywhere and take all cards out; the cards."""
        found = await asyncio.gather(*(self.drop_reader(name) for name in [*self._readers]))
        return [card for card in found if card is not None]

    def _empty_reader(self) -> Reader:
        for reader in self._readers.values():
            if not reader.slot.present:
                return reader
        raise ServerError("every reader holds a card" if self._readers else "there is no reader")


async def until_told_to_end(stop: asyncio.Event) -> None:
    """Wait for `stop`, SIGINT or SIGTERM."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for each in signals:
        loop.add_signal_handler(each, stop.set)
    try:
        await stop.wait()
    finally:
        for each in signals:
            loop.remove_signal_handler(each)
