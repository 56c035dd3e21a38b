"""The little DER that adapters need to hand values over: written here, so that no implementation's encoder is used."""

from __future__ import annotations

SEQUENCE, INTEGER, BIT_STRING, OCTET_STRING = 0x30, 0x02, 0x03, 0x04
SM2_KEY = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")
"""AlgorithmIdentifier of an SM2 key (GM/T 0015-2012)."""
CURVES = {
    "p256": bytes.fromhex("06082a8648ce3d030107"),
    "p384": bytes.fromhex("06052b81040022"),
    "sm2": bytes.fromhex("06082a811ccf5501822d"),
}
EC_KEY = bytes.fromhex("06072a8648ce3d0201")
RSA_KEY = bytes.fromhex("300d06092a864886f70d0101010500")


def element(tag: int, content: bytes) -> bytes:
    """One element."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int) -> bytes:
    """A number that is not negative."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def pair(raw: bytes, width: int) -> bytes | None:
    """SEQUENCE { r, s } of r || s; None when it has not that width."""
    if len(raw) != 2 * width:
        return None
    r, s = (int.from_bytes(part, "big") for part in (raw[:width], raw[width:]))
    return element(SEQUENCE, integer(r) + integer(s))


def ec_public(curve: str, point: bytes) -> bytes:
    """SubjectPublicKeyInfo of any bytes said to be a point."""
    algorithm = element(SEQUENCE, EC_KEY + CURVES[curve])
    return element(SEQUENCE, algorithm + element(BIT_STRING, b"\0" + point))


def ec_private(curve: str, private: bytes, point: bytes) -> bytes:
    """ECPrivateKey (RFC 5915)."""
    body = integer(1) + element(OCTET_STRING, private) + element(0xA0, CURVES[curve])
    return element(SEQUENCE, body + element(0xA1, element(BIT_STRING, b"\0" + point)))


def rsa_public(pkcs1: bytes) -> bytes:
    """SubjectPublicKeyInfo of an RSAPublicKey."""
    return element(SEQUENCE, RSA_KEY + element(BIT_STRING, b"\0" + pkcs1))


def sm2_cipher(raw: bytes) -> bytes | None:
    """SM2Cipher of C1 || C3 || C2; None when the fields are not there."""
    if len(raw) < 97 or raw[0] != 4:
        return None
    x, y = int.from_bytes(raw[1:33], "big"), int.from_bytes(raw[33:65], "big")
    octets = element(OCTET_STRING, raw[65:97]) + element(OCTET_STRING, raw[97:])
    return element(SEQUENCE, integer(x) + integer(y) + octets)
