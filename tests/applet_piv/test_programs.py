"""Unmodified programs and the PIV door: OpenSC's, Yubico's, and what each of them shows of a wrong PIN.

What the programs of Debian 12 themselves cannot do with any card, because of faults of their own together with
OpenSSL 3, is not asked of them here. `yubico-piv-tool` 2.2.0 signs no request and no self-signed certificate: its
signing function hangs in a copy of the key that OpenSSL 3 passes by, so it fails before it sends a command; OpenSSL
with Yubico's module makes both. It takes no hash longer than a curve. `piv-tool` 0.23 prints no public key after `-G`
and fails in `-A A:`.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from simcard.key.pair import Role
from simcard.wire.tlv import tlv
from tests.applet_piv.desk import Desk, desk, enrolled_card, issue, pem
from tests.applet_piv.support import Piv, certificate, piv_of
from tests.applet_piv.test_view import PORT, USER, public
from tests.kit import bench, command

pytestmark = pytest.mark.pcsc

RSA2048, P256, P384 = 0x07, 0x11, 0x14
RSA_PLAN = ((0x9A, RSA2048), (0x9C, RSA2048), (0x9D, RSA2048), (0x9E, RSA2048), (0x82, RSA2048))
EC_PLAN = ((0x9A, P256), (0x9C, P384), (0x9D, P256), (0x82, P384))
LOGIN = ("--login", "--pin", "123456")
HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA1": hashes.SHA1(),
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}
MANAGEMENT = ":".join(["01:02:03:04:05:06:07:08"] * 3)


@pytest.fixture
def blank() -> Iterator[Desk]:
    with desk(bench("piv").card) as made:
        yield made


@pytest.fixture
def with_rsa() -> Iterator[Desk]:
    with desk(enrolled_card(*RSA_PLAN)[0].card) as made:
        yield made


@pytest.fixture
def with_curves() -> Iterator[Desk]:
    with desk(enrolled_card(*EC_PLAN)[0].card) as made:
        yield made


def assert_all_passed(said: str) -> None:
    """What `pkcs11-tool --test` says when nothing failed."""
    assert "No errors" in said
    assert [] == [line for line in said.splitlines() if "ERR" in line or "failed" in line.lower() or "CKR_" in line]


def ykcs11() -> str:
    """Yubico's PKCS#11 module."""
    return str(next(Path("/usr/lib").glob("*/libykcs11.so*")))


# -- OpenSC ----------------------------------------------------------------------------------------------------


def test_opensc_finds_the_card_without_configuration(blank: Desk) -> None:
    assert "Personal Identity Verification Card" in blank.ok("opensc-tool", "--name")


def test_every_mechanism_of_pkcs11_tool_passes(with_rsa: Desk) -> None:
    said = with_rsa.ok("pkcs11-tool", "--test", *LOGIN)
    assert_all_passed(said)
    assert 5 <= said.count("RSA-X-509: OK")


@pytest.mark.parametrize(("key", "slot"), [("01", 0x9A), ("02", 0x9C)])
@pytest.mark.parametrize("name", HASHES)
def test_pkcs11_tool_signs_with_curves(with_curves: Desk, key: str, slot: int, name: str) -> None:
    with_curves.write("data", b"to be signed")
    asked = ("--sign", "--mechanism", f"ECDSA-{name}", "--id", key, "--signature-format", "openssl")
    with_curves.ok("pkcs11-tool", *LOGIN, *asked, "-i", "data", "-o", "signature")
    verifier = enrolled_card(*EC_PLAN)[1][slot]
    assert isinstance(verifier, ec.EllipticCurvePublicKey)
    verifier.verify(with_curves.read("signature"), b"to be signed", ec.ECDSA(HASHES[name]))


