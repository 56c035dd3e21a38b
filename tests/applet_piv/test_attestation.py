"""Attestation certificates, read and verified by `cryptography`."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simcard.wire.tlv import find, tlv
from tests.applet_piv.support import Piv, certificate, piv, piv_of
from tests.applet_piv.test_yubico import rsa_numbers
from tests.kit import command

F9 = 0x5FFF01
YUBICO = "1.3.6.1.4.1.41482.3"
WITHOUT = 'extends = "piv"\ncontainer = []\n'


@pytest.fixture
def card() -> Piv:
    made = piv()
    made.manage()
    return made


def attested(card: Piv, slot: int) -> x509.Certificate:
    return x509.load_der_x509_certificate(card.bench.ok(command(0xF9, slot, 0, ne=256)))


def issuer_of(card: Piv) -> x509.Certificate:
    return x509.load_der_x509_certificate(find(card.get(F9), 0x70) or b"")


def told(found: x509.Certificate, arc: int) -> bytes:
    extension = found.extensions.get_extension_for_oid(x509.ObjectIdentifier(f"{YUBICO}.{arc}")).value
    assert isinstance(extension, x509.UnrecognizedExtension)
    return extension.value


def test_the_issuer_signs_itself(card: Piv) -> None:
    found = issuer_of(card)
    found.verify_directly_issued_by(found)
    assert found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_names_say_that_it_is_a_test(card: Piv) -> None:
    assert "CN=SIMCARD PIV Attestation (test)" == issuer_of(card).subject.rfc4514_string()


@pytest.mark.parametrize("slot", [0x9A, 0x9C, 0x9D, 0x9E, 0x82, 0x95], ids=hex)
@pytest.mark.parametrize("algorithm", [0x06, 0x11, 0x14], ids=hex)
def test_a_key_made_here_is_attested(slot: int, algorithm: int) -> None:
    card = piv()
    card.manage()
    public = card.generate(slot, algorithm)
    found = attested(card, slot)
    found.verify_directly_issued_by(issuer_of(card))
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    assert public.public_bytes(*form) == found.public_key().public_bytes(*form)
    assert f"CN=YubiKey PIV Attestation {slot:02x}" == found.subject.rfc4514_string()


def test_version_serial_number_policies_and_form(card: Piv) -> None:
    card.generate(0x9C, 0x11, tlv(0xAB, b"\3"))
    found = attested(card, 0x9C)
    serial = tlv(0x02, (99000001).to_bytes(4, "big"))
    assert [b"\5\4\3", serial, b"\3\3", b"\1"] == [told(found, arc) for arc in (3, 7, 8, 9)]


def test_two_keys_have_two_numbers(card: Piv) -> None:
    card.generate(0x9A, 0x11)
    first = attested(card, 0x9A)
    card.generate(0x9A, 0x11)
    assert first.serial_number != attested(card, 0x9A).serial_number


def test_an_imported_key_is_not_attested(card: Piv) -> None:
    card.bench.ok(command(0xFE, 0x11, 0x9A, tlv(0x06, bytes(range(32)))))
    card.bench.refused(command(0xF9, 0x9A, 0, ne=256), 0x6985)


def test_an_empty_slot_is_not_attested(card: Piv) -> None:
    card.bench.refused(command(0xF9, 0x9A, 0, ne=256), 0x6A88)


@pytest.mark.parametrize("slot", [0xF9, 0x80, 0x9B], ids=hex)
def test_only_slots_are_attested(card: Piv, slot: int) -> None:
    card.bench.refused(command(0xF9, slot, 0, ne=256), 0x6A86)


def test_the_attestation_key_serves_nothing_else(card: Piv) -> None:
    card.verify()
    card.bench.refused(command(0x87, 0x11, 0xF9, tlv(0x7C, tlv(0x82), tlv(0x81, bytes(32))), 256), 0x6982)


def test_another_issuer_may_be_put_in(card: Piv) -> None:
    key = rsa.generate_private_key(65537, 2048)
    card.bench.ok(command(0xFE, 0x07, 0xF9, rsa_numbers(key)))
    mine = issuer_of(card)
    assert key.public_key() == mine.public_key()
    card.put(F9, certificate(mine.public_bytes(Encoding.DER)))
    card.generate(0x9A, 0x11)
    attested(card, 0x9A).verify_directly_issued_by(mine)


def test_a_card_without_the_key_attests_nothing() -> None:
    plain = piv_of(WITHOUT)
    plain.manage()
    plain.generate(0x9A, 0x11)
    plain.bench.refused(command(0xF9, 0x9A, 0, ne=256), 0x6A88)
