"""Symmetric keys for authentication and ciphering, by reference byte, each with its own error counter.

The counter is spent before a host's proof is compared, like a PIN's. Keys in the store: `v reference` the key,
`w reference` its counter.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag

from simcard.nvm.counter import Counter
from simcard.nvm.store import Store
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused, tries_left

FORMAT = 1
_HEAD = struct.Struct(">BBB")

CIPHERS = ("sm4", "aes", "tdes")
"""Ciphers by their code in memory; new ones are appended."""


class Purpose(IntFlag):
    """What a secret key may do."""

    EXTERNAL = 0x01
    """The host proves that it knows the key."""
    INTERNAL = 0x02
    """The card proves that it knows the key."""
    CIPHER = 0x04
    """PSO ENCIPHER and DECIPHER."""
    MAC = 0x08
    """PSO COMPUTE and VERIFY CRYPTOGRAPHIC CHECKSUM."""


@dataclass(frozen=True, slots=True)
class SecretKey:
    cipher: str
    purpose: Purpose
    value: Secret

    def encode(self) -> bytes:
        return _HEAD.pack(FORMAT, CIPHERS.index(self.cipher), self.purpose) + self.value.reveal()

    @classmethod
    def decode(cls, record: bytes) -> SecretKey:
        version, cipher, purpose = _HEAD.unpack_from(record)
        if version != FORMAT:
            raise ValueError(f"secret key record of unknown version {version}")
        return cls(CIPHERS[cipher], Purpose(purpose), Secret(record[_HEAD.size :]))


class SecretKeys:
    """All secret keys of the card."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def references(self) -> list[int]:
        return [key[1] for key in self._store.keys(b"v")]

    def put(self, reference: int, key: SecretKey, tries: int) -> None:
        """Set or replace a key, its counter full."""
        self._store.put(b"v" + bytes((reference,)), key.encode())
        Counter.create(self._store, b"w" + bytes((reference,)), tries)

    def require(self, reference: int, purpose: Purpose) -> SecretKey:
        """The key, if it may do this: 6A88 when there is none, 6984 when it may not."""
        record = self._store.get(b"v" + bytes((reference,)))
        if record is None:
            raise Refused(SW.REFERENCE_NOT_FOUND)
        key = SecretKey.decode(record)
        if purpose not in key.purpose:
            raise Refused(SW.REFERENCE_DATA_UNUSABLE)
        return key

    def counter(self, reference: int) -> Counter:
        return Counter(self._store, b"w" + bytes((reference,)))

    def prove(self, reference: int, check: Callable[[], bool]) -> None:
        """Spend a try, ask `check`, restore the counter if it agrees; else 63Cx, or 6983 when blocked."""
        counter = self.counter(reference)
        counter.spend()
        if not check():
            raise Refused(tries_left(counter.value))
        counter.restore()