@pytest.mark.parametrize(("key", "slot"), [("03", 0x9D), ("05", 0x82)])
def test_pkcs11_tool_agrees_on_a_secret(with_curves: Desk, key: str, slot: int) -> None:
    theirs = enrolled_card(*EC_PLAN)[1][slot]
    assert isinstance(theirs, ec.EllipticCurvePublicKey)
    mine = ec.generate_private_key(theirs.curve)
    with_curves.write("peer", mine.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    asked = ("--derive", "--mechanism", "ECDH1-COFACTOR-DERIVE", "--id", key)
    with_curves.ok("pkcs11-tool", *LOGIN, *asked, "-i", "peer", "-o", "secret")
    assert mine.exchange(ec.ECDH(), theirs) == with_curves.read("secret")


def test_pkcs15_tool_shows_everything(with_rsa: Desk) -> None:
    said = with_rsa.ok("pkcs15-tool", "--dump", "--verify-pin", "--pin", "123456")
    assert 5 == said.count("Private RSA Key [")
    assert 5 == said.count("X.509 Certificate [")


def test_pkcs15_tool_changes_and_unblocks_the_pin(blank: Desk) -> None:
    blank.ok("pkcs15-tool", "--change-pin", "--pin", "123456", "--new-pin", "654321")
    blank.ok("pkcs15-tool", "--unblock-pin", "--puk", "12345678", "--new-pin", "112233")
    blank.ok("pkcs15-tool", "--verify-pin", "--pin", "112233")


def test_piv_tool_puts_certificates_and_objects() -> None:
    card, keys = enrolled_card((0x9A, P256), (0x9C, P256))
    names = {0x9A: "first", 0x9C: "second"}
    new = {slot: issue(keys[slot], name) for slot, name in names.items()}
    with desk(card.card) as made:
        made.write("key", MANAGEMENT.encode())
        made.write("plain", new[0x9A].public_bytes(Encoding.PEM))
        made.write("packed", gzip.compress(new[0x9C].public_bytes(Encoding.DER)))
        made.write("chuid", tlv(0x53, tlv(0x34, bytes(16))))
        tool = ("env", "PIV_EXT_AUTH_KEY=key", "piv-tool", "--admin", "M:9B:03")
        # The exit code is the number of bytes written, cut to eight bits; what counts is what is on the card.
        for asked in (("-C", "9A", "-i", "plain"), ("-Z", "9C", "-i", "packed"), ("-O", "3000", "-i", "chuid")):
            assert "fail" not in made.run(*tool, *asked).said
        shown = made.ok("pkcs15-tool", "--list-data-objects", "--verify-pin", "--pin", "123456")
        assert tlv(0x53, tlv(0x34, bytes(16))).hex().upper() in shown
    piv_card = Piv(card)
    card.card.power_on()
    card.ok(command(0xA4, 4, 0, bytes.fromhex("A000000308"), ne=256))
    assert certificate(new[0x9A].public_bytes(Encoding.DER)) == piv_card.get(0x5FC105)
    assert certificate(new[0x9C].public_bytes(Encoding.DER)) == piv_card.get(0x5FC10A)


def test_a_wrong_and_a_locked_pin_in_opensc(blank: Desk) -> None:
    asked = ("pkcs15-tool", "--verify-pin", "--pin")
    wrong = ("pkcs11-tool", "--login", "--pin", "999999", "--list-objects")
    assert "CKR_PIN_INCORRECT" in blank.run(*wrong).said
    assert "PIN code or key incorrect" in blank.run(*asked, "999999").said
    assert "final user PIN try" in blank.ok("pkcs11-tool", "--list-slots")
    blank.run(*wrong)
    assert "CKR_PIN_LOCKED" in blank.run(*wrong).said
    assert "Authentication method blocked" in blank.run(*asked, "123456").said
    assert "user PIN locked" in blank.ok("pkcs11-tool", "--list-slots")


def test_the_keys_of_an_electronic_port_card() -> None:
    card = piv_of(PORT)
    card.verify(USER)
    from_port = {0x5FC105: public(card, Role.SIGN), 0x5FC10B: public(card, Role.EXCHANGE)}
    for tag, key in from_port.items():
        card.put(tag, certificate(issue(key, f"{tag:X}").public_bytes(Encoding.DER)))
    with desk(card.bench.card) as made:
        said = made.ok("pkcs11-tool", "--test", "--login", "--pin", USER.decode())
    assert_all_passed(said)
    assert "testing key 2" in said


# -- Yubico ----------------------------------------------------------------------------------------------------


def test_yubicos_module_passes_every_mechanism(with_rsa: Desk) -> None:
    said = with_rsa.ok("pkcs11-tool", "--module", ykcs11(), "--test", *LOGIN)
    assert_all_passed(said)


def test_status(with_rsa: Desk) -> None:
    said = with_rsa.ok("yubico-piv-tool", "-a", "status")
    assert ["5.4.3", "99000001", "3"] == [
        next(line.split("\t")[-1] for line in said.splitlines() if line.startswith(head))
        for head in ("Version:", "Serial Number:", "PIN tries left:")
    ]
    assert 5 == said.count("Subject DN:")


@pytest.mark.parametrize("slot", ["9a", "9c", "9d", "9e", "82", "95"])
@pytest.mark.parametrize("algorithm", ["RSA1024", "RSA2048", "ECCP256", "ECCP384"])
def test_generate_import_sign_and_attest(blank: Desk, slot: str, algorithm: str) -> None:
    blank.ok("yubico-piv-tool", "-a", "generate", "-s", slot, "-A", algorithm, "-o", "public")
    made = issue(blank.key("public"), "test")
    blank.write("certificate", made.public_bytes(Encoding.PEM))
    blank.ok("yubico-piv-tool", "-a", "import-certificate", "-s", slot, "-i", "certificate")
    verify = ("yubico-piv-tool", "-a", "verify-pin", "-P", "123456", "-s", slot, "-i", "certificate", "-a")
    assert "Successful" in blank.ok(*verify, "test-signature")
    if slot not in ("9a", "9c", "9e") or algorithm.startswith("RSA"):
        assert "Successfully performed" in blank.ok(*verify, "test-decipher")
    blank.ok("yubico-piv-tool", "-a", "attest", "-s", slot, "-o", "attested")
    blank.ok("yubico-piv-tool", "-a", "read-certificate", "-s", "f9", "-o", "issuer")
    attested, issuer = (x509.load_pem_x509_certificate(blank.read(name)) for name in ("attested", "issuer"))
    attested.verify_directly_issued_by(issuer)
    assert pem(made.public_key()) == pem(attested.public_key())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [("RSA2048", name) for name in HASHES]
    + [("ECCP256", "SHA1"), ("ECCP256", "SHA256")]
    + [("ECCP384", "SHA1"), ("ECCP384", "SHA256"), ("ECCP384", "SHA384")],
)
def test_a_file_is_signed(blank: Desk, algorithm: str, name: str) -> None:
    blank.ok("yubico-piv-tool", "-a", "generate", "-s", "9a", "-A", algorithm, "-o", "public")
    blank.write("data", b"to be signed")
    pin = ("yubico-piv-tool", "-a", "verify-pin", "-P", "123456")
    blank.ok(*pin, "--sign", "-s", "9a", "-A", algorithm, "-H", name, "-i", "data", "-o", "signature")
    asked = ("openssl", "dgst", f"-{name.lower()}", "-verify", "public", "-signature", "signature", "data")
    assert "Verified OK" in blank.ok(*asked)


