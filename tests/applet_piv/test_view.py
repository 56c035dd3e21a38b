"""The PIV door of an Electronic Port card: a view of keys, certificates and PINs that live elsewhere."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from simcard.hal.engine import KeyKind
from simcard.key.containers import Containers, Slot
from simcard.key.pair import Role
from simcard.wire.tlv import fields, find, tlv
from tests.applet_piv.support import Piv, authenticate, certificate, get_data, padded, piv_of, public_key, put_data
from tests.kit import board_of, command

PORT = """
extends = "eport-operator-rsa"
[card]
applets = ["iso", "piv"]
[card.options.piv]
container = "EportRSA"
"""
SM2 = """
extends = "eport-operator"
[card]
applets = ["iso", "piv"]
[card.options.piv]
container = "EportSM2"
"""
USER, ADMIN = b"88888888", b"66666666"
RSA1024 = 0x06
DIGEST = bytes(range(20))
INFO = bytes.fromhex("3021300906052B0E03021A05000414") + DIGEST
BLOCK = b"\0\1" + b"\xff" * (128 - 3 - len(INFO)) + b"\0" + INFO
DER = tlv(0x30, b"a certificate")
SIGNING_CERTIFICATE = command(0xA4, 8, 0x0C, bytes.fromhex("DF010021"))
ISO = command(0xA4, 4, 0x0C, bytes.fromhex("F053494D4341524400"))
SELECT = command(0xA4, 4, 0, bytes.fromhex("A000000308"), ne=256)


@pytest.fixture
def card() -> Piv:
    return piv_of(PORT)


def public(card: Piv, role: Role) -> rsa.RSAPublicKey:
    pair = Containers(card.bench.store()).require(Slot(1, role))
    assert pair.kind == KeyKind.RSA
    n, e = board_of(card.bench.flash).crypto.rsa_public_parts(pair.public)
    found = public_key(tlv(0x7F49, tlv(0x81, n), tlv(0x82, e)), RSA1024)
    assert isinstance(found, rsa.RSAPublicKey)
    return found


@pytest.mark.parametrize("slot", [0x9A, 0x9C])
def test_the_signing_pair_signs(card: Piv, slot: int) -> None:
    card.verify(USER)
    signature = card.use(slot, RSA1024, BLOCK)
    public(card, Role.SIGN).verify(signature, DIGEST, padding.PKCS1v15(), utils.Prehashed(hashes.SHA1()))


def test_the_exchange_pair_deciphers(card: Piv) -> None:
    card.verify(USER)
    sealed = public(card, Role.EXCHANGE).encrypt(b"for the port", padding.PKCS1v15())
    assert card.use(0x9D, RSA1024, sealed).endswith(b"\0for the port")


def test_the_user_pin_is_the_applications(card: Piv) -> None:
    card.bench.refused(authenticate(RSA1024, 0x9A, tlv(0x82), tlv(0x81, BLOCK)), 0x6982)
    card.bench.refused(command(0x20, 0, 0x80, padded(b"12345678")), 0x63C2)


def test_the_admin_pin_is_the_puk(card: Piv) -> None:
    for left in (2, 1, 0):
        card.bench.refused(command(0x20, 0, 0x80, padded(b"12345678")), 0x63C0 | left)
    card.bench.ok(command(0x2C, 0, 0x80, padded(ADMIN) + padded(b"87654321")))
    card.verify(b"87654321")


def test_a_pin_changed_here_is_changed_there(card: Piv) -> None:
    card.bench.ok(command(0x24, 0, 0x80, padded(USER) + padded(b"secret")))
    card.bench.ok(ISO)
    card.bench.verify(1, b"secret")


def test_a_pin_verified_there_counts_here(card: Piv) -> None:
    card.bench.ok(ISO)
    card.bench.verify(1, USER)
    card.bench.ok(SELECT)
    assert b"" != card.use(0x9A, RSA1024, BLOCK)


def test_but_not_for_the_signature_key_which_wants_it_every_time(card: Piv) -> None:
    card.bench.ok(ISO)
    card.bench.verify(1, USER)
    card.bench.ok(SELECT)
    card.bench.refused(authenticate(RSA1024, 0x9C, tlv(0x82), tlv(0x81, BLOCK)), 0x6982)


def test_a_certificate_put_here_is_read_there(card: Piv) -> None:
    card.verify(USER)
    card.put(0x5FC105, certificate(DER))
    card.bench.ok(ISO)
    card.bench.ok(SIGNING_CERTIFICATE)
    assert DER == card.bench.ok(command(0xB0, ne=256))


def test_a_certificate_put_there_is_read_here(card: Piv) -> None:
    card.bench.ok(ISO)
    card.bench.verify(1, USER)
    card.bench.ok(command(0x22, 0x41, 0xB6, tlv(0x84, b"\1")))
    card.bench.ok(command(0xDA, 0x7F, 0x21, DER))
    card.bench.ok(SELECT)
    assert certificate(DER) == card.get(0x5FC105) == card.get(0x5FC10A)


def test_the_rules_of_the_keys_hold_here_too(card: Piv) -> None:
    card.bench.refused(put_data(0x5FC105, certificate(DER)), 0x6982)


def test_a_renewed_key_is_the_same_through_both_doors(card: Piv) -> None:
    card.verify(USER)
    made = card.generate(0x9A, RSA1024)
    assert made == public(card, Role.SIGN)


def test_a_renewed_key_keeps_its_rules(card: Piv) -> None:
    before = Containers(card.bench.store()).require(Slot(1, Role.SIGN))
    card.verify(USER)
    card.generate(0x9C, RSA1024)
    after = Containers(card.bench.store()).require(Slot(1, Role.SIGN))
    assert (before.expanded, before.usage) == (after.expanded, after.usage)


def test_no_policy_of_its_own_is_kept_for_another_doors_key(card: Piv) -> None:
    card.verify(USER)
    wanted = tlv(0xAC, tlv(0x80, bytes((RSA1024,))), tlv(0xAA, b"\1"))
    card.bench.refused(command(0x47, 0, 0x9C, wanted, 256), 0x6A81)


@pytest.mark.parametrize("slot", [0x9E, 0x82, 0x95], ids=hex)
def test_other_slots_are_empty(card: Piv, slot: int) -> None:
    card.verify(USER)
    card.bench.refused(authenticate(RSA1024, slot, tlv(0x82), tlv(0x81, BLOCK)), 0x6A88)
    card.bench.refused(command(0x47, 0, slot, tlv(0xAC, tlv(0x80, b"\x11")), 256), 0x6982)


def test_there_is_no_management_key(card: Piv) -> None:
    card.bench.refused(authenticate(0x03, 0x9B, tlv(0x81)), 0x6A88)


def test_random_numbers_are_to_be_had_without_it(card: Piv) -> None:
    ask = authenticate(0x00, 0x9B, tlv(0x81))
    assert 2 == len({card.dynamic(ask)[0x81] for _ in range(2)})
    card.bench.refused(authenticate(0x00, 0x9B, tlv(0x82, bytes(8))), 0x6A88)


def test_the_card_keeps_no_objects_of_its_own(card: Piv) -> None:
    card.verify(USER)
    card.bench.refused(put_data(0x5FC102, b"mine"), 0x6982)


def test_the_discovery_object_names_the_applications_pin(card: Piv) -> None:
    assert b"\x40\x00" == find(card.get(0x7E), 0x5F2F)


def test_printed_information_shows_the_card_number(card: Piv) -> None:
    card.verify(USER)
    assert b"ZZ9R000000004" == fields(card.get(0x5FC109))[0x05]


def test_cards_have_identifiers_of_their_own(card: Piv) -> None:
    other = piv_of(PORT + '[holder]\ncard_number = "ZZ9R000000005"\n')
    assert fields(card.get(0x5FC102))[0x34] != fields(other.get(0x5FC102))[0x34]


def test_an_empty_certificate_is_not_found(card: Piv) -> None:
    card.bench.refused(get_data(0x5FC105), 0x6A82)


@pytest.mark.parametrize("algorithm", [RSA1024, 0x11])
def test_sm2_keys_are_not_for_piv(algorithm: int) -> None:
    port = piv_of(SM2)
    port.verify(USER)
    port.bench.refused(authenticate(algorithm, 0x9A, tlv(0x82), tlv(0x81, bytes(32))), 0x6A80)
