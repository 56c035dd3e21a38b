"""Signed messages: SignedData of PKCS#7 (RFC 2315) for RSA, of GM/T 0010-2012 for SM2.

One structure, two families of identifiers. GM/T 0010 names data, signedData and the rest under its own arc, the
signature SM2-1 (1.2.156.10197.1.301.1) and the hash SM3; messages in the wild also write SM2-with-SM3 or PKCS#7's
identifiers around SM2, and all of these are read. An SM2 signature covers SM3(ZA || attributes), with the usual
signer identifier; the messageDigest attribute is the plain SM3 of the content.

Checking tells which certificates signed; whether they are to be trusted is the chain's business. Only DER is read
(`openssl cms -sign -noindef` writes it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from host_tools.errors import BadEncoding, BadSignature
from host_tools.pki import der, oids, tree
from host_tools.pki.certificate import Issuer
from host_tools.pki.keys import Hash, Kind, digest
from host_tools.pki.signed import check_signature, signature_value
from host_tools.pki.sm2 import Sm2
from host_tools.pki.tree import Reader
from host_tools.pki.view import Certificate

WHAT = "SignedData"
PEM_LABEL = "CMS"
DATA, SIGNED, ENVELOPED = 1, 2, 3
"""Last arcs of the content types."""


class Family(Enum):
    """Whose identifiers: the value is the arc of the content types."""

    PKCS7 = oids.PKCS7
    GMT_0010 = oids.GMT_0010

    def oid(self, last: int) -> str:
        """The identifier of a content type."""
        return f"{self.value}.{last}"


FAMILY_OF: dict[Kind, Family] = {Kind.SM2: Family.GMT_0010}
SIGNATURE_NAMES = {Kind.SM2: oids.SM2_SIGN, Kind.RSA: oids.RSA_ENCRYPTION, Kind.P256: "1.2.840.10045.4.3.2"}
"""What stands for the signature's algorithm in a SignerInfo, by kind of key."""
KIND_OF_SIGNATURE = {
    oids.SM2_SIGN: Kind.SM2,
    oids.SM2_WITH_SM3: Kind.SM2,
    oids.SM2_CURVE: Kind.SM2,
    oids.RSA_ENCRYPTION: Kind.RSA,
    "1.2.840.113549.1.1.5": Kind.RSA,
    "1.2.840.113549.1.1.11": Kind.RSA,
    "1.2.840.113549.1.1.12": Kind.RSA,
    "1.2.840.113549.1.1.13": Kind.RSA,
    "1.2.840.10045.4.3.2": Kind.P256,
    "1.2.840.10045.4.3.3": Kind.P384,
}


def family_of(kind: Kind) -> Family:
    """The usual family of a kind of key."""
    return FAMILY_OF.get(kind, Family.PKCS7)


def content_info(oid: str, content: bytes) -> bytes:
    """ContentInfo (RFC 5652, 3)."""
    return tree.sequence(der.oid(oid), tree.tagged(0, content))


def open_content_info(data: bytes, last: int, what: str) -> Reader:
    """A reader of the content's SEQUENCE, of either family; `BadEncoding` for another type of content."""
    encoded = data if data[:1] == b"\x30" else _from_pem(data, what)
    reader = Reader.of(encoded, what)
    oid = reader.oid()
    if oid not in {family.oid(last) for family in Family}:
        raise reader.wrong(f"its content type is {oid}")
    inside = reader.inside(0xA0)
    reader.end()
    return inside.inside()


def _from_pem(data: bytes, what: str) -> bytes:
    found = der.from_pem(data, PEM_LABEL) or der.from_pem(data, "PKCS7")
    if found is None:
        raise BadEncoding(f"this is no {what}: neither DER nor PEM (CMS, PKCS7)")
    return found


# -- signing


def _attribute(oid: str, value: bytes) -> bytes:
    return tree.sequence(der.oid(oid), tree.set_of(value))


def sign(
    content: bytes,
    signer: Issuer,
    certificate: Certificate,
    moment: datetime | None = None,
    *,
    attributes: bool = True,
    detached: bool = False,
    chain: Sequence[Certificate] = (),
    family: Family | None = None,
) -> bytes:
    """A message (DER) with one signature. `moment` becomes the signingTime attribute.

    Without `attributes` the signature is over the content itself, as SOF_SignMessage of simple clients makes it.
    `detached` leaves the content out; `chain` goes along with the signer's certificate.
    """
    chosen = family or family_of(signer.key.kind)
    hash_name = _hash_name(signer.hash)
    signed_attributes = b""
    message = content
    if attributes:
        rows = _attributes(chosen, content, signer.hash, moment)
        message = tree.set_of(*rows)
        signed_attributes = der.element(0xA0, der.elements(message)[0].content)
    info = tree.sequence(
        der.integer(1),
        certificate.name,
        hash_name,
        signed_attributes,
        tree.algorithm(SIGNATURE_NAMES[signer.key.kind]),
        tree.octets(signature_value(signer, message)),
    )
    body = tree.sequence(
        der.integer(1),
        tree.set_of(hash_name),
        tree.sequence(der.oid(chosen.oid(DATA)), b"" if detached else tree.tagged(0, tree.octets(content))),
        tree.tagged(0, *sorted(each.encoded for each in (certificate, *chain))),
        tree.set_of(info),
    )
    return content_info(chosen.oid(SIGNED), body)


def _hash_name(hash_: Hash) -> bytes:
    parameters = b"" if hash_ is Hash.SM3 else tree.null()
    return tree.sequence(der.oid(oids.HASHES[hash_]), parameters)


