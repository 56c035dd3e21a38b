"""Key pairs in the slots: generation, signatures, deciphering, key agreement and PIN policies."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simcard.applet.piv.slots import SLOTS
from simcard.wire.tlv import tlv
from tests.applet_piv.support import CURVES, GLOBAL, RSA_BITS, Piv, authenticate, piv, public_key
from tests.kit import command

P256, P384, RSA1024, RSA2048 = 0x11, 0x14, 0x06, 0x07
USUAL = tuple(sorted(set(SLOTS) - {0xF9}))
AGREEING = tuple(slot for slot in USUAL if slot not in (0x9A, 0x9C, 0x9E))
HASHES = {P256: hashes.SHA256(), P384: hashes.SHA384()}
DIGEST = {P256: bytes(range(32)), P384: bytes(range(48))}


@pytest.fixture
def card() -> Piv:
    return piv()


def made(slot: int, algorithm: int) -> tuple[Piv, rsa.RSAPublicKey | ec.EllipticCurvePublicKey]:
    """A card with a key in one slot; the PIN is given, the management key is proved."""
    card = piv()
    card.manage()
    public = card.generate(slot, algorithm)
    card.verify()
    return card, public


def check_rsa(card: Piv, slot: int, algorithm: int, public: rsa.RSAPublicKey) -> None:
    """A raw block of PKCS#1 v1.5, and one that was enciphered for the key."""
    size = RSA_BITS[algorithm] // 8
    info = bytes.fromhex("3031300D060960864801650304020105000420") + DIGEST[P256]
    block = b"\0\1" + bytes([0xFF] * (size - len(info) - 3)) + b"\0" + info
    digest = utils.Prehashed(hashes.SHA256())
    public.verify(card.use(slot, algorithm, block), DIGEST[P256], padding.PKCS1v15(), digest)
    if slot == 0x9C:
        card.verify()
    sealed = public.encrypt(b"for the card only", padding.PKCS1v15())
    assert card.use(slot, algorithm, sealed).endswith(b"\0for the card only")


@pytest.mark.parametrize("slot", USUAL, ids=hex)
@pytest.mark.parametrize("algorithm", CURVES, ids=hex)
def test_ecdsa(slot: int, algorithm: int) -> None:
    card, public = made(slot, algorithm)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    signature = card.use(slot, algorithm, DIGEST[algorithm])
    public.verify(signature, DIGEST[algorithm], ec.ECDSA(utils.Prehashed(HASHES[algorithm])))


@pytest.mark.parametrize("slot", AGREEING, ids=hex)
@pytest.mark.parametrize("algorithm", CURVES, ids=hex)
def test_key_agreement(slot: int, algorithm: int) -> None:
    card, public = made(slot, algorithm)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    mine = ec.generate_private_key(CURVES[algorithm])
    point = mine.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert mine.exchange(ec.ECDH(), public) == card.agree(slot, algorithm, point)


@pytest.mark.parametrize("slot", [0x9A, 0x9C, 0x9E], ids=hex)
def test_signing_keys_agree_on_nothing(slot: int) -> None:
    card, public = made(slot, P256)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    card.bench.refused(authenticate(P256, slot, tlv(0x82), tlv(0x85, point)), 0x6985)


@pytest.mark.parametrize(
    "point", [b"\4" + bytes(64), b"\4" + bytes(10), bytes(65)], ids=["off the curve", "short", "00"]
)
def test_a_bad_point_is_refused(point: bytes) -> None:
    made(0x9D, P256)[0].bench.refused(authenticate(P256, 0x9D, tlv(0x82), tlv(0x85, point)), 0x6A80)


@pytest.mark.parametrize("slot", [0x9A, 0x9C, 0x9D, 0x9E, 0x82], ids=hex)
def test_rsa_signs_and_deciphers(slot: int) -> None:
    card, public = made(slot, RSA1024)
    assert isinstance(public, rsa.RSAPublicKey)
    check_rsa(card, slot, RSA1024, public)


def test_rsa_2048() -> None:
    card, public = made(0x9A, RSA2048)
    assert isinstance(public, rsa.RSAPublicKey)
    assert 2048 == public.key_size
    check_rsa(card, 0x9A, RSA2048, public)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", [0x05, 0x16], ids=hex)
def test_long_rsa(algorithm: int) -> None:
    card, public = made(0x9D, algorithm)
    assert isinstance(public, rsa.RSAPublicKey)
    check_rsa(card, 0x9D, algorithm, public)


@pytest.mark.parametrize("length", [127, 129])
def test_an_rsa_block_is_as_long_as_the_modulus(length: int) -> None:
    made(0x9A, RSA1024)[0].bench.refused(authenticate(RSA1024, 0x9A, tlv(0x82), tlv(0x81, bytes(length))), 0x6A80)


def test_an_rsa_exponent_may_be_named(card: Piv) -> None:
    card.manage()
    public = card.generate(0x9A, RSA1024, tlv(0x81, b"\x11"))
    assert isinstance(public, rsa.RSAPublicKey)
    assert 17 == public.public_numbers().e


def test_an_even_exponent_is_refused(card: Piv) -> None:
    card.manage()
    card.bench.refused(command(0x47, 0, 0x9A, tlv(0xAC, tlv(0x80, b"\x06"), tlv(0x81, b"\x10")), 256), 0x6A80)


