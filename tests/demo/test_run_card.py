"""`make run`: what it says, and when."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.run_card import PRIVATE_READER, SYSTEM_READER, hint_for

ROOT = Path(__file__).parents[2]
LAST_WORDS = "Ctrl-C ends this"


@contextmanager
def started(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The program with its card image in this folder, in a private world."""
    command = [sys.executable, "-m", "scripts.run_card", "--private", "--profile", "iso-blank"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_RUNTIME_DIR": str(folder)}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def until_hint(program: subprocess.Popen[str]) -> list[str]:
    """The lines up to the end of the hint."""
    assert program.stdout is not None
    lines: list[str] = []
    while not (lines and lines[-1].endswith(LAST_WORDS)):
        line = program.stdout.readline()
        assert line, program.stderr.read() if program.stderr else ""
        lines.append(line.rstrip())
    return lines


def test_the_hint_names_the_reader_as_programs_see_it() -> None:
    assert [True, True] == [
        SYSTEM_READER in hint_for(None)[-1],
        PRIVATE_READER in hint_for(Path("x"))[-1],
    ]


@pytest.mark.pcsc
def test_the_hint_comes_when_the_reader_is_connected(tmp_path: Path) -> None:
    with started(tmp_path) as program:
        lines = until_hint(program)
        (address,) = (line.partition("=")[2] for line in lines if "PCSCLITE_CSOCK_NAME" in line)
        listed = subprocess.run(
            ["opensc-tool", "--list-readers"],
            env={**os.environ, "PCSCLITE_CSOCK_NAME": address},
            capture_output=True,
            text=True,
            check=True,
        )
        program.send_signal(signal.SIGINT)
        assert 0 == program.wait()
    assert PRIVATE_READER in listed.stdout
    connected = next(at for at, line in enumerate(lines) if line.startswith("reader 0: connected"))
    assert connected < next(at for at, line in enumerate(lines) if "PCSCLITE_CSOCK_NAME" in line)


@pytest.mark.pcsc
def test_an_image_in_use_shows_no_address(tmp_path: Path) -> None:
    with started(tmp_path) as first:
        until_hint(first)
        with started(tmp_path) as second:
            out, err = second.communicate()
    assert (1, "", True) == (second.returncode, out, "in use" in err)
