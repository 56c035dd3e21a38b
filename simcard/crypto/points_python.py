"""SM2 point arithmetic in pure Python: the back end of last resort, and the one a reader can follow.

Jacobian coordinates (X : Y : Z), x = X/Z^2, y = Y/Z^3; Z = 0 is infinity. Multiples of G come from a comb table
of 4-bit windows built at first use; other points use a 4-bit window. Not constant time: good for a simulator,
not for a secret on a shared machine.
"""

from __future__ import annotations

from functools import cache

from simcard.crypto.curve import GX, GY, AffinePoint, P, Point

Jacobian = tuple[int, int, int]
INFINITY: Jacobian = (1, 1, 0)
WINDOW = 4
DIGITS = 256 // WINDOW


def double(point: Jacobian) -> Jacobian:
    """2 * point, using a = -3."""
    x, y, z = point
    if not z:
        return INFINITY
    zz = z * z % P
    yy = y * y % P
    beta = x * yy % P
    alpha = 3 * (x - zz) * (x + zz) % P
    x3 = (alpha * alpha - 8 * beta) % P
    return x3, (alpha * (4 * beta - x3) - 8 * yy * yy) % P, 2 * y * z % P


def add(first: Jacobian, second: Jacobian) -> Jacobian:
    """first + second, any two points."""
    x1, y1, z1 = first
    x2, y2, z2 = second
    if not z1:
        return second
    if not z2:
        return first
    zz1 = z1 * z1 % P
    zz2 = z2 * z2 % P
    u1 = x1 * zz2 % P
    h = (x2 * zz1 - u1) % P
    s1 = y1 * zz2 * z2 % P
    r = (y2 * zz1 * z1 - s1) % P
    if not h:
        return INFINITY if r else double(first)
    hh = h * h % P
    hhh = h * hh % P
    v = u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, z1 * z2 * h % P


def lift(point: Point) -> Jacobian:
    """Affine to Jacobian."""
    return INFINITY if point is None else (*point, 1)


def affine(point: Jacobian) -> Point:
    """Jacobian to affine."""
    x, y, z = point
    if not z:
        return None
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return x * square % P, y * square * inverse % P


def multiples(point: Jacobian) -> list[Jacobian]:
    """0 to 15 times point."""
    table = [INFINITY]
    for _ in range((1 << WINDOW) - 1):
        table.append(add(table[-1], point))
    return table


@cache
def comb() -> list[list[Jacobian]]:
    """Row i holds 0 to 15 times 16^i * G, so a multiple of G is 64 additions and no doubling."""
    rows = []
    base: Jacobian = (GX, GY, 1)
    for _ in range(DIGITS):
        rows.append([lift(affine(entry)) for entry in multiples(base)])
        base = add(rows[-1][-1], base)
    return rows


def times_g(k: int) -> Jacobian:
    """k * G by the comb."""
    total = INFINITY
    for row in comb():
        total = add(total, row[k & 15])
        k >>= WINDOW
    return total


def times(k: int, point: AffinePoint) -> Jacobian:
    """k * point by a fixed window."""
    table = multiples(lift(point))
    total = INFINITY
    for digit in range(DIGITS - 1, -1, -1):
        for _ in range(WINDOW):
            total = double(total)
        total = add(total, table[k >> WINDOW * digit & 15])
    return total


class PythonPoints:
    """`PointBackend` in pure Python."""

    name = "python"

    def mul_g(self, k: int) -> Point:
        """k * G."""
        return affine(times_g(k))

    def mul(self, k: int, point: AffinePoint) -> Point:
        """k * point."""
        return affine(times(k, point))

    def mul_add(self, s: int, t: int, point: AffinePoint) -> Point:
        """s * G + t * point."""
        return affine(add(times_g(s), times(t, point)))

    def add(self, first: Point, second: Point) -> Point:
        """The sum of two points."""
        return affine(add(lift(first), lift(second)))
