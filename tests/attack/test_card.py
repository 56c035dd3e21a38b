"""Attacks on the card through `Card.transmit`: hostile lengths, templates and doors that lead round each other."""

from __future__ import annotations

import pytest

from simcard.crypto import symmetric
from simcard.hal.engine import Cipher, Mode
from simcard.profile import builtin_text
from simcard.wire.apdu import Ins
from simcard.wire.tlv import tlv
from tests.kit import Bench, bench, bench_of_text, command

PIV = bytes.fromhex("A0000003080000100001 00")
ISO = bytes.fromhex("F053494D4341524400")
ISO_APPLET = bytes.fromhex("F276A288BCFBA69D34F31001")
MANAGEMENT = bytes(range(1, 9)) * 3
PIN, PUK = b"123456\xff\xff", b"12345678"
P256 = tlv(0xAC, tlv(0x80, b"\x11"))


def administer(card: Bench, channel: int = 0) -> None:
    """Select PIV in a channel and prove the management key there."""
    card.ok(command(Ins.SELECT, 4, 0, PIV, 256, channel))
    asked = card.ok(command(0x87, 3, 0x9B, tlv(0x7C, tlv(0x81)), 256, channel))
    proof = symmetric.crypt(Cipher.TDES, Mode.ECB, MANAGEMENT, b"", asked[4:], encrypt=True)
    card.ok(command(0x87, 3, 0x9B, tlv(0x7C, tlv(0x82, proof)), cla=channel))


def signature(slot: int, channel: int = 0) -> bytes:
    return command(0x87, 0x11, slot, tlv(0x7C, tlv(0x82), tlv(0x81, bytes(32))), 256, channel)


def test_a_file_whose_description_no_record_holds_is_refused() -> None:
    shape = tlv(0x82, b"\x38") + tlv(0x83, b"\xdf\x07")
    room = 65535 - 4 - len(shape) - 4
    rules = b"\x80\x01\x01\x90\x00" * (room // 5) + bytes(room % 5)
    bench().refused(command(Ins.CREATE_FILE, data=tlv(0x62, shape, tlv(0xAB, rules))), 0x6A84)


def test_a_tag_named_over_and_over_is_answered_once() -> None:
    card = bench()
    card.ok(command(Ins.PUT_DATA, 0, 0xC1, bytes(30000)))
    asked = command(Ins.GET_DATA_ODD, 0x3F, 0xFF, tlv(0x5C, b"\xc1" * 65000), 65536)
    assert tlv(0xC1, bytes(30000)) == card.ok(asked)


@pytest.mark.parametrize("kind", [0x00, 0x1F, 0xFF])
def test_templates_of_a_driver_do_not_spoil_a_stored_environment(kind: int) -> None:
    card = bench("pkcs15")
    card.ok(command(Ins.SELECT, 4, 0, ISO_APPLET, 256))
    card.ok(command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0x41, kind, bytes.fromhex("840101")))
    card.ok(command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0xF2, 1))
    card.ok(command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0xF3, 1))


def test_templates_too_long_to_store_are_refused() -> None:
    card = bench("pkcs15")
    card.ok(command(Ins.SELECT, 4, 0, ISO_APPLET, 256))
    for kind in (0xB4, 0xB6, 0xB8):
        data = bytes.fromhex("840101") + tlv(0x99, bytes(30000))
        card.ok(command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0x41, kind, data))
    card.refused(command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0xF2, 1), 0x6A84)


def test_a_reset_of_piv_ends_what_was_proved_in_other_channels() -> None:
    card = bench("piv")
    card.ok(command(Ins.MANAGE_CHANNEL, 0, 1))
    administer(card, 1)
    card.ok(command(Ins.VERIFY, 0, 0x80, PIN, cla=1))
    card.ok(command(Ins.SELECT, 4, 0, PIV, 256))
    for _ in range(3):
        card.send(command(Ins.VERIFY, 0, 0x80, b"9" * 8))
        card.send(command(Ins.RESET_RETRY_COUNTER, 0, 0x80, b"9" * 16))
    card.ok(command(0xFB))
    administer(card)
    card.ok(command(0x47, 0, 0x9A, P256, 256))
    card.refused(signature(0x9A, 1), 0x6982)
    card.refused(command(0x47, 0, 0x9D, P256, 256, 1), 0x6982)


