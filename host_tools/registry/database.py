"""The way to the data base: SQLite in a file, or PostgreSQL by URL; and every failure as an error of this program.

A URL may hold a password, so none is ever shown but by `shown`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from host_tools.errors import AlreadyRegistered, NoDatabase, RegistryBusy, RegistryProblem

MODE = 0o600
WAIT_MS = 10_000
"""How long a writer waits for another."""
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
SQLITE_OPTIONS = frozenset(("mode", "uri"))
"""What may stand behind a file's name: `?mode=ro&uri=true` only reads."""
READING = "simcard_reading"
POSTGRES_BUSY = ("55P03", "40P01", "40001")
"""lock_not_available, deadlock_detected, serialization_failure."""
POSTGRES_AWAY = ("08", "28", "3D", "53", "57")
"""Classes of states: connection, who may come in, no such data base, resources, the server is going down."""
POSTGRES_ADVICE = "see that the server runs, and that user and data base are there (createdb makes one)"


def parsed(text: str) -> URL:
    """A URL of one of the two data bases; `RegistryProblem` for anything else, without repeating it."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise RegistryProblem("the registry's URL cannot be read; write sqlite:///FILE or postgresql://...") from None
    kind = url.drivername.partition("+")[0]
    if kind not in DRIVERS:
        raise RegistryProblem(f"{kind}: the registry is kept in sqlite or postgresql, not in that")
    if kind == "sqlite" and not url.database:
        raise RegistryProblem("the registry's URL names no file; it looks like sqlite:///registry.sqlite")
    if kind == "sqlite" and (set(url.query) - SQLITE_OPTIONS or "\0" in str(url.database)):
        raise RegistryProblem(
            "the registry's URL names a file and nothing else; it looks like sqlite:///registry.sqlite"
        )
    return url.set(drivername=DRIVERS[kind])


def sqlite_url(path: Path) -> str:
    """The URL of a registry in a file."""
    return URL.create("sqlite", database=str(path.absolute())).render_as_string()


def lasting(text: str) -> str:
    """A URL that means the same wherever it is read: the file of a SQLite registry with its whole path."""
    url = parsed(text)
    file = file_of(url)
    if file is None or str(file).startswith("file:"):
        return text
    return url.set(database=str(file.absolute())).render_as_string(hide_password=False)


def shown(url: URL) -> str:
    """The URL without its password, and without what stands behind it, which may be one."""
    return url.set(query={}).render_as_string(hide_password=True)


def file_of(url: URL) -> Path | None:
    """The file of a SQLite registry, None for PostgreSQL."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def make_file(path: Path) -> None:
    """An empty file of mode 600 for a new registry; SQLite would make one that everybody can read."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE))
    except FileExistsError:
        raise RegistryProblem(f"{path}: is there already; a registry is never overwritten") from None
    except OSError as error:
        raise RegistryProblem(f"{path}: cannot be made ({error.strerror})") from None


def connect(url: URL) -> Engine:
    """An engine whose transactions are what the registry needs; nothing is opened yet."""
    if url.get_backend_name() != "sqlite":
        waits = {"options": f"-c lock_timeout={WAIT_MS}ms", "connect_timeout": 10}
        try:
            return create_engine(url, connect_args=waits)
        except ImportError:
            raise RegistryProblem("PostgreSQL needs psycopg; pip install 'simcard[postgresql]'") from None
    engine = create_engine(url, connect_args={"timeout": WAIT_MS / 1000, "isolation_level": None})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def options(url: URL, reading: bool) -> dict[str, Any]:
    """Execution options of a transaction: who reads sees one state of the registry, whoever writes meanwhile."""
    if reading and url.get_backend_name() != "sqlite":
        return {"isolation_level": "REPEATABLE READ"}
    return {READING: reading}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")  # who reads does not wait for who writes
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA recursive_triggers = ON")  # so that INSERT OR REPLACE meets the triggers of the log
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Who may write takes the lock at once: two that first read and then write could both never go on."""
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def failures(url: URL) -> Iterator[None]:
    """What data bases say becomes a `RegistryProblem`."""
    try:
        yield
    except IntegrityError as error:
        raise AlreadyRegistered(
            f"the registry has that already, or not what it belongs to: {_first(error.orig)}"
        ) from None
    except DBAPIError as error:
        raise _problem(url, error.orig) from None
    except sqlite3.Error as error:  # from the first words to a fresh connection, before SQLAlchemy listens
        raise _problem(url, error) from None
    except UnicodeEncodeError:  # half a surrogate pair, such as the command line makes of bytes that are no text
        raise RegistryProblem("a text for the registry holds what is no character") from None
    except SQLAlchemyError as error:
        raise RegistryProblem(f"{shown(url)}: the registry cannot be used ({type(error).__name__})") from None


SQLITE_TEXTS = {
    "SQLITE_NOTADB": "is no data base; name the registry's file",
    "SQLITE_CORRUPT": "the file is damaged; restore a copy",
    "SQLITE_READONLY": "may only be read; write as a user who owns the file",
    "SQLITE_FULL": "the disk is full; nothing was changed; make room and try again",
    "SQLITE_IOERR": "the disk failed; nothing was changed; check the disk",
    "SQLITE_CANTOPEN": "cannot be opened; see that the file and its folder are there and yours",
}


def _problem(url: URL, origin: BaseException | None) -> RegistryProblem:
    if isinstance(origin, sqlite3.Error):
        name = getattr(origin, "sqlite_errorname", "")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return RegistryBusy(f"{shown(url)}: other programs write into the registry; try again")
        text = next((text for prefix, text in SQLITE_TEXTS.items() if name.startswith(prefix)), _first(origin))
        return RegistryProblem(f"{shown(url)}: {text}")
    state = getattr(origin, "sqlstate", None)
    if state in POSTGRES_BUSY:
        return RegistryBusy(f"{shown(url)}: other programs write into the registry; try again")
    if state is None or state.startswith(POSTGRES_AWAY):
        return NoDatabase(f"{shown(url)}: {_first(origin)}; {POSTGRES_ADVICE}")
    return RegistryProblem(f"{shown(url)}: {_first(origin)}")


def _first(origin: BaseException | None) -> str:
    """The first line of what the data base said; it holds no value of a statement."""
    return (str(origin).strip().splitlines() or [type(origin).__name__])[0]
