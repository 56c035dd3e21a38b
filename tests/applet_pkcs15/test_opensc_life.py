"""The whole life of a writable card in the hands of pkcs15-init, pkcs15-tool and pkcs11-tool, all unmodified."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key, load_pem_public_key

from tests.applet_pkcs15.kit import (
    MODULE,
    PIN,
    PUK,
    OpenSc,
    blank,
    certificate,
    created,
    ec_key,
    filled,
    lines,
    opensc,
    pem_of_ec,
    pem_of_rsa,
    rsa_key,
)
from tests.applet_pkcs15.test_opensc_view import failed

LOGIN = "--login", "--pin", PIN


@pytest.fixture
def empty() -> Iterator[OpenSc]:
    """A card with PIN, unblock key and empty directories."""
    with opensc(created()) as programs:
        yield programs


@pytest.fixture
def full() -> Iterator[OpenSc]:
    """A card with keys 01 RSA-2048, 02 P-256, 03 P-384 and a certificate for the first."""
    with opensc(filled()) as programs:
        yield programs


def public_key(programs: OpenSc, number: str) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    key = load_pem_public_key(programs.ok("pkcs15-tool", "--read-public-key", number).encode())
    assert isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey))
    return key


def sign(programs: OpenSc, mechanism: str, number: str) -> bytes:
    """pkcs11-tool's signature over `message`."""
    programs.file("message", b"message")
    arguments = "--sign", "--mechanism", mechanism, "--id", number, "-i", "message", "-o", "signature"
    programs.p11(*arguments, "--signature-format", "openssl", *LOGIN)
    return programs.content("signature")


# -- created


def test_a_blank_card_is_found_without_configuration() -> None:
    with opensc(blank()) as programs:
        assert "Javacard with IsoApplet" in programs.ok("opensc-tool", "-n")


def test_a_card_is_created_with_pin_and_unblock_key() -> None:
    with opensc(blank()) as programs:
        programs.create()
        assert ["PKCS#15 Card [Blank no more]:"] == lines(programs.ok("pkcs15-tool", "-D"), "PKCS#15 Card")


def test_a_created_card_is_verified_and_dumped(empty: OpenSc) -> None:
    assert ["Serial number  : a1b2c3"] == lines(empty.ok("pkcs15-tool", "-D", "--verify-pin", "--pin", PIN), "Serial")


def test_a_card_is_not_created_twice_without_its_pin(empty: OpenSc) -> None:
    empty.fails("pkcs15-init", "--create-pkcs15", "--so-pin", "999999", "--so-puk", PUK)


# -- keys


