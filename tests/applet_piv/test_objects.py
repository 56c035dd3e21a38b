"""The data objects of the PIV data model (NIST SP 800-73-4 part 1, table 3; part 2, 3.1.2 and 3.3.2)."""

from __future__ import annotations

import gzip

import pytest

from simcard.applet.piv.objects import OBJECTS
from simcard.applet.piv.slots import BY_CERTIFICATE
from simcard.wire.tlv import encode_tag, fields, find, tlv
from tests.applet_piv.support import AID, STANDARD, Piv, certificate, get_data, piv, piv_of, put_data
from tests.kit import command

CHUID, CCC, DISCOVERY, HISTORY, PRINTED, BIOMETRICS = 0x5FC102, 0x5FC107, 0x7E, 0x5FC10C, 0x5FC109, 0x7F61
STANDARD_TAGS = {
    *range(0x5FC101, 0x5FC104),
    *range(0x5FC105, 0x5FC124),
    DISCOVERY,
    BIOMETRICS,
}
WANT_PIN = {0x5FC103, 0x5FC108, 0x5FC109, 0x5FC121, 0x5FC123}
WRITABLE = sorted(set(OBJECTS) - set(BY_CERTIFICATE) - {DISCOVERY, BIOMETRICS})
DER = tlv(0x30, b"a certificate, or so it says")


@pytest.fixture
def card() -> Piv:
    return piv()


def test_every_object_of_the_standard_is_known() -> None:
    assert STANDARD_TAGS == {tag for tag, row in OBJECTS.items() if not row.yubico}


def test_those_that_want_the_pin_are_those_of_the_standard() -> None:
    assert WANT_PIN == {tag for tag, row in OBJECTS.items() if row.needs_pin}


@pytest.mark.parametrize("tag", WRITABLE, ids=hex)
def test_what_is_put_is_got(card: Piv, tag: int) -> None:
    card.manage()
    card.verify()
    card.put(tag, b"\x01\x02made up")
    assert b"\x01\x02made up" == card.get(tag)


@pytest.mark.parametrize("tag", sorted(WANT_PIN), ids=hex)
def test_some_want_the_pin_to_be_read(card: Piv, tag: int) -> None:
    card.manage()
    card.put(tag, b"private")
    card.bench.refused(get_data(tag), 0x6982)


@pytest.mark.parametrize("tag", [CHUID, 0x5FC105, 0x5FC106, PRINTED], ids=hex)
def test_writing_wants_the_management_key(card: Piv, tag: int) -> None:
    card.verify()
    card.bench.refused(put_data(tag, certificate(DER)), 0x6982)


def test_an_object_of_thousands_of_bytes(card: Piv) -> None:
    card.manage()
    face = bytes(range(256)) * 49
    for at in range(0, len(whole := put_data(0x5FC108, face)[7:]), 255):
        piece = whole[at : at + 255]
        last = at + 255 >= len(whole)
        card.bench.ok(bytes((0x00 if last else 0x10, 0xDB, 0x3F, 0xFF, len(piece))) + piece)
    card.verify()
    assert face == card.get(0x5FC108)


def test_an_empty_object_is_gone(card: Piv) -> None:
    card.manage()
    card.put(0x5FC106, b"something")
    card.put(0x5FC106, b"")
    card.bench.refused(get_data(0x5FC106), 0x6A82)


def test_an_object_survives_a_reset(card: Piv) -> None:
    card.manage()
    card.put(0x5FC106, b"something")
    card.bench.card.reset()
    card.bench.ok(command(0xA4, 4, 0, AID, ne=256))
    assert b"something" == card.get(0x5FC106)


@pytest.mark.parametrize("tag", [0x5FC104, 0x5FC17F, 0x5FFF02, 0x9F7F, 0x81], ids=hex)
def test_there_are_no_others(card: Piv, tag: int) -> None:
    card.bench.refused(get_data(tag), 0x6A82)


def test_yubicos_objects_belong_to_the_extensions() -> None:
    piv_of(STANDARD).bench.refused(get_data(0x5FFF01), 0x6A82)


@pytest.mark.parametrize("data", ["", "5C", "5C00", "5C035FC1", "53025FC1", "5C067E5FC102"], ids=str)
def test_a_tag_list_names_one_object(card: Piv, data: str) -> None:
    card.bench.refused(command(0xCB, 0x3F, 0xFF, bytes.fromhex(data), 256), 0x6A80)


def test_p1_and_p2_are_fixed(card: Piv) -> None:
    card.bench.refused(b"\x00\xcb\x00\x00" + get_data(CHUID)[4:], 0x6A86)


# -- objects the card works out --------------------------------------------------------------------------------


def test_the_discovery_object_names_the_application_and_its_pins(card: Piv) -> None:
    assert tlv(0x7E, tlv(0x4F, AID), tlv(0x5F2F, b"\x60\x10")) == card.bench.ok(get_data(DISCOVERY))


def test_without_a_global_pin_only_the_applications_counts() -> None:
    alone = piv_of(STANDARD + 'global = "none"\n')
    assert b"\x40\x00" == find(alone.get(DISCOVERY), 0x5F2F)


