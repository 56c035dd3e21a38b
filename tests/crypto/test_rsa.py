"""RSA: key forms, generation, and what no vector file states."""

from __future__ import annotations

from functools import cache

import pytest
from Crypto.PublicKey import RSA
from hypothesis import given
from hypothesis import strategies as st

from simcard.crypto import rsa, rsa_keys
from simcard.crypto.engine import SoftEngine
from simcard.crypto.rsa_padding import DIGEST_INFO
from simcard.hal.engine import CryptoEngine, CryptoFault, Hash, KeyKind, RsaEncryption, RsaSignature
from simcard.hal.entropy import ScriptedEntropy, SeededEntropy
from simcard.wire.secret import Secret
from tests.crypto.law import law

ENGINE = SoftEngine()
NONE = ScriptedEntropy()
GOLDEN = "eb1f6f852cb9b114"


@cache
def pair(bits: int = 1024) -> tuple[Secret, bytes]:
    """A key pair of a size, always the same."""
    return ENGINE.generate(KeyKind.RSA, bits, SeededEntropy(bits))


@pytest.mark.parametrize("bits", [1024, 1032, 1536, 2048])
def test_generated_modulus_has_its_bits(bits: int) -> None:
    assert bits == ENGINE.bits_of(KeyKind.RSA, pair(bits)[1])


@pytest.mark.slow
@pytest.mark.parametrize("bits", [3072, 4096])
def test_generated_long_pair_is_consistent(bits: int) -> None:
    ENGINE.check_pair(KeyKind.RSA, *pair(bits))


def test_generated_pair_is_consistent() -> None:
    ENGINE.check_pair(KeyKind.RSA, *pair())


def test_pycryptodome_takes_the_generated_key() -> None:
    assert RSA.import_key(pair()[0].reveal()).has_private()


@pytest.mark.parametrize("exponent", [3, 17, 65537, 2**32 - 1])
def test_exponent_is_the_one_asked_for(exponent: int) -> None:
    _, public = ENGINE.generate(KeyKind.RSA, 1024, SeededEntropy(2), exponent)
    assert exponent == int.from_bytes(ENGINE.rsa_public_parts(public)[1], "big")


def test_seed_fixes_the_key() -> None:
    again = ENGINE.generate(KeyKind.RSA, 1024, SeededEntropy(1024))
    assert pair()[1] == again[1]


def test_seed_fixes_the_key_for_ever() -> None:
    """The first bytes of the modulus of seed 1024, so that an upgrade of a library cannot change old cards."""
    n, _ = ENGINE.rsa_public_parts(pair()[1])
    assert n[:8].hex() == GOLDEN


def test_prime_verdicts_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ImportError("no libcrypto")

    monkeypatch.setattr(rsa_keys, "_libcrypto_test", refuse)
    assert pair()[1] == ENGINE.generate(KeyKind.RSA, 1024, SeededEntropy(1024))[1]


@pytest.mark.parametrize("number", [561, 1105, 2047, 3215031751, 2**89 - 3, (2**61 - 1) * (2**89 - 1)])
def test_composites_are_found(number: int) -> None:
    assert [rsa_keys.is_prime(number), rsa_keys.miller_rabin(number)] == [False, False]


@pytest.mark.parametrize("number", [2**61 - 1, 2**89 - 1, 2**127 - 1, 2**255 - 19])
def test_primes_are_found(number: int) -> None:
    assert [rsa_keys.is_prime(number), rsa_keys.miller_rabin(number)] == [True, True]


@pytest.mark.parametrize(
    ("bits", "exponent"), [(1016, 3), (4104, 3), (1025, 3), (1024, 1), (1024, 4), (1024, 2**32 + 1)]
)
def test_unsupported_key_is_not_generated(bits: int, exponent: int) -> None:
    with pytest.raises(CryptoFault):
        ENGINE.generate(KeyKind.RSA, bits, SeededEntropy(1), exponent)


def test_public_parts_go_together_again() -> None:
    assert pair()[1] == ENGINE.rsa_public_from(*ENGINE.rsa_public_parts(pair()[1]))


def test_leading_zeros_of_parts_do_not_matter() -> None:
    n, e = ENGINE.rsa_public_parts(pair()[1])
    assert pair()[1] == ENGINE.rsa_public_from(b"\0" + n, e.rjust(4, b"\0"))


def test_private_parts_are_as_wide_as_the_modulus_needs() -> None:
    parts = ENGINE.rsa_private_parts(pair()[0])
    halves = [len(part) for part in (parts.p, parts.q, parts.dp, parts.dq, parts.qinv)]
    assert [len(parts.n), len(parts.d), halves] == [128, 128, [64] * 5]


def test_private_key_from_primes() -> None:
    parts = ENGINE.rsa_private_parts(pair()[0])
    assert pair()[0] == ENGINE.rsa_private_from(parts.p, parts.q, parts.e)


