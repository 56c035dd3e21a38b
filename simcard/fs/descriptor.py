"""What a file is: its control parameters (ISO/IEC 7816-4:2013, 7.4) and its record in memory.

A descriptor is written to memory as its own FCP template, so what CREATE FILE sent is what SELECT returns.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from simcard.wire import access, tlv
from simcard.wire.status import SW, Refused

FORMAT = 1
_HEAD = struct.Struct(">BHH")

MF_FID = 0x3F00
RESERVED_FIDS = frozenset((MF_FID, 0x3FFF, 0xFFFF, 0x0000))
"""3FFF is the current DF in a path, 0000 and FFFF are reserved (7.3.2)."""


class Kind(IntEnum):
    """File structures, as coded in the low six bits of the descriptor byte (table 14)."""

    DF = 0x38
    TRANSPARENT = 0x01
    LINEAR_FIXED = 0x02
    LINEAR_VARIABLE = 0x04
    CYCLIC = 0x06
    BER_TLV = 0x39


RECORD_KINDS = frozenset((Kind.LINEAR_FIXED, Kind.LINEAR_VARIABLE, Kind.CYCLIC))


class LifeCycle(IntEnum):
    """Life cycle status byte (table 15)."""

    CREATION = 0x01
    INITIALISATION = 0x03
    DEACTIVATED = 0x04
    ACTIVATED = 0x05
    TERMINATED = 0x0C

    @classmethod
    def read(cls, value: int) -> LifeCycle:
        """The don't-care bits of the table folded away; raises ValueError for 00 and proprietary values."""
        if value & 0xFC == 0x0C:
            return cls.TERMINATED
        if value & 0xFC == 0x04:
            return cls.ACTIVATED if value & 1 else cls.DEACTIVATED
        return cls(value)


