"""A small memory of key objects that are dear to build.

Entries are found by the SHA-256 of the key bytes, so the memory holds no second copy of them; the oldest entry
leaves first. Forgetting everything at any moment is always right: the next use builds the object again.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Generic, TypeVar

T = TypeVar("T")


class KeyCache(Generic[T]):
    """Loaded keys by fingerprint, at most `size` of them. Its repr shows no entry."""

    __slots__ = ("_entries", "_load", "_size")

    def __init__(self, load: Callable[[bytes], T], size: int = 32) -> None:
        self._load = load
        self._size = size
        self._entries: dict[bytes, T] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, encoded: bytes) -> T:
        """The object of these key bytes; what the loader raises passes through and is not remembered."""
        fingerprint = sha256(encoded).digest()
        found = self._entries.get(fingerprint)
        if found is None:
            found = self._load(encoded)
            if len(self._entries) >= self._size:
                del self._entries[next(iter(self._entries))]
            self._entries[fingerprint] = found
        return found
