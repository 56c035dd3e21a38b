"""Encodings of RFC 8017 between a message and the number RSA works on; no key in here.

Every string that must be random is drawn by the caller's `Draw`. A padding that does not decode is refused with
one text for all causes, because the cause is what a padding oracle lives on.
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest

from simcard.crypto.digest import digest
from simcard.crypto.sm2 import xor
from simcard.hal.engine import CryptoFault, Hash

Draw = Callable[[int], bytes]

OVERHEAD = 11  # 00 BT, at least eight bytes of padding, 00

# SM3 is named by the OID of the hash, 1.2.156.10197.1.401 (GM/T 0006). OpenSSL 3 and 4 write the OID of the
# signature, ...1.504, in its place; a host that wants that sends its own DigestInfo.
DIGEST_INFO = {
    Hash.SHA1: bytes.fromhex("3021300906052b0e03021a05000414"),
    Hash.SHA224: bytes.fromhex("302d300d06096086480165030402040500041c"),
    Hash.SHA256: bytes.fromhex("3031300d060960864801650304020105000420"),
    Hash.SHA384: bytes.fromhex("3041300d060960864801650304020205000430"),
    Hash.SHA512: bytes.fromhex("3051300d060960864801650304020305000440"),
    Hash.SM3: bytes.fromhex("3030300c06082a811ccf5501831105000420"),
}


def check_digest(hash_: Hash | None, value: bytes) -> Hash:
    """The hash, when it is given and the digest has its length."""
    if hash_ is None or len(value) != hash_.size:
        raise CryptoFault("digest does not fit its hash")
    return hash_


def digest_info(hash_: Hash | None, value: bytes) -> bytes:
    """DigestInfo in DER with NULL parameters (RFC 8017, 9.2, note 1)."""
    return DIGEST_INFO[check_digest(hash_, value)] + value


def pad_type_1(data: bytes, size: int) -> bytes:
    """00 01 FF..FF 00 data (RFC 8017, 9.2)."""
    if len(data) > size - OVERHEAD:
        raise CryptoFault("data too long for the RSA key")
    return b"\0\1" + b"\xff" * (size - 3 - len(data)) + b"\0" + data


def pad_type_2(data: bytes, size: int, draw: Draw) -> bytes:
    """00 02 non-zero random 00 data (RFC 8017, 7.2.1)."""
    if len(data) > size - OVERHEAD:
        raise CryptoFault("data too long for the RSA key")
    filler = b""
    while missing := size - 3 - len(data) - len(filler):
        filler += draw(missing).replace(b"\0", b"")
    return b"\0\2" + filler + b"\0" + data


def unpad_type_2(block: bytes) -> bytes:
    """The data of `pad_type_2` (RFC 8017, 7.2.2)."""
    end = block.find(b"\0", 2)
    if block[:2] != b"\0\2" or end < OVERHEAD - 1:
        raise CryptoFault("RSA decryption failed")
    return block[end + 1 :]


def mgf1(hash_: Hash, seed: bytes, length: int) -> bytes:
    """MGF1 (RFC 8017, B.2.1)."""
    blocks = range((length + hash_.size - 1) // hash_.size)
    return b"".join(digest(hash_, seed + counter.to_bytes(4, "big")) for counter in blocks)[:length]


def pss_encode(hash_: Hash | None, value: bytes, bits: int, salt: bytes) -> bytes:
    """EMSA-PSS (RFC 8017, 9.1.1) of a digest for a modulus of `bits` bits, as long as the modulus."""
    hash_ = check_digest(hash_, value)
    size = (bits + 6) // 8  # emBits is one less than the modulus has
    if size < hash_.size + len(salt) + 2:
        raise CryptoFault("digest and salt too long for the RSA key")
    tail = digest(hash_, bytes(8) + value + salt)
    block = (b"\1" + salt).rjust(size - hash_.size - 1, b"\0")
    masked = bytearray(xor(block, mgf1(hash_, tail, len(block))))
    masked[0] &= 0xFF >> (8 * size - bits + 1)
    return (bytes(masked) + tail + b"\xbc").rjust((bits + 7) // 8, b"\0")


def pss_verify(hash_: Hash | None, value: bytes, bits: int, encoded: bytes, salt_length: int) -> None:
    """EMSA-PSS verification (RFC 8017, 9.1.2): take the salt out, encode again, compare everything."""
    hash_ = check_digest(hash_, value)
    size = (bits + 6) // 8
    if size < hash_.size + salt_length + 2:
        raise CryptoFault("digest and salt too long for the RSA key")
    encoded_tail = encoded[-size:]
    masked, tail = encoded_tail[: -hash_.size - 1], encoded_tail[-hash_.size - 1 : -1]
    salt = xor(masked, mgf1(hash_, tail, len(masked)))[len(masked) - salt_length :]
    if not compare_digest(encoded, pss_encode(hash_, value, bits, salt)):
        raise CryptoFault("RSA signature is wrong")


def oaep_encode(hash_: Hash, data: bytes, size: int, label: bytes, draw: Draw) -> bytes:
    """EME-OAEP (RFC 8017, 7.1.1)."""
    room = size - 2 * hash_.size - 2
    if len(data) > room:
        raise CryptoFault("data too long for the RSA key")
    block = digest(hash_, label) + bytes(room - len(data)) + b"\1" + data
    seed = draw(hash_.size)
    masked = xor(block, mgf1(hash_, seed, len(block)))
    return b"\0" + xor(seed, mgf1(hash_, masked, hash_.size)) + masked


def oaep_decode(hash_: Hash, encoded: bytes, label: bytes) -> bytes:
    """The data of `oaep_encode` (RFC 8017, 7.1.2)."""
    if len(encoded) < 2 * hash_.size + 2:
        raise CryptoFault("RSA decryption failed")
    masked_seed, masked = encoded[1 : 1 + hash_.size], encoded[1 + hash_.size :]
    seed = xor(masked_seed, mgf1(hash_, masked, hash_.size))
    block = xor(masked, mgf1(hash_, seed, len(masked)))
    rest = block[hash_.size :].lstrip(b"\0")
    good_label = compare_digest(block[: hash_.size], digest(hash_, label))
    if encoded[0] or not good_label or rest[:1] != b"\1":
        raise CryptoFault("RSA decryption failed")
    return rest[1:]
