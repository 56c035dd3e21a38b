"""The view of an Electronic Port card: found by AID, in step with the card, usable like the ISO door."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key

from simcard.applet.pkcs15 import der
from simcard.wire import tlv
from tests.applet_pkcs15.kit import ISO_APPLET, PKCS15, SM2, STRONG, read, select, select_path, view
from tests.kit import Bench, bench, command

APP = 0x5015
SIGN, DECIPHER = 0x9E9A, 0x8086
DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420")


@pytest.fixture
def card() -> Bench:
    """An RSA card, in the door by the PKCS#15 name."""
    made = view()
    made.ok(select(PKCS15))
    return made


@pytest.fixture
def strong() -> Bench:
    """A card with RSA-2048 keys and, in a second container, P-256 and P-384 keys."""
    made = view(STRONG)
    made.ok(select(PKCS15))
    return made


def entries(card: Bench, fid: int) -> list[tlv.Tlv]:
    """The entries of a directory."""
    return list(tlv.walk(read(card, APP, fid)))


def labels(card: Bench, fid: int) -> list[str]:
    found = []
    for entry in entries(card, fid):
        common = tlv.parse(entry.value)[0]
        found.append((tlv.find(common.value, der.UTF8) or b"").decode())
    return found


def put_certificate(card: Bench, body: bytes, channel: int = 0) -> None:
    """Through the ISO door: the certificate of the signing key of the first container."""
    card.ok(command(0x22, 0x41, 0xB6, bytes.fromhex("840101"), cla=channel))
    card.ok(command(0xDA, 0x7F, 0x21, body, cla=channel))


# -- found by name


def test_the_drivers_name_is_answered_with_version_and_features_though_no_le_asks() -> None:
    assert (bytes.fromhex("000607"), 0x9000) == view().send(select(ISO_APPLET, 0))


def test_the_pkcs15_name_is_answered_with_the_application() -> None:
    answer = tlv.fields(tlv.find(view().ok(select(PKCS15)), 0x6F) or b"")
    assert (bytes.fromhex("5015"), PKCS15) == (answer[0x83], answer[0x84])


def test_the_beginning_of_the_name_is_enough() -> None:
    assert view().ok(select(PKCS15[:6]))


def test_another_name_leads_back_to_the_iso_door(card: Bench) -> None:
    card.ok(select(bytes.fromhex("F04348494E414550 4F5254")))
    assert card.ok(select_path(0xDF01, 0x0011))


def test_without_the_door_in_the_profile_the_name_is_unknown() -> None:
    bench().refused(select(PKCS15), 0x6A82)


# -- what it shows


def test_ef_dir_names_the_application_and_its_path(card: Bench) -> None:
    record = tlv.fields(tlv.find(read(card, 0x2F00), 0x61) or b"")
    assert (PKCS15, bytes.fromhex("3F005015")) == (record[0x4F], record[0x51])


def test_the_object_directory_leads_to_five_directories(card: Bench) -> None:
    assert [0xA0, 0xA1, 0xA4, 0xA7, 0xA8] == [entry.tag for entry in entries(card, 0x5031)]


def test_token_info_holds_the_card_number_as_serial_number(card: Bench) -> None:
    (info,) = entries(card, 0x5032)
    assert b"ZZ9R000000004" == tlv.find(info.value, der.OCTET_STRING)


def test_pins_are_called_by_their_names(card: Bench) -> None:
    assert ["User PIN", "Admin PIN"] == labels(card, 0x4401)


@pytest.mark.parametrize("directory", [0x4402, 0x4403])
def test_keys_are_called_by_container_and_role(card: Bench, directory: int) -> None:
    assert ["EportRSA signing", "EportRSA exchange"] == labels(card, directory)


def test_curve_keys_stand_in_a_choice_of_their_own(strong: Bench) -> None:
    assert [0x30, 0x30, 0xA0, 0xA0] == [entry.tag for entry in entries(strong, 0x4402)]


def test_an_sm2_key_names_its_curve() -> None:
    card = view(SM2)
    card.ok(select(PKCS15))
    assert der.oid("1.2.156.10197.1.301") in read(card, APP, 0x4402)


