"""A card asks, is certified, signs and opens messages; openssl and gmssl judge, and the other way round (M1, M11)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from host_tools.pki import ciphers, cms, cms_enveloped, der, envelope, oids, request
from host_tools.pki.certificate import Issuer, Use
from host_tools.pki.cms import Family, SignedData
from host_tools.pki.cms_enveloped import EnvelopedData
from host_tools.pki.envelope import EnvelopedRsaKey, EnvelopedSm2Key
from host_tools.pki.generation import Generation, subject_name
from host_tools.pki.keys import Hash, Kind, PublicKey, sm2_digest
from host_tools.pki.sm2 import cipher_der, cipher_from_der
from host_tools.pki.softkey import generate
from simcard.wire.secret import Secret
from tests.applet_gmt0017.support import ready as token_ready
from tests.applet_gmt0017.support import u4
from tests.crypto import openssl as judge
from tests.host.support import iso_card, openssl
from tests.pki.support import (
    AT,
    CASES,
    NOW,
    SM2,
    SUBJECT,
    CardHolder,
    asked,
    authority,
    card_holder,
    card_signer,
    gmssl_takes,
    holder,
    openssl_signer,
    openssl_takes_sm2,
    soft_key,
    write_pem,
)

RSA = ("rsa", "rsa-2048")
TEXT = "报关单 declaration\r\n".encode()


@cache
def card(case: str) -> CardHolder:
    """One card for all tests of a case; none of them changes it."""
    return card_holder(case)


# -- requests


@pytest.mark.parametrize("case", CASES)
def test_a_card_makes_a_request_that_openssl_takes(tmp_path: Path, case: str) -> None:
    chosen, asking = CASES[case], iso_card(CASES[case].card)
    body = request.make(subject_name(chosen.generation, SUBJECT), card_signer(asking, 1, chosen.hash))
    (tmp_path / "r.der").write_bytes(body)
    done = openssl("req", "-verify", "-noout", "-inform", "DER", "-in", tmp_path / "r.der", *chosen.options)
    assert "verify OK" in done.stdout + done.stderr
    assert asking.public_key(1) == request.Request.parse(body).key


@pytest.mark.parametrize("case", CASES)
def test_the_card_keeps_what_it_was_issued(case: str) -> None:
    made = card_holder(case)
    made.card.put_certificate(1, made.signing.encoded)
    made.card.put_certificate(2, made.exchange.encoded)
    assert (made.signing.encoded, made.exchange.encoded) == (
        made.card.read_certificate(1),
        made.card.read_certificate(2),
    )


# -- signed by the card


@pytest.mark.parametrize("case", RSA)
@pytest.mark.parametrize("attributes", [True, False])
@pytest.mark.parametrize("detached", [True, False])
def test_openssl_takes_what_an_rsa_card_signed(tmp_path: Path, case: str, attributes: bool, detached: bool) -> None:
    made = card(case)
    chain = made.authority.chain
    body = cms.sign(
        TEXT, made.signer, made.signing, NOW, attributes=attributes, detached=detached, chain=(chain.issuing,)
    )
    (tmp_path / "m").write_bytes(body)
    (tmp_path / "content").write_bytes(TEXT)
    root = write_pem(tmp_path, root=chain.root)["root"]
    more = ("-content", tmp_path / "content") if detached else ()
    done = judge.run("cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "m", *more, *AT,
                     "-purpose", "any", "-CAfile", root)  # fmt: skip
    assert (0, TEXT) == (done.returncode, done.stdout), done.stderr


@pytest.mark.parametrize("attributes", [True, False])
def test_openssl_and_gmssl_take_what_an_sm2_card_signed(tmp_path: Path, attributes: bool) -> None:
    made = card("sm2")
    found = SignedData.parse(cms.sign(TEXT, made.signer, made.signing, NOW, attributes=attributes))
    (signer,) = found.signers
    covered = signer.attributes or TEXT
    assert gmssl_takes(made.signing.key.point, covered, signer.signature)
    assert openssl_takes_sm2(tmp_path, made.signing.key.point, covered, signer.signature)


def test_openssl_reads_the_structure_of_an_sm2_message(tmp_path: Path) -> None:
    """With PKCS#7's names around it; those of GM/T 0010 openssl does not know as content types."""
    made = card("sm2")
    (tmp_path / "m").write_bytes(cms.sign(TEXT, made.signer, made.signing, NOW, family=Family.PKCS7))
    done = openssl("cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", tmp_path / "m")
    assert 0 == done.returncode, done.stderr
    assert "sm3 (1.2.156.10197.1.401)" in done.stdout