def test_private_key_from_primes_in_the_other_order_works() -> None:
    parts = ENGINE.rsa_private_parts(pair()[0])
    ENGINE.check_pair(KeyKind.RSA, ENGINE.rsa_private_from(parts.q, parts.p, parts.e), pair()[1])


def test_private_key_from_equal_primes_is_refused() -> None:
    parts = ENGINE.rsa_private_parts(pair()[0])
    with pytest.raises(CryptoFault):
        ENGINE.rsa_private_from(parts.p, parts.p, parts.e)


def test_check_pair_refuses_a_composite_factor() -> None:
    numbers = rsa_keys.decode_private(pair()[0].reveal())
    wrong = rsa_keys.from_primes(numbers.p * 3 * 11, numbers.q, 65537)
    private = Secret(rsa_keys.encode_private(wrong))
    with pytest.raises(CryptoFault):
        ENGINE.check_pair(KeyKind.RSA, private, ENGINE.public_of(KeyKind.RSA, private))


def test_check_pair_refuses_another_public_key() -> None:
    with pytest.raises(CryptoFault):
        ENGINE.check_pair(KeyKind.RSA, pair()[0], pair(1032)[1])


def spoiled_keys() -> dict[str, bytes]:
    """Encodings of a public key that are not strict DER, or of numbers not supported."""
    good = pair()[1]
    n, e = (int.from_bytes(part, "big") for part in ENGINE.rsa_public_parts(good))
    encode = rsa_keys.encode_public
    return {
        "empty": b"",
        "cut": good[:-1],
        "byte behind": good + b"\0",
        "long form": b"\x30\x82\0\x89" + good[3:],
        "another tag": b"\x31" + good[1:],
        "negative": good.replace(b"\2\x81\x81\0", b"\2\x81\x80", 1).replace(b"\x30\x81\x89", b"\x30\x81\x88", 1),
        "integer not shortest": b"\x30\x81\x8a" + good[3:-5] + b"\2\4\0\1\0\1",
        "empty integer": b"\x30\x81\x86" + good[3:-5] + b"\2\0",
        "third integer": b"\x30\x81\x8c" + good[3:] + b"\2\1\1",
        "even modulus": encode(rsa_keys.PublicNumbers(n + 1, e)),
        "short modulus": encode(rsa_keys.PublicNumbers(n >> 8 | 1, e)),
        "exponent 1": encode(rsa_keys.PublicNumbers(n, 1)),
        "even exponent": encode(rsa_keys.PublicNumbers(n, 4)),
        "exponent of 33 bits": encode(rsa_keys.PublicNumbers(n, 2**32 + 1)),
    }


@pytest.mark.parametrize("name", spoiled_keys())
def test_bad_public_key_is_refused(name: str) -> None:
    with pytest.raises(CryptoFault):
        ENGINE.check_public(KeyKind.RSA, spoiled_keys()[name])


@law
@given(data=st.binary(max_size=40))
def test_any_bytes_as_a_key_are_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(CryptoFault):
        ENGINE.check_public(KeyKind.RSA, data)
    with pytest.raises(CryptoFault):
        ENGINE.public_of(KeyKind.RSA, Secret(data))


def test_private_key_of_another_version_is_refused() -> None:
    changed = pair()[0].reveal().replace(b"\2\1\0", b"\2\1\1", 1)
    with pytest.raises(CryptoFault):
        ENGINE.public_of(KeyKind.RSA, Secret(changed))


@law
@given(value=st.binary(min_size=127, max_size=127))
def test_private_operations_agree(value: bytes) -> None:
    """libcrypto and the Chinese remainder theorem in Python give one result."""
    encoded, block = pair()[0].reveal(), b"\0" + value
    native = rsa.NativeKey(encoded).apply(block)
    assert native == rsa.crt_power(rsa_keys.decode_private(encoded), block)


def test_python_takes_over_without_libcrypto(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: bytes) -> None:
        raise ImportError("no libcrypto")

    monkeypatch.setattr(rsa, "NativeKey", refuse)
    block = b"\0" + b"x" * 127
    sig = SoftEngine().rsa_sign(pair()[0], RsaSignature.RAW, None, block, NONE)
    ENGINE.rsa_verify(pair()[1], RsaSignature.RAW, None, block, sig)


def test_wrong_crt_part_gives_no_signature() -> None:
    numbers = rsa_keys.decode_private(pair()[0].reveal())
    values = [numbers.n, numbers.e, numbers.d, numbers.p, numbers.q, numbers.dp ^ 2, numbers.dq, numbers.qinv]
    with pytest.raises(CryptoFault):
        rsa.crt_power(rsa_keys.PrivateNumbers(*values), b"\0" + b"x" * 127)


