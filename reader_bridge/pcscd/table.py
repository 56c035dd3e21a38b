"""The reader table: readers plugged in, cards coming and going, and who wants to hear of it.

Rules as in `resources`: no I/O, no time, no threads; work with a card is yielded. A card can leave at any
moment, also while it works: `Reader.movements` tells afterwards whether it is still the same insertion.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from reader_bridge.pcscd.codes import MAX_READERS, Protocol, Rv, State
from reader_bridge.pcscd.pinpad import PinPad
from reader_bridge.pcscd.readers import Power, Reader
from reader_bridge.slot import CardLike, Slot, SlotError

T = TypeVar("T")
CardWork = Callable[[], bytes | None]
Steps = Generator[CardWork, bytes | None, T]
Signal = Callable[[Rv], None]

EMPTY_ROW = bytes(184)
READER_EVENTS_WRAP = 0x7FFF


class TableError(Exception):
    """The table is full, or the name is taken."""


class ReaderTable:
    """Sixteen places for readers, their handles, and the clients that wait for a change."""

    def __init__(self) -> None:
        self.reader_events = 1
        self._places: list[Reader | None] = [None] * MAX_READERS
        self._handles: dict[int, Reader] = {}
        self._waiting: dict[object, Signal] = {}

    def __iter__(self) -> Iterator[Reader]:
        return (reader for reader in self._places if reader is not None)

    def packed(self) -> bytes:
        """The whole table as clients get it: sixteen rows, empty ones of zero bytes."""
        return b"".join(EMPTY_ROW if reader is None else reader.packed() for reader in self._places)

    def named(self, name: bytes) -> Reader | None:
        """The reader of that name."""
        return next((reader for reader in self if reader.name == name), None)

    def of(self, handle: int) -> Reader | None:
        """The reader that a card handle is connected to; None after the reader was unplugged."""
        return self._handles.get(handle)

    def new_handle(self, new_id: Callable[[], int]) -> int:
        """A handle that is not in use."""
        handle = new_id()
        while handle in self._handles:
            handle = new_id()
        return handle

    def add_handle(self, reader: Reader, handle: int) -> None:
        """Connect a handle."""
        reader.handles[handle] = Rv.SUCCESS
        self._handles[handle] = reader

    def drop_handle(self, reader: Reader, handle: int) -> None:
        """Disconnect a handle."""
        reader.forget(handle)
        self._handles.pop(handle, None)

    def wait(self, who: object, signal: Signal) -> None:
        """`signal` is called once: at the next change, or when the wait is cancelled."""
        self._waiting[who] = signal

    def stop_waiting(self, who: object) -> Signal | None:
        """End a wait; its signal if it was still waiting."""
        return self._waiting.pop(who, None)

    def changed(self) -> None:
        """Something changed that clients may wait for."""
        if self._waiting:
            waiting, self._waiting = self._waiting, {}
            for signal in waiting.values():
                signal(Rv.SUCCESS)

    def add(self, name: str, slot: Slot, pinpad: PinPad | None = None) -> Reader:
        """Plug a reader in, its slot still unread. `TableError` if there is no place or the name is taken."""
        encoded = name.encode()
        if self.named(encoded) is not None:
            raise TableError(f"there is a reader {name!r} already")
        if None not in self._places:
            raise TableError(f"libpcsclite lists {MAX_READERS} readers, not more")
        reader = Reader(self._places.index(None), encoded, slot, pinpad)
        self._places[reader.index] = reader
        self._count_reader_event()
        return reader

    def remove(self, reader: Reader) -> None:
        """Unplug a reader. `TableError` if that has been done."""
        if not reader.alive:
            raise TableError(f"{reader.slot.name} is unplugged already")
        self._places[reader.index] = None
        for handle in list(reader.handles):
            del self._handles[handle]
        reader.movements += 1
        reader.retire()
        self._count_reader_event()
        self.changed()

    def _count_reader_event(self) -> None:
        self.reader_events = 1 if self.reader_events >= READER_EVENTS_WRAP else self.reader_events + 1

    def start(self, reader: Reader, act: CardWork) -> Steps[tuple[Rv, bytes]]:
        """Power or reset the card: its ATR, or REMOVED_CARD, or NOT_TRANSACTED when it keeps silent."""
        if reader.pulled or not reader.slot.present:
            return Rv.REMOVED_CARD, b""
        before = reader.movements
        atr = yield act
        if reader.movements != before:
            return Rv.REMOVED_CARD, b""
        return (Rv.NOT_TRANSACTED, b"") if atr is None else (Rv.SUCCESS, atr)

    def restarted(self, reader: Reader, rv: Rv, atr: bytes) -> None:
        """What a reset leaves in the table; the protocol is open again."""
        reader.protocol = Protocol.UNDEFINED
        reader.atr = atr
        reader.state = {Rv.SUCCESS: State.RUNNING, Rv.REMOVED_CARD: State.ABSENT}.get(rv, State.MUTE)

    def power_down(self, reader: Reader) -> Steps[None]:
        """Take the card's power away."""
        yield _silent(reader.slot.power_off)
        reader.power = Power.UNPOWERED
        reader.protocol = Protocol.UNDEFINED

    def first_look(self, reader: Reader) -> Steps[None]:
        """A new reader looks at its slot; a card that is there already is no event."""
        if reader.slot.present:
            yield from self._switch_on(reader)
        self.changed()

    def insert(self, reader: Reader, card: CardLike) -> Steps[None]:
        """Put a card in and power it. `SlotError` if there is one already, or the reader is gone."""
        if not reader.alive:
            raise SlotError("the reader was unplugged")
        reader.slot.insert(card)
        reader.movements += 1
        if (yield from self._switch_on(reader)):
            reader.count_event()
            self.changed()

    def _switch_on(self, reader: Reader) -> Steps[bool]:
        rv, atr = yield from self.start(reader, reader.slot.power_on)
        if rv is Rv.REMOVED_CARD:
            return False
        self.restarted(reader, rv, atr)
        reader.power = Power.POWERED if rv is Rv.SUCCESS else Power.UNPOWERED
        return True

    def card_gone(self, reader: Reader) -> None:
        """Show at once that the card was pulled; `take_out` then does it. `SlotError` if there is none."""
        if reader.pulled or not reader.slot.present:
            raise SlotError(f"{reader.slot.name} holds no card")
        reader.pulled = True
        reader.movements += 1
        reader.atr = b""
        reader.protocol = Protocol.UNDEFINED
        reader.state = State.ABSENT
        reader.notify(Rv.REMOVED_CARD)
        reader.count_event()
        self.changed()

    def take_out(self, reader: Reader) -> Steps[CardLike]:
        """Take a pulled card out of the slot, which powers it off."""
        out: list[CardLike] = []
        yield _silent(lambda: out.append(reader.slot.remove()))
        reader.pulled = False
        return out[0]

    def save_power(self, reader: Reader) -> Steps[None]:
        """One look of pcscd's status thread: a card that nobody uses loses its power at the second look."""
        if reader.power is Power.POWERED:
            yield from self.power_down(reader)
        elif reader.power is Power.GRACE:
            reader.power = Power.POWERED

    def looks_due(self) -> list[Reader]:
        """The readers that `save_power` has something to do for."""
        return [reader for reader in self if reader.power in (Power.POWERED, Power.GRACE)]


def _silent(act: Callable[[], None]) -> CardWork:
    def work() -> None:
        act()

    return work
