"""The book of a test authority: which numbers it gave, for what, and what became of them.

A certificate gets its number and is written down in one transaction, before it leaves, so that no crash gives a
number twice. Certificates are found again by their key, so that asking twice gives the same one.
SQLite, one file of mode 600 (or memory, for tests); safe for several threads and processes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from host_tools.errors import AuthorityProblem
from host_tools.pki.certificate import Use
from host_tools.pki.generation import Generation, number_of
from host_tools.pki.revocation import Reason, Revoked, reason_of
from host_tools.pki.view import Certificate

MODE = 0o600
SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE authority (generation TEXT PRIMARY KEY, next_serial INTEGER NOT NULL, next_list INTEGER NOT NULL);
CREATE TABLE certificate (
    generation TEXT NOT NULL, serial INTEGER NOT NULL, use TEXT NOT NULL, key BLOB NOT NULL, body BLOB NOT NULL,
    not_after TEXT NOT NULL, revoked_at TEXT, reason INTEGER, PRIMARY KEY (generation, serial));
CREATE INDEX certificate_key ON certificate (key);
CREATE INDEX certificate_revoked ON certificate (generation, serial) WHERE revoked_at IS NOT NULL;
CREATE TABLE archive (generation TEXT NOT NULL, signing INTEGER NOT NULL, key BLOB NOT NULL UNIQUE,
    envelope BLOB NOT NULL, PRIMARY KEY (generation, signing));
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate in the book; `revoked` is None while it is good."""

    generation: Generation
    serial: int
    use: Use
    body: bytes
    revoked: Revoked | None

    @property
    def number(self) -> str:
        """The certificate number."""
        return number_of(self.generation, self.serial)


