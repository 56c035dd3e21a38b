"""The memory that survives: keys and values, one transaction at a time.

Rules. Flash is the truth, the dictionary in RAM its copy; every change reaches flash before it reaches the
copy. A transaction is what one command does; it commits as a whole or not at all, and one that changes
nothing touches no flash. `write_through` is for counters that must be paid before what they guard: it is a
commit of its own, whatever the open transaction does later.

A refused commit (no space, memory failure) ends the transaction and leaves the content as before. If power
goes right after a memory failure, before another commit, a mount may find the refused one done: that is what
6581 says. After `PowerLost` the object is worthless; mount a new one.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from hashlib import sha256

from simcard.hal.flash import Flash
from simcard.nvm.journal import Journal
from simcard.nvm.layout import (
    MAX_KEY,
    MAX_VALUE,
    RECORD_OVERHEAD,
    CorruptMemory,
    NotFormatted,
    encode_records,
    encode_snapshot,
    record_size,
)
from simcard.wire.status import SW, Refused

__all__ = ["CorruptMemory", "MemoryFull", "NotFormatted", "Store"]

Changes = dict[bytes, bytes | None]


class MemoryFull(Refused):
    """The content after the commit would not fit the memory, or a value does not fit a record (6A84)."""

    def __init__(self) -> None:
        super().__init__(SW.NO_SPACE)


class Store:
    """Values of 0 to 65535 bytes under keys of 1 to 63 bytes."""

    __slots__ = ("_changed", "_changes", "_digest", "_journal", "_order", "_used", "_values")

    def __init__(self, journal: Journal, values: dict[bytes, bytes]) -> None:
        self._journal = journal
        self._values = values
        self._changes: Changes | None = None
        self._changed: list[bytes] = []  # the keys of `_changes`, sorted
        self._used = sum(record_size(key, value) for key, value in values.items())
        self._order: list[bytes] | None = None
        self._digest: bytes | None = None

    @classmethod
    def format(cls, flash: Flash) -> Store:
        """A fresh, empty memory; whatever was in the flash is gone."""
        return cls(Journal.format(flash), {})

    @classmethod
    def mount(cls, flash: Flash) -> Store:
        """The memory in the flash. Writes nothing. Raises NotFormatted or CorruptMemory."""
        return cls(*Journal.mount(flash))

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._changes is not None

    @property
    def capacity(self) -> int:
        """Bytes of records (3, key and value each) that the content may take."""
        return self._journal.capacity

    @property
    def free(self) -> int:
        """Bytes of a value that still fits under a new key of any length, the open transaction counted."""
        used = self._used + self._growth(self._changes or {})
        return max(0, self.capacity - used - RECORD_OVERHEAD - MAX_KEY)

    def get(self, key: bytes) -> bytes | None:
        """The value under `key` as the open transaction sees it, None if there is none."""
        if self._changes and key in self._changes:
            return self._changes[key]
        return self._values.get(key)

    def keys(self, prefix: bytes = b"") -> list[bytes]:
        """The keys that begin with `prefix`, sorted, as the open transaction sees them."""
        if self._order is None:
            self._order = sorted(self._values)
        found = _beginning(self._order, prefix)
        if self._changes:
            hits = {key: self._changes[key] for key in _beginning(self._changed, prefix)}
            if hits:
                kept = [key for key in found if key not in hits]
                found = sorted(kept + [key for key, value in hits.items() if value is not None])
        return found

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """The committed content, sorted by key."""
        return iter(sorted(self._values.items()))

    def digest(self) -> bytes:
        """SHA-256 of the committed content: equal exactly where the content is equal."""
        if self._digest is None:
            self._digest = sha256(encode_snapshot(self._values)).digest()
        return self._digest

    def begin(self) -> None:
        """Open the transaction; one at a time."""
        assert self._changes is None, "a transaction is open already"
        self._changes, self._changed = {}, []

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of `key` in the open transaction; MemoryFull for one no record can hold."""
        assert 1 <= len(key) <= MAX_KEY, f"a key has 1 to {MAX_KEY} bytes"
        # Hosts choose how long a value is, so this is a refusal and no bug of the caller's.
        if len(value) > MAX_VALUE:
            raise MemoryFull
        self._note(bytes(key), bytes(value))

    def delete(self, key: bytes) -> None:
        """Remove `key`, present or not, in the open transaction."""
        self._note(bytes(key), None)

    def commit(self) -> None:
        """Make the transaction durable, or refuse: MemoryFull, MemoryFailure. Either way it is over."""
        assert self._changes is not None, "no transaction is open"
        changes, self._changes = self._changes, None
        if changes:
            self._apply(changes)

    def rollback(self) -> None:
        """Forget the transaction; harmless if none is open."""
        self._changes = None

    def write_through(self, key: bytes, value: bytes) -> None:
        """Set one value durably at once, in a commit of its own, beside any open transaction."""
        assert 1 <= len(key) <= MAX_KEY, f"a key has 1 to {MAX_KEY} bytes"
        assert len(value) <= MAX_VALUE, f"a value has at most {MAX_VALUE} bytes"
        assert not self._changes or key not in self._changes, "the key has changes in the open transaction"
        if self._values.get(key) != value:
            self._apply({bytes(key): bytes(value)})

    def compact(self) -> None:
        """Write the content afresh, without its history: smallest and quickest to mount."""
        assert self._changes is None, "a transaction is open"
        self._journal.compact(encode_snapshot(self._values))

    def _note(self, key: bytes, value: bytes | None) -> None:
        assert self._changes is not None, "no transaction is open"
        if self._values.get(key) == value:
            if self._changes.pop(key, self) is not self:
                del self._changed[bisect_left(self._changed, key)]
            return
        if key not in self._changes:
            insort(self._changed, key)
        self._changes[key] = value

    def _growth(self, changes: Changes) -> int:
        """By how many bytes of records the content grows."""
        growth = 0
        for key, value in changes.items():
            old = self._values.get(key)
            growth += record_size(key, value) if value is not None else 0
            growth -= record_size(key, old) if old is not None else 0
        return growth

    def _apply(self, changes: Changes) -> None:
        used = self._used + self._growth(changes)
        if used > self.capacity:
            raise MemoryFull
        self._journal.commit(encode_records(changes.items()), lambda: encode_snapshot(self._merged(changes)))
        self._used = used
        self._digest = None
        for key, value in changes.items():
            if value is None:
                del self._values[key]
                self._order = None
            else:
                if key not in self._values:
                    self._order = None
                self._values[key] = value

    def _merged(self, changes: Changes) -> dict[bytes, bytes]:
        merged: Changes = {**self._values, **changes}
        return {key: value for key, value in merged.items() if value is not None}


def _beginning(order: list[bytes], prefix: bytes) -> list[bytes]:
    """Those of the sorted keys that begin with `prefix`."""
    first = bisect_left(order, prefix)
    return order[first : bisect_left(order, prefix + b"\xff" * (MAX_KEY + 1), first)]
