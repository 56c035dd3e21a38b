"""The arithmetic of the bench; what it measures is not tested here."""

from __future__ import annotations

import pytest
from rich.text import Text

from scripts import bench
from scripts.measuring.turns import Row, batch_for, rates


@pytest.mark.parametrize(("better", "ratio"), [("more", 0.5), ("less", 2.0)])
def test_a_ratio_of_one_is_as_good_as_the_floor(better: str, ratio: float) -> None:
    assert ratio == Row("g", "n", "u", 5.0, 10.0, better=better).ratio


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row("g", "n", "u", 8.0, 10.0, target=0.8), True),
        (Row("g", "n", "u", 7.9, 10.0, target=0.8), False),
        (Row("g", "n", "u", 0.2, 0.1, better="less", limit=0.3), True),
        (Row("g", "n", "u", 0.4, 0.1, better="less", limit=0.3), False),
        (Row("g", "n", "u", 8.0, 10.0), None),
        (Row("g", "n", "u", 8.0, None, target=0.8), None),
    ],
)
def test_a_goal_is_met_missed_or_not_set(row: Row, met: bool | None) -> None:
    assert met is row.met


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Row("g", "n", "u", 8.0, 10.0, target=0.8), "met: ratio at least 0.8"),
        (Row("g", "n", "u", 7.9, 10.0, target=0.8), "MISSED: ratio at least 0.8"),
        (Row("g", "n", "CPU s", 0.2, 0.1, better="less", limit=0.3), "met: at most 0.3 CPU s"),
        (Row("g", "n", "u", 8.0), ""),
    ],
)
def test_a_goal_is_told_in_words(row: Row, words: str) -> None:
    assert words == Text.from_markup(bench.goal(row)).plain


def test_the_summary_counts_goals_and_seconds() -> None:
    rows = [Row("g", "n", "u", ours, 10.0, target=0.8) for ours in (7.0, 9.0)] + [Row("g", "n", "u", 8.0)]
    assert "1 of 2 goals met; measured in 61 s" == bench.summary(rows, 61.2)


def test_acts_take_turns() -> None:
    order: list[str] = []
    found = rates({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, seconds=1e-6, turns=2)
    assert {"a", "b"} == set(found)
    assert order[-1] == "b" and "a" in order


def test_a_batch_holds_at_least_one_run() -> None:
    assert 1 <= batch_for(lambda: None, 0.0)
