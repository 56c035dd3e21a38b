"""The few ASN.1 types that PKCS#15 directories are made of, in DER (ITU-T X.690). Pure functions, values to bytes."""

from __future__ import annotations

from simcard.wire.tlv import tlv

INTEGER, BIT_STRING, OCTET_STRING, OID, ENUMERATED, UTF8, SEQUENCE = 0x02, 0x03, 0x04, 0x06, 0x0A, 0x0C, 0x30


def context(number: int, *values: bytes) -> bytes:
    """A constructed, context-specific data object: [number] around `values`."""
    return tlv(0xA0 | number, *values)


def sequence(*values: bytes) -> bytes:
    return tlv(SEQUENCE, *values)


def octets(value: bytes) -> bytes:
    return tlv(OCTET_STRING, value)


def text(value: str) -> bytes:
    return tlv(UTF8, value.encode())


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def unsigned(value: bytes) -> bytes:
    """A non-negative INTEGER from big-endian bytes."""
    return integer(int.from_bytes(value, "big"))


def bits(*numbers: int) -> bytes:
    """A BIT STRING of named bits: those numbered are set, trailing zero bits are left out (X.690, 11.2.2)."""
    if not numbers:
        return tlv(BIT_STRING, b"\0")
    length = max(numbers) + 1
    size = -(-length // 8)
    value = sum(1 << (8 * size - 1 - number) for number in set(numbers))
    return tlv(BIT_STRING, bytes((8 * size - length,)), value.to_bytes(size, "big"))


def bit_string(value: bytes) -> bytes:
    """A BIT STRING of whole bytes."""
    return tlv(BIT_STRING, b"\0", value)


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = map(int, dotted.split("."))
    return tlv(OID, b"".join(_base128(arc) for arc in (40 * first + second, *rest)))


def _base128(arc: int) -> bytes:
    groups = [arc & 0x7F]
    while arc := arc >> 7:
        groups.append(arc & 0x7F | 0x80)
    return bytes(reversed(groups))