def test_an_sm2_message_has_the_names_of_gmt_0010() -> None:
    made = card("sm2")
    body = cms.sign(TEXT, made.signer, made.signing, NOW)
    for last in (1, 2):
        assert der.oid(f"1.2.156.10197.6.1.4.2.{last}") in body
    assert der.oid("1.2.156.10197.1.301.1") in body


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("attributes", [True, False])
@pytest.mark.parametrize("detached", [True, False])
def test_our_own_check_takes_what_a_card_signed(case: str, attributes: bool, detached: bool) -> None:
    made = card(case)
    body = cms.sign(TEXT, made.signer, made.signing, NOW, attributes=attributes, detached=detached)
    assert (made.signing,) == SignedData.parse(body).verify(SM2, TEXT if detached else None)


# -- signed by others


@pytest.mark.parametrize("case", RSA)
@pytest.mark.parametrize("options", [(), ("-noattr",), ("-nodetach",), ("-md", "sha256", "-nosmimecap")])
def test_what_openssl_signed_is_taken(tmp_path: Path, case: str, options: tuple[str, ...]) -> None:
    from host_tools.pki import softkey

    leaf = authority(case).issue(asked(case), SUBJECT)
    softkey.save(tmp_path / "k", holder(case), None)
    path = write_pem(tmp_path, leaf=leaf)["leaf"]
    (tmp_path / "content").write_bytes(TEXT)
    done = judge.run("cms", "-sign", "-binary", "-noindef", "-outform", "DER", "-in", tmp_path / "content",
                     "-signer", path, "-inkey", tmp_path / "k", *options)  # fmt: skip
    assert 0 == done.returncode, done.stderr
    found = SignedData.parse(done.stdout)
    assert (leaf,) == found.verify(SM2, TEXT if found.content is None else None)


@pytest.mark.parametrize("attributes", [True, False])
def test_an_sm2_message_with_a_signature_by_openssl_is_taken(tmp_path: Path, attributes: bool) -> None:
    leaf = authority("sm2").issue(asked("sm2"), SUBJECT)
    body = cms.sign(TEXT, openssl_signer(tmp_path, holder("sm2")), leaf, NOW, attributes=attributes)
    assert (leaf,) == SignedData.parse(body).verify(SM2)


# -- enveloped for the card


@pytest.mark.parametrize("case", RSA)
@pytest.mark.parametrize("cipher", ["-aes-256-cbc", "-aes-128-cbc", "-des3", "-sm4-cbc"])
def test_an_rsa_card_opens_what_openssl_enveloped(tmp_path: Path, case: str, cipher: str) -> None:
    made = card(case)
    path = write_pem(tmp_path, exchange=made.exchange)["exchange"]
    (tmp_path / "content").write_bytes(TEXT)
    done = judge.run("cms", "-encrypt", "-binary", "-noindef", cipher, "-outform", "DER", "-in", tmp_path / "content",
                     path)  # fmt: skip
    assert 0 == done.returncode, done.stderr
    assert TEXT == EnvelopedData.parse(done.stdout).open(made.exchange, made.decrypt)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("cipher", [oids.SM4_CBC, oids.AES_256_CBC, oids.TDES_CBC])
def test_a_card_opens_what_was_enveloped_for_it(case: str, cipher: str) -> None:
    made = card(case)
    body = cms_enveloped.seal(TEXT, [made.exchange], SM2, cipher=cipher)
    assert TEXT == EnvelopedData.parse(body).open(made.exchange, made.decrypt)


@pytest.mark.parametrize("case", RSA)
def test_openssl_opens_what_was_enveloped(tmp_path: Path, case: str) -> None:
    from host_tools.pki import softkey

    leaf = authority(case).issue_key(holder(case).key, SUBJECT, Use.EXCHANGE)
    softkey.save(tmp_path / "k", holder(case), None)
    path = write_pem(tmp_path, leaf=leaf)["leaf"]
    (tmp_path / "m").write_bytes(cms_enveloped.seal(TEXT, [leaf], SM2))
    done = judge.output("cms", "-decrypt", "-inform", "DER", "-in", tmp_path / "m", "-recip", path,
                        "-inkey", tmp_path / "k")  # fmt: skip
    assert TEXT == done


def test_openssl_opens_the_parts_of_an_sm2_envelope(tmp_path: Path) -> None:
    """It has no GM/T 0010, but SM2 and SM4: the key from the SM2Cipher, then the content in CBC."""
    pair = holder("sm2")
    leaf = authority("sm2").issue_key(pair.key, SUBJECT, Use.EXCHANGE)
    found = EnvelopedData.parse(cms_enveloped.seal(TEXT, [leaf], SM2))
    key = judge.sm2_decrypts(tmp_path, pair.private.reveal(), pair.key.point, found.receivers[0].wrapped)
    (tmp_path / "body").write_bytes(found.body)
    plain = judge.output("enc", "-d", "-sm4-cbc", "-K", key.hex(), "-iv", found.iv.hex(), "-in", tmp_path / "body")
    assert TEXT == plain


