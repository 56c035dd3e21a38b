"""The two generations of Electronic Port certificates, as a test authority imitates them.

The RSA generation: SHA-1 with RSA, names in BMPString, holder as CN and postOfficeBox, numbers of 8 digits, private
extensions whose texts are GBK bytes inside an IA5String. The SM2 generation: SM3 with SM2, names in UTF8String, unit
and holder as OU and CN, numbers of 16 digits from 03, private extensions in UTF8String, card numbers behind "03-".

Nothing here can be taken for the real authority: names and units are marked as tests, addresses end in `.test` (or
are the user's own), and the policy is one that promises nothing. Beside the directory address that real certificates
of the SM2 generation have alone, ours always give an HTTP address too, because that is what a test can serve.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from host_tools.errors import AuthorityProblem
from host_tools.pki import der, oids, tree
from host_tools.pki.certificate import (
    COUNTRY,
    NAME_LENGTH,
    POST_OFFICE_BOX,
    POST_OFFICE_BOX_DIGIT,
    Use,
    key_identifier,
    key_usage,
    marked,
)
from host_tools.pki.der import Extension
from host_tools.pki.keys import Hash, Kind, PublicKey

PRIVATE_ARC = "1.3.6.1.4.1.5315.100"
UNIT, DOCUMENT_TYPE, DOCUMENT_NUMBER = "5.1", "5.3", "5.8"
CARD_NUMBER, ORGANISATION_CODE, UNIT_CATEGORY = "5.9", "5.11", "5.12"
ACCEPTANCE_POINT, AREA = "2.1", "2.4"
CARD_PREFIX = "03-"
DIRECTORY = "ldap://ldap.simcard.test:389"
DIRECTORY_TAILS = {
    "sm2": "/cn=crl030000,ou=crl00,ou=crl,c=cn?certificateRevocationList?base?cn=crl030000",
    "rsa": "/000-1.crl",
}
"""How the real ones go on behind the host's name."""


class Generation(StrEnum):
    """Which of the two."""

    SM2 = "sm2"
    RSA = "rsa"

    @property
    def kind(self) -> Kind:
        """The kind of key."""
        return Kind(self.value)

    @property
    def serial_size(self) -> int:
        """Bytes of a serial number; the certificate number has twice as many digits."""
        return 8 if self is Generation.SM2 else 4

    @property
    def first_serial(self) -> int:
        """The first number an authority gives."""
        return 0x0300000000000001 if self is Generation.SM2 else 0x01000001

    @property
    def last_serial(self) -> int:
        """The last one that has the form: from 03, or positive."""
        return 0x03FFFFFFFFFFFFFF if self is Generation.SM2 else 0x7FFFFFFF

    @property
    def hash(self) -> Hash:
        """The usual hash of its signatures."""
        return Hash.SM3 if self is Generation.SM2 else Hash.SHA1

    @property
    def text_type(self) -> _ASN1Type:
        """The string type of its names."""
        return _ASN1Type.UTF8String if self is Generation.SM2 else _ASN1Type.BMPString


def of_kind(kind: Kind) -> Generation:
    """The generation of a kind of key; `AuthorityProblem` for keys that no generation has."""
    try:
        return Generation(kind.value)
    except ValueError:
        raise AuthorityProblem(f"no generation of certificates has keys of kind {kind.value}") from None


def number_of(generation: Generation, serial: int) -> str:
    """The certificate number (certNo): the serial in lower-case hexadecimal, with its leading zeros."""
    return serial.to_bytes(generation.serial_size, "big").hex()


