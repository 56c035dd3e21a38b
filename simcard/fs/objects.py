"""Data objects of a DF or of a BER-TLV file (ISO/IEC 7816-4:2013, 11.4), by tag."""

from __future__ import annotations

from simcard.nvm.store import Store
from simcard.wire import tlv


class Objects:
    """All data objects, each under the file that holds it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @staticmethod
    def _key(holder: int, tag: int) -> bytes:
        return b"o" + holder.to_bytes(2, "big") + tlv.encode_tag(tag)

    def get(self, holder: int, tag: int) -> bytes | None:
        return self._store.get(self._key(holder, tag))

    def put(self, holder: int, tag: int, value: bytes) -> None:
        self._store.put(self._key(holder, tag), value)

    def delete(self, holder: int, tag: int) -> None:
        self._store.delete(self._key(holder, tag))

    def tags(self, holder: int) -> list[int]:
        prefix = b"o" + holder.to_bytes(2, "big")
        return [int.from_bytes(key[3:], "big") for key in self._store.keys(prefix)]

    def size(self, holder: int) -> int:
        """Encoded length of all data objects under the file, in bytes."""
        return sum(len(tlv.tlv(tag, self.get(holder, tag) or b"")) for tag in self.tags(holder))

    def free(self, holder: int) -> None:
        for tag in self.tags(holder):
            self.delete(holder, tag)