# -- who may ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slot", [slot for slot in USUAL if slot != 0x9E], ids=hex)
def test_a_private_key_wants_the_pin(card: Piv, slot: int) -> None:
    card.manage()
    card.generate(slot, P256)
    card.bench.refused(authenticate(P256, slot, tlv(0x82), tlv(0x81, DIGEST[P256])), 0x6982)


def test_the_card_authentication_key_never_does(card: Piv) -> None:
    card.manage()
    card.generate(0x9E, P256)
    assert b"" != card.use(0x9E, P256, DIGEST[P256])


def test_the_signature_key_wants_it_every_time() -> None:
    card, _ = made(0x9C, P256)
    card.use(0x9C, P256, DIGEST[P256])
    card.bench.refused(authenticate(P256, 0x9C, tlv(0x82), tlv(0x81, DIGEST[P256])), 0x6982)
    card.verify()
    card.use(0x9C, P256, DIGEST[P256])


def test_the_authentication_key_wants_it_once() -> None:
    card, _ = made(0x9A, P256)
    assert card.use(0x9A, P256, DIGEST[P256]) == card.use(0x9A, P256, DIGEST[P256])


def test_asking_for_the_tries_does_not_renew_the_signature_keys_pin() -> None:
    card, _ = made(0x9C, P256)
    card.use(0x9C, P256, DIGEST[P256])
    card.bench.ok(command(0x20, 0, 0x80))
    card.bench.refused(authenticate(P256, 0x9C, tlv(0x82), tlv(0x81, DIGEST[P256])), 0x6982)


def test_the_global_pin_opens_keys_too(card: Piv) -> None:
    card.manage()
    card.generate(0x9C, P256)
    card.verify(GLOBAL, 0x00)
    assert b"" != card.use(0x9C, P256, DIGEST[P256])


def test_generation_wants_the_management_key(card: Piv) -> None:
    card.verify()
    card.bench.refused(command(0x47, 0, 0x9A, tlv(0xAC, tlv(0x80, b"\x11")), 256), 0x6982)


def test_replacement_wants_it_too(card: Piv) -> None:
    made(0x9A, P256)
    card.manage()
    card.generate(0x9A, P256)
    card.bench.ok(command(0xA4, 4, 0, bytes.fromhex("A000000308"), ne=256))
    card.verify()
    card.bench.refused(command(0x47, 0, 0x9A, tlv(0xAC, tlv(0x80, b"\x11")), 256), 0x6982)


# -- what is not there -----------------------------------------------------------------------------------------


def test_an_empty_slot(card: Piv) -> None:
    card.verify()
    card.bench.refused(authenticate(P256, 0x9A, tlv(0x82), tlv(0x81, DIGEST[P256])), 0x6A88)


@pytest.mark.parametrize("slot", [0x00, 0x80, 0x81, 0x96, 0x9F, 0xFF], ids=hex)
def test_no_such_slot(card: Piv, slot: int) -> None:
    card.manage()
    card.bench.refused(command(0x47, 0, slot, tlv(0xAC, tlv(0x80, b"\x11")), 256), 0x6A86)
    card.bench.refused(authenticate(P256, slot, tlv(0x82), tlv(0x81, bytes(32))), 0x6A86)


@pytest.mark.parametrize("algorithm", [0x03, 0x0C, 0x12, 0xE0], ids=hex)
def test_no_such_algorithm(card: Piv, algorithm: int) -> None:
    card.manage()
    card.bench.refused(command(0x47, 0, 0x9A, tlv(0xAC, tlv(0x80, bytes((algorithm,)))), 256), 0x6A80)
    card.bench.refused(authenticate(algorithm, 0x9A, tlv(0x82), tlv(0x81, bytes(32))), 0x6A86)


def test_the_algorithm_must_be_the_keys() -> None:
    made(0x9A, P256)[0].bench.refused(authenticate(P384, 0x9A, tlv(0x82), tlv(0x81, DIGEST[P384])), 0x6A80)


@pytest.mark.parametrize(
    "objects", [tlv(0x81, bytes(32)), tlv(0x82), tlv(0x82) + tlv(0x81), tlv(0x82, b"x")], ids=bytes.hex
)
def test_malformed_templates(objects: bytes) -> None:
    made(0x9A, P256)[0].bench.refused(authenticate(P256, 0x9A, objects), 0x6A80)


def test_a_key_survives_a_power_cycle(card: Piv) -> None:
    card.manage()
    answer = command(0x47, 0, 0x9A, tlv(0xAC, tlv(0x80, b"\x11")), ne=256)
    public = public_key(card.bench.ok(answer), P256)
    card.bench.card.power_off()
    card.bench.card.power_on()
    card.bench.ok(command(0xA4, 4, 0, bytes.fromhex("A000000308"), ne=256))
    card.verify()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(card.use(0x9A, P256, DIGEST[P256]), DIGEST[P256], ec.ECDSA(utils.Prehashed(hashes.SHA256())))


def test_chained_commands_carry_long_blocks() -> None:
    card, public = made(0x9A, RSA2048)
    assert isinstance(public, rsa.RSAPublicKey)
    data = authenticate(RSA2048, 0x9A, tlv(0x82), tlv(0x81, public.encrypt(b"chained", padding.PKCS1v15())))[7:-2]
    card.bench.ok(b"\x10\x87" + bytes((RSA2048, 0x9A, 200)) + data[:200])
    rest = data[200:]
    answer, sw = card.bench.whole(b"\x00\x87" + bytes((RSA2048, 0x9A, len(rest))) + rest + b"\0")
    assert (b"\0chained", 0x9000) == (answer[-8:], sw)
