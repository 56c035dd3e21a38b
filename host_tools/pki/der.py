"""The DER of certificates and keys that the `cryptography` package does not build: SM2, and names of old cards.

The only module that uses `cryptography.hazmat.asn1`, which its makers declare unstable; nothing of it shows in
the functions' types. Names and extensions come as DER from `cryptography.x509`.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from cryptography.hazmat import asn1
from cryptography.x509 import Name, ObjectIdentifier

from host_tools.errors import BadEncoding, BadResponse
from host_tools.pki.keys import Kind, PublicKey

EC_PUBLIC_KEY = "1.2.840.10045.2.1"
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
CURVES = {Kind.SM2: "1.2.156.10197.1.301", Kind.P256: "1.2.840.10045.3.1.7", Kind.P384: "1.3.132.0.34"}
FIRST_GENERALIZED_YEAR = 2050
"""RFC 5280, 4.1.2.5: dates from 2050 on are GeneralizedTime."""


@asn1.sequence
class _Algorithm:
    algorithm: ObjectIdentifier
    parameters: ObjectIdentifier | asn1.Null | None


@asn1.sequence
class _SubjectPublicKeyInfo:
    algorithm: _Algorithm
    key: asn1.BitString


@asn1.sequence
class _RsaPublicKey:
    n: int
    e: int


@asn1.sequence
class _Validity:
    not_before: asn1.UTCTime | asn1.GeneralizedTime
    not_after: asn1.UTCTime | asn1.GeneralizedTime


@asn1.sequence
class _Extension:
    oid: ObjectIdentifier
    critical: Annotated[bool, asn1.Default(False)]
    value: bytes


@asn1.sequence
class _TbsCertificate:
    version: Annotated[int, asn1.Explicit(0)]
    serial: int
    signature: _Algorithm
    issuer: Name
    validity: _Validity
    subject: Name
    key: _SubjectPublicKeyInfo
    extensions: Annotated[list[_Extension], asn1.Explicit(3)]


@asn1.sequence
class _Certificate:
    tbs: asn1.TLV
    algorithm: _Algorithm
    signature: asn1.BitString


@asn1.sequence
class _EcSignature:
    r: int
    s: int


@asn1.sequence
class _Elements:
    inside: list[asn1.TLV]


@dataclass(frozen=True, slots=True)
class Extension:
    """One certificate extension; `value` is the DER inside its OCTET STRING."""

    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """What a certificate says: everything but the signature. Dates are UTC."""

    serial: int
    signature_oid: str
    issuer: Name
    subject: Name
    not_before: datetime
    not_after: datetime
    key: PublicKey
    extensions: tuple[Extension, ...]


def _algorithm(oid: str) -> _Algorithm:
    """RSA algorithms carry NULL (RFC 4055, 5), those of curves nothing (RFC 5758, 3.2)."""
    rsa = oid.startswith("1.2.840.113549.")
    return _Algorithm(algorithm=ObjectIdentifier(oid), parameters=asn1.Null() if rsa else None)


def _info(key: PublicKey) -> _SubjectPublicKeyInfo:
    if key.kind is Kind.RSA:
        algorithm = _algorithm(RSA_ENCRYPTION)
        return _SubjectPublicKeyInfo(algorithm=algorithm, key=asn1.BitString(rsa_public_key(key), 0))
    curve = ObjectIdentifier(CURVES[key.kind])
    algorithm = _Algorithm(algorithm=ObjectIdentifier(EC_PUBLIC_KEY), parameters=curve)
    return _SubjectPublicKeyInfo(algorithm=algorithm, key=asn1.BitString(key.point, 0))


def _time(moment: datetime) -> asn1.UTCTime | asn1.GeneralizedTime:
    moment = moment.astimezone(UTC)
    return asn1.UTCTime(moment) if moment.year < FIRST_GENERALIZED_YEAR else asn1.GeneralizedTime(moment)


def rsa_public_key(key: PublicKey) -> bytes:
    """RSAPublicKey (RFC 8017, A.1.1)."""
    return bytes(asn1.encode_der(_RsaPublicKey(n=key.n, e=key.e)))


def public_key_info(key: PublicKey) -> bytes:
    """SubjectPublicKeyInfo."""
    return bytes(asn1.encode_der(_info(key)))


def tbs_certificate(contents: Contents) -> bytes:
    """The part of a certificate that is signed."""
    extensions = [
        _Extension(oid=ObjectIdentifier(each.oid), critical=each.critical, value=each.value)
        for each in contents.extensions
    ]
    tbs = _TbsCertificate(
        version=2,
        serial=contents.serial,
        signature=_algorithm(contents.signature_oid),
        issuer=contents.issuer,
        validity=_Validity(not_before=_time(contents.not_before), not_after=_time(contents.not_after)),
        subject=contents.subject,
        key=_info(contents.key),
        extensions=extensions,
    )
    return bytes(asn1.encode_der(tbs))


def certificate(tbs: bytes, signature_oid: str, signature: bytes) -> bytes:
    """The certificate made of its signed part and the signature as it stands in the BIT STRING."""
    made = _Certificate(
        tbs=asn1.decode_der(asn1.TLV, tbs),
        algorithm=_algorithm(signature_oid),
        signature=asn1.BitString(signature, 0),
    )
    return bytes(asn1.encode_der(made))


def ec_signature(raw: bytes) -> bytes:
    """SEQUENCE { r, s } from r || s of equal width (RFC 3279, 2.2.3; GM/T 0009-2012, 7.3)."""
    half = len(raw) // 2
    r, s = int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
    return bytes(asn1.encode_der(_EcSignature(r=r, s=s)))


def raw_ec_signature(der: bytes, width: int) -> bytes:
    """r || s, each `width` bytes, from SEQUENCE { r, s }; `BadResponse` for anything else."""
    try:
        found = asn1.decode_der(_EcSignature, der)
        return bytes(found.r.to_bytes(width, "big") + found.s.to_bytes(width, "big"))
    except (ValueError, OverflowError):
        raise BadResponse("the signature is not SEQUENCE { r, s } in the width of the curve") from None


def pem(label: str, body: bytes) -> str:
    """Base64 in lines of 64 between BEGIN and END (RFC 7468)."""
    text = b64encode(body).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""))


def from_pem(text: bytes, label: str) -> bytes | None:
    """The body of the first PEM block with this label, None if there is none that can be read."""
    begin, end = f"-----BEGIN {label}-----".encode(), f"-----END {label}-----".encode()
    _, found, rest = text.partition(begin)
    body, closed, _ = rest.partition(end)
    try:
        return b64decode(b"".join(body.split()), validate=True) if found and closed else None
    except ValueError:
        return None


def unwrapped(data: bytes, label: str, what: str) -> bytes:
    """The DER of a file that holds it bare or in PEM; `BadEncoding` where there is neither."""
    if data[:1] == b"\x30":
        return data
    body = from_pem(data, label)
    if body is None:
        raise BadEncoding(f"this holds no {what}, neither in DER nor in PEM ({label})")
    return body


def public_key_of(certificate_der: bytes) -> PublicKey:
    """The subject's public key; `BadResponse` for bytes that are no certificate, or a kind of key not known."""
    try:
        whole = asn1.decode_der(_Certificate, certificate_der)
        tbs = asn1.decode_der(_TbsCertificate, _encoded(whole.tbs))
        return _known(tbs.key)
    except ValueError:
        raise BadResponse("this is not an X.509 certificate with extensions, in DER") from None


