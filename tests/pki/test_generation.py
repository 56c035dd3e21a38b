"""The two generations of certificate, as openssl and cryptography see them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from host_tools.errors import AuthorityProblem
from host_tools.pki.certificate import Use
from host_tools.pki.generation import Generation, Subject, number_of, private_text, read_private_text, serial_of
from host_tools.pki.view import Certificate
from tests.host.support import openssl
from tests.pki.support import BOTH, authority, pair_of, write_pem

ARC = "1.3.6.1.4.1.5315.100"


def signing(case: str) -> Certificate:
    return pair_of(case)[1].signing


def parsed(case: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(signing(case).encoded)


def names(folder: Path, case: str, which: str) -> list[str]:
    path = write_pem(folder, c=signing(case))["c"]
    said = openssl("x509", "-in", path, "-noout", f"-{which}", "-nameopt", "utf8,show_type,sep_multiline").stdout
    return [line.strip() for line in said.splitlines()[1:]]


def test_subject_of_the_sm2_generation(tmp_path: Path) -> None:
    expected = ["C=PRINTABLESTRING:CN", "OU=UTF8STRING:测试某进出口公司", "CN=UTF8STRING:测试张三"]
    assert expected == names(tmp_path, "sm2", "subject")


def test_subject_of_the_rsa_generation(tmp_path: Path) -> None:
    assert ["CN=BMPSTRING:测试张三", "postOfficeBox=BMPSTRING:1"] == names(tmp_path, "rsa", "subject")


@pytest.mark.parametrize(
    ("case", "country", "order", "kind"),
    [("sm2", "CN", "C ST L O OU CN", "UTF8STRING"), ("rsa", "cn", "C O OU ST CN L", "BMPSTRING")],
)
def test_the_issuer_is_in_the_order_of_the_generation(
    tmp_path: Path, case: str, country: str, order: str, kind: str
) -> None:
    found = names(tmp_path, case, "issuer")
    assert order.split() == [each.partition("=")[0] for each in found]
    assert f"C=PRINTABLESTRING:{country}" == found[0]
    assert {kind} == {each.partition("=")[2].partition(":")[0] for each in found[1:]}


@pytest.mark.parametrize("case", BOTH)
def test_every_name_is_marked_as_a_test(tmp_path: Path, case: str) -> None:
    found = [*names(tmp_path, case, "issuer"), *names(tmp_path, case, "subject")]
    texts = {each.partition(":")[2] for each in found} - {"CN", "cn", "1"}
    assert set() == {text for text in texts if "测试" not in text and "TEST" not in text}


@pytest.mark.parametrize("case", BOTH)
def test_no_address_can_be_the_real_authoritys(case: str) -> None:
    body = signing(case).encoded
    assert b"chinaport" not in body
    assert body.count(b"http://") == body.count(b"http://ca.simcard.test/")
    assert body.count(b"ldap://") == body.count(b"ldap://ldap.simcard.test")


@pytest.mark.parametrize(("case", "digits", "head"), [("sm2", 16, "03"), ("rsa", 8, "01")])
def test_the_certificate_number_has_the_form_of_the_generation(case: str, digits: int, head: str) -> None:
    number = signing(case).number
    assert digits == len(number)
    assert number.startswith(head)
    assert (Generation(case), signing(case).serial) == serial_of(number)


@pytest.mark.parametrize("number", ["", "03", "0300000000000zzz", "03000000000cde6f0", "0169 fe9"])
def test_what_is_no_certificate_number_is_refused(number: str) -> None:
    with pytest.raises(AuthorityProblem):
        serial_of(number)


def test_numbers_are_zero_padded() -> None:
    assert "01691fe9" == number_of(Generation.RSA, 0x01691FE9)
    assert "03000000000cde6f" == number_of(Generation.SM2, 0x03000000000CDE6F)


@pytest.mark.parametrize(("case", "oid"), [("sm2", "1.2.156.10197.1.501"), ("rsa", "1.2.840.113549.1.1.5")])
def test_the_signature_algorithm(case: str, oid: str) -> None:
    assert oid == parsed(case).signature_algorithm_oid.dotted_string


@pytest.mark.parametrize(("case", "critical"), [("sm2", True), ("rsa", False)])
def test_key_usage_of_the_signing_certificate(case: str, critical: bool) -> None:
    usage = parsed(case).extensions.get_extension_for_class(x509.KeyUsage)
    assert critical == usage.critical
    assert usage.value.digital_signature and usage.value.content_commitment and not usage.value.key_encipherment


@pytest.mark.parametrize("case", BOTH)
def test_key_usage_of_the_exchange_certificate(case: str) -> None:
    body = x509.load_der_x509_certificate(pair_of(case)[1].exchange.encoded)
    usage = body.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_encipherment and usage.data_encipherment and not usage.digital_signature


@pytest.mark.parametrize(("case", "issuer_named"), [("sm2", False), ("rsa", True)])
def test_the_authority_key_identifier(case: str, issuer_named: bool) -> None:
    found = parsed(case).extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert found.key_identifier
    assert issuer_named == (found.authority_cert_serial_number is not None)
    if issuer_named:
        assert pair_of(case)[0].chain.issuing.serial == found.authority_cert_serial_number


def test_extended_uses_of_the_sm2_generation() -> None:
    found = parsed("sm2").extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    expected = ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.311.20.2.2"]
    assert expected == [each.dotted_string for each in found]


def test_netscape_type_of_the_sm2_generation(tmp_path: Path) -> None:
    path = write_pem(tmp_path, c=signing("sm2"))["c"]
    assert "SSL Client, S/MIME" in openssl("x509", "-in", path, "-noout", "-text").stdout


@pytest.mark.parametrize(("case", "policy"), [("sm2", "2.5.29.32.0"), ("rsa", "2.16.840.1.101.3.2.1.48.1")])
def test_the_policy_promises_nothing(case: str, policy: str) -> None:
    (found,) = parsed(case).extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert policy == found.policy_identifier.dotted_string
    assert ["http://ca.simcard.test/cps"] == found.policy_qualifiers


@pytest.mark.parametrize(("case", "card"), [("sm2", "03-AB1C123456789"), ("rsa", "AB1C123456789")])
def test_private_extensions(case: str, card: str) -> None:
    found = {arc: signing(case).private(arc) for arc in ("5.1", "5.3", "5.8", "5.9", "5.11", "5.12", "2.1", "2.4")}
    expected = ["测试某进出口公司", "01", "110101199001011234", card, "123456789", "00", "10", "14"]
    assert expected == list(found.values())


def test_the_rsa_generation_writes_gbk_in_an_ia5_string() -> None:
    value = signing("rsa").extension(f"{ARC}.5.1")
    expected = "测试某进出口公司".encode("gbk")
    assert bytes((0x16, len(expected))) + expected == value


def test_the_sm2_generation_writes_utf8() -> None:
    value = signing("sm2").extension(f"{ARC}.5.1")
    expected = "测试某进出口公司".encode()
    assert bytes((0x0C, len(expected))) + expected == value


def test_a_text_that_gbk_cannot_write_is_refused() -> None:
    with pytest.raises(AuthorityProblem, match="GBK"):
        private_text(Generation.RSA, "한국")


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(AuthorityProblem, match="64"):
        private_text(Generation.SM2, "长" * 65)


@pytest.mark.parametrize("encoded", [b"", b"\x02\x01\x05", b"\x0c\x02\xff\xff", b"\x16\x01\x81", b"\x0c\x05a"])
def test_what_is_no_private_text_reads_as_none(encoded: bytes) -> None:
    assert None is read_private_text(encoded)


@pytest.mark.parametrize("case", BOTH)
def test_empty_values_leave_no_extension(case: str) -> None:
    made = authority(case)
    key = pair_of(case)[1].signing.key
    body = made.issue_key(key, Subject("李四", unit_category=""), Use.SIGN)
    private = [each.oid.removeprefix(ARC) for each in body.extensions if each.oid.startswith(ARC)]
    assert [".2.1", ".2.4"] == private


@pytest.mark.parametrize("case", BOTH)
def test_the_view_agrees_with_cryptography(case: str) -> None:
    ours, theirs = signing(case), parsed(case)
    assert (ours.serial, ours.issuer, ours.subject) == (
        theirs.serial_number,
        theirs.issuer.public_bytes(),
        theirs.subject.public_bytes(),
    )
    assert (ours.not_before, ours.not_after) == (theirs.not_valid_before_utc, theirs.not_valid_after_utc)
    assert [(each.oid, each.critical) for each in ours.extensions] == [
        (each.oid.dotted_string, each.critical) for each in theirs.extensions
    ]
