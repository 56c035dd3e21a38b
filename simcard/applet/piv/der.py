"""The little DER the PIV door writes: ECDSA signatures and attestation certificates (ITU-T X.690)."""

from __future__ import annotations

from simcard.wire.tlv import tlv

SEQUENCE, SET, OID, BITS, OCTETS, UTF8, GENERALIZED_TIME = 0x30, 0x31, 0x06, 0x03, 0x04, 0x0C, 0x18


def integer(value: bytes) -> bytes:
    """An unsigned big-endian number as an INTEGER."""
    short = value.lstrip(b"\0") or b"\0"
    return tlv(0x02, (b"\0" if short[0] & 0x80 else b"") + short)


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tlv(OID, b"".join(_base128(arc) for arc in (40 * first + second, *rest)))


def _base128(arc: int) -> bytes:
    digits = [arc & 0x7F]
    while arc := arc >> 7:
        digits.append(arc & 0x7F | 0x80)
    return bytes(reversed(digits))


def bits(value: bytes) -> bytes:
    """A BIT STRING of whole bytes."""
    return tlv(BITS, b"\0" + value)


def common_name(text: str) -> bytes:
    """A Name with one attribute, commonName."""
    return tlv(SEQUENCE, tlv(SET, tlv(SEQUENCE, oid("2.5.4.3"), tlv(UTF8, text.encode()))))


def ecdsa_der(signature: bytes) -> bytes:
    """ECDSA-Sig-Value (RFC 3279, 2.2.3) of r || s."""
    half = len(signature) // 2
    return tlv(SEQUENCE, integer(signature[:half]), integer(signature[half:]))
