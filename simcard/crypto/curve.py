"""The SM2 recommended curve (GB/T 32918.5, 2) and what a point back end must offer.

A point is a pair of integers in affine coordinates, or None for the point at infinity. Back ends multiply and
add; they need not check that a point is on the curve, because the scheme in `sm2` does so before it calls them.
"""

from __future__ import annotations

from typing import Protocol

from simcard.hal.engine import CryptoFault

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0
SIZE = 32

AffinePoint = tuple[int, int]
Point = AffinePoint | None


class PointBackend(Protocol):
    """Arithmetic in the group of the SM2 curve. Scalars are 0 to 2^256 - 1, whatever their size against n."""

    @property
    def name(self) -> str:
        """What `simcard info` shows."""

    def mul_g(self, k: int) -> Point:
        """k * G, for a secret k."""

    def mul(self, k: int, point: AffinePoint) -> Point:
        """k * point, for a secret k."""

    def mul_add(self, s: int, t: int, point: AffinePoint) -> Point:
        """s * G + t * point, for public scalars."""

    def add(self, first: Point, second: Point) -> Point:
        """The sum of two points, equal ones and infinity included."""


def on_curve(x: int, y: int) -> bool:
    """Whether (x, y) satisfies the equation with both coordinates below p."""
    return x < P and y < P and (y * y - (x * x + A) * x - B) % P == 0


def decode_point(encoded: bytes) -> AffinePoint:
    """The point ``04 || X || Y`` (GM/T 0003.1, 4.2.9), 65 bytes; refuses everything not on the curve."""
    if len(encoded) != 1 + 2 * SIZE or encoded[0] != 4:
        raise CryptoFault("SM2 point is not 04 || X || Y")
    x = int.from_bytes(encoded[1:33], "big")
    y = int.from_bytes(encoded[33:], "big")
    if not on_curve(x, y):
        raise CryptoFault("SM2 point is not on the curve")
    return x, y


def encode_point(point: Point) -> bytes:
    """``04 || X || Y``; infinity has no such form and is refused."""
    if point is None:
        raise CryptoFault("SM2 point at infinity")
    return b"\x04" + point[0].to_bytes(SIZE, "big") + point[1].to_bytes(SIZE, "big")
