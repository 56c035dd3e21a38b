"""Reading the data field of a command: numbers in the token's byte order, counted bytes, names.

What is too short or too long is 6700. A `Fields` is used once, by the `read` of one command class.
"""

from __future__ import annotations

from simcard.applet.base import expect
from simcard.applet.gmt0017.switches import Switches
from simcard.wire.apdu import CommandApdu
from simcard.wire.gmt0017 import EXCHANGE_KEY, MAC_LENGTH, SIGN_KEY, SM2_BITS
from simcard.wire.status import SW, Refused

POINT = 32
"""Bytes of one coordinate of an SM2 point."""


class Fields:
    """The data of one command, read from front to back."""

    __slots__ = ("_at", "_data", "_end", "apdu", "switches")

    def __init__(self, apdu: CommandApdu, switches: Switches) -> None:
        self.apdu = apdu
        self.switches = switches
        self._data = apdu.data
        self._at = 0
        self._end = len(apdu.data)

    @property
    def left(self) -> int:
        return self._end - self._at

    def no_parameters(self) -> None:
        """P1-P2 must be 0000."""
        expect(self.apdu.p1p2 == 0, SW.WRONG_P1P2)

    def role(self) -> bool:
        """P1 names a key or certificate: True the signing one (01), False the exchange one (00); P2 is 00."""
        expect(self.apdu.p1 in (SIGN_KEY, EXCHANGE_KEY) and self.apdu.p2 == 0, SW.WRONG_P1P2)
        return self.apdu.p1 == SIGN_KEY

    def take(self, count: int) -> bytes:
        expect(count <= self.left, SW.WRONG_LENGTH)
        self._at += count
        return self._data[self._at - count : self._at]

    def rest(self) -> bytes:
        return self.take(self.left)

    def end(self) -> None:
        expect(self.left == 0, SW.WRONG_LENGTH)

    def u1(self) -> int:
        return self.take(1)[0]

    def u2(self) -> int:
        return int.from_bytes(self.take(2), self.switches.int_order)

    def u4(self) -> int:
        return int.from_bytes(self.take(4), self.switches.int_order)

    def counted(self) -> bytes:
        """A length of 4 bytes and that many bytes."""
        return self.take(self.u4())

    def name(self, limit: int, raw: bytes | None = None) -> bytes:
        """A name: the rest of the data (or `raw`) without zeros behind; 6A80 when empty, too long or not UTF-8."""
        name = (self.rest() if raw is None else raw).rstrip(b"\0")
        expect(1 <= len(name) <= limit and b"\0" not in name, SW.WRONG_DATA)
        try:
            name.decode()
        except UnicodeDecodeError:
            raise Refused(SW.WRONG_DATA) from None
        return name

    def bits(self) -> None:
        """A bit length that must be SM2's."""
        expect(self.u4() == SM2_BITS, SW.WRONG_DATA)

    def bare_point(self) -> bytes:
        """X and Y as an uncompressed point."""
        return b"\x04" + self.take(2 * POINT)

    def point(self) -> bytes:
        """Bit length, X, Y as an uncompressed point."""
        self.bits()
        return self.bare_point()

    def cryptogram(self) -> bytes:
        """X, Y, hash, counted cipher text as C1 || C3 || C2."""
        c1c3 = b"\x04" + self.take(3 * POINT)
        return c1c3 + self.counted()

    def mac(self) -> None:
        """Set the MAC at the end aside; whoever has its key checks it."""
        expect(self.left >= MAC_LENGTH, SW.WRONG_LENGTH)
        self._end -= MAC_LENGTH
