"""The commands of the isoApplet driver on a blank card, one by one, in the bytes the driver sends."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_der_private_key

from simcard.applet.pkcs15.files import rules_of
from simcard.applet.pkcs15.keys import CURVES, PARAMETERS, ImportKey
from simcard.hal.engine import KeyKind
from simcard.wire import tlv
from simcard.wire.access import NEVER, RIGHT_BITS, Right, UserAuth, parse_expanded
from simcard.wire.status import Refused
from tests.applet_pkcs15.kit import ISO_APPLET, PKCS15, PUK, blank, ec_key, rsa_key, select, select_path
from tests.kit import Bench, command

PIN = b"123456".ljust(16, b"\0")
UNBLOCK = PUK.encode()
FREE, ASKS, NEVER_READ = "FF 00 00 00 00 00 00 00", "FF 90 90 90 90 90 90 00", "FF 90 90 90 90 90 90 FF"
DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420")


@pytest.fixture
def card() -> Bench:
    """A blank card, the door open by the driver's name."""
    made = blank()
    made.ok(select(ISO_APPLET, 0))
    return made


@pytest.fixture
def owned(card: Bench) -> Bench:
    """A card with PIN and unblock key, the PIN verified."""
    set_pins(card)
    card.verify(1, PIN)
    return card


def set_pins(card: Bench) -> None:
    card.ok(command(0x24, 1, 2, UNBLOCK))
    card.ok(command(0x24, 1, 1, PIN))


def fcp(fid: int, size: int = 16, security: str = FREE, kind: int = 0x01) -> bytes:
    """What the driver sends to create a file."""
    items = (0x81, size.to_bytes(2, "big")), (0x82, bytes((kind,))), (0x83, fid.to_bytes(2, "big"))
    return tlv.tlv(0x6F, tlv.build(items), tlv.tlv(0x86, bytes.fromhex(security)))


def create(card: Bench, fid: int, size: int = 16, security: str = FREE) -> None:
    card.ok(command(0xE0, 0, 0, fcp(fid, size, security)))


def name_key(card: Bench, algorithm: int, reference: int = 0) -> None:
    card.ok(command(0x22, 0x41, 0x00, bytes((0x80, 1, algorithm, 0x84, 1, reference))))


def parameters(kind: KeyKind) -> bytes:
    return tlv.build(CURVES[kind].items())


def sign(card: Bench, algorithm: int, data: bytes, reference: int = 0) -> bytes:
    card.ok(command(0x22, 0x41, 0xB6, bytes((0x80, 1, algorithm, 0x81, 2, 0x50, 0x15, 0x84, 1, reference))))
    return card.ok(command(0x2A, 0x9E, 0x9A, data, 256))


# -- PINs


def test_a_blank_card_has_no_pin(card: Bench) -> None:
    card.refused(command(0x20, 0, 1, PIN), 0x6A88)


def test_the_pin_is_set_once(owned: Bench) -> None:
    owned.ok(select(ISO_APPLET, 0))
    owned.ok(command(0x20, 0xFF, 1))
    owned.refused(command(0x24, 1, 1, PIN), 0x6982)


def test_the_unblock_key_must_come_before_the_pin(card: Bench) -> None:
    card.ok(command(0x24, 1, 1, PIN))
    card.refused(command(0x24, 1, 2, UNBLOCK), 0x6985)


def test_other_references_cannot_be_made(card: Bench) -> None:
    card.refused(command(0x24, 1, 3, PIN), 0x6A88)


def test_a_pin_that_is_too_short_is_refused(card: Bench) -> None:
    card.refused(command(0x24, 1, 1, b"123".ljust(16, b"\0")), 0x6A80)


def test_a_blocked_pin_is_unblocked_with_the_unblock_key(owned: Bench) -> None:
    for _ in range(3):
        owned.send(command(0x20, 0, 1, b"000000".ljust(16, b"\0")))
    owned.refused(command(0x20, 0, 1, PIN), 0x6983)
    owned.ok(command(0x2C, 0, 1, UNBLOCK + b"654321".ljust(16, b"\0")))
    owned.verify(1, b"654321".ljust(16, b"\0"))


def test_the_unblock_key_has_five_tries(owned: Bench) -> None:
    owned.refused(command(0x2C, 0, 1, bytes(16) + PIN), 0x63C4)


# -- files


