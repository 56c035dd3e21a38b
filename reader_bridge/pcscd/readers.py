"""One reader: what clients see of it, who is connected, and who holds its lock.

The lock is pcscd's: a transaction or an exclusive connection holds it. Whoever must wait for it queues, and
the lock is handed from one to the next in the order in which they came, so nobody can overtake.
Keys of holders are card handles (positive), or numbers below zero for those who wait before they have one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from reader_bridge.pcscd.codes import EXCLUSIVE, MAX_READER_NAME, NO_CONTEXT, Protocol, Rv, State
from reader_bridge.pcscd.messages import FAST_READER_STATE
from reader_bridge.pcscd.pinpad import PinPad
from reader_bridge.slot import Slot

EVENT_COUNTER_WRAP = 0xFFFF


class Power(IntEnum):
    """What pcscd intends with the card's power: unused cards lose it, after a grace period if they were used."""

    UNPOWERED = 0
    POWERED = 1
    GRACE = 2
    IN_USE = 3


@dataclass(slots=True)
class Waiter:
    """Someone in the queue for a reader's lock; `wake` is called when it is granted, or has become hopeless.

    One who waits to `begin` a transaction has no more hope after a notice of reset or removal.
    """

    key: int
    wake: Callable[[], None]
    begins: bool = False


@dataclass(slots=True, eq=False)
class Reader:
    """A reader and its slot. Pure state: whoever owns it sees to it that one caller at a time uses the slot."""

    index: int
    name: bytes
    slot: Slot
    pinpad: PinPad | None = None
    state: State = State.ABSENT
    events: int = 0
    sharing: int = NO_CONTEXT
    atr: bytes = b""
    protocol: Protocol = Protocol.UNDEFINED
    power: Power = Power.UNPOWERED
    movements: int = 0
    pulled: bool = False
    alive: bool = True
    handles: dict[int, Rv] = field(default_factory=dict)
    owner: int = 0
    count: int = 0
    queue: deque[Waiter] = field(default_factory=deque)
    arrivals: dict[int, int] = field(default_factory=dict)
    arrived: int = 0

    def __post_init__(self) -> None:
        if not 0 < len(self.name) < MAX_READER_NAME or b"\0" in self.name:
            raise ValueError(f"a reader name has 1 to {MAX_READER_NAME - 1} bytes and no zero byte")

    def packed(self) -> bytes:
        """The row of the reader table: 184 bytes."""
        return FAST_READER_STATE.pack(
            self.name,
            self.events,
            self.state,
            self.sharing,
            self.atr,
            len(self.atr),
            self.protocol,
        )

    def count_event(self) -> None:
        """A card came or went."""
        self.events = 0 if self.events >= EVENT_COUNTER_WRAP else self.events + 1

    def notify(self, event: Rv) -> None:
        """Tell every connection that the card was reset or removed; a removal also ends the transaction."""
        for handle in self.handles:
            self.handles[handle] = event
        if event is Rv.REMOVED_CARD:
            self.free()

    def check(self, key: int) -> Rv:
        """SHARING_VIOLATION if somebody else holds the lock."""
        return Rv.SUCCESS if self.owner in (0, key) else Rv.SHARING_VIOLATION

    def lock(self, key: int) -> Rv:
        """Take the lock, once more if `key` has it."""
        rv = self.check(key)
        if rv is Rv.SUCCESS:
            self.owner = key
            self.count += 1
            self.arrivals.pop(key, None)
        return rv

    def unlock(self, key: int) -> Rv:
        """Give the lock back once. NOT_TRANSACTED if no transaction is open."""
        rv = self.check(key)
        if rv is not Rv.SUCCESS:
            return rv
        if self.sharing == EXCLUSIVE:
            if self.count <= 1:
                return Rv.NOT_TRANSACTED
            self.count -= 1
            return Rv.SUCCESS
        if self.count == 0:
            return Rv.NOT_TRANSACTED
        self.count -= 1
        if self.count == 0:
            self.free()
        return Rv.SUCCESS

    def unlock_all(self, key: int) -> Rv:
        """Give the lock back altogether."""
        rv = self.check(key)
        if rv is Rv.SUCCESS:
            self.free()
        return rv

    def free(self) -> None:
        """Nobody holds the lock: the next in the queue gets it. Those for whom it is too late are woken too."""
        self.owner = 0
        self.count = 0
        while self.queue and not self.owner:
            waiter = self.queue.popleft()
            hopeless = waiter.begins and self.handles.get(waiter.key) is not Rv.SUCCESS
            if self.alive and not hopeless:
                self.owner = waiter.key
            waiter.wake()

    def enqueue(self, waiter: Waiter) -> None:
        """Queue for the lock; who gave up waiting and comes again takes the old place."""
        if waiter.key not in self.arrivals:
            self.arrived += 1
            self.arrivals[waiter.key] = self.arrived
        mine = self.arrivals[waiter.key]
        place = sum(1 for other in self.queue if self.arrivals[other.key] < mine)
        self.queue.insert(place, waiter)

    def leave(self, waiter: Waiter) -> None:
        """Stop waiting; the place in the order is kept for a next try."""
        if waiter in self.queue:
            self.queue.remove(waiter)

    def settle(self, key: int) -> None:
        """Pass a lock on that was granted and not taken."""
        if self.owner == key and self.count == 0:
            self.free()

    def forget(self, key: int) -> None:
        """A connection ended, or a nameless waiter is through."""
        self.handles.pop(key, None)
        self.arrivals.pop(key, None)

    def retire(self) -> None:
        """The reader was unplugged: nothing is connected any more, and nobody waits."""
        self.alive = False
        self.handles.clear()
        self.sharing = NO_CONTEXT
        self.free()
