"""The cookbook `docs/pkcs11.md` and a kitchen for its recipes: what is written there is what is run.

A recipe is every `sh` block of a section, run by one shell with the names of the second section and the card in a
private PC/SC world. A `text` block after it says what must appear in the output. Ports are changed for free ones.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "pkcs11.md").read_text(encoding="utf-8")
PORTS = ("2222", "8443")
SECONDS = 120
USER_PIN, ADMIN_PIN = "88888888", "66666666"


def section(title: str) -> str:
    """The text of a section."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found is not None, title
    return found[1]


def blocks(title: str, language: str) -> list[str]:
    """The blocks of a section in one language; a second word in it, as in `sh piv`, is part of it."""
    return re.findall(rf"^```{language}\n(.*?)^```$", section(title), re.DOTALL | re.MULTILINE)


def recipe(title: str, language: str = "sh") -> str:
    """The script of a section, with the names it may use."""
    return "".join((*blocks("A card and a shell", "sh names"), *blocks(title, language)))


def promised(title: str) -> list[str]:
    """What the book says the output holds."""
    return [line for block in blocks(title, "text") for line in block.splitlines()]


@dataclass(frozen=True, slots=True)
class Done:
    """How a recipe ended, and all that its programs printed."""

    code: int
    said: str


def free_port() -> int:
    """A loopback port nobody listens on, below those that the system gives to outgoing connections."""
    for port in random.sample(range(20000, 32000), 100):
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


@dataclass(frozen=True, slots=True)
class Kitchen:
    """A folder with the examples in it."""

    folder: Path

    def run(self, script: str, environment: Mapping[str, str] | None = None, card: str = "") -> Done:
        """Run a script; with `card`, an image of the folder, in a world of its own. Nothing it starts outlives it."""
        shell = ["sh", "-eu", "-c", self._with_free_ports(script)]
        world = ["simcard", "exec", "--card", card, "--"] if card else []
        return self.program(*world, *shell, environment=environment)

    def program(self, *command: str, environment: Mapping[str, str] | None = None) -> Done:
        with (self.folder / "said").open("w+b") as said:
            started = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=home(self.folder, environment or os.environ),
                start_new_session=True,
            )
            try:
                code = started.wait(SECONDS)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(started.pid, signal.SIGKILL)
                started.wait()
            said.seek(0)
            return Done(code, said.read().decode(errors="replace"))

    def ok(self, script: str, environment: Mapping[str, str] | None = None, card: str = "") -> str:
        """What a recipe printed that must succeed."""
        done = self.run(script, environment, card)
        assert 0 == done.code, done.said
        return done.said

    def put(self, name: str, content: bytes) -> str:
        (self.folder / name).write_bytes(content)
        return name

    def _with_free_ports(self, script: str) -> str:
        for written in PORTS:
            # A word of its own: commands in hexadecimal may hold the same digits.
            word = re.compile(rf"\b{written}\b")
            script = word.sub(str(free_port()), script) if word.search(script) else script
        return script


def home(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """An environment of a user who has nothing yet, with `simcard` on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}:/usr/sbin"
    kept = {name: value for name, value in environment.items() if not name.startswith(("SSH_", "GNUPG", "OPENSC_"))}
    return {**kept, "PATH": path, "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}


@contextlib.contextmanager
def kitchen(**images: bytes) -> Iterator[Kitchen]:
    """A folder with the examples, and card images by name."""
    with tempfile.TemporaryDirectory(prefix="book-", ignore_cleanup_errors=True) as name:
        shutil.copytree(ROOT / "examples", Path(name, "examples"))
        made = Kitchen(Path(name))
        for image, content in images.items():
            made.put(f"{image}.simcard", content)
        yield made


@cache
def card_image() -> bytes:
    """The Electronic Port card of the book."""
    with kitchen() as here:
        here.ok(blocks("A card and a shell", "sh new")[0])
        return (here.folder / "card.simcard").read_bytes()


@cache
def piv_files() -> Mapping[str, bytes]:
    """The PIV card of the book with its two keys, and what else its recipe leaves in the folder."""
    with kitchen() as here:
        here.ok(blocks("A PIV card", "sh new")[0])
        here.ok(recipe("A PIV card", "sh piv"), card="piv.simcard")
        return {name: (here.folder / name).read_bytes() for name in ("piv.simcard", "authority.crt", "authority.key")}


@contextlib.contextmanager
def piv_kitchen() -> Iterator[Kitchen]:
    """A folder with the PIV card and its authority."""
    with kitchen() as here:
        for name, content in piv_files().items():
            here.put(name, content)
        yield here


@cache
def locked_image() -> bytes:
    """The Electronic Port card with its user PIN locked."""
    wrong = "pkcs15-tool --verify-pin --pin 00000000 || true\n"
    with kitchen(card=card_image()) as here:
        here.ok(wrong * 3, card="card.simcard")
        return (here.folder / "card.simcard").read_bytes()


def holds(said: str, lines: list[str]) -> None:
    """All lines appear, in this order."""
    at = 0
    for line in lines:
        found = said.find(line, at)
        assert found >= 0, f"{line!r} is not in:\n{said}"
        at = found + len(line)