def test_a_key_that_wants_the_pin_every_time_signs_at_its_own_door_only() -> None:
    card = bench("piv")
    administer(card)
    card.ok(command(0x47, 0, 0x9C, P256, 256))
    card.ok(command(Ins.VERIFY, 0, 0x80, PIN))
    card.ok(signature(0x9C))
    card.refused(signature(0x9C), 0x6982)
    card.ok(command(Ins.SELECT, 4, 0, ISO, 256))
    card.verify(1, PIN)
    card.ok(command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xB6, bytes.fromhex("840103")))
    card.refused(command(Ins.PERFORM_SECURITY_OPERATION, 0x9E, 0x9A, bytes(32), 256), 0x6982)


def test_a_pin_that_must_be_changed_is_not_switched_off() -> None:
    text = builtin_text("iso-blank").replace('unblock = "puk"', 'unblock = "puk"\nmust_change = true', 1)
    card = bench_of_text(text)
    card.refused(command(Ins.DISABLE_VERIFICATION, 0, 1, b"12345678"), 0x6985)


def test_a_key_that_proves_the_host_enciphers_for_nobody() -> None:
    text = builtin_text("iso-blank").replace('purpose = ["external"', 'purpose = ["cipher", "external"', 1)
    assert text != builtin_text("iso-blank")
    card = bench_of_text(text)
    card.verify(1, b"12345678")
    card.ok(command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xB8, bytes.fromhex("830101")))
    card.refused(command(Ins.PERFORM_SECURITY_OPERATION, 0x86, 0x80, bytes(16), 256), 0x6984)


def test_a_directory_of_many_files_goes_at_once_and_wholly() -> None:
    card = bench()
    before = card.content()
    card.ok(command(Ins.CREATE_FILE, data=tlv(0x62, tlv(0x82, b"\x38"), tlv(0x83, b"\xdf\x01"))))
    for fid in range(1, 400):
        card.ok(command(Ins.SELECT, 0, 0x0C, b"\xdf\x01"))
        shape = tlv(0x82, b"\x01"), tlv(0x83, fid.to_bytes(2, "big")), tlv(0x80, b"\0"), tlv(0x88)
        card.ok(command(Ins.CREATE_FILE, data=tlv(0x62, *shape)))
    card.ok(command(Ins.SELECT, 0, 0x0C, b"\x3f\x00"))
    card.ok(command(Ins.DELETE_FILE, 0, 0, b"\xdf\x01"))
    last = b"f#"  # numbers of files are not used again
    assert {k: v for k, v in before.items() if k != last} == {k: v for k, v in card.content().items() if k != last}


RSA, P256_KEY, P384_KEY, SM2 = 1, 2, 3, 4
"""Mechanisms of PUT DATA."""
N_SM2 = bytes.fromhex("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123")
N_P256 = bytes.fromhex("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551")
ODD = b"\xc0" + bytes(62) + b"\x01"

CURVE_NUMBERS = [
    *(
        (kind, d)
        for kind in (P256_KEY, P384_KEY, SM2)
        for d in (b"", bytes(32), bytes(48), b"\xff" * 48, b"\xff" * 600)
    ),
    (SM2, N_SM2),
    (SM2, N_SM2[:-1] + b"\x22"),  # n - 1, whose 1 + d has no inverse
    (P256_KEY, N_P256),
    (SM2, N_P256),
    (P384_KEY, N_P256),
]


@pytest.mark.parametrize(("kind", "d"), CURVE_NUMBERS)
def test_hostile_numbers_make_no_key_of_a_curve(kind: int, d: bytes) -> None:
    refused_import(kind, tlv(0x92, d))


@pytest.mark.parametrize("e", [b"", b"\x00", b"\x01", b"\x02", b"\x01\x00\x00", b"\x01" + bytes(4), b"\x01\x00\x01"])
@pytest.mark.parametrize(
    ("p", "q"),
    [(b"", b""), (b"\x00", ODD), (b"\x01", ODD * 2), (b"\x03", ODD), (ODD, ODD), (ODD, ODD[::-1]), (ODD * 9, ODD)],
)
def test_hostile_numbers_make_no_rsa_key(p: bytes, q: bytes, e: bytes) -> None:
    refused_import(RSA, tlv(0x91, e) + tlv(0x92, p) + tlv(0x93, q))


def refused_import(kind: int, numbers: bytes) -> None:
    card = bench()
    before = card.content()
    data = tlv(0xB6, tlv(0x84, b"\x01"), tlv(0x80, bytes((kind,))), tlv(0x7F48, numbers))
    card.refused(command(Ins.PUT_DATA_ODD, 0x3F, 0xFF, data), 0x6A80)
    assert before == card.content()
