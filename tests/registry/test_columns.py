"""Moments as the registry writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from host_tools.registry.columns import read_moment, written


@pytest.mark.parametrize("year", [1, 900, 2026, 9999])
def test_every_moment_written_can_be_read_again(year: int) -> None:
    moment = datetime(year, 1, 1, 13, tzinfo=UTC)
    assert moment == read_moment(written(moment))


def test_parts_of_a_second_are_not_written() -> None:
    assert "2026-11-28T13:00:00Z" == written(datetime(2026, 11, 28, 13, 0, 0, 999999, tzinfo=UTC))
