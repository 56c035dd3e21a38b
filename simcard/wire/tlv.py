"""BER-TLV data objects (ISO/IEC 7816-4:2013, 5.2.2) and the card's tag lists.

A tag is an int holding its encoded bytes (`0x7F49`), a length is definite and minimal when written, and may be
in any definite form of up to four bytes when read. Values are bytes; a template is parsed by calling `parse`
on its value. Malformed input raises `TlvError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


class TlvError(ValueError):
    """The bytes are not a sequence of BER-TLV data objects."""


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object: tag as encoded, value, and where the value starts in the bytes it was read from."""

    tag: int
    value: bytes
    start: int = 0

    @property
    def constructed(self) -> bool:
        """Bit 6 of the first tag byte: the value is itself a sequence of data objects."""
        return bool(encode_tag(self.tag)[0] & 0x20)


def encode_tag(tag: int) -> bytes:
    return tag.to_bytes(max(1, (tag.bit_length() + 7) // 8), "big")


def encode_length(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    size = (length.bit_length() + 7) // 8
    return bytes((0x80 | size,)) + length.to_bytes(size, "big")


def tlv(tag: int, *values: bytes) -> bytes:
    """One encoded data object; several values are concatenated, which builds a template."""
    value = b"".join(values)
    return encode_tag(tag) + encode_length(len(value)) + value


def read_tag(data: bytes, at: int) -> tuple[int, int]:
    """The tag at offset `at` (one to three bytes) and the offset behind it."""
    if at >= len(data):
        raise TlvError("tag missing")
    end = at + 1
    if data[at] & 0x1F == 0x1F:
        while True:
            if end >= len(data) or end - at >= 3:
                raise TlvError("tag cut short")
            end += 1
            if not data[end - 1] & 0x80:
                break
    return int.from_bytes(data[at:end], "big"), end


def read_length(data: bytes, at: int) -> tuple[int, int]:
    """The definite length at offset `at` and the offset behind it."""
    if at >= len(data):
        raise TlvError("length missing")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    if not 1 <= size <= 4 or at + 1 + size > len(data):
        raise TlvError("length malformed")
    return int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size


def walk(data: bytes) -> Iterator[Tlv]:
    """The data objects of `data`, in order; 00 and FF between them are padding (clause 5.2.2.1)."""
    at = 0
    while at < len(data):
        if data[at] in (0x00, 0xFF):
            at += 1
            continue
        tag, at = read_tag(data, at)
        length, at = read_length(data, at)
        if at + length > len(data):
            raise TlvError(f"value of tag {tag:X} cut short")
        yield Tlv(tag, data[at : at + length], at)
        at += length


def parse(data: bytes) -> tuple[Tlv, ...]:
    """All data objects of `data`."""
    return tuple(walk(data))


def find(data: bytes, tag: int) -> bytes | None:
    """The value of the first data object with this tag at the top level, or None."""
    for item in walk(data):
        if item.tag == tag:
            return item.value
    return None


def fields(data: bytes) -> dict[int, bytes]:
    """Top-level data objects by tag; of equal tags the first counts."""
    found: dict[int, bytes] = {}
    for item in walk(data):
        found.setdefault(item.tag, item.value)
    return found


def parse_tag_list(data: bytes) -> tuple[int, ...]:
    """Tags without lengths (the value of a tag list, tag 5C)."""
    tags: list[int] = []
    at = 0
    while at < len(data):
        tag, at = read_tag(data, at)
        tags.append(tag)
    return tuple(tags)


def build(items: Iterable[tuple[int, bytes]]) -> bytes:
    """A sequence of data objects."""
    return b"".join(tlv(tag, value) for tag, value in items)
