"""A registry of every form that was ever released opens for ever. `forms/` has one of each, as SQL.

A form that is in a release is never written again; a new one comes with a migration and a file of its own.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from host_tools.registry import database, schema
from host_tools.registry.audit import audit
from host_tools.registry.facade import Registry
from host_tools.registry.states import CardState, ProcedureKind
from tests.pki.support import SetClock
from tests.registry.support import DECLARANT, OPERATOR

FORMS = sorted((Path(__file__).parent / "forms").glob("*.sql"))


@pytest.fixture(params=FORMS, ids=lambda path: path.stem)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A registry's file as a program of that form left it."""
    path = tmp_path / "registry.sqlite"
    base = sqlite3.connect(path)
    base.executescript(request.param.read_text(encoding="utf-8"))
    base.close()
    return path


def test_there_is_one_of_each_form() -> None:
    assert schema.NEWEST == FORMS[-1].stem


def test_an_old_registry_is_brought_to_the_newest_form_whole(kept: Path) -> None:
    with Registry.migrate(database.sqlite_url(kept), SetClock()) as registry, registry.reading() as work:
        assert () == audit(work).findings
        assert (CardState.FROZEN, CardState.NORMAL) == (work.card(OPERATOR).state, work.card(DECLARANT).state)
        assert work.open_procedure(ProcedureKind.RENEW, work.card(DECLARANT)) is not None
        assert work.is_bound("99000001")
        assert work.is_spent("1")
