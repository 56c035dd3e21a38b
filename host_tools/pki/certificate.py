"""Self-signed test certificates for the keys of a card, in the two generations of Electronic Port cards.

The RSA generation names the holder by CN and a postOfficeBox digit in BMPString and signs with SHA-1 (or SHA-256
where asked); the SM2 generation has C, OU (the unit) and CN in UTF8String and signs with SM3. Every name is marked
as a test, so that no such certificate can pass for a real one. The signature comes from a callback: only the
card can sign. The exchange key of a container may not sign, so its certificate is issued by the signing key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from hashlib import sha1

from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from host_tools.pki import der
from host_tools.pki.keys import Hash, Kind, PublicKey, Scheme

TEST_MARK = "测试"
YEARS = 10
COUNTRY = "CN"
POST_OFFICE_BOX = x509.ObjectIdentifier("2.5.4.18")
POST_OFFICE_BOX_DIGIT = "1"
NAME_LENGTH = 64
"""ub-common-name and ub-organizational-unit-name (RFC 5280, appendix A)."""

SIGNATURES: dict[tuple[Kind, Hash], str] = {
    (Kind.SM2, Hash.SM3): "1.2.156.10197.1.501",
    (Kind.RSA, Hash.SHA1): "1.2.840.113549.1.1.5",
    (Kind.RSA, Hash.SHA256): "1.2.840.113549.1.1.11",
    (Kind.P256, Hash.SHA256): "1.2.840.10045.4.3.2",
    (Kind.P384, Hash.SHA384): "1.2.840.10045.4.3.3",
}
"""Signature algorithm identifiers by key and hash."""

SCHEME_OF: dict[Kind, Scheme] = {
    Kind.SM2: Scheme.SM2,
    Kind.RSA: Scheme.PKCS1,
    Kind.P256: Scheme.ECDSA,
    Kind.P384: Scheme.ECDSA,
}


class Use(Enum):
    """What the certified key is for."""

    SIGN = "sign"
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who the certificate names: a person and a unit. The test mark is added where it is missing."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Issuer:
    """The key that signs: its public half, its hash, and the card that makes a signature over a message.

    `sign` gives what the card gives: r || s for curves, the block for RSA.
    """

    key: PublicKey
    hash: Hash
    sign: Callable[[bytes], bytes]


def marked(name: str) -> str:
    """The name, marked as a test, in the length a certificate has room for."""
    text = name if TEST_MARK in name else TEST_MARK + name
    return text[:NAME_LENGTH]


def distinguished_name(kind: Kind, holder: Holder) -> x509.Name:
    """The subject as the generation of this kind of key writes it."""
    if kind is Kind.RSA:
        cn = x509.NameAttribute(NameOID.COMMON_NAME, marked(holder.name), _ASN1Type.BMPString)
        box = x509.NameAttribute(POST_OFFICE_BOX, POST_OFFICE_BOX_DIGIT, _ASN1Type.BMPString)
        return x509.Name([cn, box])
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, marked(holder.unit), _ASN1Type.UTF8String),
            x509.NameAttribute(NameOID.COMMON_NAME, marked(holder.name), _ASN1Type.UTF8String),
        ]
    )


def serial_number(key: PublicKey) -> int:
    """A certificate number in the form of the generation, taken from the key, so a key has the same one always.

    SM2: 8 bytes beginning with 03. RSA and others: 4 bytes, positive.
    """
    if key.kind is Kind.SM2:
        return int.from_bytes(b"\x03" + key.fingerprint[:7], "big")
    return int.from_bytes(key.fingerprint[:4], "big") >> 1 | 0x01


def years_later(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes the 28th where that year has no 29th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def key_usage(kind: Kind, use: Use) -> x509.KeyUsage:
    """Signing keys: digitalSignature and nonRepudiation. Exchange keys: encipherment, curves agreement too."""
    signing = use is Use.SIGN
    return x509.KeyUsage(
        digital_signature=signing,
        content_commitment=signing,
        key_encipherment=not signing,
        data_encipherment=not signing,
        key_agreement=not signing and kind is not Kind.RSA,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def key_identifier(key: PublicKey) -> bytes:
    """SHA-1 of the subject public key's bits (RFC 5280, 4.2.1.2, method 1)."""
    if key.kind is not Kind.RSA:
        return sha1(key.point, usedforsecurity=False).digest()
    return sha1(der.rsa_public_key(key), usedforsecurity=False).digest()


def extensions(key: PublicKey, issuer: PublicKey, use: Use) -> tuple[der.Extension, ...]:
    """BasicConstraints, KeyUsage (critical in the SM2 generation only), and the two key identifiers."""
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    authority = x509.AuthorityKeyIdentifier(key_identifier(issuer), None, None)
    rows: tuple[tuple[x509.ExtensionType, bool], ...] = (
        (constraints, False),
        (key_usage(key.kind, use), key.kind is not Kind.RSA),
        (authority, False),
        (x509.SubjectKeyIdentifier(key_identifier(key)), False),
    )
    return tuple(der.Extension(value.oid.dotted_string, critical, value.public_bytes()) for value, critical in rows)


def make(key: PublicKey, holder: Holder, use: Use, start: date, issuer: Issuer, serial: int | None = None) -> bytes:
    """A certificate (DER) for `key`, valid for ten years from the beginning of `start` (UTC)."""
    oid = SIGNATURES[issuer.key.kind, issuer.hash]
    contents = der.Contents(
        serial=serial_number(key) if serial is None else serial,
        signature_oid=oid,
        issuer=distinguished_name(issuer.key.kind, holder),
        subject=distinguished_name(key.kind, holder),
        not_before=_midnight(start),
        not_after=_midnight(years_later(start, YEARS)),
        key=key,
        extensions=extensions(key, issuer.key, use),
    )
    tbs = der.tbs_certificate(contents)
    made = issuer.sign(tbs)
    signature = made if issuer.key.kind is Kind.RSA else der.ec_signature(made)
    return der.certificate(tbs, oid, signature)


def pem(certificate: bytes) -> str:
    """The certificate between its BEGIN and END lines."""
    return der.pem("CERTIFICATE", certificate)
