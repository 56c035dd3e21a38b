"""Signed and enveloped messages that were changed, or are for somebody else."""

from __future__ import annotations

import pytest

from host_tools.errors import BadEncoding, BadSignature, CannotOpen
from host_tools.pki import cms, cms_enveloped, der, tree
from host_tools.pki.certificate import Use
from host_tools.pki.cms import SignedData
from host_tools.pki.cms_enveloped import EnvelopedData
from host_tools.pki.view import Certificate
from tests.pki.support import BOTH, CASES, NOW, SM2, SUBJECT, authority, holder

TEXT = b"content"


def leaf(case: str, use: Use = Use.SIGN, name: str = "holder") -> Certificate:
    made = authority(case)
    made.issue_key(holder(case, "a").key, SUBJECT, Use.SIGN)
    return made.issue_key(holder(case, name).key, SUBJECT, use)


def signed(case: str, attributes: bool = True, detached: bool = False) -> bytes:
    signer = holder(case).issuer(CASES[case].hash)
    return cms.sign(TEXT, signer, leaf(case), NOW, attributes=attributes, detached=detached)


@pytest.mark.parametrize("case", BOTH)
@pytest.mark.parametrize("attributes", [True, False])
def test_another_content_is_seen(case: str, attributes: bool) -> None:
    changed = signed(case, attributes).replace(TEXT, b"CONTENT")
    with pytest.raises(BadSignature):
        SignedData.parse(changed).verify(SM2)


@pytest.mark.parametrize("case", BOTH)
@pytest.mark.parametrize("attributes", [True, False])
def test_another_detached_content_is_seen(case: str, attributes: bool) -> None:
    with pytest.raises(BadSignature):
        SignedData.parse(signed(case, attributes, detached=True)).verify(SM2, b"CONTENT")


@pytest.mark.parametrize("case", BOTH)
def test_another_signing_time_is_seen(case: str) -> None:
    changed = signed(case).replace(b"261122053000Z", b"271122053000Z")
    with pytest.raises(BadSignature):
        SignedData.parse(changed).verify(SM2)


@pytest.mark.parametrize("case", BOTH)
def test_the_signing_time_is_told(case: str) -> None:
    assert NOW == SignedData.parse(signed(case)).signers[0].moment
    assert None is SignedData.parse(signed(case, attributes=False)).signers[0].moment


def test_signed_attributes_do_not_pass_for_a_content() -> None:
    """The old trick: the attributes of one message as the content of another, without attributes."""
    first = SignedData.parse(signed("sm2"))
    (signer,) = first.signers
    taken = cms.SignerInfo(signer.name, signer.hash, b"", signer.kind, signer.signature)
    forged = SignedData(cms.Family.GMT_0010.oid(cms.DATA), signer.attributes, first.certificates, (taken,))
    with pytest.raises(BadSignature, match="attributes of another"):
        forged.verify(SM2)


def test_attributes_without_a_digest_are_refused() -> None:
    signer = holder("sm2").issuer(CASES["sm2"].hash)
    info = SignedData.parse(signed("sm2")).signers[0]
    rows = tree.set_of(tree.sequence(der.oid("1.2.840.113549.1.9.3"), tree.set_of(der.oid("1.2.3"))))
    bare = cms.SignerInfo(info.name, info.hash, rows, info.kind, der.ec_signature(signer.sign(rows)))
    with pytest.raises(BadSignature, match="digest"):
        bare.check(TEXT, "1.2.3", leaf("sm2"), SM2)


def test_another_type_of_content_is_seen() -> None:
    found = SignedData.parse(signed("sm2"))
    other = SignedData("1.2.3", found.content, found.certificates, found.signers)
    with pytest.raises(BadSignature, match="type of content"):
        other.verify(SM2)


def test_a_message_without_signatures_is_refused() -> None:
    found = SignedData.parse(signed("sm2"))
    with pytest.raises(BadSignature, match="no signature"):
        SignedData(found.content_type, found.content, found.certificates, ()).verify(SM2)