class Write(IntEnum):
    """How WRITE treats what is there (data coding byte, bits 7-6; table 13)."""

    ONE_TIME = 0
    PROPRIETARY = 1
    OR = 2
    AND = 3


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One file. `number` names it for ever in this card; `parent` is the number of its DF (the MF's is itself).

    `size` is the body of a transparent or BER-TLV file in bytes, or the room a DF was given; `record_size` and
    `record_count` are the limits of a record file; `extra` holds proprietary data objects as they were given.
    """

    number: int
    parent: int
    kind: Kind
    fid: int
    name: bytes = b""
    sfi: int = 0
    size: int = 0
    record_size: int = 0
    record_count: int = 0
    coding: int = 0x21
    life_cycle: LifeCycle = LifeCycle.ACTIVATED
    compact: bytes = b""
    expanded: bytes = b""
    referenced: bytes = b""
    """Tag 8B: where the rules stand, as EF.ARR identifier and record number."""
    extra: bytes = b""

    @property
    def is_df(self) -> bool:
        return self.kind is Kind.DF

    @property
    def write_mode(self) -> Write:
        return Write(self.coding >> 5 & 3)

    @property
    def rules(self) -> access.Rules | None:
        """The file's own rules; None when it has none or they stand in EF.ARR."""
        if self.expanded:
            return access.parse_expanded(self.expanded)
        return access.parse_compact(self.compact) if self.compact else None

    def fcp(self, size: int | None = None) -> bytes:
        """The value of the FCP template (tag 62); `size` stands in for the body's own where that is a view."""
        return _fcp(self, self.size if size is None else size)

    def _fields(self, size: int) -> bytes:
        items: list[tuple[int, bytes]] = []
        if self.kind in (Kind.TRANSPARENT, Kind.BER_TLV):
            items.append((0x80, size.to_bytes(2, "big")))
        elif self.kind in RECORD_KINDS:
            items.append((0x80, (self.record_size * self.record_count).to_bytes(3, "big").lstrip(b"\0")))
        elif self.size:
            items.append((0x81, self.size.to_bytes(2, "big")))
        items.append((0x82, self._descriptor_bytes()))
        items.append((0x83, self.fid.to_bytes(2, "big")))
        if not self.is_df:
            # Left out it would mean the low five bits of the FID; empty it means none (7.4.3).
            items.append((0x88, bytes((self.sfi << 3,)) if self.sfi else b""))
        optional = (
            (0x84, self.name),
            (0x85, self.extra),
            (0x8A, bytes((self.life_cycle,))),
            (0x8B, self.referenced),
            (0x8C, self.compact),
            (0xAB, self.expanded),
        )
        return tlv.build(items + [(tag, value) for tag, value in optional if value])

    def _descriptor_bytes(self) -> bytes:
        head = bytes((self.kind, self.coding))
        if self.kind not in RECORD_KINDS:
            return head
        return head + self.record_size.to_bytes(2, "big") + self.record_count.to_bytes(2, "big")

    def encode(self) -> bytes:
        return _HEAD.pack(FORMAT, self.number, self.parent) + self.fcp()


@lru_cache(maxsize=1024)
def _fcp(descriptor: Descriptor, size: int) -> bytes:
    """Pure, and asked for by every SELECT."""
    return descriptor._fields(size)


@lru_cache(maxsize=4096)
def decode(record: bytes) -> Descriptor:
    """A descriptor from its record in memory. Pure, so equal records share one object."""
    version, number, parent = _HEAD.unpack_from(record)
    if version != FORMAT:
        raise ValueError(f"file descriptor record of unknown version {version}")
    return from_fcp(record[_HEAD.size :], number, parent)


def from_fcp(fcp: bytes, number: int, parent: int) -> Descriptor:
    """A descriptor from the value of an FCP template; raises `Refused` 6A80 for one this card cannot be."""
    try:
        return _from_fields(tlv.fields(fcp), number, parent)
    except (tlv.TlvError, access.AccessError, ValueError, IndexError):
        raise Refused(SW.WRONG_DATA) from None


_LENGTHS: dict[int, tuple[int, int]] = {
    0x80: (1, 3),
    0x81: (1, 3),
    0x82: (1, 6),
    0x83: (2, 2),
    0x84: (1, 16),
    0x88: (0, 1),
    0x8A: (1, 1),
    0x8B: (1, 3),
    0x8C: (1, 8),
    0xAB: (1, 0xFFFF),
}
"""Least and most bytes by tag. Rules that are there and say nothing would leave a file open that was to be closed."""


def _from_fields(found: dict[int, bytes], number: int, parent: int) -> Descriptor:
    for tag, value in found.items():
        low, high = _LENGTHS.get(tag, (0, 0xFFFF))
        if not low <= len(value) <= high:
            raise ValueError(f"tag {tag:02X} has {len(value)} bytes")
    described = found[0x82] if 0x82 in found else _missing(0x82)
    kind = Kind(described[0] & 0x3F)
    fid = int.from_bytes(found[0x83] if 0x83 in found else _missing(0x83), "big")
    record_size, record_count = _record_shape(kind, described)
    size = int.from_bytes(found.get(0x80, found.get(0x81, b"")), "big")
    descriptor = Descriptor(
        number=number,
        parent=parent,
        kind=kind,
        fid=fid,
        name=found.get(0x84, b""),
        sfi=_short_identifier(found, kind, fid),
        size=0 if kind in RECORD_KINDS else size,
        record_size=record_size,
        record_count=record_count,
        coding=described[1] if len(described) > 1 else 0x21,
        life_cycle=LifeCycle.read(found.get(0x8A, b"\x05")[0]),
        compact=found.get(0x8C, b""),
        expanded=found.get(0xAB, b""),
        referenced=found.get(0x8B, b""),
        extra=found.get(0x85, b""),
    )
    _check(descriptor)
    return descriptor


def _missing(tag: int) -> bytes:
    raise ValueError(f"tag {tag:02X} is missing")


def _record_shape(kind: Kind, described: bytes) -> tuple[int, int]:
    if kind not in RECORD_KINDS:
        return 0, 0
    if len(described) < 4:
        raise ValueError("a record file needs its record size and number of records in tag 82")
    return int.from_bytes(described[2:4], "big"), int.from_bytes(described[4:], "big")


def _short_identifier(found: dict[int, bytes], kind: Kind, fid: int) -> int:
    """Tag 88 absent: the low five bits of the FID; empty: none (7.4.3, table 12)."""
    if kind is Kind.DF:
        return 0
    if 0x88 not in found:
        low = fid & 0x1F
        return low if 1 <= low <= 30 else 0
    coded = found[0x88]
    if not coded:
        return 0
    if coded[0] & 0x07 or not 1 <= coded[0] >> 3 <= 30:
        raise ValueError("tag 88 codes no short identifier 1 to 30")
    return coded[0] >> 3


def _check(descriptor: Descriptor) -> None:
    if descriptor.kind in RECORD_KINDS and not (
        1 <= descriptor.record_size <= 0xFFFF and 1 <= descriptor.record_count <= 254
    ):
        raise ValueError("a record file has 1 to 254 records of 1 byte or more")
    if descriptor.size > 0xFFFF:
        raise ValueError("a file has at most 65535 bytes")
    if descriptor.name and not descriptor.is_df:
        raise ValueError("only a DF has a name")
    _ = descriptor.rules  # reading them shows whether they can be read
