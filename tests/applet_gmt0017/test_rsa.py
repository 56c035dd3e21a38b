"""RSA services, judged by the `cryptography` package."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from tests.applet_gmt0017.support import SM4_ECB, Token, ready, sm4, u2, u4

HASHES: dict[int, hashes.HashAlgorithm] = {2: hashes.SHA1(), 3: hashes.SHA256(), 4: hashes.SHA384(), 5: hashes.SHA512()}
OUTSIDE = rsa.generate_private_key(65537, 1024)
CHANGED: list[Token] = []


def made_once() -> tuple[Token, bytes]:
    """A token with a 1024-bit signing key, logged in anew; n || e."""
    if not CHANGED:
        CHANGED.append(ready())
        CHANGED[0].ok(0x54, CHANGED[0].where + u2(1024), ne=0)
    made = CHANGED[0]
    made.login()
    answer = made.ok(0x88, made.where, 0x100, ne=0)
    assert u2(1024) + u4(65537) == answer[:6]
    return made, answer[6:] + answer[2:6]


def public_of(blob: bytes) -> rsa.RSAPublicKey:
    numbers = rsa.RSAPublicNumbers(int.from_bytes(blob[-4:], "big"), int.from_bytes(blob[:-4], "big"))
    return numbers.public_key()


def outside_blob() -> bytes:
    """bits, n, e of the key outside."""
    numbers = OUTSIDE.public_key().public_numbers()
    return u4(1024) + numbers.n.to_bytes(128, "big") + u4(numbers.e)


@pytest.mark.parametrize("bits", [u2(1024), u4(1024)])
def test_a_pair_is_generated(bits: bytes) -> None:
    made = ready()
    assert 132 == len(made.ok(0x54, made.where + bits, ne=0))
    assert bytes.fromhex("01" + "00000400" + "00000000" + "0000") == made.ok(
        0x4A, made.ident + b"personalCert00", ne=11
    )


@pytest.mark.parametrize("bits", [512, 1000, 8192])
def test_sizes_there_are_not(bits: int) -> None:
    made, _ = made_once()
    assert made.sw(0x54, made.where + u2(bits), ne=0) == "6A80"
    assert made.sw(0x52, u2(bits), ne=0) == "6A80"


def test_generating_with_too_small_le_changes_nothing() -> None:
    made = ready()
    before = made.bench.content()
    assert made.sw(0x54, made.where + u2(1024), ne=10) == "6C00"
    assert before == made.bench.content()


@pytest.mark.parametrize("hash_", HASHES)
def test_a_message_is_signed(hash_: int) -> None:
    made, public = made_once()
    signature = made.ok(0x58, made.where + b"message", 0x100 | hash_, ne=0)
    public_of(public).verify(signature, b"message", padding.PKCS1v15(), HASHES[hash_])


def test_a_digest_is_signed() -> None:
    made, public = made_once()
    digest = hashlib.sha256(b"message").digest()
    signature = made.ok(0x58, made.where + digest, 0x203, ne=0)
    public_of(public).verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))


def test_data_are_signed_as_they_are() -> None:
    made, public = made_once()
    info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(b"message").digest()
    signature = made.ok(0x58, made.where + info, 0x200, ne=0)
    public_of(public).verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(
    ("p1p2", "length", "sw"),
    [(0x106, 3, "6A9D"), (0x100, 3, "6A9D"), (0x303, 3, "6A86"), (0x203, 31, "6700"), (0x200, 118, "6A9C")],
)
def test_what_cannot_be_signed(p1p2: int, length: int, sw: str) -> None:
    made, _ = made_once()
    assert made.sw(0x58, made.where + bytes(length), p1p2, ne=0) == sw


def test_signing_needs_the_users_login() -> None:
    made, _ = made_once()
    made.ok(0x1C, made.ident)
    assert made.sw(0x58, made.where + b"x", 0x103, ne=0) == "6982"


def test_a_container_is_rsa_or_sm2() -> None:
    made = ready()
    made.generate()
    assert made.sw(0x58, made.where + b"x", 0x103, ne=0) == "6985"
    made, _ = made_once()
    assert made.sw(0x74, made.where + bytes(32), 0x200) == "6985"


def test_a_signature_is_verified() -> None:
    made, _ = made_once()
    signature = OUTSIDE.sign(b"message", padding.PKCS1v15(), hashes.SHA256())
    made.ok(0x5E, outside_blob() + u4(7) + b"message" + signature, 0x103)
    assert made.sw(0x5E, outside_blob() + u4(7) + b"massage" + signature, 0x103) == "6A98"
    digest = hashlib.sha256(b"message").digest()
    made.ok(0x5E, outside_blob() + u4(32) + digest + signature, 0x203)


def enveloped(signing: bytes, key: rsa.RSAPrivateKey, pad: bool = True) -> bytes:
    """ImportRSAKeyPair's data after the ids."""
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    count = 16 - len(der) % 16
    plain = der + (bytes((count,)) * count if pad else bytes(count % 16))
    wrapped = public_of(signing).encrypt(bytes(range(16)), padding.PKCS1v15())
    body = sm4(bytes(range(16)), plain)
    return u4(SM4_ECB) + u4(len(wrapped)) + wrapped + u4(key.key_size) + u4(len(body)) + body