def test_a_certificate_that_is_not_in_the_message_can_be_given() -> None:
    found = SignedData.parse(signed("sm2"))
    bare = SignedData(found.content_type, found.content, (), found.signers)
    with pytest.raises(BadSignature, match="give it"):
        bare.verify(SM2)
    assert found.certificates == bare.verify(SM2, known=found.certificates)


@pytest.mark.parametrize(("detached", "given"), [(True, None), (False, TEXT)])
def test_a_content_is_given_where_it_is_missing_and_only_there(detached: bool, given: bytes | None) -> None:
    with pytest.raises(BadSignature, match="detached"):
        SignedData.parse(signed("sm2", detached=detached)).verify(SM2, given)


# -- envelopes


@pytest.mark.parametrize("case", BOTH)
def test_every_receiver_opens_it(case: str) -> None:
    receivers = [leaf(case, Use.EXCHANGE, name) for name in ("holder", "b")]
    found = EnvelopedData.parse(cms_enveloped.seal(TEXT, receivers, SM2))
    for name, certificate in zip(("holder", "b"), receivers):
        keys = [EnvelopedData((each,), found.cipher, found.iv, found.body) for each in found.receivers]
        assert TEXT in [_opened(each, certificate, name, case) for each in keys]


def _opened(message: EnvelopedData, certificate: Certificate, name: str, case: str) -> bytes:
    try:
        return message.open(certificate, holder(case, name).decrypt)
    except CannotOpen:
        return b""


@pytest.mark.parametrize("case", BOTH)
def test_nobody_else_opens_it(case: str) -> None:
    certificate = leaf(case, Use.EXCHANGE)
    found = EnvelopedData.parse(cms_enveloped.seal(TEXT, [certificate], SM2))
    with pytest.raises(CannotOpen):
        found.open(certificate, holder(case, "b").decrypt)


def test_a_message_for_another_certificate_is_said() -> None:
    found = EnvelopedData.parse(cms_enveloped.seal(TEXT, [leaf("sm2", Use.EXCHANGE)], SM2))
    with pytest.raises(CannotOpen, match="not for certificate"):
        found.open(authority("sm2").chain.issuing, holder("sm2").decrypt)


def test_a_message_cut_short_does_not_open() -> None:
    certificate = leaf("sm2", Use.EXCHANGE)
    found = EnvelopedData.parse(cms_enveloped.seal(TEXT * 9, [certificate], SM2))
    cut = EnvelopedData(found.receivers, found.cipher, found.iv, found.body[:-1])
    with pytest.raises(CannotOpen):
        cut.open(certificate, holder("sm2").decrypt)


def test_a_message_needs_a_receiver() -> None:
    with pytest.raises(BadEncoding):
        cms_enveloped.seal(TEXT, [], SM2)


def test_a_key_shows_in_no_message_of_an_error() -> None:
    certificate = leaf("sm2", Use.EXCHANGE)
    key = bytes(range(1, 17))
    found = EnvelopedData.parse(cms_enveloped.seal(TEXT, [certificate], SM2, random=lambda n: key[:n]))
    with pytest.raises(CannotOpen) as error:
        found.open(certificate, holder("sm2", "b").decrypt)
    assert key.hex() not in f"{error.value!r} {found!r}"


@pytest.mark.parametrize("pair", [(SignedData, "enveloped"), (EnvelopedData, "signed")])
def test_one_kind_of_message_is_not_the_other(pair: tuple[type[SignedData] | type[EnvelopedData], str]) -> None:
    made = {"signed": signed("sm2"), "enveloped": cms_enveloped.seal(TEXT, [leaf("sm2", Use.EXCHANGE)], SM2)}
    with pytest.raises(BadEncoding, match="its content type is"):
        pair[0].parse(made[pair[1]])


@pytest.mark.parametrize("label", ["CMS", "PKCS7"])
def test_messages_are_read_from_pem(label: str) -> None:
    body = signed("sm2")
    assert SignedData.parse(body) == SignedData.parse(der.pem(label, body).encode())
