"""Runs the steps of `resources` in the threads of the clients: one lock for all state, one lane for each card.

Rules:
- Every change of state happens under `Engine.lock`. Work with a card happens without it, in the lane of its
  reader, so a slow card delays nobody who wants another one, and one card has one caller at a time.
- Lanes and locks of readers are first come, first served.
- A card may unplug itself from within its own work (fault scripts do): a lane lets its owner in again.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TypeVar

from reader_bridge.pcscd.codes import Rv
from reader_bridge.pcscd.grammar import Begin, Connect, Disconnect, Transmit
from reader_bridge.pcscd.pinpad import PinPad
from reader_bridge.pcscd.readers import Power, Reader, Waiter
from reader_bridge.pcscd.resources import Client, MustWait, Resources
from reader_bridge.pcscd.table import ReaderTable, Steps
from reader_bridge.slot import CardLike, Slot

T = TypeVar("T")

BEGIN_SECONDS = 1.0
"""How long one SCardBeginTransaction waits before libpcsclite asks again. A program with several threads can
use its context for something else between two tries, for example to end the transaction it waits for."""
LARGEST_ID = 0x7FFFFFFE


class Closed(Exception):
    """The service ends."""


class Lane:
    """One caller at a time, in the order of arrival. To be used under the engine's lock."""

    __slots__ = ("_depth", "_lock", "_owner", "_queue")

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._owner: int | None = None
        self._depth = 0
        self._queue: deque[tuple[int, threading.Lock]] = deque()

    @property
    def busy(self) -> bool:
        """Whether anyone is in."""
        return self._owner is not None

    def enter(self) -> None:
        """Wait for one's turn; gives the engine's lock away meanwhile."""
        me = threading.get_ident()
        if self._owner is None:
            self._owner = me
        elif self._owner != me:
            gate = threading.Lock()
            gate.acquire()
            self._queue.append((me, gate))
            self._lock.release()
            gate.acquire()
            self._lock.acquire()
        self._depth += 1

    def leave(self) -> None:
        """Let the next one in."""
        self._depth -= 1
        if self._depth:
            return
        if self._queue:
            self._owner, gate = self._queue.popleft()
            gate.release()
        else:
            self._owner = None


