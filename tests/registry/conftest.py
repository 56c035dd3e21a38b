"""Registries in both data bases: a test that asks for `registry` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from host_tools.registry import database
from host_tools.registry.facade import Registry
from tests.pki.support import SetClock
from tests.registry import postgres

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))]


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """PostgreSQL, started once a session."""
    with postgres.running() as found:
        yield found


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a registry may be made: a file that is not there yet, or an empty data base."""
    if request.param == "sqlite":
        yield database.sqlite_url(tmp_path / "registry.sqlite")
        return
    cluster: postgres.Cluster = request.getfixturevalue("cluster")
    name = f"t{uuid4().hex}"
    yield cluster.make(name)
    cluster.drop(name)


@pytest.fixture
def clock() -> SetClock:
    """A clock that stands until the test moves it."""
    return SetClock()


@pytest.fixture
def registry(url: str, clock: SetClock) -> Iterator[Registry]:
    """A fresh registry."""
    with Registry.create(url, clock) as made:
        yield made
