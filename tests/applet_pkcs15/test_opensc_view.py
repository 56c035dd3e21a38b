"""Unmodified OpenSC programs and an Electronic Port card, without any configuration and with those we ship."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key

from host_tools.opensc import configuration
from tests.applet_pkcs15.kit import (
    ADMIN_PIN,
    MODULE,
    RSA_1024,
    SM2,
    STRONG,
    USER_PIN,
    OpenSc,
    certificate,
    lines,
    opensc,
    view,
)
from tests.kit import command

LOGIN = "--login", "--pin", USER_PIN
WRONG = "--login", "--pin", "00000000"


@pytest.fixture
def strong() -> Iterator[OpenSc]:
    """RSA-2048, P-256 and P-384."""
    with opensc(view(STRONG)) as programs:
        yield programs


@pytest.fixture
def old() -> Iterator[OpenSc]:
    """RSA-1024, as the RSA generation of cards has it."""
    with opensc(view(RSA_1024)) as programs:
        yield programs


@pytest.fixture
def sm2() -> Iterator[OpenSc]:
    with opensc(view(SM2)) as programs:
        yield programs


def failed(output: str) -> list[str]:
    """Lines that say that something did not work."""
    return [line for word in ("ERR", "error:", "fail", "warning") for line in lines(output, word)]


def put_certificate(programs: OpenSc, body: bytes) -> None:
    """Through the ISO door, in short commands of a chain, by the one program that sends what it is told."""
    application = bytes.fromhex("F04348494E414550 4F5254")
    apdus = [
        command(0xA4, 4, 0x0C, application),
        command(0x20, 0, 1, USER_PIN.encode()),
        command(0x22, 0x41, 0xB6, bytes.fromhex("840101")),
    ]
    pieces = [body[at : at + 240] for at in range(0, len(body), 240)]
    apdus += [command(0xDA, 0x7F, 0x21, piece, cla=0x10) for piece in pieces[:-1]]
    apdus.append(command(0xDA, 0x7F, 0x21, pieces[-1]))
    said = programs.ok("opensc-tool", *(word for apdu in apdus for word in ("-s", apdu.hex())))
    assert len(apdus) == len(lines(said, "Received (SW1=0x90, SW2=0x00)"))


# -- found


def test_opensc_finds_the_card_by_the_applications_name(strong: OpenSc) -> None:
    assert "Javacard with IsoApplet" in strong.ok("opensc-tool", "-n")


def test_the_token_is_called_by_the_profiles_label(strong: OpenSc) -> None:
    assert ["PKCS#15 Card [EPORT]:"] == lines(strong.ok("pkcs15-tool", "-D"), "PKCS#15 Card")


def test_the_whole_card_is_dumped_after_the_pin(strong: OpenSc) -> None:
    dump = strong.ok("pkcs15-tool", "-D", "--verify-pin", "--pin", USER_PIN)
    assert 4 == len(lines(dump, "Private "))


def test_holder_data_are_read_as_a_data_object(strong: OpenSc) -> None:
    strong.p11("--read-object", "--type", "data", "--label", "Holder", "-o", "holder")
    assert "测试操作员" in strong.content("holder").decode("gbk")


def test_every_pkcs11_object_has_a_label(strong: OpenSc) -> None:
    shown = strong.p11("--list-objects", *LOGIN)
    expected = {"EportRSA signing", "EportRSA exchange", "P-256 signing", "P-384 signing"}
    assert expected == {line.split(":")[1].strip() for line in lines(shown, "label:") if "'" not in line}


# -- used


def test_pkcs11_tool_tests_everything_without_a_failed_line(strong: OpenSc) -> None:
    shown = strong.p11("--test", *LOGIN)
    assert [] == failed(shown)
    assert ["No errors"] == lines(shown, "No errors")


def test_pkcs11_tool_survives_a_fork(strong: OpenSc) -> None:
    assert [] == failed(strong.p11("--test-fork"))


def test_pkcs11_tool_survives_threads(strong: OpenSc) -> None:
    # The program waits half a minute for threads that are not done when it is, so it has work of its own here.
    shown = strong.p11("--test-threads", "ILGISLT0", "--test-threads", "ILGISLT0", "--test", *LOGIN)
    assert "all threads have ended with CKR_OK" in shown


@pytest.mark.parametrize("number", ["03", "05"])
def test_a_curve_signs_with_the_one_mechanism_the_driver_has(strong: OpenSc, number: str) -> None:
    strong.file("message", b"message" * 50)
    arguments = "--sign", "--mechanism", "ECDSA-SHA1", "--id", number, "-i", "message", "-o", "signature"
    strong.p11(*arguments, "--signature-format", "openssl", *LOGIN)
    key = load_pem_public_key(strong.ok("pkcs15-tool", "--read-public-key", number).encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(strong.content("signature"), strong.content("message"), ec.ECDSA(hashes.SHA1()))


def test_the_driver_of_this_opensc_has_no_rsa_but_2048(old: OpenSc) -> None:
    old.file("digest", bytes(32))
    arguments = "--sign", "--mechanism", "RSA-PKCS", "--id", "01", "-i", "digest", "-o", "signature"
    assert "CKR_FUNCTION_NOT_SUPPORTED" in old.fails("pkcs11-tool", "--module", MODULE, *arguments, *LOGIN)


def test_with_our_configuration_rsa_1024_works_too(old: OpenSc) -> None:
    shown = old.p11("--test", *LOGIN, configuration=configuration("iso"))
    assert [] == failed(shown)
    assert ["No errors"] == lines(shown, "No errors")


def test_the_driver_for_unknown_cards_reads_everything(old: OpenSc) -> None:
    shown = old.ok("pkcs15-tool", "-D", configuration=configuration("read"))
    assert (2, 2, 2) == tuple(len(lines(shown, word)) for word in ("Private RSA", "Public RSA", "Data object"))


def test_the_isoapplet_configuration_leads_to_that_driver(old: OpenSc) -> None:
    assert "IsoApplet" in old.ok("opensc-tool", "-n", configuration=configuration("isoApplet"))


# -- PINs as the programs show them


def test_a_wrong_pin_is_called_incorrect(strong: OpenSc) -> None:
    assert "CKR_PIN_INCORRECT" in strong.fails("pkcs11-tool", "--module", MODULE, "-O", *WRONG)


def test_a_blocked_pin_is_called_locked_and_unblocked_with_the_admin_pin(strong: OpenSc) -> None:
    for _ in range(3):
        said = strong.fails("pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "00000000")
        assert "PIN code or key incorrect" in said
    assert "CKR_PIN_LOCKED" in strong.fails("pkcs11-tool", "--module", MODULE, "-O", *LOGIN)
    said = strong.fails("pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", USER_PIN)
    assert "Authentication method blocked" in said
    strong.ok("pkcs15-tool", "--unblock-pin", "--auth-id", "01", "--puk", ADMIN_PIN, "--new-pin", "12345678")
    strong.ok("pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "12345678")


def test_the_pin_is_changed_by_pkcs11_tool(strong: OpenSc) -> None:
    assert "PIN successfully changed" in strong.p11("--change-pin", *LOGIN, "--new-pin", "12345678")
    strong.ok("pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "12345678")


# -- in step


def test_a_certificate_changed_at_the_iso_door_is_read_here(strong: OpenSc) -> None:
    for name in ("first", "second"):
        put_certificate(strong, certificate(name).public_bytes(Encoding.DER))
        strong.p11("--read-object", "--type", "cert", "--id", "01", "-o", name)
        assert certificate(name).public_bytes(Encoding.DER) == strong.content(name)


# -- SM2


def test_sm2_keys_are_listed_as_keys_of_a_curve_of_256_bits(sm2: OpenSc) -> None:
    shown = sm2.ok("pkcs15-tool", "--list-keys", "--list-public-keys")
    assert (2, 4) == (len(lines(shown, "Private EC Key")), len(lines(shown, "FieldLength    : 256")))


def test_sm2_keys_are_objects_of_pkcs11_without_a_warning(sm2: OpenSc) -> None:
    shown = sm2.p11("--list-objects", *LOGIN)
    assert (2, 2) == (len(lines(shown, "Private Key Object; EC")), len(lines(shown, "Public Key Object; EC")))
    assert [] == failed(shown)


def test_an_sm2_key_signs_a_ready_digest_under_the_name_of_ecdsa() -> None:
    card = view(SM2)
    digest = bytes(range(32))
    with opensc(card) as programs:
        programs.file("digest", digest)
        programs.p11("--sign", "--mechanism", "ECDSA-SHA1", "--id", "01", "-i", "digest", "-o", "signature", *LOGIN)
        armour = programs.ok("pkcs15-tool", "--read-public-key", "01").split("-----")[2]
        point = b64decode(armour)[-65:]
        card.board.crypto.sm2_verify(point, digest, programs.content("signature"))


def test_pkcs15_crypt_signs_with_sm2_when_asked_for_sha1() -> None:
    card = view(SM2)
    with opensc(card) as programs:
        programs.file("digest", bytes(range(20)) + bytes(12))
        programs.ok("pkcs15-crypt", "-s", "-k", "01", "--pin", USER_PIN, "-i", "digest", "-o", "s", "--raw", "--sha-1")
        assert programs.content("s")


def sm2_certificate(programs: OpenSc) -> bytes:
    """A certificate with an SM2 key, made by openssl."""
    programs.ok("openssl", "ecparam", "-genkey", "-noout", "-name", "SM2", "-out", "key.pem")
    request = "req", "-x509", "-new", "-key", "key.pem", "-sm3", "-subj", "/CN=SM2", "-outform", "DER", "-out", "der"
    programs.ok("openssl", *request)
    return programs.content("der")


def test_a_certificate_for_an_sm2_key_is_read_as_a_data_object(sm2: OpenSc) -> None:
    made = sm2_certificate(sm2)
    put_certificate(sm2, made)
    sm2.p11("--read-object", "--type", "data", "--label", "EportSM2 signing certificate", "-o", "read")
    assert made == sm2.content("read")


def test_this_opensc_lists_a_certificate_for_an_sm2_key_but_cannot_read_it(sm2: OpenSc) -> None:
    put_certificate(sm2, sm2_certificate(sm2))
    assert 1 == len(lines(sm2.ok("pkcs15-tool", "--list-certificates"), "X.509 Certificate"))
    assert "Invalid ASN.1 object" in sm2.fails("pkcs15-tool", "--read-certificate", "01")
