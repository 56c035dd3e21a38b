"""SM2 services, judged by gmssl."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.applet_gmt0017.support import (
    BITS,
    SM4_CBC,
    SM4_ECB,
    Token,
    counted_cryptogram,
    envelope,
    equipped,
    gm_decrypt,
    gm_encrypt,
    gm_pair,
    gm_verifies,
    ready,
    sm4,
    token,
    u2,
    u4,
)
from tests.crypto import openssl

DIGEST = hashlib.sha256(b"digest").digest()
ID = b"1234567812345678"


def test_a_generated_pair_signs_and_gmssl_verifies() -> None:
    made = ready()
    public = made.generate()
    signature = made.ok(0x74, made.where + DIGEST, 0x200)
    assert (68, BITS) == (len(signature), signature[:4])
    assert gm_verifies(public, DIGEST, signature[4:])


def test_the_response_may_begin_with_the_bits() -> None:
    made = ready(gen_ecc_bits=True)
    assert BITS == made.ok(0x70, made.where + BITS, ne=0)[:4]


def test_the_card_digests_a_message_with_its_signers_id(tmp_path: Path) -> None:
    made = ready()
    public = made.generate()
    for ident in (ID, b"ALICE123@YAHOO.COM"):
        signature = made.ok(0x74, made.where + u4(len(ident)) + ident + b"message", 0x100)
        assert openssl.sm2_verifies(tmp_path, b"\x04" + public, ident, b"message", signature[4:])


def test_signing_needs_the_users_login() -> None:
    made = ready()
    made.generate()
    made.ok(0x1C, made.ident)
    assert made.sw(0x74, made.where + DIGEST, 0x200) == "6982"
    made.login(b"87654321", 0)
    assert made.sw(0x74, made.where + DIGEST, 0x200) == "6982"


@pytest.mark.parametrize(("length", "sw"), [(31, "6700"), (33, "6700"), (0, "6700")])
def test_a_digest_has_32_bytes(length: int, sw: str) -> None:
    made = ready()
    made.generate()
    assert made.sw(0x74, made.where + bytes(length), 0x200) == sw


@pytest.mark.parametrize("p1p2", [0x000, 0x300, 0x201])
def test_signing_knows_two_modes(p1p2: int) -> None:
    made = ready()
    assert made.sw(0x74, made.where + DIGEST, p1p2) == "6A86"


def test_signing_without_a_key() -> None:
    made = ready()
    assert made.sw(0x74, made.where + DIGEST, 0x200) == "6A95"


def test_generation_is_for_the_user_and_256_bits() -> None:
    made = ready()
    assert made.sw(0x70, made.where + u4(384), ne=0) == "6A80"
    made.ok(0x1C, made.ident)
    assert made.sw(0x70, made.where + BITS, ne=0) == "6982"


def test_a_signature_is_verified() -> None:
    made = ready()
    public = made.generate()
    signature = made.ok(0x74, made.where + DIGEST, 0x200)[4:]
    for ins in (0x76, 0x80):
        for p1p2 in (0x200, 0x000):
            made.ok(ins, BITS + public + u4(32) + DIGEST + signature, p1p2)
        spoiled = signature[:-1] + bytes((signature[-1] ^ 1,))
        assert made.sw(ins, BITS + public + u4(32) + DIGEST + spoiled, 0x200) == "6A98"


def test_a_message_is_verified_with_the_default_id() -> None:
    made = ready()
    public = made.generate()
    signature = made.ok(0x74, made.where + u4(16) + ID + b"message", 0x100)[4:]
    made.ok(0x76, BITS + public + u4(7) + b"message" + signature, 0x100)


def test_instruction_codes_by_switch() -> None:
    made = ready(ext_ecc_verify_ins="7F")
    public = made.generate()
    signature = made.ok(0x74, made.where + DIGEST, 0x200)[4:]
    made.ok(0x7F, BITS + public + u4(32) + DIGEST + signature, 0x200)
    key = made.session_key(bytes(range(16)))
    private, outside = gm_pair(3)
    wrapped = made.ok(0x80, made.where + key + BITS + outside, ne=0)
    assert bytes(range(16)) == gm_decrypt(private, wrapped[4:100] + wrapped[104:])
    assert ready().sw(0x7F, b"") == "6D00"


@pytest.mark.parametrize("wide", [True, False])
def test_an_enveloped_pair_made_by_gmssl_is_imported(wide: bool) -> None:
    made = ready()
    signing = made.generate()
    private, public = gm_pair(1)
    assert made.import_exchange(signing, private, public, wide) == "9000"
    assert bytes.fromhex("02" + "00000100" * 2 + "0000") == made.ok(0x4A, made.ident + b"personalCert00", ne=11)
    assert BITS + public == made.ok(0x88, made.where, ne=0)


def test_an_enveloped_pair_with_zeros_before_its_cipher_text_is_imported() -> None:
    made = ready()
    signing = made.generate()
    private, public = gm_pair(1)
    encrypted = bytes(32) + sm4(bytes(range(16)), private)
    data = envelope(signing, private, public)
    made.ok(0x72, made.where + data[:16] + encrypted + data[80:])


def test_the_other_order_by_switch() -> None:
    made = ready(import_ecc_order="syno")
    signing = made.generate()
    private, public = gm_pair(1)
    made.ok(0x72, made.where + envelope(signing, private, public, order="syno"))


def test_an_envelope_for_another_key_is_refused() -> None:
    made = ready()
    made.generate()
    private, public = gm_pair(1)
    _, other = gm_pair(2)
    assert made.import_exchange(other, private, public) == "6A9B"


def test_a_private_key_of_another_public_key_is_refused() -> None:
    made = ready()
    signing = made.generate()
    private, _ = gm_pair(1)
    _, other = gm_pair(2)
    before = made.bench.content()
    assert made.import_exchange(signing, private, other) == "6A9B"
    assert before == made.bench.content()


def test_importing_needs_a_signing_key_and_the_user() -> None:
    made = ready()
    private, public = gm_pair(1)
    assert made.import_exchange(public, private, public) == "6A95"
    signing = made.generate()
    made.ok(0x1C, made.ident)
    assert made.import_exchange(signing, private, public) == "6982"


SPOILED = [
    (0, 2, "6A80"),
    (4, SM4_CBC, "6A99"),
    (4, 0x101, "6A99"),
    (8, 128, "6A80"),
    (12, 48, "6A80"),
    (12, 4096, "6700"),
]


@pytest.mark.parametrize(("at", "value", "sw"), SPOILED)
def test_envelopes_that_are_none(at: int, value: int, sw: str) -> None:
    made = ready()
    data = bytearray(envelope(made.generate(), *gm_pair(1)))
    data[at : at + 4] = u4(value)
    assert made.sw(0x72, made.where + bytes(data)) == sw


def test_a_session_key_goes_out_under_a_public_key() -> None:
    made = ready()
    private, public = gm_pair(5)
    answer = made.ok(0x78, made.where + BITS + public + u4(SM4_ECB), ne=0)
    assert (BITS, u4(16), 4 + 96 + 4 + 16 + 2) == (answer[:4], answer[100:104], len(answer))
    key = gm_decrypt(private, answer[4:100] + answer[104:120])
    assert sm4(key, bytes(16)) == encrypted(made, answer[-2:], bytes(16))


def encrypted(made: Token, handle: bytes, data: bytes) -> bytes:
    made.ok(0xA4, made.where + handle + u4(SM4_ECB) + u2(0) + u4(0) + u4(0))
    return made.ok(0xA6, made.where + handle + data, ne=0)


def test_a_session_key_comes_in_under_the_exchange_key() -> None:
    made, _, _, public = equipped()
    key = hashlib.md5(b"key").digest()
    wrapped = BITS + counted_cryptogram(gm_encrypt(public, key))
    handle = made.ok(0xA0, made.where + u4(SM4_ECB) + u4(len(wrapped)) + wrapped, ne=2)
    assert sm4(key, b"sixteen bytes 16") == encrypted(made, handle, b"sixteen bytes 16")


def test_a_session_key_that_does_not_open() -> None:
    made, signing, _, public = equipped()
    wrapped = BITS + counted_cryptogram(gm_encrypt(signing, bytes(16)))
    assert made.sw(0xA0, made.where + u4(SM4_ECB) + u4(len(wrapped)) + wrapped, ne=2) == "6A9B"
    wrapped = BITS + counted_cryptogram(gm_encrypt(public, bytes(15)))
    assert made.sw(0xA0, made.where + u4(SM4_ECB) + u4(len(wrapped)) + wrapped, ne=2) == "6A9B"


def test_importing_a_session_key_needs_the_user() -> None:
    made, _, _, public = equipped()
    made.ok(0x1C, made.ident)
    wrapped = BITS + counted_cryptogram(gm_encrypt(public, bytes(16)))
    assert made.sw(0xA0, made.where + u4(SM4_ECB) + u4(len(wrapped)) + wrapped, ne=2) == "6982"


def test_encryption_under_an_external_key() -> None:
    made = ready()
    private, public = gm_pair(7)
    answer = made.ok(0x7A, BITS + public + u4(5) + b"plain", ne=0)
    assert (BITS, u4(5)) == (answer[:4], answer[100:104])
    assert b"plain" == gm_decrypt(private, answer[4:100] + answer[104:])
    assert answer[4:100] != made.ok(0x7A, BITS + public + u4(5) + b"plain", ne=0)[4:100]


def test_encryption_without_the_bits_by_switch() -> None:
    made = ready(ext_cipher_bits=False)
    _, public = gm_pair(7)
    assert 96 + 4 + 5 == len(made.ok(0x7A, BITS + public + u4(5) + b"plain", ne=0))


def test_decryption_with_an_external_key() -> None:
    made = ready()
    private, public = gm_pair(7)
    wrapped = counted_cryptogram(gm_encrypt(public, b"plain"))
    assert u4(5) + b"plain" == made.ok(0x7C, BITS + private + wrapped, ne=0)
    spoiled = wrapped[:-1] + bytes((wrapped[-1] ^ 1,))
    assert made.sw(0x7C, BITS + private + spoiled, ne=0) == "6A9B"


def test_signing_with_an_external_key() -> None:
    made = ready()
    private, public = gm_pair(7)
    signature = made.ok(0x7E, BITS + private + u4(32) + DIGEST, ne=64)
    assert gm_verifies(public, DIGEST, signature)
    assert made.sw(0x7E, BITS + bytes(32) + u4(32) + DIGEST, ne=64) == "6A9C"


@pytest.mark.parametrize("ins", [0x7A, 0x78])
def test_a_point_off_the_curve_is_refused(ins: int) -> None:
    made = ready()
    point = BITS + bytes(63) + b"\x01"
    data = point + u4(1) + b"x" if ins == 0x7A else made.where + point + u4(SM4_ECB)
    assert made.sw(ins, data, ne=0) == "6A9A"


def test_the_whole_way_in_little_endian() -> None:
    made = token(int_order="little")
    made.authenticate()
    pins = b"87654321".ljust(16, b"\0") + b"\6\0\0\0" + b"123456".ljust(16, b"\0") + b"\6\0\0\0"
    made.ok(0x20, b"little".ljust(32, b"\0") + pins + b"\xff\0\0\0" + bytes((1, 2, 3, 0)))
    made.open(b"little")
    made.login()
    assert bytes.fromhex("0130") == made.create_container()
    bits = bytes.fromhex("00010000")
    public = made.ok(0x70, made.where + bits, ne=0)
    signature = made.ok(0x74, made.where + DIGEST, 0x200)
    assert bits == signature[:4]
    assert gm_verifies(public, DIGEST, signature[4:])
    made.ok(0x76, bits + public + b"\x20\0\0\0" + DIGEST + signature[4:], 0x200)
