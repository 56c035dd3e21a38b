"""PERFORM SECURITY OPERATION (ISO/IEC 7816-8:2021, 5.2), every form, judged by `cryptography` and by the standard."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from simcard.hal.entropy import ScriptedEntropy, SeededEntropy
from simcard.wire.tlv import fields, tlv
from tests.applet.test_iso_authenticate import SHEET
from tests.applet.test_iso_keys import PRIVATE_SM2, PUBLIC_SM2, generate, import_of
from tests.dialogue import talk
from tests.kit import Bench, bench, bench_of_text, command

USER = "00200001 ['12345678'] = 9000;"
HASHES = {1: hashes.SHA1(), 2: hashes.SHA256(), 3: hashes.SHA384(), 4: hashes.SHA512()}
MESSAGE = b"message digest"


def digest(hash_: hashes.HashAlgorithm, data: bytes = MESSAGE) -> bytes:
    return hashlib.new(hash_.name, data).digest()


def environment(tag: int, *items: tuple[int, int], p1: int = 0x41) -> bytes:
    return command(0x22, p1, tag, b"".join(tlv(key, bytes((value,))) for key, value in items))


def sign(card: Bench, data: bytes, algorithm: int = 0, reference: int = 1) -> bytes:
    asked = [(0x84, reference), *([(0x80, algorithm)] if algorithm else [])]
    card.ok(environment(0xB6, *asked))
    return card.ok(command(0x2A, 0x9E, 0x9A, data, ne=65536))


def decipher(card: Bench, cryptogram: bytes, algorithm: int = 0, reference: int = 2) -> bytes:
    asked = [(0x84, reference), *([(0x80, algorithm)] if algorithm else [])]
    card.ok(environment(0xB8, *asked))
    return card.ok(command(0x2A, 0x80, 0x86, cryptogram, ne=65536))


@pytest.fixture
def user(card: Bench) -> Bench:
    talk(card, USER)
    return card


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def holder(user: Bench, rsa_key: rsa.RSAPrivateKey) -> Bench:
    """A card that holds the RSA key for signing (1) and for exchange (2)."""
    numbers = rsa_key.private_numbers()
    primes = tlv(0x92, numbers.p.to_bytes(128, "big")) + tlv(0x93, numbers.q.to_bytes(128, "big"))
    private = tlv(0x91, b"\1\0\1") + primes
    user.ok(import_of(1, "rsa", private))
    user.ok(import_of(2, "rsa", private))
    return user


# -- signatures


@pytest.mark.parametrize("number", HASHES)
def test_rsa_pkcs1_over_a_digest(holder: Bench, rsa_key: rsa.RSAPrivateKey, number: int) -> None:
    made = sign(holder, digest(HASHES[number]), 0x10 | number)
    rsa_key.public_key().verify(made, MESSAGE, padding.PKCS1v15(), HASHES[number])


@pytest.mark.parametrize("number", HASHES)
def test_rsa_pss(holder: Bench, rsa_key: rsa.RSAPrivateKey, number: int) -> None:
    made = sign(holder, digest(HASHES[number]), 0x20 | number)
    salt = padding.PSS.DIGEST_LENGTH
    rsa_key.public_key().verify(made, MESSAGE, padding.PSS(padding.MGF1(HASHES[number]), salt), HASHES[number])


def test_rsa_pkcs1_over_a_digest_info(holder: Bench, rsa_key: rsa.RSAPrivateKey) -> None:
    info = bytes.fromhex("3031300D060960864801650304020105000420") + digest(hashes.SHA256())
    rsa_key.public_key().verify(sign(holder, info), MESSAGE, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("algorithm", [0x50, 0], ids=["named", "by its length"])
def test_rsa_over_a_whole_block(holder: Bench, rsa_key: rsa.RSAPrivateKey, algorithm: int) -> None:
    block = b"\0" + bytes(range(1, 256))
    numbers = rsa_key.private_numbers()
    expected = pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")
    assert expected == sign(holder, block, algorithm)


@pytest.mark.parametrize("algorithm", [0x10, 0x12, 0x20])
def test_a_whole_block_is_not_padded_again(holder: Bench, algorithm: int) -> None:
    holder.ok(environment(0xB6, (0x84, 1), (0x80, algorithm)))
    holder.refused(command(0x2A, 0x9E, 0x9A, b"\0" + bytes(range(1, 256)), ne=65536), 0x6A80)


def test_rsa_over_what_the_card_hashed(holder: Bench, rsa_key: rsa.RSAPrivateKey) -> None:
    holder.ok(environment(0xAA, (0x80, 0x02)))
    holder.ok(command(0x2A, 0x90, 0x80, MESSAGE))
    rsa_key.public_key().verify(sign(holder, b"", 0x10), MESSAGE, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(("kind", "curve"), [("p256", ec.SECP256R1()), ("p384", ec.SECP384R1())])
@pytest.mark.parametrize("algorithm", [0, 0x42, 0x43])
def test_ecdsa(user: Bench, kind: str, curve: ec.EllipticCurve, algorithm: int) -> None:
    point = fields(fields(user.ok(generate(1, kind)))[0x7F49])[0x86]
    hash_ = hashes.SHA384() if algorithm == 0x43 else hashes.SHA256()
    made = sign(user, digest(hash_), algorithm)
    half = len(made) // 2
    assert (curve.key_size + 7) // 8 == half
    der = utils.encode_dss_signature(int.from_bytes(made[:half], "big"), int.from_bytes(made[half:], "big"))
    public = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    public.verify(der, MESSAGE, ec.ECDSA(hash_))
    with pytest.raises(InvalidSignature):
        public.verify(der, b"another message", ec.ECDSA(hash_))


NONCE = bytes.fromhex("59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21")
SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


def test_the_signature_of_the_standard_through_the_whole_card() -> None:
    """GB/T 32918.5-2017, A.2: key, message, default identity and fixed nonce give r and s."""
    nonce = ScriptedEntropy(NONCE)
    others = {label: SeededEntropy(1) for label in ("challenge", "key")}
    card = bench("iso-blank", None, ScriptedEntropy(forks={"nonce": nonce, **others}))
    talk(card, USER)
    card.ok(import_of(1, "sm2", tlv(0x92, PRIVATE_SM2)))
    card.ok(environment(0xB6, (0x84, 1), (0x80, 0x65)))
    card.ok(environment(0xAA, (0x80, 0x65)))
    assert bytes.fromhex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640") == card.ok(
        command(0x2A, 0x90, 0x80, MESSAGE, ne=256)
    )
    assert SIGNATURE == card.ok(command(0x2A, 0x9E, 0x9A, ne=256))
    assert 0 == nonce.left


def test_the_card_verifies_the_signature_of_the_standard(user: Bench) -> None:
    user.ok(import_of(1, "sm2", tlv(0x92, PRIVATE_SM2)))
    user.ok(environment(0xB6, (0x83, 1), p1=0x81))
    hashed = bytes.fromhex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")
    user.ok(command(0x2A, 0x00, 0xA8, tlv(0x9A, hashed) + tlv(0x9E, SIGNATURE)))
    user.refused(command(0x2A, 0x00, 0xA8, tlv(0x9A, bytes(32)) + tlv(0x9E, SIGNATURE)), 0x6300)


def test_a_hash_made_outside_is_signed(user: Bench) -> None:
    user.ok(generate(1, "sm2"))
    user.ok(environment(0xAA, (0x80, 0x05)))
    user.ok(command(0x2A, 0x90, 0xA0, tlv(0x90, bytes(32))))
    made = sign(user, b"")
    user.ok(environment(0xB6, (0x83, 1), p1=0x81))
    user.ok(command(0x2A, 0x00, 0xA8, tlv(0x9A, bytes(32)) + tlv(0x9E, made)))


NAMES = {1: "sha1", 2: "sha256", 3: "sha384", 4: "sha512", 5: "sm3", 6: "sha224"}


@pytest.mark.parametrize(("number", "name"), NAMES.items())
def test_a_hash_is_told_when_asked_for(card: Bench, number: int, name: str) -> None:
    card.ok(environment(0xAA, (0x80, number)))
    expected = hashlib.new(name, MESSAGE).digest()
    assert expected == card.ok(command(0x2A, 0x90, 0x80, MESSAGE, ne=256))
    assert expected == card.ok(command(0x2A, 0x90, 0xA0, tlv(0x80, MESSAGE), ne=256))


def test_the_card_verifies_what_others_signed_with_rsa(holder: Bench, rsa_key: rsa.RSAPrivateKey) -> None:
    holder.ok(environment(0xB6, (0x83, 1), (0x80, 0x12), p1=0x81))
    made = rsa_key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    template = tlv(0x9A, digest(hashes.SHA256()))
    holder.ok(command(0x2A, 0x00, 0xA8, template + tlv(0x9E, made)))
    holder.refused(command(0x2A, 0x00, 0xA8, template + tlv(0x9E, made[:-1] + b"\0")), 0x6300)


# -- confidentiality


@pytest.mark.parametrize("indicator", [b"", b"\0"])
def test_rsa_deciphers_pkcs1(holder: Bench, rsa_key: rsa.RSAPrivateKey, indicator: bytes) -> None:
    cryptogram = rsa_key.public_key().encrypt(b"plain", padding.PKCS1v15())
    assert b"plain" == decipher(holder, indicator + cryptogram)


@pytest.mark.parametrize("number", [1, 2])
def test_rsa_deciphers_oaep(holder: Bench, rsa_key: rsa.RSAPrivateKey, number: int) -> None:
    scheme = padding.OAEP(padding.MGF1(HASHES[number]), HASHES[number], None)
    assert b"plain" == decipher(holder, rsa_key.public_key().encrypt(b"plain", scheme), 0x30 | number)


@pytest.mark.parametrize("algorithm", [0x10, 0x32])
@pytest.mark.parametrize("kind", ["sm2", "rsa"])
def test_what_the_card_enciphers_it_deciphers(user: Bench, kind: str, algorithm: int) -> None:
    user.ok(generate(2, kind, 1024 if kind == "rsa" else 0))
    named = [(0x83, 2), (0x80, algorithm)] if kind == "rsa" else [(0x83, 2)]
    user.ok(environment(0xB8, *named, p1=0x81))
    cryptogram = user.ok(command(0x2A, 0x86, 0x80, b"plain", ne=65536))
    assert b"plain" == decipher(user, cryptogram, algorithm if kind == "rsa" else 0)


@pytest.mark.parametrize(("kind", "curve"), [("p256", ec.SECP256R1()), ("p384", ec.SECP384R1())])
def test_a_point_gives_the_shared_secret(user: Bench, kind: str, curve: ec.EllipticCurve) -> None:
    point = fields(fields(user.ok(generate(2, kind)))[0x7F49])[0x86]
    mine = ec.generate_private_key(curve)
    numbers = mine.public_key().public_numbers()
    size = (curve.key_size + 7) // 8
    sent = b"\4" + numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")
    expected = mine.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, point))
    assert expected == decipher(user, sent)


@pytest.fixture
def keyed() -> Bench:
    card = bench_of_text(SHEET)
    talk(card, "00200001 ['123456'] = 9000")
    return card


VALUE = bytes.fromhex("101112131415161718191A1B1C1D1E1F")


def test_a_secret_key_enciphers_and_deciphers_cbc(keyed: Bench) -> None:
    iv = bytes(range(16))
    keyed.ok(command(0x22, 0xC1, 0xB8, tlv(0x83, b"\7") + tlv(0x87, iv)))
    cryptogram = keyed.ok(command(0x2A, 0x86, 0x80, b"plain", ne=256))
    engine = Cipher(algorithms.SM4(VALUE), modes.CBC(iv)).encryptor()
    assert b"\1" + engine.update(b"plain\x80" + bytes(10)) == cryptogram
    assert b"plain" == keyed.ok(command(0x2A, 0x80, 0x86, cryptogram, ne=256))
    assert b"plain\x80" + bytes(10) == keyed.ok(command(0x2A, 0x80, 0x86, b"\2" + cryptogram[1:], ne=256))


@pytest.mark.parametrize(("reference", "indicator"), [(7, 1), (0x87, 0)], ids=["secret key", "container's key"])
def test_one_number_for_two_keys_is_told_apart_by_bit_8(keyed: Bench, reference: int, indicator: int) -> None:
    keyed.ok(generate(7, "sm2"))
    keyed.ok(environment(0xB8, (0x83, reference), p1=0x81))
    assert indicator == keyed.ok(command(0x2A, 0x86, 0x80, b"plain", ne=256))[0]


def test_a_checksum_is_cmac(keyed: Bench) -> None:
    keyed.ok(command(0x22, 0x41, 0xB4, tlv(0x83, b"\7")))
    mac = CMAC(algorithms.SM4(VALUE))
    mac.update(MESSAGE)
    expected = mac.finalize()
    assert expected == keyed.ok(command(0x2A, 0x8E, 0x80, MESSAGE, ne=256))
    keyed.ok(command(0x2A, 0x00, 0xA2, tlv(0x80, MESSAGE) + tlv(0x8E, expected)))
    keyed.ok(command(0x2A, 0x00, 0xA2, tlv(0x80, MESSAGE) + tlv(0x8E, expected[:8])))
    keyed.refused(command(0x2A, 0x00, 0xA2, tlv(0x80, MESSAGE) + tlv(0x8E, bytes(8))), 0x6300)
    keyed.refused(command(0x2A, 0x00, 0xA2, tlv(0x80, MESSAGE) + tlv(0x8E, expected[:3])), 0x6A80)


def test_a_public_key_of_the_standard_is_what_the_card_works_out(user: Bench) -> None:
    user.ok(import_of(1, "sm2", tlv(0x92, PRIVATE_SM2)))
    assert PUBLIC_SM2 == fields(fields(user.ok("0046810005B60384010100"))[0x7F49])[0x86]
