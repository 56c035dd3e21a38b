"""The bytes of memory, pure: bank headers, groups and records to bytes and back. `FORMAT.md` is the contract.

Nothing here touches flash. Integers are big-endian. A decoder answers None where bytes are not (or not yet)
what they should be and leaves it to the journal to say whether that is a torn tail or damage.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zlib import crc32

MAGIC = b"SIMNVM\r\n"  # the line end shows a copy made in text mode
VERSION = 1

HEADER_SIZE = 32
MARK_OFFSET = 24
SUPERSEDED = b"\0\0\0\0"
GROUP_HEAD = 12
GROUP_OVERHEAD = GROUP_HEAD + 4
ALIGNMENT = 4
RECORD_OVERHEAD = 3
MAX_KEY = 63
MAX_VALUE = 0xFFFF

DELETED = 0x80
_RESERVED = 0x40

_HEADER = struct.Struct(">8sB3xII")
_HEAD = struct.Struct(">II")
_WORD = struct.Struct(">I")
_PUT = struct.Struct(">BH")


class CorruptMemory(ValueError):
    """What is in flash cannot be trusted; it is left untouched. The text says what was found."""


class NotFormatted(ValueError):
    """The flash is blank: there never was a memory in it, or its making was cut short."""


@dataclass(frozen=True, slots=True)
class BankHeader:
    """The first bytes of a bank: which format, and the sequence number of its snapshot."""

    version: int
    bank_size: int
    sequence: int
    superseded: bool = False

    def encode(self) -> bytes:
        """24 bytes: all of the header but the mark."""
        fields = _HEADER.pack(MAGIC, self.version, self.bank_size, self.sequence)
        return fields + _WORD.pack(crc32(fields))


def decode_header(raw: bytes) -> BankHeader | None:
    """The header in the first `HEADER_SIZE` bytes of a bank, None if its CRC or magic is wrong."""
    fields = raw[: _HEADER.size]
    if raw[_HEADER.size : MARK_OFFSET] != _WORD.pack(crc32(fields)):
        return None
    magic, version, bank_size, sequence = _HEADER.unpack(fields)
    if magic != MAGIC:
        return None
    mark = raw[MARK_OFFSET : MARK_OFFSET + len(SUPERSEDED)]
    return BankHeader(version, bank_size, sequence, mark != b"\xff\xff\xff\xff")


@dataclass(frozen=True, slots=True)
class Group:
    """One commit as found in a bank: its number, its records, and where the next group may start."""

    sequence: int
    records: bytes
    end: int


def encode_group(sequence: int, records: bytes) -> bytes:
    """Head (length, sequence, CRC of both), records, CRC over the head's two fields and the records."""
    head = _HEAD.pack(len(records), sequence)
    check = crc32(head)
    return b"".join((head, _WORD.pack(check), records, _WORD.pack(crc32(records, check))))


def decode_head(raw: bytes) -> tuple[int, int] | None:
    """(length, sequence) from 12 bytes, None if their CRC is wrong."""
    if len(raw) < GROUP_HEAD or crc32(raw[:8]) != int.from_bytes(raw[8:GROUP_HEAD], "big"):
        return None
    length, sequence = _HEAD.unpack_from(raw)
    return length, sequence


def decode_group(bank: bytes, start: int) -> Group | None:
    """The whole and valid group at `start`, else None."""
    head = decode_head(bank[start : start + GROUP_HEAD])
    if head is None:
        return None
    length, sequence = head
    end = start + GROUP_OVERHEAD + length
    records = bank[start + GROUP_HEAD : end - 4]
    if bank[end - 4 : end] != _WORD.pack(crc32(records, crc32(bank[start : start + 8]))):
        return None
    return Group(sequence, records, align(end))


def align(offset: int) -> int:
    """The next place where a group may start."""
    return -(-offset // ALIGNMENT) * ALIGNMENT


def record_size(key: bytes, value: bytes) -> int:
    """Bytes that a stored value takes in a bank."""
    return RECORD_OVERHEAD + len(key) + len(value)


def encode_records(changes: Iterable[tuple[bytes, bytes | None]]) -> bytes:
    """Records of a commit; None as value deletes."""
    parts: list[bytes] = []
    for key, value in changes:
        if value is None:
            parts += (bytes((DELETED | len(key),)), key)
        else:
            parts += (_PUT.pack(len(key), len(value)), key, value)
    return b"".join(parts)


def apply_records(records: bytes, values: dict[bytes, bytes]) -> None:
    """Carry out the records of a commit on `values`; CorruptMemory if they do not add up."""
    at, end = 0, len(records)
    while at < end:
        kind = records[at]
        size = kind & MAX_KEY
        if kind & _RESERVED or not size:
            raise CorruptMemory(f"memory holds a record of an unknown kind ({kind:02X})")
        if kind & DELETED:
            at += 1 + size
            values.pop(records[at - size : at], None)
            continue
        start = at + RECORD_OVERHEAD
        at = start + size + int.from_bytes(records[at + 1 : start], "big")
        values[records[start : start + size]] = records[start + size : at]
    if at != end:
        raise CorruptMemory("memory holds a record that is longer than its group")


def encode_snapshot(values: Mapping[bytes, bytes]) -> bytes:
    """Records that build `values` from nothing, in the order of their keys."""
    return encode_records((key, values[key]) for key in sorted(values))