class Engine:
    """The resource manager with its threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.table = ReaderTable()
        self.resources = Resources(self.table, lambda: 1 + secrets.randbelow(LARGEST_ID))
        self.closing = False
        self.idle_cards = threading.Event()
        self._lanes: dict[Reader, Lane] = {}
        self._gates: set[threading.Lock] = set()
        self._keys = count(-1, -1)

    def transmit(self, ask: Transmit) -> tuple[Rv, bytes]:
        """SCardTransmit. Refused at once, also while the card is busy with somebody else's long command."""
        with self.lock:
            rv, reader = self.resources.may_transmit(ask)
            if reader is None:
                return rv, b""
            lane = self._lanes[reader]
            waited = lane.busy
            lane.enter()
            try:
                if waited:
                    rv, reader = self.resources.may_transmit(ask)
                    if reader is None:
                        return rv, b""
                self.lock.release()
                try:
                    response = reader.slot.transmit(ask.command)
                finally:
                    self.lock.acquire()
                return self.resources.transmitted(reader, response)
            finally:
                lane.leave()

    def connect(self, client: Client, ask: Connect) -> tuple[Rv, int, int]:
        """SCardConnect; waits for the end of somebody else's transaction."""
        with self.lock:
            key = next(self._keys)
            reader = self.table.named(ask.name)
            return self._insist(reader, key, lambda: self.resources.connect(client, ask, key))

    def disconnect(self, client: Client, ask: Disconnect) -> Rv:
        """SCardDisconnect; waits for the end of somebody else's transaction if the card is to be touched."""
        with self.lock:
            reader = self.table.of(ask.card)
            rv = self._insist(reader, ask.card, lambda: self.resources.disconnect(client, ask.card, ask.disposition))
            if rv is Rv.SUCCESS:
                client.handles.remove(ask.card)
            return rv

    def begin(self, client: Client, ask: Begin) -> Rv:
        """SCardBeginTransaction; SHARING_VIOLATION after `BEGIN_SECONDS` makes libpcsclite ask again."""
        with self.lock:
            try:
                return self.resources.begin(client, ask.card)
            except MustWait as must:
                reader = must.reader
            self._wait(reader, ask.card, BEGIN_SECONDS)
            try:
                return self.resources.begin(client, ask.card)
            except MustWait:
                return Rv.SHARING_VIOLATION
            finally:
                reader.settle(ask.card)

    def run(self, card: int, steps: Callable[[], Steps[T]]) -> T:
        """A call on a card handle that never waits for a transaction."""
        with self.lock, self._in_lane(self.table.of(card)):
            return self._drive(steps())

    def abandon(self, client: Client) -> None:
        """End all connections of a client, and its context."""
        with self.lock:
            for handle in list(client.handles):
                with self._in_lane(self.table.of(handle)):
                    self._drive(self.resources.abandon(client, handle))
            client.context = 0

    def plug(self, name: str, slot: Slot, pinpad: PinPad | None) -> Reader:
        """Plug a reader in."""
        with self.lock:
            reader = self.table.add(name, slot, pinpad)
            self._lanes[reader] = Lane(self.lock)
            with self._in_lane(reader):
                self._drive(self.table.first_look(reader))
            return reader

    def unplug(self, reader: Reader) -> None:
        """Unplug a reader and power its card off. `TableError` if it is unplugged already."""
        with self.lock:
            self.table.remove(reader)
            with self._in_lane(reader):
                self._drive(self.table.power_down(reader))
            del self._lanes[reader]

    def insert(self, reader: Reader, card: CardLike) -> None:
        """Put a card in; clients see it when it has been powered."""
        with self.lock, self._in_lane(reader):
            self._drive(self.table.insert(reader, card))

    def pull(self, reader: Reader) -> CardLike:
        """Pull the card; clients see it at once, the card itself is there when its last command has ended."""
        with self.lock:
            self.table.card_gone(reader)
            with self._in_lane(reader):
                return self._drive(self.table.take_out(reader))

    def reset(self, reader: Reader) -> None:
        """Reset a card as an application does that shares it; every connection is told."""
        with self.lock, self._in_lane(reader):
            self._drive(self.resources.reset_by_another(reader))

    def save_power(self) -> None:
        """One look at every reader whose card nobody uses."""
        with self.lock:
            for reader in self.table.looks_due():
                if not self._lanes[reader].busy:
                    with self._in_lane(reader):
                        self._drive(self.table.save_power(reader))
            if not self.table.looks_due():
                self.idle_cards.clear()

    def close(self) -> None:
        """Nobody waits any longer."""
        with self.lock:
            self.closing = True
            for gate in self._gates:
                gate.release()
            self._gates.clear()

    @contextmanager
    def _in_lane(self, reader: Reader | None) -> Iterator[None]:
        lane = None if reader is None else self._lanes.get(reader)
        if reader is None or lane is None:
            yield
            return
        lane.enter()
        try:
            yield
        finally:
            if reader.power in (Power.POWERED, Power.GRACE):
                self.idle_cards.set()
            lane.leave()

    def _drive(self, steps: Steps[T]) -> T:
        result: bytes | None = None
        while True:
            try:
                work = steps.send(result)
            except StopIteration as done:
                value: T = done.value
                return value
            self.lock.release()
            try:
                result = work()
            finally:
                self.lock.acquire()

    def _insist(self, reader: Reader | None, key: int, steps: Callable[[], Steps[T]]) -> T:
        """Try until nobody's transaction is in the way."""
        try:
            while True:
                try:
                    with self._in_lane(reader):
                        return self._drive(steps())
                except MustWait as must:
                    self._wait(must.reader, key, None)
        finally:
            if reader is not None:
                reader.settle(key)
                if key < 0:
                    reader.forget(key)

    def _wait(self, reader: Reader, key: int, seconds: float | None) -> None:
        """Wait for the lock of a reader, `None` for as long as it takes. `Closed` when the service ends."""
        gate = threading.Lock()
        gate.acquire()
        if self.closing:
            raise Closed
        self._gates.add(gate)

        def wake() -> None:
            if gate in self._gates:
                self._gates.remove(gate)
                gate.release()

        waiter = Waiter(key, wake, begins=seconds is not None)
        reader.enqueue(waiter)
        self.lock.release()
        try:
            gate.acquire(timeout=-1 if seconds is None else seconds)
        finally:
            self.lock.acquire()
            self._gates.discard(gate)
            reader.leave(waiter)
        if self.closing:
            raise Closed
