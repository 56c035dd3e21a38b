"""Key containers (GM/T 0016-2012, 5 and 7.5): a name, a signing and an exchange pair, and their certificates.

Keys in the store: `k number` the container, `y number role` a pair, `z number role` a certificate.
A container's number, 1 to 63, gives its keys their reference bytes: 2 * number - 1 for signing, one more for
exchange.
"""

from __future__ import annotations

from collections.abc import Container as Among
from typing import NamedTuple

from simcard.key.pair import KeyPair, Role
from simcard.nvm.store import Store
from simcard.wire.gmt0017 import STAGED
from simcard.wire.status import SW, Refused

FORMAT = 1
MAX_CONTAINERS = 63
MAX_NAME = 64
"""Bytes of a container name (GM/T 0016-2012, 7.5.2)."""


class Slot(NamedTuple):
    """One place for a key pair and its certificate. A named tuple, as each use of a key looks its slot up."""

    container: int
    role: Role

    @property
    def reference(self) -> int:
        """The key reference byte of this slot in control reference templates (tags 83 and 84)."""
        return 2 * self.container - 1 + self.role

    @classmethod
    def of_reference(cls, reference: int) -> Slot:
        """The slot a key reference byte names; raises 6A88 for none."""
        slot = SLOTS.get(reference)
        if slot is None:
            raise Refused(SW.REFERENCE_NOT_FOUND)
        return slot

    @property
    def tail(self) -> bytes:
        return bytes((self.container, self.role))


SLOTS = {slot.reference: slot for n in range(1, MAX_CONTAINERS + 1) for slot in (Slot(n, role) for role in Role)}
"""Every slot a card can have, by its key reference byte."""


class Containers:
    """All containers of the card."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[Slot, tuple[bytes, KeyPair | None]] = {}

    def numbers(self) -> list[int]:
        return [key[1] for key in self._store.keys(b"k")]

    def name(self, number: int) -> bytes:
        record = self._store.get(b"k" + bytes((number,)))
        if record is None:
            raise Refused(SW.REFERENCE_NOT_FOUND)
        if record[0] != FORMAT:
            raise ValueError(f"container record of unknown version {record[0]}")
        return record[1:]

    def exists(self, number: int) -> bool:
        return self._store.get(b"k" + bytes((number,))) is not None

    def by_name(self, name: bytes, among: Among[int] | None = None) -> int | None:
        """The container of this name, of all or of those `among` some numbers."""
        mine = (number for number in self.numbers() if among is None or number in among)
        return next((number for number in mine if self.name(number) == name), None)

    def create(self, name: bytes, number: int | None = None, among: Among[int] | None = None) -> int:
        """A new, empty container; its number is the lowest free one unless given.

        Its name must differ from those of all others, or of those `among` some numbers.
        """
        if not 1 <= len(name) <= MAX_NAME:
            raise Refused(SW.WRONG_DATA)
        taken = set(self.numbers())
        if number is None:
            number = next((n for n in range(1, MAX_CONTAINERS + 1) if n not in taken), 0)
        if not 1 <= number <= MAX_CONTAINERS:
            raise Refused(SW.NO_SPACE)
        if number in taken or self.by_name(name, among) is not None:
            raise Refused(SW.FILE_EXISTS)
        self._store.put(b"k" + bytes((number,)), bytes((FORMAT,)) + name)
        return number

    def delete(self, number: int) -> None:
        """Destroy a container with its keys and certificates."""
        self.name(number)
        self._store.delete(b"k" + bytes((number,)))
        for prefix in (b"y", b"z"):
            for key in self._store.keys(prefix + bytes((number,))):
                self._store.delete(key)

    def pair(self, slot: Slot) -> KeyPair | None:
        record = self._store.get(b"y" + slot.tail)
        if record is None:
            return None
        # Read again only when memory holds another record than the last time: every signature comes by here.
        read, pair = self._read.get(slot, (b"", None))
        if pair is None or read is not record:
            pair = KeyPair.decode(record)
            self._read[slot] = record, pair
        return pair

    def require(self, slot: Slot) -> KeyPair:
        """The pair in a slot; 6A88 when there is none."""
        pair = self.pair(slot)
        if pair is None:
            raise Refused(SW.REFERENCE_NOT_FOUND)
        return pair

    def put_pair(self, slot: Slot, pair: KeyPair) -> None:
        """Set or replace a pair. A certificate for another public key would lie, so replacing drops it."""
        old = self.pair(slot)
        if old is not None and old.public != pair.public and self.certificate(slot) is not None:
            self._store.delete(b"z" + slot.tail)
        self._store.put(b"y" + slot.tail, pair.encode())

    def delete_pair(self, slot: Slot) -> None:
        self.require(slot)
        self._store.delete(b"y" + slot.tail)
        self._store.delete(b"z" + slot.tail)

    def certificate(self, slot: Slot) -> bytes | None:
        """The certificate in a slot, DER as it was put."""
        return self._store.get(b"z" + slot.tail)

    def put_certificate(self, slot: Slot, der: bytes) -> None:
        """Set a certificate; an empty value removes it."""
        if der:
            self._store.put(b"z" + slot.tail, der)
        elif self.certificate(slot) is not None:
            self._store.delete(b"z" + slot.tail)

    def is_staged(self, number: int) -> bool:
        """Whether a container is only being made ready to take another's place."""
        return self.name(number).endswith(STAGED)

    def slots(self) -> list[Slot]:
        """Slots that hold a pair, in order of container and role."""
        return [Slot(key[1], Role(key[2])) for key in self._store.keys(b"y")]
