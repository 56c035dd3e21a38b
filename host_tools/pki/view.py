"""What a certificate says, of either generation: the parts that CMS, lists and chains need as they stand.

`cryptography` reads the extensions; names keep their bytes, for a name is compared and quoted byte by byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from host_tools.errors import BadEncoding, BadResponse
from host_tools.pki import der, oids, tree
from host_tools.pki.generation import PRIVATE_ARC, Generation, read_private_text
from host_tools.pki.keys import PublicKey
from host_tools.pki.signed import Signed
from host_tools.pki.sm2 import Sm2
from host_tools.pki.tree import Reader

WHAT = "X.509 certificate"
NUMBER_DIGITS = {each.kind: 2 * each.serial_size for each in Generation}
SIGNATURE_BIT, CERT_SIGN_BIT, CRL_SIGN_BIT = 0, 5, 6
"""Bits of KeyUsage (RFC 5280, 4.2.1.3)."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate taken apart; `issuer` and `subject` are names in DER, dates are UTC."""

    encoded: bytes
    signed: Signed
    serial: int
    issuer: bytes
    subject: bytes
    not_before: datetime
    not_after: datetime
    key: PublicKey
    extensions: tuple[der.Extension, ...]

    @classmethod
    def parse(cls, data: bytes) -> Certificate:
        """From DER or PEM; `BadEncoding` for anything but a certificate of version 3 with a known kind of key."""
        encoded = der.unwrapped(data, "CERTIFICATE", WHAT)
        signed = Signed.parse(encoded, WHAT)
        reader = Reader.of(signed.tbs, WHAT)
        if reader.inside(0xA0).integer() != 2:
            raise reader.wrong("its version is not 3")
        serial = reader.integer()
        inner, _ = reader.algorithm()
        if inner != signed.algorithm:
            raise reader.wrong("it names two signature algorithms")
        issuer = reader.take(tree.SEQUENCE).encoded
        dates = reader.inside()
        not_before, not_after = dates.time(), dates.time()
        subject = reader.take(tree.SEQUENCE).encoded
        key = read_key(reader)
        while reader.tag in (0x81, 0xA1, 0x82, 0xA2):
            reader.next()
        found = reader.maybe_inside(0xA3)
        reader.end()
        extensions = read_extensions(found) if found else ()
        return cls(encoded, signed, serial, issuer, subject, not_before, not_after, key, extensions)

    @property
    def number(self) -> str:
        """The certificate number (certNo): the serial in hexadecimal, as wide as the generation writes it."""
        return f"{self.serial:0{NUMBER_DIGITS.get(self.key.kind, 2)}x}"

    def extension(self, oid: str) -> bytes | None:
        """The value of an extension, None if it has none."""
        return next((each.value for each in self.extensions if each.oid == oid), None)

    def private(self, arc: str) -> str | None:
        """The text of a private extension, as in `private("5.9")`."""
        value = self.extension(f"{PRIVATE_ARC}.{arc}")
        return None if value is None else read_private_text(value)

    @property
    def is_authority(self) -> bool:
        """Whether BasicConstraints say CA."""
        value = self.extension(oids.BASIC_CONSTRAINTS)
        said = Reader.of(value, WHAT).maybe(tree.BOOLEAN) if value is not None else None
        return said is not None and said.content == tree.TRUE

    @property
    def path_length(self) -> int | None:
        """How many authorities may stand below it; None for any number."""
        value = self.extension(oids.BASIC_CONSTRAINTS)
        if value is None:
            return None
        inside = Reader.of(value, WHAT)
        inside.maybe(tree.BOOLEAN)
        return inside.integer() if inside.more else None

    def may(self, bit: int) -> bool:
        """Whether KeyUsage has this bit, or says nothing."""
        value = self.extension(oids.KEY_USAGE)
        if value is None:
            return True
        # Trailing zero bits are left out, so unused bits are usual here.
        content = Reader(value, WHAT).take(tree.BIT_STRING).content[1:]
        return len(content) > bit // 8 and bool(content[bit // 8] & 0x80 >> bit % 8)

    def check(self, key: PublicKey, sm2: Sm2) -> None:
        """Raise `BadSignature` unless this key signed it."""
        self.signed.check(key, sm2)

    @property
    def name(self) -> bytes:
        """IssuerAndSerialNumber (RFC 5652, 10.2.4)."""
        return tree.sequence(self.issuer, der.integer(self.serial))


def read_key(reader: Reader) -> PublicKey:
    """The next element as SubjectPublicKeyInfo."""
    encoded = reader.take(tree.SEQUENCE).encoded
    try:
        return der.parse_public_key(encoded)
    except BadResponse as error:
        raise BadEncoding(f"the key in this {reader.what} cannot be used: {error}") from None


def read_extensions(reader: Reader) -> tuple[der.Extension, ...]:
    """Extensions (RFC 5280, 4.1.2.9), the inside of their SEQUENCE's tag."""
    found: list[der.Extension] = []
    rows = reader.inside()
    reader.end()
    while rows.more:
        row = rows.inside()
        oid = row.oid()
        critical = row.maybe(tree.BOOLEAN)
        found.append(der.Extension(oid, critical is not None and critical.content != b"\0", row.octets()))
        row.end()
    if len({each.oid for each in found}) != len(found):
        # Whoever reads the first and whoever reads the last would read two different things.
        raise reader.wrong("it has an extension twice")
    return tuple(found)


def write_extensions(extensions: tuple[der.Extension, ...]) -> bytes:
    """SEQUENCE OF Extension."""
    critical = {True: der.element(tree.BOOLEAN, tree.TRUE), False: b""}
    rows = (tree.sequence(der.oid(each.oid), critical[each.critical], tree.octets(each.value)) for each in extensions)
    return tree.sequence(*rows)
