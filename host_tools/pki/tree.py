"""Building and reading DER structures, one element at a time.

Building is joining bytes: `sequence(integer(1), oid(...))`. Reading is a `Reader`, which takes elements in order and
says in its error what it read, where, and what it expected. Only DER is read: an indefinite length or a length that
is longer than it must be is an error.
"""

from __future__ import annotations

from datetime import datetime

from host_tools.errors import BadEncoding
from host_tools.pki import der
from host_tools.pki.der import Element, element

BOOLEAN, TRUE = 0x01, b"\xff"
INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, ENUMERATED = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A
SEQUENCE, SET = 0x30, 0x31
UTF8_STRING, IA5_STRING = 0x0C, 0x16
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18

NAMES = {
    BOOLEAN: "a BOOLEAN",
    INTEGER: "an INTEGER",
    BIT_STRING: "a BIT STRING",
    OCTET_STRING: "an OCTET STRING",
    NULL: "NULL",
    OID: "an OBJECT IDENTIFIER",
    ENUMERATED: "an ENUMERATED",
    SEQUENCE: "a SEQUENCE",
    SET: "a SET",
}


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE of encoded parts."""
    return element(SEQUENCE, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    """SET OF encoded parts, in the order DER wants (X.690, 11.6)."""
    return element(SET, b"".join(sorted(parts)))


def octets(data: bytes) -> bytes:
    """OCTET STRING."""
    return element(OCTET_STRING, data)


def null() -> bytes:
    """NULL."""
    return element(NULL, b"")


def enumerated(value: int) -> bytes:
    """ENUMERATED, for values below 128."""
    return element(ENUMERATED, bytes((value,)))


def tagged(number: int, *parts: bytes) -> bytes:
    """[number] with whole elements inside: EXPLICIT, or IMPLICIT of a SEQUENCE or SET whose parts these are."""
    return element(0xA0 | number, b"".join(parts))


def tagged_octets(number: int, data: bytes) -> bytes:
    """[number] IMPLICIT of a primitive type."""
    return element(0x80 | number, data)


def algorithm(oid: str, parameters: bytes = b"") -> bytes:
    """AlgorithmIdentifier; algorithms of the RSA family carry NULL (RFC 4055, 5)."""
    if not parameters and oid.startswith("1.2.840.113549.1.1."):
        parameters = null()
    return sequence(der.oid(oid), parameters)


class Reader:
    """Takes the elements of a structure one by one. Every failure is a `BadEncoding` that names `what`."""

    def __init__(self, content: bytes, what: str) -> None:
        self.what = what
        self._at = 0
        try:
            self._elements = der.elements(content)
        except ValueError:
            raise self._broken("it is not DER, or cut short") from None

    @classmethod
    def of(cls, encoded: bytes, what: str, tag: int = SEQUENCE) -> Reader:
        """A reader of the inside of the one SEQUENCE these bytes are."""
        outside = cls(encoded, what)
        found = outside.take(tag)
        outside.end()
        return cls(found.content, what)

    def _broken(self, reason: str) -> BadEncoding:
        return BadEncoding(f"this is no {self.what}: {reason}")

    def wrong(self, reason: str) -> BadEncoding:
        """The error for content that is DER but means nothing here; raise it."""
        return self._broken(reason)

    @property
    def tag(self) -> int:
        """The tag of the next element, 0 at the end."""
        return self._elements[self._at].tag if self._at < len(self._elements) else 0

    @property
    def more(self) -> bool:
        """Whether an element is left."""
        return self._at < len(self._elements)

    def next(self) -> Element:
        """The next element, whatever it is."""
        if not self.more:
            raise self._broken(f"it ends after {self._at} elements")
        found = self._elements[self._at]
        self._at += 1
        return found

    def take(self, tag: int) -> Element:
        """The next element, which must have this tag."""
        if self.more and self.tag != tag:
            wanted = NAMES.get(tag, f"tag {tag:02X}")
            raise self._broken(f"element {self._at + 1} should be {wanted} and has tag {self.tag:02X}")
        return self.next()

    def maybe(self, tag: int) -> Element | None:
        """The next element if it has this tag."""
        return self.next() if self.tag == tag else None

    def end(self) -> None:
        """Nothing may follow."""
        if self.more:
            raise self._broken(f"{len(self._elements) - self._at} elements follow its end")

    def inside(self, tag: int = SEQUENCE) -> Reader:
        """A reader of the inside of the next element."""
        return Reader(self.take(tag).content, self.what)

    def maybe_inside(self, tag: int) -> Reader | None:
        """The same where the element is optional."""
        return self.inside(tag) if self.tag == tag else None

    def _read(self, tag: int) -> bytes:
        return self.take(tag).encoded

    def integer(self) -> int:
        """The value of an INTEGER."""
        encoded = self._read(INTEGER)
        try:
            return der.read_integer(encoded)
        except ValueError:
            raise self._broken("an INTEGER is not in its shortest form") from None

    def oid(self) -> str:
        """The dotted form of an OBJECT IDENTIFIER."""
        encoded = self._read(OID)
        try:
            return der.read_oid(encoded)
        except ValueError:
            raise self._broken("an OBJECT IDENTIFIER cannot be read") from None

    def octets(self) -> bytes:
        """The content of an OCTET STRING."""
        return self.take(OCTET_STRING).content

    def bits(self) -> bytes:
        """The content of a BIT STRING of whole bytes."""
        encoded = self._read(BIT_STRING)
        try:
            return der.read_bits(encoded)
        except ValueError:
            raise self._broken("a BIT STRING is not of whole bytes") from None

    def time(self) -> datetime:
        """The moment of a UTCTime or GeneralizedTime."""
        encoded = self.next().encoded
        try:
            return der.read_time(encoded)
        except ValueError:
            raise self._broken("a time cannot be read") from None

    def algorithm(self) -> tuple[str, bytes]:
        """The identifier of an AlgorithmIdentifier, and its parameters as they stand (empty without)."""
        inside = self.inside()
        oid = inside.oid()
        parameters = inside.next().encoded if inside.more else b""
        inside.end()
        return oid, parameters
