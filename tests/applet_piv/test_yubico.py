"""The instructions Yubico's tools need: import, metadata, management key, tries, reset."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simcard.wire.tlv import tlv
from tests.applet_piv.support import (
    CURVES,
    MANAGEMENT,
    PIN,
    PUK,
    RSA_BITS,
    SELECT,
    Piv,
    authenticate,
    certificate,
    get_data,
    padded,
    piv,
    piv_of,
)
from tests.kit import Bench, command

P256, RSA1024, RSA2048 = 0x11, 0x06, 0x07
DIGEST = bytes(range(32))
ALWAYS, ONCE, NEVER = b"\3", b"\2", b"\1"
VIEW = """
extends = "piv"
[card.options.piv]
container = "PIV F9"
"""


@pytest.fixture
def card() -> Piv:
    """A card whose management key is proved."""
    made = piv()
    made.manage()
    return made


def octets(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def rsa_numbers(key: rsa.RSAPrivateKey) -> bytes:
    numbers = key.private_numbers()
    values = (numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
    return b"".join(tlv(tag, octets(value)) for tag, value in enumerate(values, 1))


def import_key(algorithm: int, slot: int, numbers: bytes) -> bytes:
    return command(0xFE, algorithm, slot, numbers)


def import_rsa(card: Piv, algorithm: int) -> None:
    key = rsa.generate_private_key(65537, RSA_BITS[algorithm])
    card.bench.ok(import_key(algorithm, 0x9D, rsa_numbers(key)))
    card.verify()
    sealed = key.public_key().encrypt(b"for the imported key", padding.PKCS1v15())
    assert card.use(0x9D, algorithm, sealed).endswith(b"\0for the imported key")


@pytest.mark.parametrize("algorithm", [RSA1024, RSA2048], ids=hex)
def test_an_rsa_key_is_imported(card: Piv, algorithm: int) -> None:
    import_rsa(card, algorithm)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", [0x05, 0x16], ids=hex)
def test_a_long_rsa_key_is_imported(card: Piv, algorithm: int) -> None:
    import_rsa(card, algorithm)


@pytest.mark.parametrize("algorithm", CURVES, ids=hex)
def test_a_curve_key_is_imported(card: Piv, algorithm: int) -> None:
    key = ec.generate_private_key(CURVES[algorithm])
    card.bench.ok(import_key(algorithm, 0x9A, tlv(0x06, octets(key.private_numbers().private_value))))
    card.verify()
    signature = card.use(0x9A, algorithm, DIGEST)
    key.public_key().verify(signature, DIGEST, ec.ECDSA(utils.Prehashed(hashes.SHA256())))


def test_import_wants_the_management_key() -> None:
    made = piv()
    made.verify()
    made.bench.refused(import_key(P256, 0x9A, tlv(0x06, DIGEST)), 0x6982)


@pytest.mark.parametrize(
    ("algorithm", "numbers"),
    [
        (P256, tlv(0x06, bytes(32))),
        (P256, tlv(0x06, b"\xff" * 32)),
        (P256, tlv(0x06, b"\x01" * 40)),
        (P256, tlv(0x01, b"\x01" * 32)),
        (RSA1024, tlv(0x01, b"\xff" * 64)),
        (RSA1024, tlv(0x01, b"\xff" * 64) + tlv(0x02, b"\xfd" * 64)),
        (RSA1024, tlv(0x01, b"\x0d") + tlv(0x02, b"\x11")),
        (RSA1024, b"\x01\x50\x01"),
    ],
    ids=["zero", "over the order", "too long", "no scalar", "no q", "no primes", "tiny", "no TLV"],
)
def test_what_is_no_key_is_refused(card: Piv, algorithm: int, numbers: bytes) -> None:
    card.bench.refused(import_key(algorithm, 0x9A, numbers), 0x6A80)


def test_an_rsa_key_of_another_size_is_refused(card: Piv) -> None:
    key = rsa.generate_private_key(65537, 1024)
    card.bench.refused(import_key(RSA2048, 0x9A, rsa_numbers(key)), 0x6A80)


def test_metadata_of_the_pin(card: Piv) -> None:
    card.bench.refused(command(0x20, 0, 0x80, padded(b"999999")), 0x63C2)
    assert {0x01: b"\xff", 0x05: b"\1", 0x06: b"\3\2"} == card.metadata(0x80)


def test_metadata_says_that_a_pin_is_no_longer_the_default(card: Piv) -> None:
    card.bench.ok(command(0x24, 0, 0x81, padded(PUK) + padded(b"87654321")))
    assert b"\0" == card.metadata(0x81)[0x05]


def test_metadata_of_the_management_key(card: Piv) -> None:
    assert {0x01: b"\3", 0x02: b"\0\1", 0x05: b"\1"} == card.metadata(0x9B)


def test_metadata_of_a_new_management_key(card: Piv) -> None:
    card.bench.ok(command(0xFF, 0xFF, 0xFF, b"\x0c\x9b\x20" + DIGEST))
    assert {0x01: b"\x0c", 0x02: b"\0\1", 0x05: b"\0"} == card.metadata(0x9B)


def test_metadata_of_a_key(card: Piv) -> None:
    public = card.generate(0x9C, P256)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert {0x01: b"\x11", 0x02: b"\3\1", 0x03: b"\1", 0x04: tlv(0x86, point)} == card.metadata(0x9C)


def test_metadata_says_that_a_key_was_imported(card: Piv) -> None:
    card.bench.ok(import_key(P256, 0x9A, tlv(0x06, DIGEST)))
    assert b"\2" == card.metadata(0x9A)[0x03]


def test_no_metadata_of_an_empty_slot(card: Piv) -> None:
    card.bench.refused(command(0xF7, 0, 0x9A, ne=256), 0x6A88)


# -- policies --------------------------------------------------------------------------------------------------


def sign(slot: int) -> bytes:
    return authenticate(P256, slot, tlv(0x82), tlv(0x81, DIGEST))


def test_a_key_may_be_made_to_want_the_pin_every_time(card: Piv) -> None:
    card.generate(0x9A, P256, tlv(0xAA, ALWAYS))
    card.verify()
    card.bench.ok(sign(0x9A))
    card.bench.refused(sign(0x9A), 0x6982)


def test_a_key_may_be_made_to_want_it_once(card: Piv) -> None:
    card.generate(0x9C, P256, tlv(0xAA, ONCE))
    card.verify()
    card.bench.ok(sign(0x9C))
    card.bench.ok(sign(0x9C))


def test_a_key_may_be_made_to_want_it_never(card: Piv) -> None:
    card.bench.ok(import_key(P256, 0x9D, tlv(0x06, DIGEST) + tlv(0xAA, NEVER)))
    card.bench.ok(sign(0x9D))


def test_a_new_key_has_the_usual_policy_again(card: Piv) -> None:
    card.generate(0x9A, P256, tlv(0xAA, ALWAYS), tlv(0xAB, b"\2"))
    assert b"\3\2" == card.metadata(0x9A)[0x02]
    card.generate(0x9A, P256)
    assert b"\2\1" == card.metadata(0x9A)[0x02]


@pytest.mark.parametrize("policy", [tlv(0xAA, b"\4"), tlv(0xAB, b"\4"), tlv(0xAA), tlv(0xAB, b"\1\1")], ids=bytes.hex)
def test_no_such_policy(card: Piv, policy: bytes) -> None:
    card.bench.refused(command(0x47, 0, 0x9A, tlv(0xAC, tlv(0x80, b"\x11"), policy), 256), 0x6A80)


# -- management ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "sw"),
    [("039B18" + "00" * 23, 0x6700), ("089B18" + "00" * 24, 0x6700), ("119B20" + "00" * 32, 0x6A80),
     ("039A18" + "00" * 24, 0x6A80), ("039B", 0x6700)],
)  # fmt: skip
def test_malformed_management_keys(card: Piv, data: str, sw: int) -> None:
    card.bench.refused(command(0xFF, 0xFF, 0xFF, bytes.fromhex(data)), sw)


def test_a_new_management_key_wants_the_old_one() -> None:
    piv().bench.refused(command(0xFF, 0xFF, 0xFF, b"\x03\x9b\x18" + MANAGEMENT[::-1]), 0x6982)


def test_tries_are_set_and_values_are_the_first_ones_again(card: Piv) -> None:
    card.bench.ok(command(0x24, 0, 0x80, padded(PIN) + padded(b"654321")))
    card.verify(b"654321")
    card.bench.ok(command(0xFA, 5, 9))
    card.bench.refused(command(0x20, 0, 0x80), 0x63C5)
    card.verify()
    assert b"\x09\x09" == card.metadata(0x81)[0x06]


@pytest.mark.parametrize(("pin", "key"), [(False, True), (True, False), (False, False)])
def test_tries_are_set_by_who_has_pin_and_key(pin: bool, key: bool) -> None:
    made = piv()
    if key:
        made.manage()
    if pin:
        made.verify()
    made.bench.refused(command(0xFA, 5, 9), 0x6982)


@pytest.mark.parametrize(("pin", "puk"), [(0, 3), (3, 0)])
def test_no_tries_at_all_are_refused(card: Piv, pin: int, puk: int) -> None:
    card.bench.refused(command(0xFA, pin, puk), 0x6A86)


def block(bench: Bench, *, puk: bool = True) -> None:
    for _ in range(3):
        bench.send(command(0x20, 0, 0x80, padded(b"999999")))
        if puk:
            bench.send(command(0x2C, 0, 0x80, padded(b"99999999") + padded(b"123123")))


def test_a_reset_wants_pin_and_puk_blocked(card: Piv) -> None:
    block(card.bench, puk=False)
    card.bench.refused(command(0xFB), 0x6985)


def test_a_reset_empties_the_application(card: Piv) -> None:
    card.generate(0x9A, P256)
    card.put(0x5FC105, certificate(b"\x30\x01\x01"))
    card.put(0x5FC102, b"mine")
    card.bench.ok(command(0xFF, 0xFF, 0xFF, b"\x0c\x9b\x20" + DIGEST))
    block(card.bench)
    card.bench.ok(command(0xFB))
    card.bench.refused(get_data(0x5FC105), 0x6A82)
    card.bench.refused(command(0xF7, 0, 0x9A, ne=256), 0x6A88)
    assert b"mine" != card.get(0x5FC102)
    card.verify()
    card.manage()


def test_a_reset_ends_what_was_proved(card: Piv) -> None:
    block(card.bench)
    card.bench.ok(command(0xFB))
    card.bench.refused(command(0x47, 0, 0x9A, tlv(0xAC, tlv(0x80, b"\x11")), 256), 0x6982)


def test_the_attestation_key_outlives_a_reset(card: Piv) -> None:
    before = card.get(0x5FFF01)
    block(card.bench)
    card.bench.ok(command(0xFB))
    assert before == card.get(0x5FFF01)


def test_a_view_of_another_doors_keys_resets_nothing() -> None:
    view = piv_of(VIEW)
    block(view.bench)
    view.bench.refused(command(0xFB), 0x6A81)
    view.bench.refused(command(0xFA, 3, 3), 0x6A81)


def test_from_version_5_7_the_default_key_is_aes() -> None:
    new = piv_of('extends = "piv"\n[card.options.piv]\nversion = "5.7.1"\n')
    block(new.bench)
    new.bench.ok(command(0xFB))
    new.algorithm = 0x0A
    new.manage()
    assert b"\1" == new.metadata(0x9B)[0x05]


def test_version_and_serial_number(card: Piv) -> None:
    assert b"\5\4\3" == card.bench.ok(command(0xFD, ne=256))
    assert 99000001 == int.from_bytes(card.bench.ok(command(0xF8, ne=256)), "big")


def test_the_application_starts_closed() -> None:
    made = piv()
    made.bench.ok(SELECT)
    made.bench.refused(command(0xFF, 0xFF, 0xFF, b"\x03\x9b\x18" + MANAGEMENT), 0x6982)