class Ledger:
    """The book. Every method is a transaction."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the book in a file, or a new one in memory; `AuthorityProblem` for a file that is none."""
        if path is not None and not path.is_file():
            raise AuthorityProblem(f"{path}: the authority's book is missing; restore it from a backup")
        self._lock = Lock()
        self._base = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        if path is None:
            self._prepare()
        elif (version := self._version()) != SCHEMA_VERSION:
            self._base.close()
            what = "is no authority's book" if version is None else "is no book of this version of the program"
            raise AuthorityProblem(f"{path}: {what}")

    @classmethod
    def create(cls, path: Path) -> Ledger:
        """A new, empty book in a file that does not exist yet."""
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE))
        made = cls.__new__(cls)
        made._lock = Lock()
        made._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        made._prepare()
        return made

    def _prepare(self) -> None:
        self._base.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def _version(self) -> int | None:
        """The version of the book, None for a file that is no data base."""
        try:
            # One wait for the disk a commit, not three; with FULL a commit still outlives a power cut.
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            (found,) = self._base.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError:
            return None
        return int(found)

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    def _rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        with self._lock:
            return self._base.execute(query, values).fetchall()

    # -- numbers

    def spend_serial(self, generation: Generation) -> int:
        """A serial number that was never given and never will be again."""
        return self._spend(generation, "next_serial", generation.last_serial)

    def spend_list_number(self, generation: Generation) -> int:
        """The number of the next revocation list, from 1."""
        return self._spend(generation, "next_list", 2**63 - 1)

    def _spend(self, generation: Generation, column: str, last: int) -> int:
        with self._writing() as base:
            return _next(base, generation, column, last)

    # -- certificates

    def issue(self, generation: Generation, use: Use, make: Callable[[int], Certificate]) -> Certificate:
        """The certificate that `make` makes with a new serial number, written down. `make` must not use the book."""
        with self._writing() as base:
            made = make(_next(base, generation, "next_serial", generation.last_serial))
            row = (generation.value, made.serial, use.value, made.key.fingerprint, made.encoded)
            values = (*row, made.not_after.isoformat())
            base.execute("INSERT INTO certificate VALUES (?, ?, ?, ?, ?, ?, NULL, NULL)", values)
        return made

    def find(self, generation: Generation, serial: int) -> Entry | None:
        """The certificate of that serial."""
        return self._one("generation = ? AND serial = ?", generation.value, serial)

    def find_key(self, fingerprint: bytes) -> Entry | None:
        """The newest good certificate of a key."""
        return self._one("key = ? AND revoked_at IS NULL ORDER BY serial DESC LIMIT 1", fingerprint)

    def of_key(self, fingerprint: bytes) -> tuple[Entry, ...]:
        """All certificates of a key, good or not, by number."""
        return tuple(_entry(row) for row in self._rows(f"{SELECT} WHERE key = ? ORDER BY serial", fingerprint))

    def entries(self, generation: Generation) -> Iterator[Entry]:
        """All certificates of a generation, by number."""
        for row in self._rows(f"{SELECT} WHERE generation = ? ORDER BY serial", generation.value):
            yield _entry(row)

    def _one(self, condition: str, *values: object) -> Entry | None:
        rows = self._rows(f"{SELECT} WHERE {condition}", *values)
        return _entry(rows[0]) if rows else None

    # -- revocation

    def revoke(self, generation: Generation, serial: int, moment: datetime, reason: Reason) -> None:
        """Revoke a certificate. A hold may be followed by another reason; any other reason stays for ever."""
        with self._writing() as base:
            _insist(self._state(base, generation, serial), generation, serial)
            values = (moment.astimezone(UTC).isoformat(), reason.value, generation.value, serial)
            base.execute(
                "UPDATE certificate SET revoked_at = ?, reason = ? WHERE generation = ? AND serial = ?", values
            )

    def release(self, generation: Generation, serial: int) -> None:
        """Take a hold back; `AuthorityProblem` for a certificate that is not on hold."""
        with self._writing() as base:
            found = self._state(base, generation, serial)
            if found != (Reason.HOLD.value,):
                raise AuthorityProblem(f"certificate {number_of(generation, serial)} is not on hold")
            values = (generation.value, serial)
            base.execute(
                "UPDATE certificate SET revoked_at = NULL, reason = NULL WHERE generation = ? AND serial = ?", values
            )

    @staticmethod
    def _state(base: sqlite3.Connection, generation: Generation, serial: int) -> tuple[object, ...] | None:
        query = "SELECT reason FROM certificate WHERE generation = ? AND serial = ?"
        found: tuple[object, ...] | None = base.execute(query, (generation.value, serial)).fetchone()
        return found

    def revoked(self, generation: Generation) -> tuple[Revoked, ...]:
        """What stands on the revocation list."""
        query = "SELECT serial, revoked_at, reason FROM certificate WHERE generation = ? AND revoked_at IS NOT NULL"
        rows = self._rows(f"{query} ORDER BY serial", generation.value)
        return tuple(_revoked(*row) for row in rows)

    # -- exchange keys, as envelopes only the key centre opens

    def archive(self, generation: Generation, signing: int, key: bytes, envelope: bytes) -> None:
        """Keep the exchange key (fingerprint `key`) made for a signing certificate; the first one kept stays."""
        with self._writing() as base:
            values = (generation.value, signing, key, envelope)
            base.execute("INSERT OR IGNORE INTO archive VALUES (?, ?, ?, ?)", values)

    def archived_for(self, generation: Generation, signing: int) -> bytes | None:
        """The envelope of the exchange key made for a signing certificate."""
        query = "SELECT envelope FROM archive WHERE generation = ? AND signing = ?"
        rows = self._rows(query, generation.value, signing)
        return _bytes(rows[0][0]) if rows else None

    def archived_key(self, generation: Generation, signing: int) -> bytes | None:
        """The fingerprint of the exchange key made for a signing certificate."""
        query = "SELECT key FROM archive WHERE generation = ? AND signing = ?"
        rows = self._rows(query, generation.value, signing)
        return _bytes(rows[0][0]) if rows else None

    def archived(self, key: bytes) -> bytes | None:
        """The envelope of an exchange key, by its fingerprint."""
        rows = self._rows("SELECT envelope FROM archive WHERE key = ?", key)
        return _bytes(rows[0][0]) if rows else None


SELECT = "SELECT generation, serial, use, body, revoked_at, reason FROM certificate"


def _next(base: sqlite3.Connection, generation: Generation, column: str, last: int) -> int:
    """The value of a counter, which goes one further; within a transaction."""
    first = (generation.value, generation.first_serial, 1)
    base.execute("INSERT OR IGNORE INTO authority VALUES (?, ?, ?)", first)
    query = f"SELECT {column} FROM authority WHERE generation = ?"
    (found,) = base.execute(query, (generation.value,)).fetchone()
    if found > last:
        raise AuthorityProblem("the authority has no numbers left")
    base.execute(f"UPDATE authority SET {column} = ? WHERE generation = ?", (found + 1, generation.value))
    return int(found)


def _insist(state: tuple[object, ...] | None, generation: Generation, serial: int) -> None:
    number = number_of(generation, serial)
    if state is None:
        raise AuthorityProblem(f"this authority issued no certificate {number}")
    if state not in ((None,), (Reason.HOLD.value,)):
        raise AuthorityProblem(f"certificate {number} is revoked already")


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value


def _revoked(serial: object, moment: object, reason: object) -> Revoked:
    assert isinstance(serial, int) and isinstance(moment, str) and isinstance(reason, int)
    return Revoked(serial, datetime.fromisoformat(moment), reason_of(reason))


def _entry(row: tuple[object, ...]) -> Entry:
    generation, serial, use, body, moment, reason = row
    assert isinstance(serial, int) and isinstance(generation, str)
    revoked = None if moment is None else _revoked(serial, moment, reason)
    return Entry(Generation(generation), serial, Use(use), _bytes(body), revoked)
