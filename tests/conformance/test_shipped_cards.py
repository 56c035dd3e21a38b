"""Our own cards before the judge: every shipped suite on every shipped card that has what it needs (C-users)."""

from __future__ import annotations

import pytest

from conformance import run
from conformance.format import Suite, target_names
from conformance.result import Verdict
from tests.conformance.bench import all_cases, judge_of

OF_READERS = ("pcsc",)
"""Suites that need a card in a PC/SC reader."""


@pytest.mark.parametrize("suite", run.suites(), ids=lambda suite: suite.id)
@pytest.mark.parametrize("target", target_names())
def test_a_shipped_card_is_innocent(target: str, suite: Suite) -> None:
    judge = judge_of(target)
    results = [judge.run(suite, case) for case in suite.cases]
    wrong = (Verdict.FAIL, Verdict.UNRESOLVED)
    assert [] == [f"{each.name}: {each.reason}" for each in results if each.verdict in wrong and not each.known]


def test_every_case_can_be_tried_on_some_shipped_card() -> None:
    judges = [judge_of(target) for target in target_names()]
    never = [name for name, row in all_cases().items() if all(judge.why_not(*row) for judge in judges)]
    assert [] == [name for name in never if not name.startswith(OF_READERS)]


def test_every_case_is_tried_to_its_end_on_some_shipped_card() -> None:
    """A case that every card declines (`absent`) would judge nothing."""
    judges = [judge_of(target) for target in target_names()]
    names = {name: row for name, row in all_cases().items() if not name.startswith(OF_READERS)}
    declined = [
        name
        for name, row in names.items()
        if all(judge.run(*row).verdict is Verdict.NOT_APPLICABLE for judge in judges)
    ]
    assert [] == declined