@pytest.mark.parametrize("hash_", [hash_ for hash_ in Hash if hash_ is not Hash.SHA512])
@pytest.mark.parametrize("scheme", [RsaSignature.PKCS1, RsaSignature.PSS])
def test_what_is_signed_verifies(hash_: Hash, scheme: RsaSignature, entropy: SeededEntropy) -> None:
    digest = ENGINE.digest(hash_, b"text")
    sig = ENGINE.rsa_sign(pair()[0], scheme, hash_, digest, entropy)
    ENGINE.rsa_verify(pair()[1], scheme, hash_, digest, sig)


def test_own_digest_info_gives_the_same_signature() -> None:
    digest = ENGINE.digest(Hash.SHA256, b"text")
    ready = DIGEST_INFO[Hash.SHA256] + digest
    expected = ENGINE.rsa_sign(pair()[0], RsaSignature.PKCS1, Hash.SHA256, digest, NONE)
    assert expected == ENGINE.rsa_sign(pair()[0], RsaSignature.PKCS1_DATA, None, ready, NONE)


@pytest.mark.parametrize("length", [0, 1, 36, 117])
def test_bytes_without_digest_info_are_signed(length: int) -> None:
    sig = ENGINE.rsa_sign(pair()[0], RsaSignature.PKCS1_DATA, None, b"x" * length, NONE)
    ENGINE.rsa_verify(pair()[1], RsaSignature.PKCS1_DATA, None, b"x" * length, sig)


FAULTS = {
    "data too long": (RsaSignature.PKCS1_DATA, None, bytes(118)),
    "no hash": (RsaSignature.PKCS1, None, bytes(32)),
    "digest of another hash": (RsaSignature.PKCS1, Hash.SHA1, bytes(32)),
    "pss digest of another hash": (RsaSignature.PSS, Hash.SHA1, bytes(32)),
    "pss too long": (RsaSignature.PSS, Hash.SHA512, bytes(64)),
    "raw too short": (RsaSignature.RAW, None, bytes(127)),
    "raw too long": (RsaSignature.RAW, None, bytes(129)),
    "raw above n": (RsaSignature.RAW, None, b"\xff" * 128),
}


@pytest.mark.parametrize("name", FAULTS)
def test_bad_input_is_not_signed(name: str, entropy: SeededEntropy) -> None:
    with pytest.raises(CryptoFault):
        ENGINE.rsa_sign(pair()[0], *FAULTS[name], entropy)


def test_negative_salt_length_is_refused(entropy: SeededEntropy) -> None:
    with pytest.raises(CryptoFault):
        ENGINE.rsa_sign(pair()[0], RsaSignature.PSS, Hash.SHA1, bytes(20), entropy, -1)


def test_pss_draws_as_much_salt_as_the_digest_is_long() -> None:
    source = ScriptedEntropy(b"s" * 32)
    ENGINE.rsa_sign(pair()[0], RsaSignature.PSS, Hash.SHA256, bytes(32), source)
    assert source.left == 0


def test_zero_bytes_of_type_2_padding_are_drawn_again() -> None:
    source = ScriptedEntropy(b"\0\1\0" + b"\2" * 118, b"\3\0", b"\4")
    ct = ENGINE.rsa_encrypt(pair()[1], RsaEncryption.PKCS1, b"text", source)
    block = ENGINE.rsa_decrypt(pair()[0], RsaEncryption.RAW, ct).reveal()
    assert block == b"\0\2\1" + b"\2" * 118 + b"\3\4\0text"


@pytest.mark.parametrize(
    ("scheme", "length"), [(RsaEncryption.PKCS1, 118), (RsaEncryption.OAEP, 87), (RsaEncryption.RAW, 127)]
)
def test_text_that_does_not_fit_is_not_encrypted(scheme: RsaEncryption, length: int, entropy: SeededEntropy) -> None:
    with pytest.raises(CryptoFault):
        ENGINE.rsa_encrypt(pair()[1], scheme, bytes(length), entropy)


def test_oaep_without_room_for_its_hash_is_refused(entropy: SeededEntropy) -> None:
    with pytest.raises(CryptoFault):
        ENGINE.rsa_decrypt(pair()[0], RsaEncryption.OAEP, bytes(127) + b"\1", Hash.SHA512)
    with pytest.raises(CryptoFault):
        ENGINE.rsa_encrypt(pair()[1], RsaEncryption.OAEP, b"", entropy, Hash.SHA512)


@law
@given(text=st.binary(max_size=62), seed=st.integers(0, 1000))
def test_what_is_encrypted_decrypts(text: bytes, seed: int) -> None:
    for scheme in (RsaEncryption.PKCS1, RsaEncryption.OAEP):
        ct = ENGINE.rsa_encrypt(pair()[1], scheme, text, SeededEntropy(seed), Hash.SHA256)
        assert text == ENGINE.rsa_decrypt(pair()[0], scheme, ct, Hash.SHA256).reveal()


def test_private_numbers_are_not_shown(engine: CryptoEngine) -> None:
    numbers = rsa_keys.decode_private(pair()[0].reveal())
    assert str(numbers.p) not in repr(numbers)
