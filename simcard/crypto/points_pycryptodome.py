"""SM2 point arithmetic on pycryptodome's C code for curves with a = -3.

The entry `_new_curve` and the raw functions behind it are private to pycryptodome (present since 4.0), so this
is the one module that knows them, and `points` admits it only after a self-test. Importing the library costs
some 70 ms and happens when the back end is made.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from simcard.crypto.curve import GX, GY, SIZE, AffinePoint, B, N, P, Point


class PycryptodomePoints:
    """`PointBackend` over pycryptodome. Raises ImportError when the library has no such entry."""

    name = "pycryptodome"

    def __init__(self) -> None:
        raw = import_module("Crypto.Util._raw_api")
        nist = import_module("Crypto.PublicKey._nist_ecc")
        try:
            curve = nist._new_curve(P, B, N, GX, GY, 256, "1.2.156.10197.1.301", "SM2", None)
            self._lib: Any = nist._ec_lib
            self._pointer: Any = raw.VoidPointer
            self._owner: Any = raw.SmartPointer
            self._buffer: Any = raw.create_string_buffer
            self._bytes: Any = raw.get_raw_buffer
            self._seed: Any = raw.c_ulonglong(1)
            self._size: Any = raw.c_size_t(SIZE)
            self._curve: Any = curve.context
            self._g: Any = self._load((GX, GY))
        except (AttributeError, TypeError, OSError) as error:
            raise ImportError("this pycryptodome has no curve of our own") from error

    def mul_g(self, k: int) -> Point:
        """k * G."""
        return self._store(self._times(self._clone(self._g), k))

    def mul(self, k: int, point: AffinePoint) -> Point:
        """k * point."""
        return self._store(self._times(self._load(point), k))

    def mul_add(self, s: int, t: int, point: AffinePoint) -> Point:
        """s * G + t * point."""
        total = self._times_public(self._clone(self._g), s)
        return self._store(self._sum(total, self._times_public(self._load(point), t)))

    def add(self, first: Point, second: Point) -> Point:
        """The sum of two points."""
        return self._store(self._sum(self._load(first), self._load(second)))

    def _load(self, point: Point) -> Any:
        x, y = point or (0, 0)  # the library writes infinity as (0, 0)
        handle = self._pointer()
        code = self._lib.ec_nat_new_point(
            handle.address_of(), x.to_bytes(SIZE, "big"), y.to_bytes(SIZE, "big"), self._size, self._curve.get()
        )
        return self._own(code, handle)

    def _clone(self, point: Any) -> Any:
        handle = self._pointer()
        return self._own(self._lib.ec_nat_clone(handle.address_of(), point.get()), handle)

    def _own(self, code: int, handle: Any) -> Any:
        _expect_zero(code)
        return self._owner(handle.get(), self._lib.ec_nat_free_point)

    def _times(self, point: Any, k: int) -> Any:
        # The seed blinds the C code's intermediate values; the result does not depend on it.
        _expect_zero(self._lib.ec_nat_scalar(point.get(), k.to_bytes(SIZE, "big"), self._size, self._seed))
        return point

    def _times_public(self, point: Any, k: int) -> Any:
        _expect_zero(self._lib.ec_nat_scalar_public(point.get(), k.to_bytes(SIZE, "big"), self._size))
        return point

    def _sum(self, total: Any, other: Any) -> Any:
        _expect_zero(self._lib.ec_nat_add(total.get(), other.get()))
        return total

    def _store(self, point: Any) -> Point:
        x, y = self._buffer(SIZE), self._buffer(SIZE)
        _expect_zero(self._lib.ec_nat_get_xy(x, y, self._size, point.get()))
        affine = int.from_bytes(self._bytes(x), "big"), int.from_bytes(self._bytes(y), "big")
        return None if affine == (0, 0) else affine


def _expect_zero(code: int) -> None:
    # The scheme checks every point before it comes here, so a refusal by the C code is a bug of ours.
    if code:
        raise ArithmeticError(f"pycryptodome point arithmetic failed with code {code}")