def test_holder_and_enterprise_are_data_objects(card: Bench) -> None:
    assert ["Holder", "Enterprise"] == labels(card, 0x4405)


def test_a_data_object_is_the_file_of_the_card_without_its_erased_rest(card: Bench) -> None:
    assert "测试操作员" in read(card, APP, 0x3201).decode("gbk")
    assert not read(card, APP, 0x3201).endswith(b"\0")


def test_an_rsa_public_key_is_readable(card: Bench) -> None:
    key = load_der_public_key(read(card, APP, 0x3301))
    assert isinstance(key, rsa.RSAPublicKey)
    assert 1024 == key.key_size


def test_a_curve_public_key_is_readable(strong: Bench) -> None:
    key = load_der_public_key(read(strong, APP, 0x3303))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert "secp256r1" == key.curve.name


def test_the_file_of_a_private_key_is_named_and_shows_nothing(card: Bench) -> None:
    assert bytes.fromhex("30 04 04 02 3501") in read(card, APP, 0x4402)
    card.verify(1, b"88888888")
    card.ok(select_path(APP, 0x3501))
    card.refused(command(0xB0, 0, 0, ne=256), 0x6982)


def test_without_certificates_their_directory_is_padding(card: Bench) -> None:
    assert b"\0\0" == read(card, APP, 0x4404)


# -- in step


def test_a_certificate_put_through_the_iso_door_is_seen_through_this_one() -> None:
    card = view()
    card.verify(1, b"88888888")
    put_certificate(card, b"0\x03old")
    card.ok(select(PKCS15))
    assert ["EportRSA signing"] == labels(card, 0x4404)
    assert b"0\x03old" == read(card, APP, 0x3401)


def test_a_certificate_changed_on_another_channel_is_seen_in_the_open_file() -> None:
    card = view()
    card.verify(1, b"88888888")
    put_certificate(card, b"0\x03old")
    (channel,) = card.ok(command(0x70, ne=1))
    card.ok(command(0xA4, 4, 0, PKCS15, 256, cla=channel))
    card.ok(command(0xA4, 8, 0, bytes.fromhex("50153401"), 256, cla=channel))
    put_certificate(card, b"0\x03new")
    assert b"0\x03new" == card.ok(command(0xB0, 0, 0, ne=256, cla=channel))


def test_a_certificate_that_is_gone_leaves_the_directory(card: Bench) -> None:
    other = view()
    other.verify(1, b"88888888")
    put_certificate(other, b"0\x03old")
    put_certificate(other, b"")
    other.ok(select(PKCS15))
    assert [] == labels(other, 0x4404)


def test_a_deactivated_holder_file_is_not_shown() -> None:
    card = view()
    card.verify(2, b"66666666")
    card.ok(select_path(0xDF01))
    card.ok(command(0x04))
    card.ok(select(PKCS15))
    assert [] == labels(card, 0x4405)


def test_two_reads_without_a_change_make_the_files_once(card: Bench) -> None:
    read(card, APP, 0x4402)
    made = card.card._powered()[0].channels[0].session.files
    read(card, APP, 0x4403)
    assert made is card.card._powered()[0].channels[0].session.files


# -- used


def test_a_wrong_pin_is_counted_as_at_the_iso_door(card: Bench) -> None:
    card.refused(command(0x20, 0, 1, b"00000000"), 0x63C2)
    card.ok(select_path(0x2F00))
    card.ok(select(bytes.fromhex("F04348494E414550 4F5254")))
    card.refused(command(0x20, 0, 1), 0x63C2)


def test_a_key_asks_for_its_pin(card: Bench) -> None:
    card.ok(command(0x22, 0x41, 0xB6, bytes.fromhex("840101")))
    card.refused(command(0x2A, 0x9E, 0x9A, DIGEST_INFO + bytes(32), 256), 0x6982)


def test_rsa_signs_a_digest_info(card: Bench) -> None:
    card.verify(1, b"88888888")
    card.ok(command(0x22, 0x41, 0xB6, bytes.fromhex("840101")))
    signature = card.ok(command(0x2A, 0x9E, 0x9A, DIGEST_INFO + bytes(32), 256))
    key = load_der_public_key(read(card, APP, 0x3301))
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(signature, bytes(32), padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))


