"""Our own cards before the judge: every shipped case on every shipped card that has what the case needs (C-users)."""

from __future__ import annotations

import pytest

from conformance.result import Verdict
from tests.conformance.bench import all_cases, applicable, judge_of, verdict

GOOD = (Verdict.PASS, Verdict.NOT_APPLICABLE)


@pytest.mark.parametrize(("target", "case"), applicable(), ids=lambda value: value)
def test_a_shipped_card_is_innocent(target: str, case: str) -> None:
    result = verdict(target, case)
    explained = result.verdict is Verdict.FAIL and bool(result.known)
    assert result.verdict in GOOD or explained, f"{result.reason}\n{result.transcript}"


@pytest.mark.parametrize("case", [name for name in all_cases() if not name.startswith("pcsc:")])
def test_every_case_is_tried_on_some_shipped_card(case: str) -> None:
    suite, which = all_cases()[case]
    assert any(judge_of(target).why_not(suite, which) == "" for target in sorted({t for t, _ in applicable()}))
