"""Worlds that cannot be: one line that says why, an exit code, and nothing left behind."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin import simcard

LONG = "d" * 100


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name."""
    with tempfile.TemporaryDirectory(prefix="s-") as name:
        yield Path(name)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("exec", "--readers", "1", "--fault", f"at {'9' * 5000} remove", "--", "true"), 2, "cannot be followed by"),
        (("exec", "--readers", "1", "--fault", f"late {'9' * 10}", "--", "true"), 2, "late takes no"),
        (("exec", "--readers", f"{'9' * 30}", "--", "true"), 2, "--readers"),
        (("exec", "--reader-name", "", "--", "true"), 3, "1 to 127 bytes"),
        (("exec", "--readers", "1", "--gsmtap", "no host.invalid:1", "--", "true"), 3, "--gsmtap no host.invalid"),
        (("serve", "--readers", "1", "--socket", "no/such/pcsc"), 3, "no/such/pcsc"),
        (("serve", "--readers", "1", "--socket", f"{LONG}/pcsc"), 3, "more than 107 bytes"),
        (("serve", "--readers", "1", "--control", "file"), 3, "is not a socket"),
        (("serve", "--readers", "1", "--control", "/proc/no/control"), 3, "/proc/no"),
    ],
)
def test_what_cannot_be_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (folder / "file").touch()
    (folder / "tmp").mkdir()
    monkeypatch.chdir(folder)
    ended = simcard.run(*arguments, env=simcard.environment() | {"TMPDIR": str(folder / "tmp")})
    assert (code, True, False) == (ended.returncode, words in ended.stderr, "Traceback" in ended.stderr), ended.stderr
    assert [] == [*(folder / "tmp").iterdir()]


def test_a_long_temporary_folder_is_told(folder: Path) -> None:
    (folder / LONG).mkdir()
    ended = simcard.run(
        "exec", "--readers", "1", "--", "true", env=simcard.environment() | {"TMPDIR": f"{folder / LONG}"}
    )
    assert (3, True) == (ended.returncode, "a shorter TMPDIR" in ended.stderr)
    assert [] == [*(folder / LONG).iterdir()]


def test_a_full_standard_output_is_not_blamed_on_the_control_socket(folder: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [*simcard.PROGRAM, "serve", "--readers", "1", "--control", str(folder / "c")]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (2, False) == (ended.returncode, "--control" in ended.stderr)
    assert [] == [*folder.iterdir()]


def test_what_a_killed_service_left_is_taken_over(folder: Path) -> None:
    """Its sockets are dead files; a living service's are not taken."""
    there = ("serve", "--readers", "1", "--control", str(folder / "c"), "--socket", str(folder / "p"))
    with simcard.start(*there) as first:
        assert first.stdout is not None and first.stdout.readline()
        assert 3 == simcard.run(*there).returncode
        first.kill()
    with simcard.start(*there) as second:
        assert second.stdout is not None
        assert second.stdout.readline().startswith("export ")
        assert 0 == simcard.run("stop", "--control", str(folder / "c")).returncode
        assert 0 == second.wait(simcard.SECONDS)
    assert [] == [*folder.iterdir()]
