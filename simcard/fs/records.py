"""Record files: linear fixed, linear variable and cyclic (ISO/IEC 7816-4:2013, 7.2.2 and 11.3).

Records come into being by APPEND RECORD. In linear files record 1 is the first one appended; in cyclic files
record 1 is the newest, and appending to a full one overwrites the oldest. A record's slot never moves: the
header of a cyclic file says which slot is newest, so one append is one record and one header.
"""

from __future__ import annotations

from simcard.fs.descriptor import Descriptor, Kind
from simcard.nvm.store import Store
from simcard.wire.status import SW, Refused


class Records:
    """The records of all record files."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @staticmethod
    def _header_key(number: int) -> bytes:
        return b"h" + number.to_bytes(2, "big")

    @staticmethod
    def _key(number: int, slot: int) -> bytes:
        return b"r" + number.to_bytes(2, "big") + bytes((slot,))

    def _header(self, file: Descriptor) -> tuple[int, int]:
        """How many records there are, and the slot of the newest."""
        header = self._store.get(self._header_key(file.number))
        return (header[0], header[1]) if header else (0, 0)

    def count(self, file: Descriptor) -> int:
        return self._header(file)[0]

    def _slot(self, file: Descriptor, record: int) -> int:
        count, newest = self._header(file)
        if not 1 <= record <= count:
            raise Refused(SW.RECORD_NOT_FOUND)
        if file.kind is Kind.CYCLIC:
            return (newest - (record - 1)) % file.record_count
        return record - 1

    def read(self, file: Descriptor, record: int) -> bytes:
        return self._store.get(self._key(file.number, self._slot(file, record))) or b""

    def update(self, file: Descriptor, record: int, data: bytes) -> None:
        slot = self._slot(file, record)
        self._store.put(self._key(file.number, slot), self._fitted(file, data))

    def append(self, file: Descriptor, data: bytes) -> int:
        """Add a record and return its number."""
        count, newest = self._header(file)
        cyclic = file.kind is Kind.CYCLIC
        if count == file.record_count and not cyclic:
            raise Refused(SW.NO_SPACE)
        slot = (newest + 1) % file.record_count if cyclic and count else count
        count = min(count + 1, file.record_count)
        self._store.put(self._key(file.number, slot), self._fitted(file, data))
        self._store.put(self._header_key(file.number), bytes((count, slot)))
        return 1 if cyclic else count

    @staticmethod
    def _fitted(file: Descriptor, data: bytes) -> bytes:
        """Fixed records take exactly their size, variable ones up to it."""
        if len(data) > file.record_size or (len(data) < file.record_size and file.kind is not Kind.LINEAR_VARIABLE):
            raise Refused(SW.WRONG_LENGTH)
        return data

    def erase(self, file: Descriptor, record: int) -> None:
        """To the erased state: zeros, or an empty record in a variable file."""
        empty = b"" if file.kind is Kind.LINEAR_VARIABLE else bytes(file.record_size)
        self._store.put(self._key(file.number, self._slot(file, record)), empty)

    def free(self, file: Descriptor) -> None:
        number = file.number.to_bytes(2, "big")
        for key in self._store.keys(b"r" + number) + self._store.keys(b"h" + number):
            self._store.delete(key)