def serial_of(number: str) -> tuple[Generation, int]:
    """Generation and serial of a certificate number; `AuthorityProblem` for what is none."""
    for generation in Generation:
        if len(number) == 2 * generation.serial_size:
            try:
                return generation, int(bytes.fromhex(number).hex(), 16)
            except ValueError:
                break
    raise AuthorityProblem(f"{number!r} is no certificate number: 16 hexadecimal digits (SM2) or 8 (RSA)")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate names, with what the private extensions say of them. Empty texts are left out.

    `document_type` 01 is the resident identity card; `card_number` is given without the prefix of the SM2
    generation; `organisation_code` has nine characters; `unit_category`, `acceptance_point` and `area` two.
    """

    name: str
    unit: str = ""
    document_type: str = ""
    document_number: str = ""
    card_number: str = ""
    organisation_code: str = ""
    unit_category: str = "00"
    acceptance_point: str = "10"
    area: str = "14"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where an authority says its lists and answers are; `base` has no slash at its end."""

    base: str = "http://ca.simcard.test"

    def crl(self, generation: Generation) -> tuple[str, str]:
        """The directory's address and the one that can be served."""
        return DIRECTORY + DIRECTORY_TAILS[generation.value], f"{self.base}/crl/{generation.value}.crl"

    @property
    def ocsp(self) -> str:
        return f"{self.base}/ocsp"

    @property
    def statement(self) -> str:
        """The certification practice statement."""
        return f"{self.base}/cps"


# -- names


def authority_name(generation: Generation, which: str) -> x509.Name:
    """The name of a test authority, in the order of the generation; `which` tells root from issuing."""
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY.lower() if generation is Generation.RSA else COUNTRY)
    rows = {
        NameOID.ORGANIZATION_NAME: "测试证书机构",
        NameOID.ORGANIZATIONAL_UNIT_NAME: "测试证书管理部",
        NameOID.STATE_OR_PROVINCE_NAME: "测试省",
        NameOID.COMMON_NAME: f"SIMCARD TEST {which} {generation.value.upper()}",
        NameOID.LOCALITY_NAME: "测试市",
    }
    order = list(rows)
    if generation is Generation.SM2:
        order = [order[2], order[4], order[0], order[1], order[3]]
    kind = generation.text_type
    return x509.Name([country, *(x509.NameAttribute(oid, rows[oid], kind) for oid in order)])


def subject_name(generation: Generation, subject: Subject) -> x509.Name:
    """The name of a holder: CN and postOfficeBox, or C, OU (left out without a unit) and CN."""
    kind = generation.text_type
    cn = x509.NameAttribute(NameOID.COMMON_NAME, marked(subject.name), kind)
    if generation is Generation.RSA:
        return x509.Name([cn, x509.NameAttribute(POST_OFFICE_BOX, POST_OFFICE_BOX_DIGIT, kind)])
    unit = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, marked(subject.unit), kind)] if subject.unit else []
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY), *unit, cn])


# -- extensions


def private_text(generation: Generation, text: str) -> bytes:
    """A text of a private extension: UTF8String, or GBK bytes with the tag of IA5String."""
    if len(text) > NAME_LENGTH:
        raise AuthorityProblem(f"{text[:12]}...: longer than the {NAME_LENGTH} characters a certificate has room for")
    if generation is Generation.SM2:
        return der.element(tree.UTF8_STRING, text.encode())
    try:
        return der.element(tree.IA5_STRING, text.encode("gbk"))
    except UnicodeEncodeError:
        raise AuthorityProblem(f"{text}: GBK, which the RSA generation writes, lacks a character of it") from None


def read_private_text(encoded: bytes) -> str | None:
    """The text of a private extension, whichever generation wrote it; None for anything else."""
    try:
        (found,) = der.elements(encoded)
        return found.content.decode({tree.UTF8_STRING: "utf-8", tree.IA5_STRING: "gbk"}[found.tag])
    except (ValueError, KeyError):
        return None


def private_extensions(generation: Generation, subject: Subject) -> tuple[Extension, ...]:
    """The extensions under `PRIVATE_ARC` that have a value."""
    card = subject.card_number
    if card and generation is Generation.SM2:
        card = CARD_PREFIX + card.removeprefix(CARD_PREFIX)
    rows = {
        UNIT: marked(subject.unit) if subject.unit else "",
        DOCUMENT_TYPE: subject.document_type,
        DOCUMENT_NUMBER: subject.document_number,
        CARD_NUMBER: card,
        ORGANISATION_CODE: subject.organisation_code,
        UNIT_CATEGORY: subject.unit_category,
        ACCEPTANCE_POINT: subject.acceptance_point,
        AREA: subject.area,
    }
    return tuple(
        Extension(f"{PRIVATE_ARC}.{arc}", False, private_text(generation, text)) for arc, text in rows.items() if text
    )