def test_rsa_is_generated_by_pkcs15_init_and_signs(empty: OpenSc) -> None:
    empty.p15_init("--generate-key", "rsa:2048", "--id", "11", "--label", "made here")
    key = public_key(empty, "11")
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(sign(empty, "SHA256-RSA-PKCS", "11"), b"message", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("curve", ["prime256v1", "secp384r1"])
def test_a_curve_key_is_generated_by_pkcs15_init_and_signs(empty: OpenSc, curve: str) -> None:
    empty.p15_init("--generate-key", f"ec:{curve}", "--id", "12")
    key = public_key(empty, "12")
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(sign(empty, "ECDSA-SHA1", "12"), b"message", ec.ECDSA(hashes.SHA1()))


def test_rsa_is_imported_by_pkcs15_init_and_is_the_same_key(full: OpenSc) -> None:
    key = load_der_private_key(rsa_key(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signature = sign(full, "SHA256-RSA-PKCS", "01")
    key.public_key().verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(("number", "curve"), [("02", ec.SECP256R1()), ("03", ec.SECP384R1())])
def test_a_curve_key_is_imported_by_pkcs15_init_and_is_the_same_key(
    full: OpenSc, number: str, curve: ec.EllipticCurve
) -> None:
    signature = sign(full, "ECDSA-SHA1", number)
    ec_key(curve).public_key().verify(signature, b"message", ec.ECDSA(hashes.SHA1()))


@pytest.mark.parametrize("size", ["rsa:3072", "rsa:4096"])
def test_this_opensc_generates_no_rsa_but_2048_on_this_driver(empty: OpenSc, size: str) -> None:
    said = empty.fails("pkcs15-init", "--generate-key", size, "--auth-id", "ff", "--pin", PIN)
    assert "Failed to generate key: Not supported" in said


def test_rsa_is_generated_by_pkcs11_tool_and_passes_its_test(empty: OpenSc) -> None:
    empty.p11("--keypairgen", "--key-type", "rsa:2048", "--id", "13", "--label", "by pkcs11", *LOGIN)
    shown = empty.p11("--test", *LOGIN)
    assert [] == failed(shown)
    assert 1 == len(lines(shown, "testing key 0 (by pkcs11)")[:1])


def test_a_curve_key_is_imported_by_pkcs11_tool(empty: OpenSc) -> None:
    pem = empty.file("key.pem", pem_of_ec(ec.SECP256R1()))
    empty.p11("--write-object", pem, "--type", "privkey", "--id", "14", "--label", "mine", *LOGIN)
    ec_key(ec.SECP256R1()).public_key().verify(sign(empty, "ECDSA-SHA1", "14"), b"message", ec.ECDSA(hashes.SHA1()))


def test_pkcs15_crypt_deciphers(full: OpenSc) -> None:
    key = load_der_private_key(rsa_key(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    full.file("secret", key.public_key().encrypt(b"secret", padding.PKCS1v15()))
    full.ok("pkcs15-crypt", "-c", "-k", "01", "--pin", PIN, "-i", "secret", "-o", "plain", "--raw", "--pkcs1")
    assert b"secret" == full.content("plain")


# -- the programs' own tests


def test_pkcs11_tool_tests_everything_without_a_failed_line(full: OpenSc) -> None:
    shown = full.p11("--test", *LOGIN)
    assert [] == failed(shown)
    assert ["No errors"] == lines(shown, "No errors")


@pytest.mark.parametrize("curve", ["EC:prime256v1", "EC:secp384r1"])
def test_pkcs11_tool_tests_a_curve(empty: OpenSc, curve: str) -> None:
    shown = empty.p11("--test-ec", "--session-rw", "--key-type", curve, "--id", "20", "--label", "t", *LOGIN)
    assert "==> OK" in shown


def test_pkcs11_tool_survives_threads(full: OpenSc) -> None:
    # The program waits half a minute for threads that are not done when it is, so it has work of its own here.
    shown = full.p11("--test-threads", "ILGISLT0", "--test-threads", "ILGISLT0", "--test", *LOGIN)
    assert "all threads have ended with CKR_OK" in shown


def test_pkcs11_tool_survives_a_fork(full: OpenSc) -> None:
    assert [] == failed(full.p11("--test-fork"))


# -- certificates and data


def test_a_certificate_comes_back_as_it_was_stored(full: OpenSc) -> None:
    full.p11("--read-object", "--type", "cert", "--id", "01", "-o", "read")
    assert certificate().public_bytes(Encoding.DER) == full.content("read")


def test_a_certificate_is_deleted(full: OpenSc) -> None:
    full.p11("--delete-object", "--type", "cert", "--id", "01", *LOGIN)
    assert [] == lines(full.ok("pkcs15-tool", "--list-certificates"), "X.509")


def test_data_are_stored_read_and_deleted(empty: OpenSc) -> None:
    note = empty.file("note", b"a note")
    empty.p15_init("--store-data", note, "--application-name", "notes", "--label", "first")
    empty.p11("--read-object", "--type", "data", "--label", "first", "-o", "read", *LOGIN)
    assert b"a note" == empty.content("read")
    empty.p15_init("--delete-objects", "data", "--application-name", "notes", "--label", "first")
    assert [] == lines(empty.ok("pkcs15-tool", "-D"), "Data object")


def test_a_key_is_deleted_with_all_that_belongs_to_it(full: OpenSc) -> None:
    assert "Deleted 3 objects" in full.p15_init("--delete-objects", "privkey,pubkey,cert", "--id", "01")
    assert 2 == len(lines(full.ok("pkcs15-tool", "--list-keys"), "Private"))


def test_a_deleted_keys_place_is_used_again(full: OpenSc) -> None:
    full.p15_init("--delete-objects", "privkey,pubkey", "--id", "02")
    pem = full.file("key.pem", pem_of_rsa())
    full.p15_init("--store-private-key", pem, "--id", "05", "--label", "again")
    key = load_der_private_key(rsa_key(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signature = sign(full, "SHA256-RSA-PKCS", "05")
    key.public_key().verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())


# -- PINs as the programs show them


def test_a_wrong_pin_stops_pkcs15_init(empty: OpenSc) -> None:
    der = empty.file("cert.der", certificate().public_bytes(Encoding.DER))
    arguments = "--store-certificate", der, "--format", "der", "--auth-id", "ff", "--pin", "000000"
    said = empty.fails("pkcs15-init", *arguments)
    assert "PIN code or key incorrect" in said


def test_a_wrong_pin_is_incorrect_and_the_third_locks(full: OpenSc) -> None:
    for _ in range(3):
        assert "CKR_PIN_INCORRECT" in full.fails("pkcs11-tool", "--module", MODULE, "-O", "--login", "--pin", "000000")
    assert "CKR_PIN_LOCKED" in full.fails("pkcs11-tool", "--module", MODULE, "-O", *LOGIN)


def test_a_locked_pin_is_unblocked_with_the_unblock_key(full: OpenSc) -> None:
    for _ in range(3):
        full.fails("pkcs15-tool", "--verify-pin", "--auth-id", "ff", "--pin", "000000")
    said = full.fails("pkcs15-tool", "--verify-pin", "--auth-id", "ff", "--pin", PIN)
    assert "Authentication method blocked" in said
    full.ok("pkcs15-tool", "--unblock-pin", "--auth-id", "ff", "--puk", PUK, "--new-pin", "654321")
    full.ok("pkcs15-tool", "--verify-pin", "--auth-id", "ff", "--pin", "654321")


def test_a_wrong_unblock_key_is_incorrect(full: OpenSc) -> None:
    arguments = "--unblock-pin", "--auth-id", "ff", "--puk", "fedcba9876543210", "--new-pin", "654321"
    assert "PUK code incorrect; tries left: 4" in full.fails("pkcs15-tool", *arguments)


def test_the_pin_is_changed(full: OpenSc) -> None:
    full.ok("pkcs15-tool", "--change-pin", "--auth-id", "ff", "--pin", PIN, "--new-pin", "654321")
    full.ok("pkcs15-tool", "--verify-pin", "--auth-id", "ff", "--pin", "654321")
