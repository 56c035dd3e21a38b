"""Reading BER-TLV, as a judge needs it: apart from the card's own reader, and only reading.

Tags of any length, lengths of up to four bytes, no indefinite form (ISO/IEC 7816-4:2013, 5.2.2).
"""

from __future__ import annotations

from collections.abc import Iterator


class BerError(ValueError):
    """The bytes are not BER-TLV data objects."""


def objects(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Tag (hexadecimal, upper case) and value of one object after the other; bytes 00 between them are left out."""
    at = 0
    while at < len(data):
        if data[at] == 0:
            at += 1
            continue
        start = at
        at = _end_of_tag(data, at)
        tag = data[start:at].hex().upper()
        size, at = _length(data, at)
        if at + size > len(data):
            raise BerError(f"object {tag} has {size} bytes, {len(data) - at} are left")
        yield tag, data[at : at + size]
        at += size


def find(data: bytes, path: str) -> bytes | None:
    """The value at a path of tags such as `7F49/86`: the first object of each tag; None when there is none."""
    for tag in path.upper().split("/"):
        value = next((value for found, value in objects(data) if found == tag), None)
        if value is None:
            return None
        data = value
    return data


def encode_length(size: int) -> bytes:
    """A length field in its shortest form."""
    if size < 0x80:
        return bytes((size,))
    body = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(body),)) + body


def _end_of_tag(data: bytes, at: int) -> int:
    first, at = data[at], at + 1
    if first & 0x1F == 0x1F:
        while at < len(data) and data[at] & 0x80:
            at += 1
        at += 1
    return at


def _length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise BerError("the last object has no length")
    first, at = data[at], at + 1
    if first < 0x80:
        return first, at
    count = first & 0x7F
    if not 1 <= count <= 4 or at + count > len(data):
        raise BerError(f"a length field begins with {first:02X}")
    return int.from_bytes(data[at : at + count], "big"), at + count
