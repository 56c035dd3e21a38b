"""Somebody without rights."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worlds.support import Nobody


@pytest.fixture
def nobody() -> Iterator[Nobody]:
    """Somebody without rights and with an empty home; not in `tmp_path`, whose parents are closed to others."""
    with tempfile.TemporaryDirectory(prefix="simcard-") as home:
        Path(home).chmod(0o777)
        yield Nobody(Path(home))