def _attributes(family: Family, content: bytes, hash_: Hash, moment: datetime | None) -> list[bytes]:
    rows = [
        _attribute(oids.CONTENT_TYPE, der.oid(family.oid(DATA))),
        _attribute(oids.MESSAGE_DIGEST, tree.octets(digest(hash_, content))),
    ]
    return rows if moment is None else [*rows, _attribute(oids.SIGNING_TIME, der.time(moment.replace(microsecond=0)))]


# -- reading


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """One signature: `name` is IssuerAndSerialNumber, `attributes` the SET that is signed (empty without)."""

    name: bytes
    hash: Hash
    attributes: bytes
    kind: Kind
    signature: bytes

    def attribute(self, oid: str) -> bytes | None:
        """The value of a signed attribute, as an element; None if it is not there."""
        rows = Reader.of(self.attributes, WHAT, tree.SET) if self.attributes else None
        while rows is not None and rows.more:
            row = rows.inside()
            if row.oid() == oid:
                values = row.inside(tree.SET)
                value = values.next().encoded
                values.end()
                return value
        return None

    @property
    def moment(self) -> datetime | None:
        """What the signer says is the time; nobody vouches for it."""
        value = self.attribute(oids.SIGNING_TIME)
        return None if value is None else Reader(value, WHAT).time()

    def check(self, content: bytes, content_type: str, certificate: Certificate, sm2: Sm2) -> None:
        """Raise `BadSignature` unless this certificate's key signed this content."""
        if certificate.key.kind is not self.kind:
            raise BadSignature("the message names an algorithm that the signer's key has not")
        message = content
        if self.attributes:
            message = self.attributes
            if self.attribute(oids.MESSAGE_DIGEST) != tree.octets(digest(self.hash, content)):
                raise BadSignature("the content is not the one that was signed: its digest differs")
            if self.attribute(oids.CONTENT_TYPE) != der.oid(content_type):
                raise BadSignature("the signed attributes name another type of content")
        elif _are_attributes(content):
            raise BadSignature("the content is the signed attributes of another message")
        check_signature(certificate.key, self.hash, message, self.signature, sm2)


def _are_attributes(content: bytes) -> bool:
    """Whether a content could be signed attributes: a signature over those must not pass for one over a content."""
    try:
        return SignerInfo(b"", Hash.SM3, content, Kind.SM2, b"").attribute(oids.MESSAGE_DIGEST) is not None
    except BadEncoding:
        return False


@dataclass(frozen=True, slots=True)
class SignedData:
    """A message taken apart; `content` is None where it is detached, `content_type` dotted."""

    content_type: str
    content: bytes | None
    certificates: tuple[Certificate, ...]
    signers: tuple[SignerInfo, ...]

    @classmethod
    def parse(cls, data: bytes) -> SignedData:
        """From DER or PEM; `BadEncoding` for anything else."""
        reader = open_content_info(data, SIGNED, WHAT)
        reader.integer()
        reader.take(tree.SET)
        inner = reader.inside()
        content_type = inner.oid()
        wrapped = inner.maybe_inside(0xA0)
        inner.end()
        content = _content(wrapped) if wrapped else None
        certificates = _certificates(reader.maybe_inside(0xA0))
        reader.maybe(0xA1)
        rows = reader.inside(tree.SET)
        reader.end()
        signers: list[SignerInfo] = []
        while rows.more:
            signers.append(_signer(rows.inside()))
        return cls(content_type, content, certificates, tuple(signers))

    def verify(
        self, sm2: Sm2, content: bytes | None = None, known: Sequence[Certificate] = ()
    ) -> tuple[Certificate, ...]:
        """The certificates that signed, every signature checked; `BadSignature` if one is wrong or there is none.

        `content` is needed for a detached message and must be left out otherwise. `known` are certificates that
        may be missing from the message.
        """
        if (content is None) == (self.content is None):
            raise BadSignature("give the content of a detached message, and only of one")
        if not self.signers:
            raise BadSignature("the message has no signature")
        signed = content if self.content is None else self.content
        assert signed is not None
        found: list[Certificate] = []
        for signer in self.signers:
            certificate = next((each for each in (*self.certificates, *known) if each.name == signer.name), None)
            if certificate is None:
                raise BadSignature("the signer's certificate is not in the message; give it")
            signer.check(signed, self.content_type, certificate, sm2)
            found.append(certificate)
        return tuple(found)


def _content(wrapped: Reader) -> bytes:
    """The inside of the OCTET STRING that data is."""
    found = wrapped.octets()
    wrapped.end()
    return found


def _certificates(rows: Reader | None) -> tuple[Certificate, ...]:
    found: list[Certificate] = []
    while rows is not None and rows.more:
        element = rows.next()
        # Attribute certificates and other formats have tags of their own and sign nothing here.
        if element.tag == tree.SEQUENCE:
            found.append(Certificate.parse(element.encoded))
    return tuple(found)


def _signer(reader: Reader) -> SignerInfo:
    if reader.integer() != 1:
        raise reader.wrong("a signer is not named by issuer and serial number")
    name = reader.take(tree.SEQUENCE).encoded
    hash_oid, _ = reader.algorithm()
    attributes = reader.maybe(0xA0)
    signature_oid, _ = reader.algorithm()
    signature = reader.octets()
    reader.maybe(0xA1)
    reader.end()
    hash_, kind = oids.HASH_OF.get(hash_oid), KIND_OF_SIGNATURE.get(signature_oid)
    if hash_ is None or kind is None:
        raise reader.wrong(f"its algorithms {hash_oid} and {signature_oid} are not known here")
    signed = der.element(tree.SET, attributes.content) if attributes else b""
    return SignerInfo(name, hash_, signed, kind, signature)
