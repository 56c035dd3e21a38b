"""The point back ends against each other, and how one is chosen."""

from __future__ import annotations

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcard.crypto import libcrypto, points
from simcard.crypto.curve import GX, GY, AffinePoint, N, P, Point, PointBackend, decode_point, on_curve
from simcard.crypto.points_python import PythonPoints
from simcard.hal.engine import CryptoFault
from tests.crypto.law import law

G = (GX, GY)
BACKENDS = {name: points.load(name) for name in points.BACKENDS}
PURE = PythonPoints()
EDGES = [0, 1, 2, 3, 15, 16, 17, N - 2, N - 1, N, N + 1, 2 * 16**63, 2**255, 2**256 - 1]
NATIVE = [name for name in BACKENDS if name != "python"]

scalars = st.integers(0, 2**256 - 1) | st.sampled_from(EDGES)


def negative(point: AffinePoint) -> AffinePoint:
    """The point with y negated."""
    return point[0], P - point[1]


def some_point(seed: int) -> AffinePoint:
    """A point other than G."""
    found = PURE.mul_g(seed % (N - 2) + 1)
    assert found is not None
    return found


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("k", EDGES)
def test_edge_multiples_of_g_agree_with_addition_of_the_order(name: str, k: int) -> None:
    """k * G = (k - n) * G, which for the scalars around n leaves numbers one can see through."""
    small = {0: None, 1: G, N: None, N + 1: G, N - 1: negative(G)}
    expected = small.get(k, PURE.mul_g(k % N))
    assert expected == BACKENDS[name].mul_g(k)


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("k", EDGES)
def test_edge_multiples_of_a_point_agree(name: str, k: int) -> None:
    assert PURE.mul_g(k * 8 % N) == BACKENDS[name].mul(k, some_point(7))


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize(
    ("first", "second", "total"),
    [
        (None, None, None),
        (G, None, G),
        (None, G, G),
        (G, (GX, P - GY), None),
        (G, G, PURE.mul_g(2)),
        (PURE.mul_g(2), G, PURE.mul_g(3)),
    ],
    ids=["infinities", "right infinity", "left infinity", "opposites", "doubling", "distinct"],
)
def test_addition(name: str, first: Point, second: Point, total: Point) -> None:
    assert total == BACKENDS[name].add(first, second)


@pytest.mark.parametrize("name", BACKENDS)
def test_sum_of_multiples_may_be_infinity(name: str) -> None:
    point = some_point(4)
    assert BACKENDS[name].mul_add(N - 5, 1, point) is None


@pytest.mark.parametrize("name", BACKENDS)
def test_sum_of_multiples_may_be_a_doubling(name: str) -> None:
    assert PURE.mul_g(10) == BACKENDS[name].mul_add(5, 1, some_point(4))


@law
@given(k=scalars, seed=st.integers(1, N - 1))
def test_back_ends_agree_on_multiples(k: int, seed: int) -> None:
    point = some_point(seed)
    expected = PURE.mul(k, point)
    assert [expected] * len(NATIVE) == [BACKENDS[name].mul(k, point) for name in NATIVE]


@law
@given(s=scalars, t=scalars, seed=st.integers(1, N - 1))
def test_back_ends_agree_on_sums_of_multiples(s: int, t: int, seed: int) -> None:
    point = some_point(seed)
    expected = PURE.mul_add(s, t, point)
    assert [expected] * len(NATIVE) == [BACKENDS[name].mul_add(s, t, point) for name in NATIVE]


@law
@given(k=st.integers(1, N - 1))
def test_multiples_of_g_are_on_the_curve(k: int) -> None:
    point = PURE.mul_g(k)
    assert point is not None
    assert on_curve(*point)


def test_generator_has_the_order_of_the_group() -> None:
    assert PURE.mul(N, G) is None


class WrongPoints(PythonPoints):
    """A back end with one wrong answer."""

    name = "wrong"

    def mul_g(self, k: int) -> Point:
        return super().mul_g(k + 1)


class BrokenPoints(PythonPoints):
    """A back end that stops."""

    name = "broken"

    def mul_add(self, s: int, t: int, point: AffinePoint) -> Point:
        raise ArithmeticError("broken")


@pytest.mark.parametrize("backend", [WrongPoints(), BrokenPoints()], ids=["wrong", "broken"])
def test_self_test_finds_a_bad_back_end(backend: PointBackend) -> None:
    assert not points.proves_itself(backend)


def test_bad_back_end_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {
        "wrong": (__name__, "WrongPoints"),
        "missing": ("no_such_module", "X"),
        "python": points.BACKENDS["python"],
    }
    monkeypatch.setattr(points, "BACKENDS", names)
    assert points.choose.__wrapped__().name == "python"


def test_bad_back_end_asked_for_by_name_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "BACKENDS", {"wrong": (__name__, "WrongPoints"), **points.BACKENDS})
    with pytest.raises(ImportError):
        points.choose.__wrapped__("wrong")


def test_no_back_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "BACKENDS", {})
    with pytest.raises(ImportError):
        points.choose.__wrapped__()


def test_pycryptodome_comes_first() -> None:
    assert points.choose().name == "pycryptodome"


def test_missing_function_of_libcrypto_is_an_import_error() -> None:
    with pytest.raises(ImportError):
        libcrypto.function("no_such_function", ctypes.c_int)


def test_missing_libcrypto_is_an_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libcrypto, "NAMES", ("no-such-library.so",))
    monkeypatch.setattr(libcrypto, "find_library", lambda _: None)
    with pytest.raises(ImportError):
        libcrypto.library.__wrapped__()


@pytest.mark.slow
@pytest.mark.parametrize("name", NATIVE)
def test_many_rounds_agree(name: str) -> None:
    """Three hundred chained multiples: each takes its scalar from the last point."""
    point, other = G, G
    for _ in range(300):
        k = point[1] ^ 0x5A5A
        step, same = BACKENDS[name].mul(k, point), PURE.mul(k, other)
        assert same == step
        assert step is not None
        point = other = step


def test_point_decoding_names_no_value() -> None:
    with pytest.raises(CryptoFault, match=r"^SM2 point is not on the curve$"):
        decode_point(b"\4" + bytes(63) + b"\1")
