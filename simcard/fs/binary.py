"""Bodies of transparent files (ISO/IEC 7816-4:2013, 11.2), kept in blocks so that a small update stays small."""

from __future__ import annotations

from simcard.fs.descriptor import Descriptor, Write
from simcard.nvm.store import Store
from simcard.wire.status import SW, Refused

BLOCK = 256
ERASED = 0x00
"""The logical erased state of this card (data coding byte, 12.1.1.9 capability "erased" 00)."""


class Binary:
    """The bodies of all transparent files."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @staticmethod
    def _key(number: int, block: int) -> bytes:
        return b"d" + number.to_bytes(2, "big") + bytes((block,))

    def allocate(self, file: Descriptor) -> None:
        """Take the room of a new body; full memory shows at creation, not at the first write."""
        for at in range(0, file.size, BLOCK):
            self._store.put(self._key(file.number, at // BLOCK), bytes(min(BLOCK, file.size - at)))

    def free(self, file: Descriptor) -> None:
        for key in self._store.keys(b"d" + file.number.to_bytes(2, "big")):
            self._store.delete(key)

    def read(self, file: Descriptor, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer at the end of the file. An offset at or past it is 6B00."""
        if offset >= file.size and (offset or length):
            raise Refused(SW.OFFSET)
        end = min(offset + length, file.size)
        first = offset // BLOCK
        blocks = (self._block(file.number, n) for n in range(first, -(-end // BLOCK)))
        return b"".join(blocks)[offset - first * BLOCK : end - first * BLOCK]

    def _block(self, number: int, block: int) -> bytes:
        return self._store.get(self._key(number, block)) or b""

    def update(self, file: Descriptor, offset: int, data: bytes) -> None:
        """Replace bytes; all of them must lie inside the file."""
        if offset > file.size or (offset >= file.size and data):
            raise Refused(SW.OFFSET)
        if offset + len(data) > file.size:
            raise Refused(SW.NO_SPACE)
        at = 0
        while at < len(data):
            number, within = divmod(offset + at, BLOCK)
            block = bytearray(self._block(file.number, number))
            part = data[at : at + len(block) - within]
            block[within : within + len(part)] = part
            self._store.put(self._key(file.number, number), bytes(block))
            at += len(part)

    def write(self, file: Descriptor, offset: int, data: bytes) -> None:
        """WRITE: by the file's data coding byte, once, or by OR, or by AND (11.2.4, table 13)."""
        old = self.read(file, offset, len(data))
        if len(old) < len(data):
            raise Refused(SW.NO_SPACE)
        self.update(file, offset, merge(file.write_mode, old, data))

    def erase(self, file: Descriptor, start: int, end: int) -> None:
        """Set bytes from `start` up to but not `end` to the erased state."""
        if not start < end <= file.size:
            raise Refused(SW.OFFSET)
        self.update(file, start, bytes(end - start))


def merge(mode: Write, old: bytes, new: bytes) -> bytes:
    """What WRITE leaves of `old` and `new` (same length)."""
    match mode:
        case Write.ONE_TIME:
            if any(old):
                raise Refused(SW.CONDITIONS)
            return new
        case Write.OR:
            return bytes(a | b for a, b in zip(old, new))
        case Write.AND:
            return bytes(a & b for a, b in zip(old, new))
        case Write.PROPRIETARY:
            return new
