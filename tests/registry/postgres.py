"""A PostgreSQL of this test session's own: on a Unix socket in a folder of its own, without network, gone afterwards.

PostgreSQL does not run as root, so root starts it as the user that the Debian package made for it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

BINARIES = Path("/usr/lib/postgresql")
SERVER_USER = "postgres"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=", "max_connections=30")


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL."""

    folder: Path

    @property
    def address(self) -> str:
        return f"host={self.folder} user={SERVER_USER} dbname=postgres"

    def url(self, name: str) -> str:
        """The URL of a data base."""
        return f"postgresql://{SERVER_USER}@/{name}?host={self.folder}"

    def make(self, name: str, template: str = "template1") -> str:
        """A new data base, empty or a copy of another; its URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(statement)
        return self.url(name)

    def drop(self, name: str) -> None:
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def newest() -> Path:
    """Where the programs of the newest installed PostgreSQL are; a missing one fails the test that asks."""
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    assert found, f"no PostgreSQL in {BINARIES}: run make setup"
    return found[-1].parent


def wait_for(server: subprocess.Popen[bytes], folder: Path) -> None:
    """Until the server answers; one that ends instead fails the test with what it said."""
    while subprocess.run([newest() / "pg_isready", "-q", "-h", folder], check=False).returncode:
        assert server.poll() is None, (folder / "log").read_text()


@contextmanager
def running() -> Iterator[Cluster]:
    """A cluster, for as long as the context lasts."""
    folder = Path(tempfile.mkdtemp(prefix="simcard-pg-"))
    user = SERVER_USER if os.geteuid() == 0 else None
    if user is not None:
        owner = pwd.getpwnam(user)
        os.chown(folder, owner.pw_uid, owner.pw_gid)

    def call(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [newest() / program, "-D", folder / "data", *arguments],
            user=user, group=user, extra_groups=[] if user else None,
            cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert 0 == done.returncode, done.stdout + done.stderr

    try:
        call("initdb", "-U", SERVER_USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        # SIGINT is a fast shutdown: should this process be killed, the server ends with it.
        options = [word for each in FAST for word in ("-c", each)]
        command: list[str | Path] = [
            "setpriv",
            "--pdeathsig",
            "INT",
            newest() / "postgres",
            "-D",
            folder / "data",
            "-k",
            folder,
            *options,
        ]
        with (folder / "log").open("wb") as said:
            server = subprocess.Popen(
                command, user=user, group=user, extra_groups=[] if user else None,
                cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            )  # fmt: skip
        try:
            wait_for(server, folder)
            yield Cluster(folder)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