@pytest.mark.parametrize("pad", [True, False])
def test_an_exchange_pair_is_imported_and_opens_session_keys(pad: bool) -> None:
    made, signing = made_once()
    made.ok(0x56, made.where + enveloped(signing, OUTSIDE, pad))
    key = hashlib.md5(b"session").digest()
    wrapped = OUTSIDE.public_key().encrypt(key, padding.PKCS1v15())
    handle = made.ok(0xA0, made.where + u4(SM4_ECB) + u4(len(wrapped)) + wrapped, ne=2)
    made.ok(0xA4, made.where + handle + u4(SM4_ECB) + u2(0) + u4(0) + u4(0))
    assert sm4(key, bytes(16)) == made.ok(0xA6, made.where + handle + bytes(16), ne=0)
    made.ok(0xC4, made.where + handle)


def test_an_envelope_for_another_key_is_refused() -> None:
    made, _ = made_once()
    numbers = OUTSIDE.public_key().public_numbers()
    other = numbers.n.to_bytes(128, "big") + u4(numbers.e)
    assert made.sw(0x56, made.where + enveloped(other, OUTSIDE)) == "6A9B"


def test_importing_into_an_empty_container() -> None:
    _, signing = made_once()
    empty = ready()
    assert empty.sw(0x56, empty.where + enveloped(signing, OUTSIDE)) == "6A95"


def test_a_session_key_goes_out_under_a_public_key() -> None:
    made, _ = made_once()
    answer = made.ok(0x5A, made.where + u4(SM4_ECB) + outside_blob(), ne=0)
    key = OUTSIDE.decrypt(answer[2:], padding.PKCS1v15())
    made.ok(0xA4, made.where + answer[:2] + u4(SM4_ECB) + u2(0) + u4(0) + u4(0))
    assert sm4(key, bytes(16)) == made.ok(0xA6, made.where + answer[:2] + bytes(16), ne=0)
    made.ok(0xC4, made.where + answer[:2])


def test_an_existing_session_key_goes_out_by_switch() -> None:
    made = ready(ins_5C="exportEx")
    handle = made.session_key(bytes(range(16)))
    wrapped = made.ok(0x5C, made.where + handle + outside_blob(), ne=0)
    assert bytes(range(16)) == OUTSIDE.decrypt(wrapped, padding.PKCS1v15())


def test_a_pair_for_use_outside() -> None:
    made, _ = made_once()
    blob = made.ok(0x52, u2(1024), ne=0)
    sizes = (128, 4, 128, 64, 64, 64, 64, 64)
    assert sum(sizes) == len(blob)
    values, at = [], 0
    for size in sizes:
        values.append(int.from_bytes(blob[at : at + size], "big"))
        at += size
    n, e, d, p, q, dp, dq, qinv = values
    rsa.RSAPrivateNumbers(p, q, d, dp, dq, qinv, rsa.RSAPublicNumbers(e, n)).private_key()


@pytest.mark.parametrize("ins", [0x5C, 0x60])
def test_the_bare_operation_both_ways(ins: int) -> None:
    made, _ = made_once()
    numbers = OUTSIDE.private_numbers()
    message = b"\x00\x01" + b"m" * 126
    secret = numbers.d.to_bytes(128, "big") + b"".join(
        v.to_bytes(64, "big") for v in (numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
    )
    signed = made.ok(ins, outside_blob() + secret + message, 0x0000, ne=0)
    assert pow(int.from_bytes(message, "big"), numbers.d, numbers.public_numbers.n).to_bytes(128, "big") == signed
    assert message == made.ok(ins, outside_blob() + signed, 0x0001, ne=0)


def test_verification_elsewhere_refuses_another_message() -> None:
    made, public = made_once()
    signature = made.ok(0x58, made.where + b"message", 0x103, ne=0)
    with pytest.raises(InvalidSignature):
        public_of(public).verify(signature, b"massage", padding.PKCS1v15(), hashes.SHA256())
