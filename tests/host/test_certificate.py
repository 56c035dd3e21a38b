"""Certificates a card signs for its own keys, judged by openssl and by cryptography."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography import x509
from gmssl import sm2 as gmssl_sm2  # type: ignore[import-untyped]  # the package has no types

from host_tools.client.iso import IsoCard
from host_tools.errors import BadResponse, BadSignature
from host_tools.pki import certificate, der
from host_tools.pki.certificate import Holder, Issuer, Use
from host_tools.pki.keys import Hash, Kind, PublicKey, Scheme, sm2_digest
from host_tools.pki.verify import raw_signature, verify
from simcard.crypto.engines import make
from tests.host.support import CURVES, RSA_2048, iso_card, openssl

HOLDER = Holder("测试操作员", "测试进出口有限公司")
DAY = date(2026, 7, 25)
ENGINE = make("soft")
CASES = {
    "sm2": ("eport-operator", Hash.SM3),
    "rsa-1024-sha1": ("eport-operator-rsa", Hash.SHA1),
    "rsa-2048-sha256": (RSA_2048, Hash.SHA256),
    "p256": (CURVES, Hash.SHA256),
}


def issuer_of(card: IsoCard, hash_: Hash) -> Issuer:
    return Issuer(card.public_key(1), hash_, lambda message: card.sign(1, message, hash_))


def made(case: str, start: date = DAY, holder: Holder = HOLDER) -> bytes:
    profile, hash_ = CASES[case]
    card = iso_card(profile)
    return certificate.make(card.public_key(1), holder, Use.SIGN, start, issuer_of(card, hash_))


def openssl_errors(folder: Path, case: str, body: bytes) -> list[str]:
    """The numbers of what openssl finds wrong. 18 is "self-signed, not trusted", always there for these.

    It is not given as trusted: openssl looks at no signature of a trusted certificate.
    """
    (folder / "c.pem").write_text(der.pem("CERTIFICATE", body))
    identity = ("-vfyopt", "distid:1234567812345678") if case == "sm2" else ()
    done = openssl("verify", "-check_ss_sig", *identity, folder / "c.pem")
    return re.findall(r"^error (\d+) at", done.stderr, re.MULTILINE)


@pytest.mark.parametrize("case", CASES)
def test_openssl_takes_the_signature(tmp_path: Path, case: str) -> None:
    assert ["18"] == openssl_errors(tmp_path, case, made(case))


@pytest.mark.parametrize("case", CASES)
def test_openssl_sees_a_forgery(tmp_path: Path, case: str) -> None:
    forged = bytearray(made(case))
    forged[-1] ^= 1
    assert "7" in openssl_errors(tmp_path, case, bytes(forged))


@pytest.mark.parametrize("case", CASES)
def test_openssl_verifies_it_as_its_own_authority(tmp_path: Path, case: str) -> None:
    (tmp_path / "c.pem").write_text(der.pem("CERTIFICATE", made(case)))
    identity = ("-vfyopt", "distid:1234567812345678") if case == "sm2" else ()
    assert 0 == openssl("verify", *identity, "-CAfile", tmp_path / "c.pem", tmp_path / "c.pem").returncode


def test_gmssl_takes_the_signature() -> None:
    """A second SM2 library; it wants the digest made for it, and r || s."""
    parsed, point = x509.load_der_x509_certificate(made("sm2")), der.public_key_of(made("sm2")).point
    judge = gmssl_sm2.CryptSM2(private_key="", public_key="")
    judge.public_key = point[1:].hex()
    digest = sm2_digest(point, parsed.tbs_certificate_bytes)
    assert judge.verify(raw_signature(Kind.SM2, parsed.signature).hex(), digest)


@pytest.mark.parametrize(
    ("case", "oid"),
    [
        ("sm2", "1.2.156.10197.1.501"),
        ("rsa-1024-sha1", "1.2.840.113549.1.1.5"),
        ("rsa-2048-sha256", "1.2.840.113549.1.1.11"),
        ("p256", "1.2.840.10045.4.3.2"),
    ],
)
def test_the_algorithm_is_that_of_the_generation(case: str, oid: str) -> None:
    parsed = x509.load_der_x509_certificate(made(case))
    assert oid == parsed.signature_algorithm_oid.dotted_string


def test_the_sm2_generation_names_country_unit_and_holder_in_utf8(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text(der.pem("CERTIFICATE", made("sm2")))
    said = openssl("x509", "-in", tmp_path / "c.pem", "-noout", "-subject", "-nameopt", "utf8,show_type,sep_multiline")
    assert [
        "C=PRINTABLESTRING:CN",
        "OU=UTF8STRING:测试进出口有限公司",
        "CN=UTF8STRING:测试操作员",
    ] == [line.strip() for line in said.stdout.splitlines()[1:]]


def test_the_rsa_generation_names_holder_and_box_in_bmp(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text(der.pem("CERTIFICATE", made("rsa-1024-sha1")))
    said = openssl("x509", "-in", tmp_path / "c.pem", "-noout", "-subject", "-nameopt", "utf8,show_type,sep_multiline")
    assert ["CN=BMPSTRING:测试操作员", "postOfficeBox=BMPSTRING:1"] == [
        line.strip() for line in said.stdout.splitlines()[1:]
    ]


def test_the_key_of_an_sm2_certificate_is_on_the_sm2_curve(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text(der.pem("CERTIFICATE", made("sm2")))
    said = openssl("x509", "-in", tmp_path / "c.pem", "-noout", "-text").stdout
    assert "Public Key Algorithm: id-ecPublicKey" in said
    assert "ASN1 OID: SM2" in said


@pytest.mark.parametrize("name", ["张三", "测试张三"])
def test_every_name_is_marked_as_a_test(name: str) -> None:
    assert "测试张三" == certificate.marked(name)


def test_a_long_name_is_cut_to_what_a_certificate_can_hold() -> None:
    assert 64 == len(certificate.marked("长" * 100))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 7, 25), date(2036, 7, 25)),
        (date(2028, 2, 29), date(2038, 2, 28)),
        (date(2026, 2, 28), date(2036, 2, 28)),
        (date(2045, 12, 31), date(2055, 12, 31)),
    ],
)
def test_it_is_valid_for_ten_years_from_midnight_to_midnight(start: date, end: date) -> None:
    """M6."""
    parsed = x509.load_der_x509_certificate(made("sm2", start))
    midnights = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (start, end)]
    assert midnights == [parsed.not_valid_before_utc, parsed.not_valid_after_utc]


def test_from_2050_on_dates_are_generalized_time(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text(der.pem("CERTIFICATE", made("sm2", date(2045, 12, 31))))
    said = openssl("asn1parse", "-in", tmp_path / "c.pem").stdout
    assert "GENERALIZEDTIME   :20551231000000Z" in said
    assert "UTCTIME           :451231000000Z" in said


@pytest.mark.parametrize(("case", "critical"), [("sm2", True), ("rsa-1024-sha1", False)])
def test_key_usage_is_to_sign_and_critical_in_the_sm2_generation(case: str, critical: bool) -> None:
    usage = x509.load_der_x509_certificate(made(case)).extensions.get_extension_for_class(x509.KeyUsage)
    assert critical == usage.critical
    assert usage.value.digital_signature and usage.value.content_commitment
    assert not usage.value.key_encipherment and not usage.value.key_cert_sign


def test_it_is_no_authority() -> None:
    parsed = x509.load_der_x509_certificate(made("sm2"))
    assert not parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize(("case", "size", "head"), [("sm2", 8, "03"), ("rsa-1024-sha1", 4, "")])
def test_the_serial_number_has_the_form_of_the_generation(case: str, size: int, head: str) -> None:
    serial = x509.load_der_x509_certificate(made(case)).serial_number
    assert serial.to_bytes(size, "big").hex().startswith(head)
    assert 0 < serial < 1 << (8 * size - 1)


def test_the_exchange_certificate_is_signed_by_the_signing_key() -> None:
    card = iso_card("eport-operator")
    issuer = issuer_of(card, Hash.SM3)
    body = certificate.make(card.public_key(2), HOLDER, Use.EXCHANGE, DAY, issuer)
    parsed = x509.load_der_x509_certificate(body)
    assert card.public_key(2) == der.public_key_of(body)
    verify(issuer.key, Hash.SM3, Scheme.SM2, parsed.tbs_certificate_bytes, parsed.signature, ENGINE.sm2_verify)
    usage = parsed.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_encipherment and usage.key_agreement and not usage.digital_signature


# -- keys and signatures as DER


@pytest.mark.parametrize("case", CASES)
def test_a_public_key_survives_its_encoding(case: str) -> None:
    key = iso_card(CASES[case][0]).public_key(1)
    assert key == der.parse_public_key(der.public_key_info(key))
    assert key == der.public_key_of(made(case))


@pytest.mark.parametrize("raw", [bytes(63) + b"\1", b"\xff" * 64, bytes(range(64))])
def test_a_curve_signature_survives_its_encoding(raw: bytes) -> None:
    assert raw == der.raw_ec_signature(der.ec_signature(raw), 32)


@pytest.mark.parametrize("body", [b"", b"\x30\x00", b"\x30\x03\x02\x01\x05", b"no certificate", bytes(100)])
def test_what_is_no_certificate_is_refused(body: bytes) -> None:
    with pytest.raises(BadResponse):
        der.public_key_of(body)
    with pytest.raises(BadResponse):
        der.parse_public_key(body)


@pytest.mark.parametrize("size", range(0, 460, 20))
def test_a_certificate_cut_short_is_refused(size: int) -> None:
    with pytest.raises(BadResponse):
        der.public_key_of(made("sm2")[:size])


def test_pem_is_what_openssl_writes(tmp_path: Path) -> None:
    body = made("sm2")
    (tmp_path / "c.der").write_bytes(body)
    assert openssl("x509", "-inform", "DER", "-in", tmp_path / "c.der").stdout == der.pem("CERTIFICATE", body)
    assert body == der.from_pem(der.pem("CERTIFICATE", body).encode(), "CERTIFICATE")


@pytest.mark.parametrize(
    "text", ["", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"]
)
def test_pem_without_a_block_gives_nothing(text: str) -> None:
    assert None is der.from_pem(text.encode(), "CERTIFICATE")


# -- checking signatures


def sm2_check(point: bytes, digest: bytes, raw: bytes) -> None:
    raise BadSignature("never asked")


@pytest.mark.parametrize("case", ["rsa-2048-sha256", "p256"])
@pytest.mark.parametrize("bad", ["message", "signature"])
def test_a_bad_signature_raises(case: str, bad: str) -> None:
    card, message = iso_card(CASES[case][0]), b"message"
    key = card.public_key(1)
    signature = bytearray(card.sign(1, message))
    if bad == "signature":
        signature[-1] ^= 1
    else:
        message += b"!"
    scheme = Scheme.PKCS1 if key.kind is Kind.RSA else Scheme.ECDSA
    with pytest.raises(BadSignature):
        verify(key, Hash.SHA256, scheme, message, bytes(signature), sm2_check)


def test_a_signature_of_the_wrong_length_raises() -> None:
    key = PublicKey(Kind.RSA, n=(1 << 2047) + 9, e=65537)
    with pytest.raises(BadSignature):
        verify(key, Hash.SHA256, Scheme.PKCS1, b"", b"\0" * 5, sm2_check)
