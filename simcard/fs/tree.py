"""The tree of files: creation, lookup, deletion and life cycle (ISO/IEC 7816-4:2013, 7; ISO/IEC 7816-9).

Everything is in the store, under these keys, so a rollback undoes it and a lookup is one dictionary access:

    f number        descriptor                  c parent fid    number of a child
    n name          number of a named DF        s parent sfi    number of a child EF
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

from simcard.fs.descriptor import MF_FID, RESERVED_FIDS, Descriptor, Kind, LifeCycle, decode
from simcard.nvm.store import Store
from simcard.wire.status import SW, Refused

MF = 1
"""The MF is file number 1; numbers are never used again."""

MAX_DEPTH = 8


def _n(number: int) -> bytes:
    return number.to_bytes(2, "big")


class Tree:
    """All files of the card."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- lookup ---------------------------------------------------------------------------------------------

    def find(self, number: int) -> Descriptor | None:
        """The file with this number, None when there is none any more."""
        record = self._store.get(b"f" + _n(number))
        return None if record is None else decode(record)

    def file(self, number: int) -> Descriptor:
        found = self.find(number)
        if found is None:
            raise Refused(SW.FILE_NOT_FOUND)
        return found

    def exists(self, number: int) -> bool:
        return self._store.get(b"f" + _n(number)) is not None

    def _by(self, key: bytes) -> Descriptor | None:
        found = self._store.get(key)
        return None if found is None else self.file(int.from_bytes(found, "big"))

    def child(self, parent: int, fid: int) -> Descriptor | None:
        return self._by(b"c" + _n(parent) + _n(fid))

    def by_sfi(self, parent: int, sfi: int) -> Descriptor | None:
        return self._by(b"s" + _n(parent) + bytes((sfi,)))

    def by_name(self, name: bytes) -> Descriptor | None:
        return self._by(b"n" + name)

    def names(self, prefix: bytes) -> list[bytes]:
        """Names of DFs that begin with `prefix`, in a fixed order (for "next occurrence", 11.1.1)."""
        return [key[1:] for key in self._store.keys(b"n" + prefix)]

    def children(self, parent: int) -> Iterator[Descriptor]:
        for key in self._store.keys(b"c" + _n(parent)):
            found = self._by(key)
            if found is not None:
                yield found

    def ancestry(self, number: int) -> tuple[int, ...]:
        """The numbers from a DF up to and with the MF."""
        chain = [number]
        while chain[-1] != MF:
            chain.append(self.file(chain[-1]).parent)
        return tuple(chain)

    def path(self, number: int) -> tuple[int, ...]:
        """File identifiers from the MF down to the file."""
        return tuple(self.file(n).fid for n in reversed(self.ancestry(number)))

    # -- change ---------------------------------------------------------------------------------------------

    def create(self, parent: int, wanted: Descriptor) -> Descriptor:
        """Add a file under `parent` (for the MF: its own number) and give it its number."""
        number = self._next_number()
        descriptor = replace(wanted, number=number, parent=number if number == MF else parent)
        if number == MF:
            if descriptor.fid != MF_FID or not descriptor.is_df:
                raise Refused(SW.WRONG_DATA)
        else:
            self._admit(descriptor)
            self._store.put(b"c" + _n(descriptor.parent) + _n(descriptor.fid), _n(number))
        if descriptor.name:
            self._store.put(b"n" + descriptor.name, _n(number))
        if descriptor.sfi:
            self._store.put(b"s" + _n(descriptor.parent) + bytes((descriptor.sfi,)), _n(number))
        self._put(descriptor)
        return descriptor

    def _next_number(self) -> int:
        last = int.from_bytes(self._store.get(b"f#") or b"", "big")
        if last == 0xFFFF:
            raise Refused(SW.NO_SPACE)
        self._store.put(b"f#", struct.pack(">H", last + 1))
        return last + 1

    def _admit(self, descriptor: Descriptor) -> None:
        parent = descriptor.parent
        if descriptor.fid in RESERVED_FIDS:
            raise Refused(SW.WRONG_DATA)
        if self.child(parent, descriptor.fid) or descriptor.fid == self.file(parent).fid:
            raise Refused(SW.FILE_EXISTS)
        if descriptor.name and self.by_name(descriptor.name):
            raise Refused(SW.DF_NAME_EXISTS)
        if descriptor.sfi and self.by_sfi(parent, descriptor.sfi):
            raise Refused(SW.FILE_EXISTS)
        if descriptor.is_df and len(self.ancestry(parent)) >= MAX_DEPTH:
            raise Refused(SW.CONDITIONS)

    def _put(self, descriptor: Descriptor) -> None:
        self._store.put(b"f" + _n(descriptor.number), descriptor.encode())

    def delete(self, descriptor: Descriptor) -> list[Descriptor]:
        """Remove a file and all below it from the tree; returns them so that bodies can be freed."""
        gone = list(self.subtree(descriptor))
        for each in gone:
            self._store.delete(b"f" + _n(each.number))
            self._store.delete(b"c" + _n(each.parent) + _n(each.fid))
            if each.name:
                self._store.delete(b"n" + each.name)
            if each.sfi:
                self._store.delete(b"s" + _n(each.parent) + bytes((each.sfi,)))
        return gone

    def subtree(self, descriptor: Descriptor) -> Iterator[Descriptor]:
        """The file and everything below it, depth first."""
        yield descriptor
        if descriptor.is_df:
            for child in self.children(descriptor.number):
                yield from self.subtree(child)

    def set_life_cycle(self, descriptor: Descriptor, state: LifeCycle) -> Descriptor:
        changed = replace(descriptor, life_cycle=state)
        self._put(changed)
        return changed

    def effective_life_cycle(self, descriptor: Descriptor) -> LifeCycle:
        """A file is no more alive than the DFs above it."""
        states = [descriptor.life_cycle]
        above = descriptor
        while above.number != MF:
            above = self.file(above.parent)
            states.append(above.life_cycle)
        for state in (LifeCycle.TERMINATED, LifeCycle.DEACTIVATED):
            if state in states:
                return state
        return states[0]

    def walk(self) -> Iterator[Descriptor]:
        """All files, depth first from the MF."""
        if self.exists(MF):
            yield from self.subtree(self.file(MF))


def is_ef(descriptor: Descriptor) -> bool:
    return descriptor.kind is not Kind.DF