def test_by_the_pkcs15_name_a_curve_signs_as_at_the_iso_door(strong: Bench) -> None:
    strong.verify(1, b"88888888")
    strong.ok(command(0x22, 0x41, 0xB6, bytes.fromhex("840103")))
    assert 64 == len(strong.ok(command(0x2A, 0x9E, 0x9A, bytes(32), 256)))


def test_by_the_drivers_name_a_curve_hashes_and_signs_in_der() -> None:
    card = view(STRONG)
    card.ok(select(ISO_APPLET))
    card.verify(1, b"88888888")
    card.ok(command(0x22, 0x41, 0xB6, bytes.fromhex("800121 840103")))
    signature = card.ok(command(0x2A, 0x9E, 0x9A, b"message", 256))
    key = load_der_public_key(read(card, APP, 0x3303))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature, b"message", ec.ECDSA(hashes.SHA1()))


def test_by_the_drivers_name_an_sm2_key_signs_a_ready_digest_in_der() -> None:
    card = view(SM2)
    card.ok(select(ISO_APPLET))
    card.verify(1, b"88888888")
    card.ok(command(0x22, 0x41, 0xB6, bytes.fromhex("800121 840101")))
    signature = utils.decode_dss_signature(card.ok(command(0x2A, 0x9E, 0x9A, bytes(range(32)), 256)))
    public = tlv.find(read(card, APP, 0x3301), der.OCTET_STRING) or b""
    raw = b"".join(number.to_bytes(32, "big") for number in signature)
    card.board.crypto.sm2_verify(public, bytes(range(32)), raw)


def test_the_exchange_key_deciphers(strong: Bench) -> None:
    key = load_der_public_key(read(strong, APP, 0x3302))
    assert isinstance(key, rsa.RSAPublicKey)
    strong.verify(1, b"88888888")
    strong.ok(command(0x22, 0x41, 0xB8, bytes.fromhex("840102")))
    secret = key.encrypt(b"secret", padding.PKCS1v15())
    assert b"secret" == strong.ok(command(0x2A, 0x80, 0x86, b"\0" + secret, 256))


def test_gnupg_has_the_exchange_key_decipher_without_padding(strong: Bench) -> None:
    key = load_der_public_key(read(strong, APP, 0x3302))
    assert isinstance(key, rsa.RSAPublicKey)
    strong.verify(1, b"88888888")
    strong.ok(command(0x22, 0x41, 0xB8, bytes.fromhex("80010A 840102")))
    block = strong.ok(command(0x2A, 0x80, 0x86, b"\0" + key.encrypt(b"secret", padding.PKCS1v15()), 256))
    assert (256, b"\0\2", b"\0secret") == (len(block), block[:2], block[-7:])


def test_the_code_of_gnupg_fits_no_curve(strong: Bench) -> None:
    strong.verify(1, b"88888888")
    strong.ok(command(0x22, 0x41, 0xB6, bytes.fromhex("80010A 840103")))
    strong.refused(command(0x2A, 0x9E, 0x9A, bytes(32), 256), 0x6A80)


def test_a_blocked_pin_is_unblocked_with_the_admin_pin(card: Bench) -> None:
    for left in (0x63C2, 0x63C1, 0x63C0):
        card.refused(command(0x20, 0, 1, b"00000000"), left)
    card.refused(command(0x20, 0, 1, b"88888888"), 0x6983)
    card.ok(command(0x2C, 0, 1, b"66666666" + b"12345678"))
    card.verify(1, b"12345678")


def test_the_pin_is_changed(card: Bench) -> None:
    card.ok(command(0x24, 0, 1, b"88888888" + b"12345678"))
    card.verify(1, b"12345678")


@pytest.mark.parametrize("ins", [0xD6, 0xE0, 0xE4, 0x46, 0xDB])
def test_a_view_cannot_be_written(card: Bench, ins: int) -> None:
    card.verify(2, b"66666666")
    card.refused(command(ins, 0, 0, b"\0\0"), 0x6D00)


def test_an_unknown_algorithm_of_the_driver_is_refused() -> None:
    card = view()
    card.ok(select(ISO_APPLET))
    card.refused(command(0x22, 0x41, 0xB6, bytes.fromhex("800155 840101")), 0x6A81)
