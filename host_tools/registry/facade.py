"""A registry, opened: `writing` and `reading` are its two doors, each one transaction of `Work`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import URL, Engine
from sqlalchemy.orm import Session

from host_tools.errors import RegistryProblem
from host_tools.registry import database, log, schema
from host_tools.registry.models import Chain
from host_tools.registry.work import Work

Clock = Callable[[], datetime]


class Registry:
    """Enterprises, holders, cards, certificates, applications, and the log of all operations.

    Errors are `RegistryProblem`s. Rows read in a transaction may be looked at after it, but changed in one only.
    """

    def __init__(self, url: URL, engine: Engine, clock: Clock) -> None:
        self.url = url
        self._engine = engine
        self._engines = {way: engine.execution_options(**database.options(url, way)) for way in (False, True)}
        self._clock = clock

    @classmethod
    def create(cls, url: str, clock: Clock) -> Registry:
        """A new registry: a file that is not there yet, or a PostgreSQL data base without one."""
        parsed = database.parsed(url)
        file = database.file_of(parsed)
        if file is not None:
            database.make_file(file)
        made = cls(parsed, database.connect(parsed), clock)
        with made._transaction(False) as session:
            if schema.form_of(session.connection()) is not None:
                raise RegistryProblem(f"{made.shown}: holds a registry already; one is never overwritten")
            made._migrate(session)
        return made

    @classmethod
    def open(cls, url: str, clock: Clock) -> Registry:
        """A registry of the newest form."""
        found = cls._found(url, clock)
        with found._transaction(True) as session:
            schema.insist_on_newest(session.connection(), found.shown)
        return found

    @classmethod
    def migrate(cls, url: str, clock: Clock) -> Registry:
        """The registry, brought to the newest form in one transaction; made where the data base is empty."""
        file = database.file_of(database.parsed(url))
        if file is not None and not file.exists():
            return cls.create(url, clock)
        found = cls._found(url, clock)
        with found._transaction(False) as session:
            found._migrate(session)
        return found

    @classmethod
    def _found(cls, url: str, clock: Clock) -> Registry:
        parsed = database.parsed(url)
        file = database.file_of(parsed)
        # SQLite would make an empty file of any wrong name.
        if file is not None and not str(file).startswith("file:") and not file.is_file():
            raise RegistryProblem(f"{file}: there is no registry; restore the office's from a backup")
        return cls(parsed, database.connect(parsed), clock)

    @staticmethod
    def _migrate(session: Session) -> None:
        schema.upgrade(session.connection())
        if session.get(Chain, log.REGISTRY) is None:
            log.start(session, log.REGISTRY)

    @property
    def shown(self) -> str:
        """Where it is, without a password."""
        return database.shown(self.url)

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """One transaction: all that is done in it, with its operations in the log, or nothing."""
        with self._transaction(False) as session:
            yield Work(session, self._now())

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """One view of the registry as it is now."""
        with self._transaction(True) as session:
            yield Work(session, self._now(), reading=True)

    @contextmanager
    def _transaction(self, reading: bool) -> Iterator[Session]:
        with database.failures(self.url), Session(self._engines[reading], expire_on_commit=False) as session:
            yield session
            if not reading:
                session.commit()

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC).replace(microsecond=0)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
