"""The demonstration plays in both worlds, and `make demo` says which."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 300


@pytest.mark.parametrize("readers", ["private", pytest.param("pcscd", marks=pytest.mark.pcsc)])
def test_every_claim_holds(readers: str) -> None:
    command = [sys.executable, "-m", "scripts.demo", readers]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=SECONDS)
    assert 0 == done.returncode, done.stdout[-3000:] + done.stderr
    assert "$ simcard new" in done.stdout
    assert "# expected: 63C2, 63C1, 63C0" in done.stdout


@pytest.mark.parametrize(("settings", "readers"), [((), "private"), (("READER=pcscd",), "pcscd")])
def test_make_says_whose_readers(settings: tuple[str, ...], readers: str) -> None:
    done = subprocess.run(["make", "-n", "demo", *settings], capture_output=True, text=True, check=True, cwd=ROOT)
    assert f"-m scripts.demo {readers}" in done.stdout


def test_other_readers_are_refused() -> None:
    command = [sys.executable, "-m", "scripts.demo", "usb"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=SECONDS)
    assert (2, True) == (done.returncode, "'private', 'pcscd'" in done.stderr)
