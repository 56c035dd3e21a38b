"""Handles as the C interface gives them out: numbers that are never used again, each for one kind of thing.

A handle of the wrong kind, a closed one and an invented one are all SAR_INVALIDHANDLEERR. Closing a handle closes
those that were opened through it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from threading import Lock
from typing import TypeVar, cast

from host_tools.skf.sar import Sar, SkfError

T = TypeVar("T")
FIRST = 0x10001
"""Above what a program could take for a small number, and odd, so no pointer to anything."""
STEP = 2


class Kind(Enum):
    """What a handle may stand for."""

    DEVICE = "device"
    APPLICATION = "application"
    CONTAINER = "container"
    SESSION_KEY = "session key"
    AGREEMENT = "agreement"
    DIGEST = "digest"
    MAC = "MAC"


CLOSED_BY_CLOSE_HANDLE = frozenset((Kind.SESSION_KEY, Kind.AGREEMENT, Kind.DIGEST, Kind.MAC))


@dataclass(slots=True, eq=False)
class Entry:
    """One open handle; `seat` is the device handle it was opened through, directly or not."""

    handle: int
    kind: Kind
    value: object
    seat: int
    parent: int
    children: set[int] = field(default_factory=set)


class Handles:
    """All open handles of the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._numbers = count(FIRST, STEP)
        self._entries: dict[int, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, kind: Kind, value: object, parent: int = 0) -> int:
        """A new handle. SAR_INVALIDHANDLEERR when the one it is opened through was closed meanwhile."""
        with self._lock:
            handle = next(self._numbers)
            if not parent:
                self._entries[handle] = Entry(handle, kind, value, handle, 0)
                return handle
            above = self._entries.get(parent)
            if above is None:
                raise _unknown(parent)
            above.children.add(handle)
            self._entries[handle] = Entry(handle, kind, value, above.seat, parent)
            return handle

    def find(self, handle: int, *kinds: Kind) -> Entry:
        """The entry of an open handle of one of these kinds."""
        entry = self._entries.get(handle)
        if entry is None or entry.kind not in kinds:
            raise _unknown(handle)
        return entry

    def value(self, handle: int, kind: Kind, type_: type[T]) -> T:
        """What a handle stands for."""
        return cast(T, self.find(handle, kind).value)

    def remove(self, handle: int, *kinds: Kind) -> list[Entry]:
        """Close a handle and those opened through it; the entries, the inmost first."""
        with self._lock:
            entry = self._entries.get(handle)
            if entry is None or entry.kind not in kinds:
                raise _unknown(handle)
            if entry.parent in self._entries:
                self._entries[entry.parent].children.discard(handle)
            return self._taken(entry)

    def _taken(self, entry: Entry) -> list[Entry]:
        below = [gone for child in sorted(entry.children) for gone in self._taken(self._entries[child])]
        del self._entries[entry.handle]
        return [*below, entry]


def _unknown(handle: int) -> SkfError:
    return SkfError(Sar.INVALIDHANDLEERR, f"handle {handle:#x} is not open, or is of another kind")
