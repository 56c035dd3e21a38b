"""Made-up enterprises: good for a batch as they are, and the same again from the same seed."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from host_tools.issuing import batch, sample
from tests.cli.conftest import Simcard, simcard

__all__ = ["simcard"]


@pytest.mark.parametrize("seed", range(5))
def test_a_batch_takes_them_as_they_are(seed: int) -> None:
    found = batch.read(sample.text(200, seed).splitlines(), "sample")
    assert 200 == len({each.firm.credit_code for each in found})


def test_everybody_is_marked_as_a_test_and_of_no_region() -> None:
    for row in islice(sample.rows(1), 200):
        assert row["firm"].startswith("测试") and row["name"].startswith("测试") and row["operator_name"][:2] == "测试"
        assert ("990000", "99") == (row["credit_code"][2:8], row["document"][:2])


def test_one_seed_is_one_file_and_a_longer_one_begins_like_it() -> None:
    assert sample.text(20, 7).startswith(sample.text(10, 7))
    assert sample.text(10, 7) != sample.text(10, 8)


def test_no_seed_is_another_file_every_time() -> None:
    assert sample.text(10) != sample.text(10)


def test_it_is_typed(simcard: Simcard, tmp_path: Path) -> None:
    assert sample.text(3, 7) == simcard("issue", "sample", "3", "--seed", "7").out
    assert 0 == simcard("issue", "sample", "3", "--seed", "7", "--out", tmp_path / "firms.csv").code
    assert sample.text(3, 7) == (tmp_path / "firms.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_what_is_no_count_is_told(simcard: Simcard, count: str) -> None:
    assert 2 == simcard("issue", "sample", "--seed", "7", "--", count).code