@pytest.mark.parametrize("algorithm", ["RSA2048", "ECCP256", "ECCP384"])
def test_openssl_signs_certificates_and_requests_through_yubicos_module(blank: Desk, algorithm: str) -> None:
    blank.ok("yubico-piv-tool", "-a", "generate", "-s", "9a", "-A", algorithm, "-o", "public")
    engine = ("-engine", "pkcs11", "-keyform", "engine", "-key", "pkcs11:id=%01;type=private;pin-value=123456")
    ask = ("env", f"PKCS11_MODULE_PATH={ykcs11()}", "openssl", "req", "-new", *engine, "-subj", "/CN=test")
    blank.ok(*ask, "-x509", "-out", "certificate")
    blank.ok(*ask, "-out", "request")
    made = x509.load_pem_x509_certificate(blank.read("certificate"))
    made.verify_directly_issued_by(made)
    assert pem(blank.key("public")) == pem(made.public_key())  # type: ignore[arg-type]
    assert x509.load_pem_x509_csr(blank.read("request")).is_signature_valid


@pytest.mark.parametrize("curve", [None, ec.SECP256R1(), ec.SECP384R1()], ids=["rsa", "p256", "p384"])
def test_import_of_a_key(blank: Desk, curve: ec.EllipticCurve | None) -> None:
    key = ec.generate_private_key(curve) if curve else rsa.generate_private_key(65537, 2048)
    blank.write("key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    blank.write("certificate", issue(key.public_key(), "imported").public_bytes(Encoding.PEM))
    blank.ok("yubico-piv-tool", "-a", "import-key", "-s", "9d", "-i", "key")
    blank.ok("yubico-piv-tool", "-a", "import-certificate", "-s", "9d", "-i", "certificate")
    verify = ("yubico-piv-tool", "-a", "verify-pin", "-P", "123456", "-s", "9d", "-i", "certificate", "-a")
    assert "Successful" in blank.ok(*verify, "test-signature")
    assert "Successfully performed" in blank.ok(*verify, "test-decipher")


def test_the_whole_administration(blank: Desk) -> None:
    tool, key = "yubico-piv-tool", "0102030405060708010203040506070801020304050607AB"
    blank.ok(tool, "-a", "set-chuid", "-a", "set-ccc")
    blank.ok(tool, "-a", "change-pin", "-P", "123456", "-N", "654321")
    blank.ok(tool, "-a", "change-puk", "-P", "12345678", "-N", "87654321")
    blank.ok(tool, "-a", "unblock-pin", "-P", "87654321", "-N", "112233")
    blank.ok(tool, "-a", "set-mgm-key", "-n", key)
    tries = ("--pin-retries", "4", "--puk-retries", "5")
    blank.ok(tool, f"-k{key}", "-a", "verify-pin", "-P", "112233", "-a", "pin-retries", *tries)
    assert "PIN tries left:\t4" in blank.ok(tool, "-a", "status")
    blank.ok(tool, f"-k{key}", "-a", "write-object", "--id", "0x5fff10", say=b"0102")
    assert "0102" in blank.ok(tool, "-a", "read-object", "--id", "0x5fff10")


def test_reset(blank: Desk) -> None:
    for _ in range(4):
        blank.run("yubico-piv-tool", "-a", "verify-pin", "-P", "999999")
        blank.run("yubico-piv-tool", "-a", "unblock-pin", "-P", "99999999", "-N", "111111")
    blank.ok("yubico-piv-tool", "-a", "reset")
    blank.ok("yubico-piv-tool", "-a", "verify-pin", "-P", "123456")


def test_a_wrong_and_a_locked_pin_in_yubicos_tool(blank: Desk) -> None:
    asked = ("yubico-piv-tool", "-a", "verify-pin", "-P")
    for left in (2, 1):
        assert f"{left} tries left before pin is blocked" in blank.run(*asked, "999999").said
    assert "Pin code blocked" in blank.run(*asked, "999999").said
    assert "Pin code blocked" in blank.run(*asked, "123456").said
