"""Fixtures every room may use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pytest

from conformance.tear import POWER_ON, Explorer, Plan, Report, Script
from host_tools.cli.rig import CardRig
from tests.kit import SEED, Bench, bench, clean, data_of, image_of


@pytest.fixture
def card() -> Bench:
    """A fresh blank ISO card, powered, with seed 1."""
    return bench()


class TearSweep(Protocol):
    """Cuts the power at every flash operation of some commands, in every mode, and fails if anything is half-done."""

    def __call__(
        self,
        commands: Sequence[str | bytes],
        setup: Sequence[str | bytes] = (),
        profile: str = "iso-blank",
        plan: Plan = Plan(),  # noqa: B008 - it is frozen
    ) -> Report: ...


@pytest.fixture
def tear_sweep() -> TearSweep:
    """The tear explorer in one word: `tear_sweep(["00200001..."])`. `setup` runs first, with steady power."""

    def sweep(
        commands: Sequence[str | bytes],
        setup: Sequence[str | bytes] = (),
        profile: str = "iso-blank",
        plan: Plan = Plan(),  # noqa: B008
    ) -> Report:
        acts = (POWER_ON, *map(data_of, setup), *map(data_of, commands))
        labels = ("", *("" for _ in setup), *(data_of(each).hex() for each in commands))
        return clean(Explorer(CardRig(), image_of(profile, SEED), Script(acts, labels), plan))

    return sweep
