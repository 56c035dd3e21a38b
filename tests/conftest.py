"""Fixtures every room may use."""

from __future__ import annotations

import pytest

from tests.kit import Bench, bench


@pytest.fixture
def card() -> Bench:
    """A fresh blank ISO card, powered, with seed 1."""
    return bench()
