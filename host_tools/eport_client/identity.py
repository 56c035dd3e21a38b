"""Who a card belongs to: its certificate read, its two files of holder data split, and both joined by `||`.

The serial number of the signing certificate is the certificate number: 8 hexadecimal digits in the RSA generation,
16 in the SM2 generation, lower case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509

from host_tools.errors import BadResponse
from host_tools.pki import der
from host_tools.pki.keys import Kind, PublicKey

SEPARATOR = "||"
TIME = "%Y%m%d%H%M%S"
_WIDTH = {Kind.RSA: 8, Kind.SM2: 16}
_PERSON = 7
_UNIT = 5


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate; the two times are UTC and have no zone, as clients get them."""

    der: bytes
    number: str
    key: PublicKey
    start: datetime
    end: datetime

    @classmethod
    def parse(cls, body: bytes) -> Certificate:
        """Read DER; `BadResponse` for anything else."""
        try:
            found = x509.load_der_x509_certificate(body)
            start, end, serial = found.not_valid_before_utc, found.not_valid_after_utc, found.serial_number
        except ValueError:
            raise BadResponse("this is not an X.509 certificate in DER") from None
        key = der.public_key_of(body)
        number = f"{serial:0{_WIDTH.get(key.kind, 16)}x}"
        return cls(body, number, key, start.replace(tzinfo=None), end.replace(tzinfo=None))


@dataclass(frozen=True, slots=True)
class Holder:
    """The text fields of a card, as its issuer wrote them."""

    kind: str
    name: str
    document_type: str
    document_number: str
    social_number: str
    card_number: str
    record_number: str
    unit: str
    category: str
    unit_code: str
    credit_code: str
    acceptance_point: str

    @classmethod
    def parse(cls, userinfo1: bytes, userinfo2: bytes) -> Holder:
        """From the bodies of the two files; fields that are not there are empty."""
        return cls(*_fields(userinfo1, _PERSON), *_fields(userinfo2, _UNIT))

    @property
    def attached(self) -> str:
        """What stands on the card beside the fields that clients get by name."""
        return SEPARATOR.join((self.kind, self.record_number, self.credit_code))


def _fields(body: bytes, count: int) -> list[str]:
    text = _text(body.rstrip(b"\x00\xff"))
    return (text.split(SEPARATOR) + [""] * count)[:count]


def _text(body: bytes) -> str:
    """UTF-8 or, on cards of the older generation, GBK."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("gbk", "replace")


def user_info(holder: Holder, certificate: Certificate) -> str:
    """Thirteen fields; the places 0, 5, 8 and 12 are known from clients, the others follow the vendor's item list."""
    fields = (
        certificate.number,
        holder.name,
        holder.document_type,
        holder.document_number,
        holder.social_number,
        holder.card_number,
        holder.unit,
        holder.category,
        holder.unit_code,
        holder.acceptance_point,
        "",
        certificate.start.strftime(TIME),
        certificate.end.strftime(TIME),
    )
    return SEPARATOR.join(fields)


def expired(certificate: Certificate, now: datetime) -> Certificate:
    """The certificate with times that ended a day ago; its bytes stay what they are."""
    end = (now - timedelta(days=1)).replace(tzinfo=None, microsecond=0)
    return replace(certificate, start=end - timedelta(days=3652), end=end)


def of_another_enterprise(holder: Holder) -> Holder:
    """The same kind of card of somebody else."""
    prefix = "03-" if holder.card_number.startswith("03-") else ""
    return replace(
        holder,
        name="测试他人",
        document_number="999999199904040043",
        card_number=f"{prefix}ZZ9X999999999",
        unit="测试其他企业有限公司",
        unit_code="MA00X9991",
        credit_code="91990000MA00X9991X",
    )