def _standard(value: x509.ExtensionType, critical: bool = False) -> Extension:
    return Extension(value.oid.dotted_string, critical, value.public_bytes())


def _policies(generation: Generation, addresses: Addresses) -> x509.CertificatePolicies:
    policy = oids.ANY_POLICY if generation is Generation.SM2 else oids.TEST_POLICY
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(policy), [addresses.statement])])


def _points(generation: Generation, addresses: Addresses) -> x509.CRLDistributionPoints:
    found = [x509.UniformResourceIdentifier(address) for address in addresses.crl(generation)]
    return x509.CRLDistributionPoints([x509.DistributionPoint([each], None, None, None) for each in found])


def _access(addresses: Addresses) -> x509.AuthorityInformationAccess:
    where = x509.UniformResourceIdentifier(addresses.ocsp)
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)])


@dataclass(frozen=True, slots=True)
class Parent:
    """What a certificate says of the one above it: its key, its own issuer and its serial."""

    key: PublicKey
    issuer: x509.Name
    serial: int

    def identifier(self, generation: Generation) -> x509.AuthorityKeyIdentifier:
        """Key identifier alone in the SM2 generation, issuer and serial too in the RSA generation."""
        if generation is Generation.SM2:
            return x509.AuthorityKeyIdentifier(key_identifier(self.key), None, None)
        return x509.AuthorityKeyIdentifier(key_identifier(self.key), [x509.DirectoryName(self.issuer)], self.serial)


NETSCAPE_CLIENT_AND_MAIL = der.bits(b"\xa0", 5)
"""Bits 0 (SSL client) and 2 (S/MIME)."""


def holder_extensions(
    generation: Generation, key: PublicKey, use: Use, subject: Subject, parent: Parent, addresses: Addresses
) -> tuple[Extension, ...]:
    """All extensions of a holder's certificate, in the order of the generation."""
    return tuple(_holder_extensions(generation, key, use, subject, parent, addresses))


def _holder_extensions(
    generation: Generation, key: PublicKey, use: Use, subject: Subject, parent: Parent, addresses: Addresses
) -> Iterator[Extension]:
    new = generation is Generation.SM2
    if new:
        yield Extension(oids.NETSCAPE_CERT_TYPE, False, NETSCAPE_CLIENT_AND_MAIL)
    yield _standard(x509.BasicConstraints(ca=False, path_length=None))
    yield _standard(key_usage(key.kind, use), critical=new)
    if new:
        named = (oids.CLIENT_AUTH, oids.EMAIL_PROTECTION, oids.SMART_CARD_LOGON)
        yield _standard(x509.ExtendedKeyUsage([x509.ObjectIdentifier(each) for each in named]))
    yield _standard(parent.identifier(generation))
    yield _standard(x509.SubjectKeyIdentifier(key_identifier(key)))
    yield _standard(_policies(generation, addresses))
    yield _standard(_points(generation, addresses))
    yield _standard(_access(addresses))
    yield from private_extensions(generation, subject)


def authority_extensions(key: PublicKey, parent: Parent | None, addresses: Addresses) -> tuple[Extension, ...]:
    """The extensions of an authority's own certificate; without a parent it is a root."""
    generation = of_kind(key.kind)
    usage = x509.KeyUsage(
        digital_signature=parent is not None,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    rows = [
        _standard(x509.BasicConstraints(ca=True, path_length=None if parent is None else 0), critical=True),
        _standard(usage, critical=True),
        _standard(x509.SubjectKeyIdentifier(key_identifier(key))),
    ]
    if parent is not None:
        rows.append(_standard(parent.identifier(generation)))
        rows.append(_standard(_policies(generation, addresses)))
    return tuple(rows)
