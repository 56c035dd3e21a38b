"""Engines and sources the crypto tests share."""

from __future__ import annotations

import pytest

from simcard.crypto.engine import SoftEngine
from simcard.crypto.engines import make
from simcard.crypto.points import BACKENDS
from simcard.hal.engine import CryptoEngine
from simcard.hal.entropy import SeededEntropy

_ENGINES: dict[str, CryptoEngine] = {name: SoftEngine(name) for name in BACKENDS} | {"gmssl": make("gmssl")}


@pytest.fixture
def engine() -> CryptoEngine:
    """The engine a card gets when nothing else is asked for."""
    return SoftEngine()


@pytest.fixture(params=list(_ENGINES))
def any_engine(request: pytest.FixtureRequest) -> CryptoEngine:
    """Every SM2 implementation there is: three back ends and the reference engine."""
    return _ENGINES[request.param]


@pytest.fixture
def entropy() -> SeededEntropy:
    """A fixed stream."""
    return SeededEntropy(1)
