"""A registry of every form that was ever released opens for ever. `forms/` has one of each, as SQL.

A form that is in a release is never written again; a new one comes with a migration and a file of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from host_tools.pki.generation import Generation
from host_tools.registry import database, schema
from host_tools.registry.audit import audit
from host_tools.registry.facade import Registry
from host_tools.registry.log import Entry
from host_tools.registry.states import Action, CardKind, CardState, ProcedureKind
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


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Registry]:
    """A registry of the first form, whose log has no marks of holders, brought to the newest."""
    path = tmp_path / "registry.sqlite"
    base = sqlite3.connect(path)
    base.executescript(FORMS[0].read_text(encoding="utf-8"))
    base.close()
    with Registry.migrate(database.sqlite_url(path), SetClock()) as registry:
        yield registry


def rename(registry: Registry) -> None:
    """What somebody does to holders behind the registry's back."""
    with registry.writing() as work:
        work.session.execute(text("UPDATE holder SET name = '别人'"))


def subjects(registry: Registry) -> set[str]:
    with registry.reading() as work:
        return {each.subject for each in audit(work).findings}


def test_a_holder_of_the_first_form_is_not_compared(first: Registry) -> None:
    rename(first)
    assert set() == subjects(first)


def test_a_holder_of_the_first_form_is_compared_once_they_were_changed(first: Registry) -> None:
    with first.writing() as work:
        card = work.card(OPERATOR)
        work.note(card, work.change_holder(card, {"name": "测试新名"}, Entry(Action.HOLDER_CHANGED)))
    assert set() == subjects(first)
    rename(first)
    assert {f"card:{OPERATOR}"} == subjects(first)


def test_a_holder_of_the_first_form_is_compared_once_they_got_another_card(first: Registry) -> None:
    with first.writing() as work:
        work.add_card("ZZ9S000000009", CardKind.OPERATOR, work.card(OPERATOR).holder, Generation.SM2)
    assert set() == subjects(first)
    rename(first)
    assert {"card:ZZ9S000000009"} == subjects(first)