def test_the_discovery_object_cannot_be_written(card: Piv) -> None:
    card.manage()
    card.bench.refused(command(0xDB, 0x3F, 0xFF, tlv(DISCOVERY, tlv(0x4F, AID))), 0x6A81)


def test_the_biometric_group_travels_under_its_own_tag(card: Piv) -> None:
    card.manage()
    card.bench.ok(command(0xDB, 0x3F, 0xFF, tlv(BIOMETRICS, b"\x02\x01\x00")))
    assert tlv(BIOMETRICS, b"\x02\x01\x00") == card.bench.ok(get_data(BIOMETRICS))


def digits(fascn: bytes) -> str:
    """The FASC-N's characters (SP 800-73-4 refers to TIG SCEPACS 2.2): four bits, lowest first, and odd parity."""
    stream = f"{int.from_bytes(fascn, 'big'):0200b}"
    groups = [stream[at : at + 5] for at in range(0, 200, 5)]
    assert all(group.count("1") % 2 == 1 for group in groups)
    return "".join(f"{int(group[3::-1], 2):X}" for group in groups)


def test_the_card_number_is_marked_as_a_test(card: Piv) -> None:
    assert digits(fields(card.get(CHUID))[0x30]).startswith("B9999D9999D999999D")


def test_the_check_digit_of_the_card_number_is_right(card: Piv) -> None:
    total = 0
    for digit in digits(fields(card.get(CHUID))[0x30]):
        total ^= int(digit, 16)
    assert 0 == total


def test_the_guid_is_a_random_uuid_by_its_form(card: Piv) -> None:
    guid = fields(card.get(CHUID))[0x34]
    assert (16, 4, 2) == (len(guid), guid[6] >> 4, guid[8] >> 6)


def test_the_guid_stays_when_keys_come(card: Piv) -> None:
    before = card.get(CHUID)
    card.manage()
    card.generate(0x9A, 0x11)
    assert before == card.get(CHUID)


def test_the_capability_container_has_every_mandatory_object(card: Piv) -> None:
    wanted = [0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE]
    content = card.get(CCC)
    assert wanted == [tag for tag in wanted if encode_tag(tag) in content]
    assert bytes.fromhex("F015A000000116") == content[:7]


def test_printed_information_says_that_it_is_a_test(card: Piv) -> None:
    card.verify()
    assert b"SIMCARD TEST" == fields(card.get(PRINTED))[0x01]


@pytest.mark.parametrize(("slot", "count"), [(0x82, 1), (0x84, 3), (0x95, 20)])
def test_the_key_history_counts_certificates_of_retired_keys(card: Piv, slot: int, count: int) -> None:
    card.manage()
    card.put(0x5FC10D + slot - 0x82, certificate(DER))
    assert bytes((count,)) == fields(card.get(HISTORY))[0xC1]


# -- certificates ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", sorted(BY_CERTIFICATE), ids=hex)
def test_a_certificate_lives_in_the_container_of_its_slot(card: Piv, tag: int) -> None:
    card.manage()
    slot = BY_CERTIFICATE[tag]
    if slot.reference == 0xF9:
        card.bench.refused(put_data(tag, b"no certificate"), 0x6A80)
    card.put(tag, certificate(DER))
    assert certificate(DER) == card.get(tag)
    values = [value for key, value in card.bench.store().items() if key[:1] == b"z"]
    assert [DER] == values


def test_a_packed_certificate_is_unpacked(card: Piv) -> None:
    card.manage()
    card.put(0x5FC105, tlv(0x70, gzip.compress(DER)) + tlv(0x71, b"\1") + tlv(0xFE))
    assert certificate(DER) == card.get(0x5FC105)


@pytest.mark.parametrize(
    "content",
    [
        tlv(0x70, b"not packed") + tlv(0x71, b"\1"),
        tlv(0x70, gzip.compress(bytes(20000))) + tlv(0x71, b"\1"),
        tlv(0x70, gzip.compress(DER)[:-9]) + tlv(0x71, b"\1"),
        tlv(0x71, b"\1"),
        b"\x70\x05\x30",
    ],
    ids=["not gzip", "a bomb", "cut short", "no certificate", "no TLV"],
)
def test_what_holds_no_certificate_is_refused(card: Piv, content: bytes) -> None:
    card.manage()
    card.bench.refused(put_data(0x5FC105, content), 0x6A80)


def test_an_empty_object_removes_a_certificate(card: Piv) -> None:
    card.manage()
    card.put(0x5FC105, certificate(DER))
    card.put(0x5FC105, b"")
    card.bench.refused(get_data(0x5FC105), 0x6A82)


def test_a_new_key_drops_the_certificate_of_the_old_one(card: Piv) -> None:
    card.manage()
    card.generate(0x9A, 0x11)
    card.put(0x5FC105, certificate(DER))
    card.generate(0x9A, 0x11)
    card.bench.refused(get_data(0x5FC105), 0x6A82)


def test_the_objects_are_closed_to_the_file_system(card: Piv) -> None:
    card.bench.card.reset()
    for fid in ("DF50", "0001"):
        card.bench.ok(command(0xA4, 0, 0x0C, bytes.fromhex(fid)))
    card.bench.refused(command(0xCB, 0, 0, tlv(0x5C), 256), 0x6982)
