"""Counters that are paid before what they guard: PIN tries, uses of a key.

`spend` takes one off in a commit of its own before the caller looks at anything, so neither a cut nor a
rollback gives a try back. The value is a small record: version (1 byte, 01), limit and left (2 bytes each,
big-endian).
"""

from __future__ import annotations

import struct

from simcard.nvm.layout import CorruptMemory
from simcard.nvm.store import Store
from simcard.wire.status import SW, Refused

VERSION = 1
MAX_LIMIT = 0xFFFF
_RECORD = struct.Struct(">BHH")


def encode(limit: int, left: int) -> bytes:
    """The record of a counter."""
    assert 0 <= left <= limit <= MAX_LIMIT, f"a counter has 0 to {MAX_LIMIT} uses"
    return _RECORD.pack(VERSION, limit, left)


class Counter:
    """The counter that is kept under `key`. Holds nothing itself: what it says is what memory says."""

    __slots__ = ("_key", "_store")

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key

    @classmethod
    def create(cls, store: Store, key: bytes, limit: int) -> Counter:
        """Make (or make anew) a counter with `limit` uses left, in the open transaction."""
        store.put(key, encode(limit, limit))
        return cls(store, key)

    @property
    def value(self) -> int:
        """Uses that are left."""
        return self._read()[1]

    @property
    def limit(self) -> int:
        """Uses that `restore` gives."""
        return self._read()[0]

    def spend(self) -> int:
        """Take one off, durably and at once; the uses left after it. Refuses 6983 if there are none."""
        limit, left = self._read()
        if not left:
            raise Refused(SW.BLOCKED)
        self._store.write_through(self._key, encode(limit, left - 1))
        return left - 1

    def restore(self) -> None:
        """Give all uses back, durably and at once. Touches no flash if none is missing."""
        limit, _ = self._read()
        self._store.write_through(self._key, encode(limit, limit))

    def _read(self) -> tuple[int, int]:
        raw = self._store.get(self._key)
        if raw is None:
            raise Refused(SW.REFERENCE_NOT_FOUND)
        if len(raw) != _RECORD.size or raw[0] != VERSION:
            raise CorruptMemory("memory holds a counter of an unknown version")
        _, limit, left = _RECORD.unpack(raw)
        return limit, left