def test_before_the_pin_everything_can_be_created(card: Bench) -> None:
    create(card, 0x2F00)
    card.ok(select_path(0x2F00))


def test_after_the_pin_it_is_asked_for(card: Bench) -> None:
    set_pins(card)
    card.refused(command(0xE0, 0, 0, fcp(0x2F00)), 0x6982)


def test_the_rules_a_file_was_made_with_are_told_in_the_same_bytes(card: Bench) -> None:
    create(card, 0x4401, security=ASKS)
    answer = tlv.find(card.ok(select_path(0x4401)), 0x6F) or b""
    assert bytes.fromhex(ASKS) == tlv.find(answer, 0x86)


def test_a_file_that_asks_for_the_pin_is_written_after_it(owned: Bench) -> None:
    create(owned, 0x4401, security=ASKS)
    owned.ok(command(0xD6, 0, 0, b"x"))
    owned.ok(command(0x20, 0xFF, 1))
    owned.refused(command(0xD6, 0, 0, b"y"), 0x6982)
    assert b"x" == owned.ok(command(0xB0, 0, 0, ne=1))


def test_a_file_that_is_never_read_is_not_read_even_with_the_pin(owned: Bench) -> None:
    create(owned, 0x4401, security=NEVER_READ)
    owned.refused(command(0xB0, 0, 0, ne=1), 0x6982)


def test_identifiers_that_end_alike_do_not_clash(card: Bench) -> None:
    create(card, 0x4401)
    card.ok(command(0xA4, 0, 0, bytes.fromhex("3F00"), 256))
    create(card, 0x3201)


def test_a_file_is_deleted_with_the_pin(owned: Bench) -> None:
    create(owned, 0x3401, security=ASKS)
    owned.ok(command(0xA4, 0, 0, bytes.fromhex("3F00"), 256))
    owned.ok(command(0xE4, 0, 0, bytes.fromhex("3401")))
    owned.refused(select_path(0x3401), 0x6A82)


def test_the_pkcs15_name_is_unknown_until_its_directory_is_made(card: Bench) -> None:
    card.refused(select(PKCS15), 0x6A82)
    card.ok(command(0xE0, 0, 0, fcp(0x5015, kind=0x38)))
    card.ok(select(PKCS15))


@pytest.mark.parametrize("security", ["FF 00", "00 00 00 00 00 00 00 00", "FF 00 00 00 00 00 00 91"])
def test_rules_that_are_none_are_refused(card: Bench, security: str) -> None:
    card.refused(command(0xE0, 0, 0, fcp(0x2F00, security=security)), 0x6A80)


def test_security_bytes_become_rules_from_deletion_down_to_reading() -> None:
    rules = parse_expanded(rules_of(bytes.fromhex("FF 90 FF FF FF FF FF 00")))
    assert (UserAuth(1), NEVER) == (rules.of(Right.DELETE), rules.of(Right.UPDATE))


def test_security_bytes_cover_every_right() -> None:
    with pytest.raises(Refused):
        rules_of(bytes(len(RIGHT_BITS)))


# -- keys


def test_without_the_pin_no_key_is_made(card: Bench) -> None:
    name_key(card, 0xEC)
    card.refused(command(0x46, 0, 0, parameters(KeyKind.P256), 256), 0x6982)


def test_without_a_name_no_key_is_made(owned: Bench) -> None:
    owned.refused(command(0x46, 0, 0, parameters(KeyKind.P256), 256), 0x6985)


def test_rsa_is_made_and_signs(owned: Bench) -> None:
    name_key(owned, 0xF3)
    public = tlv.fields(tlv.find(owned.ok(command(0x46, 0x42, 0, ne=256)), 0x7F49) or b"")
    numbers = rsa.RSAPublicNumbers(int.from_bytes(public[0x82], "big"), int.from_bytes(public[0x81], "big"))
    signature = sign(owned, 0x11, DIGEST_INFO + bytes(32))
    numbers.public_key().verify(signature, bytes(32), padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))


@pytest.mark.parametrize(("kind", "curve"), [(KeyKind.P256, ec.SECP256R1()), (KeyKind.P384, ec.SECP384R1())])
def test_a_curve_key_is_made_and_signs(owned: Bench, kind: KeyKind, curve: ec.EllipticCurve) -> None:
    name_key(owned, 0xEC, 4)
    public = tlv.fields(tlv.find(owned.ok(command(0x46, 0, 0, parameters(kind), 65536)), 0x7F49) or b"")
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, public[0x86])
    key.verify(sign(owned, 0x21, b"message", 4), b"message", ec.ECDSA(hashes.SHA1()))


