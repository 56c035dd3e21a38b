"""Every parser against bytes that are not what they should be: a clear error, never another one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from host_tools.errors import BadEncoding, BadSignature, CannotOpen, HostError
from host_tools.pki import cms, cms_enveloped, ocsp, softkey
from host_tools.pki.certificate import Use
from host_tools.pki.cms import SignedData
from host_tools.pki.cms_enveloped import EnvelopedData
from host_tools.pki.envelope import EnvelopedRsaKey, EnvelopedSm2Key
from host_tools.pki.ocsp import Question
from host_tools.pki.request import Request
from host_tools.pki.revocation import RevocationList
from host_tools.pki.sm2 import cipher_der, cipher_from_der
from host_tools.pki.view import Certificate
from simcard.wire.secret import Secret
from tests.kit import tell
from tests.pki.support import CASES, NOW, SM2, SUBJECT, asked, authority, holder, pair_of, soft_key

Parse = Callable[[bytes], object]


def whole_certificate(data: bytes) -> object:
    """A certificate with everything that is asked of it."""
    found = Certificate.parse(data)
    found.check(found.key, SM2)
    return found


def asked_of(data: bytes) -> object:
    """What chains and clients ask of a certificate."""
    found = Certificate.parse(data)
    arcs = ("5.1", "5.9", "2.1")
    return found.number, found.is_authority, found.path_length, found.may(5), [found.private(arc) for arc in arcs]


def verified(data: bytes) -> object:
    return SignedData.parse(data).verify(SM2)


def answered(data: bytes) -> object:
    made, pair = pair_of("sm2")
    question = ocsp.ask(pair.signing, made.chain.issuing)
    return ocsp.read_answer(data, question, made.chain.issuing, NOW, SM2)


PARSERS: dict[str, Parse] = {
    "certificate": Certificate.parse,
    "certificate, checked": whole_certificate,
    "certificate, asked": asked_of,
    "request": Request.parse,
    "list": RevocationList.parse,
    "question": Question.parse,
    "answer": answered,
    "signed": verified,
    "enveloped": EnvelopedData.parse,
    "sm2 envelope": EnvelopedSm2Key.parse,
    "sm2 blob": EnvelopedSm2Key.from_blob,
    "rsa envelope": EnvelopedRsaKey.parse,
    "cipher": cipher_from_der,
    "pkcs8": lambda data: softkey.from_pkcs8(Secret(data), SM2),
    "encrypted": lambda data: softkey.decrypted(data, Secret(b"x")),
}


@cache
def sample(name: str) -> bytes:
    """Good bytes for a parser."""
    made, pair = pair_of("sm2")
    rsa = soft_key("rsa", "a")
    fresh = authority("sm2")
    fresh.revoke(fresh.issue(asked("sm2"), SUBJECT).serial)
    question = ocsp.ask(pair.signing, made.chain.issuing, b"n")
    exchange = fresh.issue_key(holder("sm2", "b").key, SUBJECT, Use.EXCHANGE)
    sealed = EnvelopedSm2Key.seal(soft_key("sm2", "a"), holder("sm2").key)
    signed = cms.sign(b"text", holder("sm2").issuer(CASES["sm2"].hash), pair.signing, NOW)
    samples = {
        "certificate": pair.signing.encoded,
        "certificate, checked": made.chain.root.encoded,
        "certificate, asked": pair_of("rsa")[1].signing.encoded,
        "request": asked("sm2"),
        "list": fresh.crl(),
        "question": question,
        "answer": made.ocsp(ocsp.ask(pair.signing, made.chain.issuing)),
        "signed": signed,
        "enveloped": cms_enveloped.seal(b"text", [exchange], SM2),
        "sm2 envelope": sealed.encode(),
        "sm2 blob": sealed.blob(),
        "rsa envelope": EnvelopedRsaKey.seal(rsa, rsa.key).encode(),
        "cipher": cipher_der(sealed.wrapped),
        "pkcs8": softkey.pkcs8(soft_key("sm2", "a")).reveal(),
        "encrypted": softkey.encrypted(softkey.pkcs8(rsa), Secret(b"x"), rounds=1),
    }
    return samples[name]


def parse_or_refuse(name: str, data: bytes) -> None:
    """The parser must take the bytes or raise an error of the program's own; anything else is a bug."""
    try:
        PARSERS[name](data)
    except HostError as error:
        assert str(error)


@pytest.mark.parametrize("name", PARSERS)
def test_the_sample_is_good(name: str) -> None:
    PARSERS[name](sample(name))


@pytest.mark.parametrize("name", [name for name in PARSERS if name not in ("sm2 blob",)])
@given(data=some.binary(max_size=200))
@example(data=b"")
@example(data=b"\x30")
@example(data=b"\x30\x80\x00\x00")
@example(data=b"\x30\x84\xff\xff\xff\xff")
@settings(max_examples=30, deadline=None)
def test_any_bytes_are_refused_clearly(name: str, data: bytes) -> None:
    with pytest.raises(HostError):
        PARSERS[name](data)


@pytest.mark.parametrize("name", PARSERS)
@given(at=some.floats(0, 1, exclude_max=True), value=some.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_one_changed_byte_is_taken_or_refused_clearly(name: str, at: float, value: int) -> None:
    data = bytearray(sample(name))
    data[int(at * len(data))] = value
    parse_or_refuse(name, bytes(data))


@pytest.mark.parametrize("name", [name for name in PARSERS if name != "sm2 blob"])
@given(cut=some.floats(0, 1, exclude_max=True))
@settings(max_examples=30, deadline=None)
def test_what_is_cut_short_is_refused_clearly(name: str, cut: float) -> None:
    data = sample(name)
    with pytest.raises(BadEncoding):
        PARSERS[name](data[: int(cut * len(data))])


@pytest.mark.parametrize("name", PARSERS)
def test_what_has_a_tail_is_refused_clearly(name: str) -> None:
    with pytest.raises(BadEncoding):
        PARSERS[name](sample(name) + b"\0")


@pytest.mark.slow
@pytest.mark.parametrize("name", PARSERS)
def test_every_changed_bit_is_taken_or_refused_clearly(name: str) -> None:
    data = sample(name)
    for at in range(len(data) * 8):
        changed = bytearray(data)
        changed[at // 8] ^= 0x80 >> at % 8
        parse_or_refuse(name, bytes(changed))
    tell(f"{name}: {len(data) * 8} bits")


@given(at=some.integers(0, 10000), bit=some.integers(0, 7))
@settings(max_examples=100, deadline=None)
def test_no_changed_bit_passes_a_signed_message(at: int, bit: int) -> None:
    """The signer's certificate goes along, so a change there shows in its name or in its key or in nothing signed."""
    data = bytearray(sample("signed"))
    found = SignedData.parse(bytes(data))
    signer = found.signers[0]
    covered = bytearray(signer.attributes)
    covered[at % len(covered)] ^= 1 << bit
    changed = cms.SignerInfo(signer.name, signer.hash, bytes(covered), signer.kind, signer.signature)
    with pytest.raises((BadSignature, BadEncoding, CannotOpen)):
        SignedData(found.content_type, found.content, found.certificates, (changed,)).verify(SM2)
