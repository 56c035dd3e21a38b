"""Hash functions and HMAC from hashlib; SM3 from `cryptography` where the interpreter's OpenSSL has none."""

from __future__ import annotations

import hashlib
import hmac as _hmac
from typing import TYPE_CHECKING

from simcard.hal.engine import Hash, Hasher

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes

HASHLIB = frozenset(hashlib.algorithms_available)


class _BundledHasher:
    """A running digest of the `cryptography` package in the shape of `Hasher`."""

    def __init__(self, context: hashes.Hash) -> None:
        self._context = context

    def update(self, data: bytes, /) -> None:
        """Absorb `data`."""
        self._context.update(data)

    def digest(self) -> bytes:
        """The digest so far."""
        return self._context.copy().finalize()

    def copy(self) -> _BundledHasher:
        """An independent one in the same state."""
        return _BundledHasher(self._context.copy())


def bundled(hash_: Hash) -> Hasher:
    """A running digest made by `cryptography`."""
    from cryptography.hazmat.primitives import hashes

    return _BundledHasher(hashes.Hash(getattr(hashes, hash_.name)()))


def new(hash_: Hash) -> Hasher:
    """A running digest."""
    return hashlib.new(hash_.value) if hash_.value in HASHLIB else bundled(hash_)


def digest(hash_: Hash, data: bytes) -> bytes:
    """The digest of `data`."""
    running = new(hash_)
    running.update(data)
    return running.digest()


def hmac(hash_: Hash, key: bytes, data: bytes) -> bytes:
    """HMAC of `data` (RFC 2104)."""
    if hash_.value in HASHLIB:
        return _hmac.digest(key, data, hash_.value)
    block = (digest(hash_, key) if len(key) > hash_.block else key).ljust(hash_.block, b"\0")
    inner = digest(hash_, bytes(byte ^ 0x36 for byte in block) + data)
    return digest(hash_, bytes(byte ^ 0x5C for byte in block) + inner)
