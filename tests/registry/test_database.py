"""What can go wrong with the data base itself: each a clear error, nothing half-written, no password shown."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from host_tools.errors import AlreadyRegistered, NoDatabase, RegistryBusy, RegistryProblem
from host_tools.registry import database, schema
from host_tools.registry.audit import audit
from host_tools.registry.facade import Registry
from host_tools.registry.log import Entry
from host_tools.registry.states import Action
from tests.pki.support import SetClock
from tests.registry import postgres
from tests.registry.support import CREDIT_CODE, OPERATOR, add_card, normal_card

NOTE = Entry(Action.LOGIN)
WRITER = """
import sys
from datetime import UTC, datetime
from host_tools.registry.facade import Registry
from host_tools.registry.log import Entry
from host_tools.registry.states import Action
with Registry.open(sys.argv[1], lambda: datetime.now(UTC)) as registry:
    for _ in range(int(sys.argv[2])):
        with registry.writing() as work:
            work.note(work.card(sys.argv[3]), Entry(Action.LOGIN))
"""


def test_two_processes_write_at_once(registry: Registry, url: str) -> None:
    normal_card(registry)
    command = [sys.executable, "-c", WRITER, url, "40", OPERATOR]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [(0, ""), (0, "")] == [(each.wait(), each.communicate()[1]) for each in writers]
    with registry.reading() as work:
        assert (2 + 80, ()) == (len(work.history(work.card(OPERATOR))), audit(work).findings)


def test_who_waits_too_long_for_another_writer_is_told_so(
    url: str, registry: Registry, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    normal_card(registry)
    monkeypatch.setattr(database, "WAIT_MS", 50)
    with Registry.open(url, clock) as second, registry.writing() as work:
        work.note(work.card(OPERATOR), NOTE)
        with pytest.raises(RegistryBusy, match="try again"), second.writing() as other:
            other.note(other.card(OPERATOR), NOTE)


def test_who_reads_does_not_wait_for_who_writes(url: str, registry: Registry, clock: SetClock) -> None:
    normal_card(registry)
    with Registry.open(url, clock) as second, registry.writing() as work:
        work.note(work.card(OPERATOR), NOTE)
        with second.reading() as other:
            assert 2 == len(other.history(other.card(OPERATOR)))


def test_a_view_stays_as_it_was(url: str, registry: Registry, clock: SetClock) -> None:
    normal_card(registry)
    with Registry.open(url, clock) as second, second.reading() as view:
        before = len(view.history(view.card(OPERATOR)))
        with registry.writing() as work:
            work.note(work.card(OPERATOR), NOTE)
        assert before == len(view.history(view.card(OPERATOR)))


def test_a_registry_is_never_made_over_another(registry: Registry, url: str, clock: SetClock) -> None:
    with pytest.raises(RegistryProblem, match="already"):
        Registry.create(url, clock)


def test_what_is_no_character_is_said_to_be_none(registry: Registry) -> None:
    with pytest.raises(RegistryProblem, match="no character"), registry.writing() as work:
        work.add_enterprise("\udcff", CREDIT_CODE)


# -- SQLite


@pytest.fixture
def file(tmp_path: Path, clock: SetClock) -> Iterator[Path]:
    """A registry's file, closed."""
    path = tmp_path / "registry.sqlite"
    with Registry.create(database.sqlite_url(path), clock) as made:
        normal_card(made)
    yield path


def opened(path: Path) -> Registry:
    return Registry.open(database.sqlite_url(path), SetClock())