def test_an_sm2_card_opens_an_envelope_whose_parts_openssl_made(tmp_path: Path) -> None:
    made = card("sm2")
    key, iv = bytes(range(16)), bytes(16)
    (tmp_path / "content").write_bytes(TEXT)
    (tmp_path / "key").write_bytes(key)
    public = judge.public_key(tmp_path, made.exchange.key.point)
    wrapped = judge.output("pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", public, "-in",
                           tmp_path / "key")  # fmt: skip
    body = judge.output("enc", "-sm4-cbc", "-K", key.hex(), "-iv", iv.hex(), "-in", tmp_path / "content")
    receiver = cms_enveloped.Receiver(made.exchange.name, made.exchange.key.kind, cipher_from_der(wrapped))
    found = EnvelopedData((receiver,), oids.SM4_CBC, iv, body)
    assert TEXT == found.open(made.exchange, made.decrypt)


# -- the exchange pair from the key centre


@pytest.mark.parametrize("form", ["gmt-0009", "gmt-0016"])
def test_a_token_takes_the_sm2_exchange_pair_of_the_key_centre(form: str) -> None:
    """Its GM/T 0017 door signs the request, and imports what SKF_ImportECCKeyPair would send for the envelope."""
    token = token_ready()
    key = PublicKey(Kind.SM2, point=b"\x04" + token.generate())

    def sign(message: bytes) -> bytes:
        return token.ok(0x74, token.where + sm2_digest(key.point, message), 0x200)[4:]

    body = request.make(subject_name(Generation.SM2, SUBJECT), Issuer(key, Hash.SM3, sign))
    pair = authority("sm2").issue_pair(body, SUBJECT)
    assert isinstance(pair.envelope, EnvelopedSm2Key)
    sent = pair.envelope.encode() if form == "gmt-0009" else pair.envelope.blob()
    found = EnvelopedSm2Key.parse(sent) if form == "gmt-0009" else EnvelopedSm2Key.from_blob(sent)
    token.ok(0x72, token.where + _import_sm2(found))
    assert pair.exchange.key.point[1:] == token.ok(0x88, token.where, ne=0)[4:]


def test_a_token_takes_the_rsa_exchange_pair_of_the_key_centre() -> None:
    """By what SKF_ImportRSAKeyPair would send; what is wrapped for the exchange certificate then opens."""
    token = token_ready()
    public = token.ok(0x54, token.where + u4(1024), ne=0)
    signing = PublicKey(Kind.RSA, n=int.from_bytes(public[:128], "big"), e=65537)
    pair = soft_key("rsa", "a")
    found = EnvelopedRsaKey.parse(EnvelopedRsaKey.seal(pair, signing).encode())
    counted = u4(len(found.wrapped)) + found.wrapped, u4(len(found.encrypted)) + found.encrypted
    token.ok(0x56, token.where + u4(0x401) + counted[0] + u4(1024) + counted[1])
    wrapped = envelope.encrypt_for(pair.key, bytes(range(16)), SM2)
    assert 2 == len(token.ok(0xA0, token.where + u4(0x401) + u4(len(wrapped)) + wrapped, ne=2))


def _import_sm2(found: EnvelopedSm2Key) -> bytes:
    head = u4(1) + u4(0x401) + u4(256) + u4(32) + found.encrypted + found.point[1:] + u4(256)
    return head + found.wrapped[1:97] + u4(len(found.wrapped) - 97) + found.wrapped[97:]


def test_openssl_opens_an_sm2_enveloped_key(tmp_path: Path) -> None:
    receiver, pair = soft_key("sm2", "a"), generate(soft_key("sm2", "a").key.kind, SM2)
    sealed = envelope.seal(pair, receiver.key)
    key = judge.sm2_decrypts(tmp_path, receiver.private.reveal(), receiver.key.point, sealed.wrapped)
    (tmp_path / "body").write_bytes(sealed.encrypted)
    plain = judge.output("enc", "-d", "-sm4-ecb", "-nopad", "-K", key.hex(), "-in", tmp_path / "body")
    assert pair.private == Secret(plain)


def test_an_sm2_card_opens_the_wrapped_key_with_its_exchange_key() -> None:
    made = card("sm2")
    pair = soft_key("sm2", "a")
    opened = EnvelopedSm2Key.seal(pair, made.exchange.key).open(made.decrypt, SM2)
    assert pair.private == opened.private


@pytest.mark.parametrize("case", RSA)
def test_an_rsa_card_opens_the_wrapped_key_with_its_exchange_key(case: str) -> None:
    made = card(case)
    pair = soft_key(case, "a")
    opened = EnvelopedRsaKey.seal(pair, made.exchange.key).open(made.decrypt, SM2)
    assert pair.private == opened.private


def test_a_wrapped_key_is_what_openssl_would_send(tmp_path: Path) -> None:
    sealed = envelope.seal(soft_key("sm2", "a"), soft_key("sm2", "b").key)
    assert sealed.wrapped == cipher_from_der(cipher_der(sealed.wrapped))
    assert 16 == len(ciphers.sm4_ecb(Secret(bytes(16)), bytes(16), encrypt=True))
