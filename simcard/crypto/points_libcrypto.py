"""SM2 point arithmetic on the system's libcrypto: EC_POINT_mul and EC_POINT_add through ctypes.

The curve is made from its parameters, so a libcrypto built without SM2 serves as well. About 2 400 signatures
a second where pycryptodome gives 9 000.
"""

from __future__ import annotations

from ctypes import c_char_p, c_int, c_size_t, c_void_p, create_string_buffer
from typing import Any

from simcard.crypto.curve import GX, GY, SIZE, A, AffinePoint, B, N, P, Point
from simcard.crypto.libcrypto import function

UNCOMPRESSED = 4
PTR = c_void_p


class LibcryptoPoints:
    """`PointBackend` over libcrypto. Raises ImportError when the library is not there."""

    name = "libcrypto"

    def __init__(self) -> None:
        self._number = function("BN_bin2bn", PTR, c_char_p, c_int, PTR)
        self._free_number = function("BN_clear_free", None, PTR)
        self._new = function("EC_POINT_new", PTR, PTR)
        self._free = function("EC_POINT_clear_free", None, PTR)
        self._times = function("EC_POINT_mul", c_int, PTR, PTR, PTR, PTR, PTR, PTR)
        self._plus = function("EC_POINT_add", c_int, PTR, PTR, PTR, PTR, PTR)
        self._decode = function("EC_POINT_oct2point", c_int, PTR, PTR, c_char_p, c_size_t, PTR)
        self._encode = function("EC_POINT_point2oct", c_size_t, PTR, PTR, c_int, c_char_p, c_size_t, PTR)
        self._group = self._make_group()

    def mul_g(self, k: int) -> Point:
        """k * G."""
        return self._multiply(k, None, None)

    def mul(self, k: int, point: AffinePoint) -> Point:
        """k * point."""
        return self._multiply(None, k, point)

    def mul_add(self, s: int, t: int, point: AffinePoint) -> Point:
        """s * G + t * point."""
        return self._multiply(s, t, point)

    def add(self, first: Point, second: Point) -> Point:
        """The sum of two points."""
        a, b = self._load(first), self._load(second)
        try:
            _expect(self._plus(self._group, a, a, b, None))
            return self._store(a)
        finally:
            self._free(a)
            self._free(b)

    def _make_group(self) -> Any:
        new_group = function("EC_GROUP_new_curve_GFp", PTR, PTR, PTR, PTR, PTR)
        set_generator = function("EC_GROUP_set_generator", c_int, PTR, PTR, PTR, PTR)
        p, a, b, n, one = (self._bn(value) for value in (P, A, B, N, 1))
        group = self._group = new_group(p, a, b, None)
        _expect(group)
        generator = self._load((GX, GY))
        _expect(set_generator(group, generator, n, one))
        self._free(generator)
        for number in (p, a, b, n, one):
            self._free_number(number)
        return group

    def _multiply(self, s: int | None, t: int | None, point: AffinePoint | None) -> Point:
        # libcrypto treats a scalar as secret when it comes alone and reduces it modulo n itself.
        g_scalar = None if s is None else self._bn(s)
        p_scalar = None if t is None else self._bn(t)
        result, base = self._new(self._group), self._load(point)
        try:
            _expect(self._times(self._group, result, g_scalar, None if t is None else base, p_scalar, None))
            return self._store(result)
        finally:
            self._free(result)
            self._free(base)
            self._free_number(g_scalar)
            self._free_number(p_scalar)

    def _bn(self, value: int) -> Any:
        number = self._number(value.to_bytes(SIZE, "big"), SIZE, None)
        _expect(number)
        return number

    def _load(self, point: Point) -> Any:
        # A single zero byte is the encoding of infinity (SEC 1, 2.3.3).
        encoded = b"\0" if point is None else b"\x04" + b"".join(c.to_bytes(SIZE, "big") for c in point)
        loaded = self._new(self._group)
        _expect(loaded)
        _expect(self._decode(self._group, loaded, encoded, len(encoded), None))
        return loaded

    def _store(self, point: Any) -> Point:
        buffer = create_string_buffer(1 + 2 * SIZE)
        length = self._encode(self._group, point, UNCOMPRESSED, buffer, len(buffer), None)
        _expect(length)
        if length == 1:
            return None
        return int.from_bytes(buffer.raw[1:33], "big"), int.from_bytes(buffer.raw[33:], "big")


def _expect(result: Any) -> None:
    # The scheme checks every point before it comes here, so a refusal by the library is a bug of ours.
    if not result:
        raise ArithmeticError("libcrypto point arithmetic failed")
