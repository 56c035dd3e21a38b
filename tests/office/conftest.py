"""Offices: `house` has its registry in a file, `any_house` runs a test in both data bases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.office.support import House, Template, make_template
from tests.registry import postgres
from tests.registry.conftest import BOTH, cluster

__all__ = ["cluster"]

TEMPLATE = "office_template"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """An office with its registry in a file."""
    return make_template(tmp_path_factory.mktemp("office") / "office", "")


@pytest.fixture(scope="session")
def postgres_template(tmp_path_factory: pytest.TempPathFactory, cluster: postgres.Cluster) -> Template:
    """The same with its registry in PostgreSQL."""
    return make_template(tmp_path_factory.mktemp("office") / "office", cluster.make(TEMPLATE))


@pytest.fixture
def house(template: Template, tmp_path: Path) -> Iterator[House]:
    """A copy of the office, in a file."""
    made = House(template, tmp_path / "office")
    yield made
    made.office.close()


@pytest.fixture(params=BOTH)
def any_house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A copy of the office, in either data base."""
    if request.param == "sqlite":
        made = House(request.getfixturevalue("template"), tmp_path / "office")
        yield made
        made.office.close()
        return
    cluster: postgres.Cluster = request.getfixturevalue("cluster")
    template: Template = request.getfixturevalue("postgres_template")
    name = f"t{uuid4().hex}"
    made = House(template, tmp_path / "office", cluster.make(name, TEMPLATE))
    yield made
    made.office.close()
    cluster.drop(name)