def parse_public_key(info: bytes) -> PublicKey:
    """A public key from its SubjectPublicKeyInfo; `BadResponse` for anything else."""
    try:
        return _known(asn1.decode_der(_SubjectPublicKeyInfo, info))
    except ValueError:
        raise BadResponse("this is not a SubjectPublicKeyInfo in DER") from None


def _encoded(tlv: asn1.TLV) -> bytes:
    return bytes(asn1.encode_der(tlv))


# -- any DER at all: `host_tools.pki.tree` builds and reads structures with these


@dataclass(frozen=True, slots=True)
class Element:
    """One data element: its tag (all its bytes, big-endian) and its content."""

    tag: int
    content: bytes

    @property
    def encoded(self) -> bytes:
        """The element as it stood: DER has one way to write it."""
        return element(self.tag, self.content)


def element(tag: int, content: bytes) -> bytes:
    """A data element in DER."""
    size = len(content)
    head = tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big")
    if size < 0x80:
        return head + bytes((size,)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return head + bytes((0x80 | len(octets),)) + octets + content


def elements(content: bytes) -> tuple[Element, ...]:
    """The elements that stand one after the other; ValueError for bytes that are not DER."""
    read = asn1.decode_der(_Elements, element(0x30, element(0x30, content)))
    return tuple(Element(int.from_bytes(each.tag_bytes, "big"), bytes(each.data)) for each in read.inside)


def integer(value: int) -> bytes:
    """INTEGER."""
    return bytes(asn1.encode_der(value))


def read_integer(encoded: bytes) -> int:
    """The value of an INTEGER; ValueError for anything else."""
    return int(asn1.decode_der(int, encoded))


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER."""
    return bytes(asn1.encode_der(ObjectIdentifier(dotted)))


def read_oid(encoded: bytes) -> str:
    """The dotted form of an OBJECT IDENTIFIER; ValueError for anything else."""
    return str(asn1.decode_der(ObjectIdentifier, encoded).dotted_string)


def time(moment: datetime) -> bytes:
    """UTCTime, or GeneralizedTime from 2050 on (RFC 5280, 4.1.2.5)."""
    return bytes(asn1.encode_der(_time(moment)))


def generalized_time(moment: datetime) -> bytes:
    """GeneralizedTime in whole seconds, as OCSP has it (RFC 6960, 4.2.1)."""
    return bytes(asn1.encode_der(asn1.GeneralizedTime(moment.astimezone(UTC).replace(microsecond=0))))


def read_time(encoded: bytes) -> datetime:
    """The moment of a UTCTime or GeneralizedTime, in UTC; ValueError for anything else."""
    if encoded[:1] == b"\x17":
        return asn1.decode_der(asn1.UTCTime, encoded).as_datetime()
    return asn1.decode_der(asn1.GeneralizedTime, encoded).as_datetime()


def bits(data: bytes, unused: int = 0) -> bytes:
    """BIT STRING; the last byte has `unused` bits that do not count."""
    return bytes(asn1.encode_der(asn1.BitString(data, unused)))


def read_bits(encoded: bytes) -> bytes:
    """The bytes of a BIT STRING of whole bytes; ValueError for anything else."""
    found = asn1.decode_der(asn1.BitString, encoded)
    if found.padding_bits():
        raise ValueError("not whole bytes")
    return bytes(found.as_bytes())


def _known(info: _SubjectPublicKeyInfo) -> PublicKey:
    key = info.key.as_bytes()
    if info.algorithm.algorithm.dotted_string == RSA_ENCRYPTION:
        numbers = asn1.decode_der(_RsaPublicKey, key)
        return PublicKey(Kind.RSA, n=numbers.n, e=numbers.e)
    parameters = info.algorithm.parameters
    if isinstance(parameters, ObjectIdentifier):
        for kind, oid in CURVES.items():
            if oid == parameters.dotted_string:
                return PublicKey(kind, point=key)
    raise BadResponse("the certificate's key is of a kind this program does not know")
