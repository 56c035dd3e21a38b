"""Rules of the SM2 scheme that no vector file states."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcard.crypto import sm2
from simcard.crypto.curve import N, P
from simcard.crypto.engine import SoftEngine
from simcard.hal.engine import CryptoEngine, CryptoFault, Hash, KeyKind
from simcard.hal.entropy import ScriptedEntropy, SeededEntropy
from simcard.wire.secret import Secret
from tests.crypto.law import law
from tests.crypto.vectors import cases

ENGINE = SoftEngine()
EXAMPLE = cases("sm2_signature.json")[0]
PRIVATE, PUBLIC = Secret(EXAMPLE["private"]), EXAMPLE["public"]
NONCE = EXAMPLE["nonce"]


def b32(value: int) -> bytes:
    """A number in 32 bytes."""
    return value.to_bytes(32, "big")


BAD_PRIVATE = [b32(0), b32(N - 1), b32(N), b32(N + 1), b"\xff" * 32, bytes(31), b32(1) + b"\0", b""]


@pytest.mark.parametrize("private", BAD_PRIVATE, ids=["0", "n-1", "n", "n+1", "ones", "31", "33", "empty"])
class TestPrivateKeyOutOfRange:
    """1 <= d <= n - 2: with d = n - 1 there is no (1 + d)^-1 and some libraries never return."""

    def test_does_not_sign(self, any_engine: CryptoEngine, private: bytes) -> None:
        with pytest.raises(CryptoFault):
            any_engine.sm2_sign(Secret(private), bytes(32), ScriptedEntropy(NONCE))

    def test_does_not_decrypt(self, any_engine: CryptoEngine, private: bytes) -> None:
        with pytest.raises(CryptoFault):
            any_engine.sm2_decrypt(Secret(private), cases("sm2_encryption.json")[0]["ct"])

    def test_has_no_public_key(self, any_engine: CryptoEngine, private: bytes) -> None:
        with pytest.raises(CryptoFault):
            any_engine.public_of(KeyKind.SM2, Secret(private))

    def test_does_not_agree(self, engine: CryptoEngine, private: bytes) -> None:
        with pytest.raises(CryptoFault):
            engine.sm2_agree(Secret(private), PRIVATE, b"", PUBLIC, PUBLIC, b"", 16, initiator=True)


@pytest.mark.parametrize("bad", [b32(0), b32(N), b"\xff" * 32], ids=["0", "n", "ones"])
def test_nonce_out_of_range_is_drawn_again(any_engine: CryptoEngine, bad: bytes) -> None:
    source = ScriptedEntropy(bad, NONCE)
    digest = any_engine.digest(Hash.SM3, any_engine.sm2_za(PUBLIC, EXAMPLE["ident"]) + EXAMPLE["msg"])
    assert EXAMPLE["sig"] == any_engine.sm2_sign(PRIVATE, digest, source)


def test_nonce_that_makes_r_zero_is_drawn_again(any_engine: CryptoEngine) -> None:
    """r = e + x(k * G), so the digest n - x makes r zero."""
    x = int.from_bytes(any_engine.public_of(KeyKind.SM2, Secret(NONCE))[1:33], "big")
    digest, source = b32(-x % N), ScriptedEntropy(NONCE, b32(5))
    any_engine.sm2_verify(PUBLIC, digest, any_engine.sm2_sign(PRIVATE, digest, source))
    assert source.left == 0


def test_nonce_that_makes_r_plus_k_the_order_is_drawn_again(any_engine: CryptoEngine) -> None:
    """Then s would be -r and give d away."""
    x = int.from_bytes(any_engine.public_of(KeyKind.SM2, Secret(NONCE))[1:33], "big")
    digest = b32((N - int.from_bytes(NONCE, "big") - x) % N)
    source = ScriptedEntropy(NONCE, b32(5))
    any_engine.sm2_sign(PRIVATE, digest, source)
    assert source.left == 0


def test_nonce_with_a_zero_key_stream_is_drawn_again(any_engine: CryptoEngine) -> None:
    case = next(case for case in cases("sm2_encryption.json") if "ZeroKeyStream" in case.values["flags"])
    source = ScriptedEntropy(case["nonce"], NONCE)
    ct = any_engine.sm2_encrypt(case["public"], b"m", source)
    assert any_engine.sm2_decrypt(Secret(case["private"]), ct).reveal() == b"m"
    assert source.left == 0


def test_key_generation_draws_until_in_range(engine: CryptoEngine) -> None:
    source = ScriptedEntropy(b32(0), b32(N - 1), b32(N - 2))
    private, _ = engine.generate(KeyKind.SM2, 256, source)
    assert b32(N - 2) == private.reveal()


@pytest.mark.parametrize("length", [0, 31, 33])
def test_digest_of_another_length_is_not_signed(any_engine: CryptoEngine, length: int) -> None:
    with pytest.raises(CryptoFault):
        any_engine.sm2_sign(PRIVATE, bytes(length), ScriptedEntropy(NONCE))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_digest_of_another_length_is_not_verified(any_engine: CryptoEngine, length: int) -> None:
    with pytest.raises(CryptoFault):
        any_engine.sm2_verify(PUBLIC, bytes(length), EXAMPLE["sig"])


def test_longest_identifier(any_engine: CryptoEngine) -> None:
    assert len(any_engine.sm2_za(PUBLIC, bytes(8191))) == 32


def test_identifier_too_long(any_engine: CryptoEngine) -> None:
    with pytest.raises(CryptoFault):
        any_engine.sm2_za(PUBLIC, bytes(8192))


def test_za_of_the_standard(any_engine: CryptoEngine) -> None:
    za = bytes.fromhex("B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3")
    assert za == any_engine.sm2_za(PUBLIC, b"1234567812345678")


def test_agreement_of_no_key_is_refused(engine: CryptoEngine) -> None:
    with pytest.raises(CryptoFault):
        engine.sm2_agree(PRIVATE, PRIVATE, b"", PUBLIC, PUBLIC, b"", 0, initiator=True)


def test_agreement_on_infinity_is_refused(engine: CryptoEngine) -> None:
    """The peer's key is chosen as -x' * R, which makes the inner sum infinity."""
    r = int.from_bytes(NONCE, "big")
    point = engine.public_of(KeyKind.SM2, Secret(NONCE))
    x = (1 << 127) + int.from_bytes(point[1:33], "big") % (1 << 127)
    peer = engine.public_of(KeyKind.SM2, Secret(b32(-x * r % N)))
    with pytest.raises(CryptoFault):
        engine.sm2_agree(PRIVATE, PRIVATE, b"", peer, point, b"", 16, initiator=True)


@law
@given(seed=st.integers(0, 2**32), text=st.binary(max_size=100))
def test_what_is_signed_verifies(seed: int, text: bytes) -> None:
    source = SeededEntropy(seed)
    private, public = ENGINE.generate(KeyKind.SM2, 256, source)
    digest = ENGINE.digest(Hash.SM3, ENGINE.sm2_za(public, b"id") + text)
    ENGINE.sm2_verify(public, digest, ENGINE.sm2_sign(private, digest, source))


@law
@given(seed=st.integers(0, 2**32), text=st.binary(max_size=100))
def test_what_is_encrypted_decrypts(seed: int, text: bytes) -> None:
    source = SeededEntropy(seed)
    private, public = ENGINE.generate(KeyKind.SM2, 256, source)
    assert text == ENGINE.sm2_decrypt(private, ENGINE.sm2_encrypt(public, text, source)).reveal()


@law
@given(index=st.integers(0, 115), bit=st.integers(0, 7))
def test_any_changed_bit_of_a_ciphertext_is_noticed(index: int, bit: int) -> None:
    ct = bytearray(cases("sm2_encryption.json")[0]["ct"])
    ct[index % len(ct)] ^= 1 << bit
    with pytest.raises(CryptoFault):
        ENGINE.sm2_decrypt(PRIVATE, bytes(ct))


@law
@given(index=st.integers(0, 63), bit=st.integers(0, 7))
def test_any_changed_bit_of_a_signature_is_noticed(index: int, bit: int) -> None:
    signature = bytearray(EXAMPLE["sig"])
    signature[index] ^= 1 << bit
    digest = ENGINE.digest(Hash.SM3, ENGINE.sm2_za(PUBLIC, EXAMPLE["ident"]) + EXAMPLE["msg"])
    with pytest.raises(CryptoFault):
        ENGINE.sm2_verify(PUBLIC, digest, bytes(signature))


def test_kdf_is_a_prefix_of_itself() -> None:
    assert sm2.kdf(b"seed", 100)[:33] == sm2.kdf(b"seed", 33)


def test_check_pair_refuses_another_public_key(engine: CryptoEngine, entropy: SeededEntropy) -> None:
    _, other = engine.generate(KeyKind.SM2, 256, entropy)
    with pytest.raises(CryptoFault):
        engine.check_pair(KeyKind.SM2, PRIVATE, other)


def test_check_pair_takes_its_own(engine: CryptoEngine) -> None:
    engine.check_pair(KeyKind.SM2, PRIVATE, PUBLIC)


def test_check_public_refuses_the_negated_x(engine: CryptoEngine) -> None:
    x = P - int.from_bytes(PUBLIC[1:33], "big")
    with pytest.raises(CryptoFault):
        engine.check_public(KeyKind.SM2, b"\4" + b32(x) + PUBLIC[33:])
