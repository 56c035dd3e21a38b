"""Shipped cards before the judge, for tests: targets, their images made once per process, and one case run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from conformance import run
from conformance.format import Case, Suite, Target, load_target, target_path
from conformance.judge import Judge
from conformance.result import Result
from host_tools.cli import rig
from host_tools.cli.judging import RamRig
from simcard.card import Card
from tests.kit import SEED, builtin


@cache
def target(name: str) -> Target:
    return load_target(target_path(name))


@cache
def certified(profile: str) -> bytes:
    """The image of a card of a built-in profile, its keys certified."""
    return rig.certified(builtin(profile), SEED)


@cache
def all_cases() -> dict[str, tuple[Suite, Case]]:
    """Every shipped case by its name."""
    return {f"{suite.id}:{case.id}": (suite, case) for suite, case in run.cases(run.suites())}


def judge_of(name: str, mend: Callable[[Card], None] = lambda card: None) -> Judge:
    """The judge of a shipped target's card, which `mend` may break."""
    described = target(name)
    image = certified(str(described.target.profile))
    return Judge(described, RamRig(image, mend), known=run.known_failures(name))


def verdict(name: str, case: str, mend: Callable[[Card], None] = lambda card: None) -> Result:
    """One case, by name, on a shipped target's card."""
    return judge_of(name, mend).run(*all_cases()[case])
