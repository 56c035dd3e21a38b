"""XML signatures of CEB messages: made, judged by others, and explained."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Callable

import pytest
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, XMLVerifier

from host_tools.customs import ceb, explain_ceb
from host_tools.customs.dialect import ALGORITHMS, Dialect
from host_tools.customs.findings import Finding, Grade, NotReadable
from host_tools.errors import WrongState
from host_tools.pki import der
from host_tools.pki.keys import Hash, Kind, digest, sm2_digest
from tests.eport_client import openssl
from tests.eport_client.recipes import NATIONAL, message, signer
from tests.eport_client.support import RSA, SM2

PROFILE = {Kind.RSA: RSA, Kind.SM2: SM2}
NS = {"ds": ceb.DS}


def signed(dialect: Dialect, kind: int = 311) -> bytes:
    return ceb.sign(message(kind), signer(PROFILE[ALGORITHMS[dialect].kind]), dialect)


def value(made: bytes, name: str) -> str:
    found = etree.fromstring(made).find(f".//ds:{name}", NS)
    assert found is not None and found.text is not None
    return found.text


def wrongs(made: bytes, given: bytes | None = None) -> list[Finding]:
    return [finding for finding in explain_ceb.look(made, NATIONAL, given) if finding.grade is Grade.WRONG]


def places(made: bytes) -> set[str]:
    return {finding.place for finding in wrongs(made)}


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("kind", [311, 411, 511, 621])
def test_a_signed_message_is_found_good(dialect: Dialect, kind: int) -> None:
    assert [] == wrongs(signed(dialect, kind))


@pytest.mark.parametrize("dialect", Dialect)
def test_openssl_verifies_the_canonical_signed_info(dialect: Dialect) -> None:
    made = signed(dialect)
    info = etree.fromstring(made).find(".//ds:SignedInfo", NS)
    assert info is not None
    certificate = b64decode(value(made, "X509Certificate"))
    assert openssl.verifies(certificate, etree.tostring(info, method="c14n"), b64decode(value(made, "SignatureValue")))


@pytest.mark.parametrize(("dialect", "name"), [(Dialect.RSA, "sha1"), (Dialect.SM2, "sm3"), (Dialect.SM2_W3, "sha1")])
def test_the_digest_is_that_of_the_message_without_signature_and_comments(dialect: Dialect, name: str) -> None:
    original = etree.tostring(etree.fromstring(message()), method="c14n", with_comments=False)
    assert hashlib.new(name, original).digest() == b64decode(value(signed(dialect), "DigestValue"))


def test_signxml_verifies_the_rsa_dialect() -> None:
    made = signed(Dialect.RSA)
    methods = SignatureConfiguration(
        signature_methods=frozenset({SignatureMethod.RSA_SHA1}), digest_algorithms=frozenset({DigestAlgorithm.SHA1})
    )
    pem = der.pem("CERTIFICATE", b64decode(value(made, "X509Certificate")))
    found = XMLVerifier().verify(made, x509_cert=pem, expect_config=methods, validate_schema=False)
    assert not isinstance(found, list)
    assert b"<ceb:CEB311Message" in found.signed_data


def test_what_goes_to_the_card_has_three_namespaces_in_order_and_no_empty_tags() -> None:
    prepared = ceb.prepare(message(), signer(RSA), Dialect.RSA).to_sign
    head = (
        '<ds:SignedInfo xmlns:ceb="http://www.chinaport.gov.cn/ceb" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><ds:CanonicalizationMethod '
    )
    assert head == prepared[: len(head)].decode()
    assert b"/>" not in prepared


def test_the_names_of_the_algorithms_are_those_of_the_dialect() -> None:
    expected = {
        Dialect.RSA: ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"),
        Dialect.SM2: (
            "http://www.chinaport.gov.cn/2022/04/xmldsig#sm2-sm3",
            "http://www.chinaport.gov.cn/2022/04/xmldsig#sm3",
        ),
        Dialect.SM2_W3: ("http://www.w3.org/2000/09/xmldsig#sm2-sm3", "http://www.w3.org/2000/09/xmldsig#sha1"),
    }
    for dialect, names in expected.items():
        found = re.findall(rb'(?:SignatureMethod|DigestMethod) Algorithm="([^"]*)"', signed(dialect))
        assert names == tuple(name.decode() for name in found)


def test_the_key_is_named_by_the_certificate_number() -> None:
    assert ["00990004", "0300000000000002"] == [value(signed(d), "KeyName") for d in (Dialect.RSA, Dialect.SM2)]


def test_signing_again_replaces_the_signature() -> None:
    again = ceb.sign(signed(Dialect.SM2), signer(SM2))
    assert 1 == again.count(b"<ds:Signature ")
    assert [] == wrongs(again)


def test_a_dialect_of_another_key_is_refused() -> None:
    with pytest.raises(WrongState):
        ceb.sign(message(), signer(RSA), Dialect.SM2)


@pytest.mark.parametrize(
    "bad",
    [b"", b"{}", b"<a>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<a/>", b"<a>" * 5000],
    ids=["empty", "JSON", "open", "document type", "not signed", "deep"],
)
def test_what_is_no_signed_message_is_refused(bad: bytes) -> None:
    with pytest.raises(NotReadable):
        explain_ceb.look(bad, NATIONAL)


# -- explained, down to the byte


def test_a_message_that_was_changed_afterwards() -> None:
    assert {"DigestValue"} == places(signed(Dialect.SM2).replace(b"<ceb:goods>", b"<ceb:goods> "))


def resigned(profile: str, mistake: Callable[[bytes], bytes]) -> bytes:
    """A message whose SignatureValue was made over something else than SignedInfo."""
    dialect = Dialect.RSA if profile == RSA else Dialect.SM2
    prepared = ceb.prepare(message(), signer(profile), dialect)
    return put(prepared.root, signer(profile).sign(mistake(prepared.to_sign)))


def put(root: etree._Element, signature: bytes) -> bytes:
    place = root.find(".//ds:SignatureValue", NS)
    assert place is not None
    place.text = b64encode(signature).decode()
    made: bytes = etree.tostring(root)
    return made


XSI = b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
MISTAKES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "no xsi": (lambda right: right.replace(XSI, b""), "xmlns:xsi is missing"),
    "only ds": (lambda right: re.sub(rb' xmlns:(ceb|xsi)="[^"]*"', b"", right), "exclusive"),
    "no namespaces": (lambda right: re.sub(rb' xmlns:\w+="[^"]*"', b"", right), "all namespaces are missing"),
    "self-closing": (lambda right: re.sub(rb"<([^ />]+)([^<>]*)></\1>", rb"<\1\2/>", right), "self-closing"),
    "line break": (lambda right: right + b"\n", "line break"),
}


@pytest.mark.parametrize("profile", [RSA, SM2])
@pytest.mark.parametrize("name", MISTAKES)
def test_a_signature_over_the_wrong_bytes_is_explained(profile: str, name: str) -> None:
    mistake, words = MISTAKES[name]
    found = wrongs(resigned(profile, mistake))
    assert words in found[0].text.en
    assert re.search(r"byte \d+ \(from 0\)", found[-1].text.en)


def test_the_first_wrong_byte_is_named() -> None:
    right = ceb.prepare(message(), signer(RSA), Dialect.RSA).to_sign
    offset = right.index(XSI)
    found = wrongs(resigned(RSA, lambda text: text.replace(XSI, b"")))
    assert f"byte {offset} (from 0) must be 0x20 and is 0x3E >" in found[-1].text.en


def test_bytes_that_somebody_signed_are_compared() -> None:
    made = resigned(SM2, lambda right: right.replace(b"<ds:SignedInfo", b"<ds:signedInfo"))
    found = wrongs(
        made, ceb.prepare(message(), signer(SM2), Dialect.SM2).to_sign.replace(b"SignedInfo", b"signedInfo", 1)
    )
    assert "must be 0x53 S and is 0x73 s" in found[0].text.en
    assert "the file you named" in found[1].text.en


def test_unknown_bytes_under_the_right_rsa_key_are_told_from_another_key() -> None:
    made = resigned(RSA, lambda right: b"something else")
    expected = hashlib.sha1(b"something else").hexdigest()
    assert expected in wrongs(made)[0].text.en
    other = re.sub(rb"<ds:SignatureValue>[^<]*", b"<ds:SignatureValue>" + b64encode(bytes(127) + b"\x07"), made)
    assert "not made with the key" in wrongs(other)[0].text.en


def sm2_over(made_over: Callable[[bytes], bytes]) -> bytes:
    """A message signed over a digest of another making."""
    from host_tools.eport_client.card import IsoEportCard
    from host_tools.link.inprocess import InProcessLink
    from simcard.hal.power import PowerLost
    from simcard.wire.secret import Secret
    from tests.eport_client.support import PIN, card_of

    card = IsoEportCard(InProcessLink(card_of(SM2), PowerLost))
    card.verify_pin(Secret(PIN.encode()))
    prepared = ceb.prepare(message(), signer(SM2), Dialect.SM2)
    return put(prepared.root, card.sign_digest(made_over(prepared.to_sign)))


def point() -> bytes:
    return signer(SM2).certificate.key.point


@pytest.mark.parametrize(
    ("made_over", "words"),
    [
        (lambda text: digest(Hash.SM3, text), "without ZA"),
        (lambda text: sm2_digest(point(), text, b""), "the identifier is empty"),
        (lambda text: sm2_digest(point(), digest(Hash.SM3, text)), "hashed again"),
        (lambda text: sm2_digest(point(), hashlib.sha1(text).digest()), "SHA-1 digest was hashed with SM3"),
    ],
)
def test_sm2_digests_of_another_making_are_explained(made_over: Callable[[bytes], bytes], words: str) -> None:
    assert words in wrongs(sm2_over(made_over))[0].text.en


@pytest.mark.parametrize(
    ("form", "words"),
    [(der.ec_signature, "it is DER"), (lambda raw: raw[32:] + raw[:32], "s stands before r")],
)
def test_sm2_signatures_in_another_form_are_explained(form: Callable[[bytes], bytes], words: str) -> None:
    made = signed(Dialect.SM2)
    raw = b64decode(value(made, "SignatureValue"))
    assert words in wrongs(put(etree.fromstring(made), form(raw)))[0].text.en


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (b"xmldsig#sm3", b"xmldsig#sm4", "DigestMethod"),
        (b"xmldsig#sm2-sm3", b"xmldsig#rsa-sha1", "SignatureMethod"),
        (b'Reference URI=""', b'Reference URI="#a"', "Reference"),
        (b"enveloped-signature", b"base64", "Transform"),
        (b"xml-c14n-20010315", b"xml-exc-c14n#", "CanonicalizationMethod"),
        (b"<ds:KeyName>0300", b"<ds:KeyName>0301", "KeyName"),
        (b"<ds:X509Certificate>MII", b"<ds:X509Certificate>MIJ", "X509Certificate"),
    ],
)
def test_a_wrong_part_is_named(old: bytes, new: bytes, place: str) -> None:
    made = signed(Dialect.SM2)
    assert old in made
    assert place in places(made.replace(old, new))


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda root: ceb.canonical(ceb.without_signature(root), comments=True), "with the comments"),
        (lambda root: ceb.canonical(ceb.without_signature(root)).replace(XSI, b""), "xmlns:xsi was missing"),
    ],
    ids=["comments", "no xsi"],
)
def test_a_digest_of_something_else_is_explained(mistake: Callable[[etree._Element], bytes], words: str) -> None:
    made = signed(Dialect.SM2)
    wrong = b64encode(digest(Hash.SM3, mistake(etree.fromstring(made)))).decode()
    changed = made.replace(value(made, "DigestValue").encode(), wrong.encode())
    assert words in " ".join(finding.text.en for finding in wrongs(changed))


def test_a_digest_of_the_file_is_explained() -> None:
    made = signed(Dialect.SM2)
    file = re.sub(rb"<ds:Signature .*</ds:Signature>", b"", made, flags=re.DOTALL)
    changed = made.replace(value(made, "DigestValue").encode(), b64encode(digest(Hash.SM3, file)))
    assert "the digest is that of the file, not of its canonical form" == wrongs(changed)[0].text.en


def test_a_digest_by_another_hash_is_explained() -> None:
    made = signed(Dialect.SM2)
    wrong = b64encode(digest(Hash.SHA1, ceb.canonical(ceb.without_signature(etree.fromstring(made))))).decode()
    changed = made.replace(value(made, "DigestValue").encode(), wrong.encode())
    assert "it is a SHA-1, not a sm3" == wrongs(changed)[0].text.en


def test_a_signature_with_line_breaks_is_named() -> None:
    made = signed(Dialect.SM2)
    text = value(made, "SignatureValue")
    broken = made.replace(text.encode(), f"{text[:64]}\n{text[64:]}".encode())
    assert "use one line" in wrongs(broken)[0].text.en
