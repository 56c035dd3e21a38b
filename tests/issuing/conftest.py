"""Towns: `town` has cards of the SM2 generation, `any_town` runs a test with both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from host_tools.pki.generation import Generation
from tests.issuing.support import Template, Town, copy_of, make_template


@pytest.fixture(scope="session")
def sm2_town(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("town") / "office", Generation.SM2)


@pytest.fixture(scope="session")
def rsa_town(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("town") / "office", Generation.RSA)


@pytest.fixture
def town(sm2_town: Template, tmp_path: Path) -> Iterator[Town]:
    made = copy_of(sm2_town, tmp_path / "office")
    yield made
    made.office.close()


@pytest.fixture(params=list(Generation))
def any_town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    template: Template = request.getfixturevalue(f"{request.param.value}_town")
    made = copy_of(template, tmp_path / "office")
    yield made
    made.office.close()