def test_the_parameters_come_back_beside_the_point(owned: Bench) -> None:
    name_key(owned, 0xEC)
    answer = owned.ok(command(0x46, 0, 0, parameters(KeyKind.P256), 65536))
    public = tlv.fields(tlv.find(answer, 0x7F49) or b"")
    assert CURVES[KeyKind.P256] == {tag: public[tag] for tag in PARAMETERS}


def test_a_curve_the_card_does_not_have_is_refused(owned: Bench) -> None:
    name_key(owned, 0xEC)
    other = tlv.build({**CURVES[KeyKind.P256], 0x82: b"\x05"}.items())
    owned.refused(command(0x46, 0, 0, other, 65536), 0x6A81)


def test_rsa_is_imported_and_deciphers(owned: Bench) -> None:
    key = load_der_private_key(rsa_key(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()
    parts = zip(range(0x92, 0x97), (numbers.p, numbers.q, numbers.iqmp, numbers.dmp1, numbers.dmq1))
    name_key(owned, 0xF3, 1)
    inner = tlv.build((tag, value.to_bytes(128, "big")) for tag, value in parts)
    owned.ok(command(0xDB, 0x3F, 0xFF, tlv.tlv(0x7F48, inner)))
    secret = key.public_key().encrypt(b"secret", padding.PKCS1v15())
    owned.ok(command(0x22, 0x41, 0xB8, bytes.fromhex("800111 840101")))
    assert b"secret" == owned.ok(command(0x2A, 0x80, 0x86, b"\0" + secret, 256))


def import_curve(card: Bench, curve: ec.EllipticCurve, kind: KeyKind) -> None:
    width = 48 if kind is KeyKind.P384 else 32
    value = ec_key(curve).private_numbers().private_value.to_bytes(width, "big")
    name_key(card, 0xEC, 2)
    card.ok(command(0xDB, 0x3F, 0xFF, tlv.tlv(0xE0, parameters(kind), tlv.tlv(0x88, value))))


@pytest.mark.parametrize(("kind", "curve"), [(KeyKind.P256, ec.SECP256R1()), (KeyKind.P384, ec.SECP384R1())])
def test_a_curve_key_is_imported_and_signs(owned: Bench, kind: KeyKind, curve: ec.EllipticCurve) -> None:
    import_curve(owned, curve, kind)
    ec_key(curve).public_key().verify(sign(owned, 0x21, b"message", 2), b"message", ec.ECDSA(hashes.SHA1()))


def test_a_key_is_replaced_only_with_the_pin(owned: Bench) -> None:
    import_curve(owned, ec.SECP256R1(), KeyKind.P256)
    owned.ok(command(0x20, 0xFF, 1))
    owned.refused(command(0x46, 0, 0, parameters(KeyKind.P256), 65536), 0x6982)


def test_a_key_asks_for_the_pin(owned: Bench) -> None:
    import_curve(owned, ec.SECP256R1(), KeyKind.P256)
    owned.ok(command(0x20, 0xFF, 1))
    owned.ok(command(0x22, 0x41, 0xB6, bytes.fromhex("800121 840102")))
    owned.refused(command(0x2A, 0x9E, 0x9A, b"message", 256), 0x6982)


@pytest.mark.parametrize(
    "data",
    ["7F4800", "E000", "7F48 05 9201 01 9300", "E003 880101", "C00101", "7F48 0F 920103 930105 940101 950101 960101"],
)
def test_what_is_no_key_is_refused(owned: Bench, data: str) -> None:
    name_key(owned, 0xEC if data.startswith("E0") else 0xF3)
    data_, sw = owned.send(command(0xDB, 0x3F, 0xFF, bytes.fromhex(data)))
    assert (b"", True) == (data_, sw in (0x6A80, 0x6A81))


def test_there_are_sixteen_keys(owned: Bench) -> None:
    owned.refused(command(0x22, 0x41, 0x00, bytes.fromhex("8001EC 840110")), 0x6A88)


def test_a_private_key_in_a_trace_is_a_length() -> None:
    assert ImportKey.secret_data