def test_the_file_is_its_owners_alone(file: Path) -> None:
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_a_missing_file_is_not_made_by_opening_it(tmp_path: Path) -> None:
    with pytest.raises(RegistryProblem, match="there is no registry"):
        opened(tmp_path / "none.sqlite")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"this is a text and no data base" * 40, "is no data base"), (b"", "holds no registry")],
)
def test_a_foreign_file_is_said_to_be_one(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(content)
    with pytest.raises(RegistryProblem, match=said):
        opened(path)


def test_another_programs_data_base_is_no_registry(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE card (a)")
    base.close()
    with pytest.raises(RegistryProblem, match="holds no registry"):
        opened(path)


def test_a_damaged_file_is_said_to_be_damaged(file: Path) -> None:
    body = bytearray(file.read_bytes())
    body[4096:] = b"\xa5" * (len(body) - 4096)
    file.write_bytes(body)
    with pytest.raises(RegistryProblem, match="damaged"), opened(file) as registry, registry.reading() as work:
        audit(work)


def test_a_file_that_may_only_be_read_can_be_read(file: Path) -> None:
    url = f"sqlite:///file:{file}?mode=ro&uri=true"
    with Registry.open(url, SetClock()) as registry, registry.reading() as work:
        assert OPERATOR == work.card(OPERATOR).number
    with (
        Registry.open(url, SetClock()) as registry,
        pytest.raises(RegistryProblem, match="may only be read"),
        registry.writing() as work,
    ):
        work.note(work.card(OPERATOR), NOTE)


def test_a_full_disk_changes_nothing(file: Path) -> None:
    with opened(file) as registry:
        event.listen(
            registry._engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 1")
        )  # SQLite takes the pages there are, and not one more
        registry._engine.dispose()
        with pytest.raises(RegistryProblem, match="the disk is full; nothing was changed"), registry.writing() as work:
            for number in range(2000):
                add_card(work, f"ZZ9S{number + 100:09}")
    with opened(file) as registry, registry.reading() as work:
        assert (1, ()) == (len(list(work.cards())), audit(work).findings)


def test_a_number_given_twice_at_once_is_refused_by_the_data_base(file: Path) -> None:
    with (
        opened(file) as registry,
        pytest.raises(AlreadyRegistered, match="the registry has that already"),
        registry.writing() as work,
    ):
        work.session.execute(text("INSERT INTO used_order VALUES ('1', '')"))
        work.session.execute(text("INSERT INTO used_order VALUES ('1', '')"))


# -- URLs


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "cannot be read"),
        ("registry.sqlite", "cannot be read"),
        ("mysql://root:geheim@host/db", "mysql: the registry is kept in sqlite or postgresql"),
        ("sqlite://", "names no file"),
        ("postgresql://user:geheim@host:port/db", "cannot be read"),
        ("geheim", "cannot be read"),
    ],
)
def test_a_bad_url_is_explained_and_not_repeated(url: str, said: str) -> None:
    with pytest.raises(RegistryProblem, match=said) as caught:
        Registry.open(url, SetClock())
    assert "geheim" not in str(caught.value)


def test_no_server_is_said_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(RegistryProblem, match=r"postgresql\+psycopg://simcard:\*\*\*@") as caught:
        Registry.open(f"postgresql://simcard:geheim@/registry?host={tmp_path}", SetClock())
    assert "geheim" not in str(caught.value)


@pytest.mark.xdist_group("postgresql")
def test_a_data_base_that_is_not_there_is_to_be_made(cluster: postgres.Cluster) -> None:
    with pytest.raises(NoDatabase, match=r'"nowhere" does not exist; .*createdb makes one'):
        Registry.open(cluster.url("nowhere"), SetClock())


def test_what_is_outside_the_program_is_no_wrong_use() -> None:
    assert {3} == {kind.exit_code for kind in (NoDatabase, RegistryBusy)}


@pytest.mark.xdist_group("postgresql")
def test_an_empty_data_base_holds_no_registry(cluster: postgres.Cluster) -> None:
    url = cluster.make("empty")
    with pytest.raises(RegistryProblem, match="holds no registry"):
        Registry.open(url, SetClock())


# -- forms of the tables


def test_the_newest_form_is_the_last_migration() -> None:
    from alembic.script import ScriptDirectory

    assert [schema.NEWEST] == ScriptDirectory(str(schema.MIGRATIONS)).get_heads()


def test_the_tables_are_what_the_models_say(registry: Registry) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from host_tools.registry.models import Base

    with registry.reading() as work:
        context = MigrationContext.configure(work.session.connection(), opts={"compare_type": True})
        assert [] == compare_metadata(context, Base.metadata)


@pytest.mark.parametrize(
    ("form", "said"), [("9999", "made by a newer version"), ("0000", "older form .0000.; run simcard registry migrate")]
)
def test_another_form_is_not_opened(registry: Registry, url: str, clock: SetClock, form: str, said: str) -> None:
    with registry.writing() as work:
        work.session.execute(text(f"UPDATE alembic_version SET version_num = '{form}'"))
    with pytest.raises(RegistryProblem, match=said):
        Registry.open(url, clock)


def test_a_newer_form_is_not_migrated(registry: Registry, url: str, clock: SetClock) -> None:
    with registry.writing() as work:
        work.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RegistryProblem, match="made by a newer version"):
        Registry.migrate(url, clock)


def test_migrating_makes_a_registry_where_there_is_none(url: str, clock: SetClock) -> None:
    with Registry.migrate(url, clock) as made:
        normal_card(made)
    with Registry.migrate(url, clock) as again, again.reading() as work:
        assert (schema.NEWEST, ()) == (schema.form_of(work.session.connection()), audit(work).findings)
