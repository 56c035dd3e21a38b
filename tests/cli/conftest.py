"""The program in this process, and fresh card images that were made once."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from host_tools.cli.__main__ import run

SECRETS = ("SIMCARD_PIN", "SIMCARD_NEW_PIN", "SIMCARD_PUK")
PIN, ADMIN = "88888888", "66666666"
SEED = "7"
DAY = "2026-07-25"


@dataclass(frozen=True, slots=True)
class Done:
    """How a run ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Simcard = Callable[..., Done]
Image = Callable[..., Path]


@pytest.fixture
def simcard(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Simcard:
    """Run the program: arguments, `stdin` text, and secrets as environment variables."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("SIMCARD_LANG", raising=False)

    def call(*arguments: str | Path, stdin: str = "", **secrets: str) -> Done:
        for name in SECRETS:
            monkeypatch.delenv(name, raising=False)
        for name, value in secrets.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        code = run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        done = Done(code, out.decode(), err.decode())
        assert "Traceback" not in done.err
        return done

    return call


@pytest.fixture(scope="session")
def masters(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The image of a profile, made once per session."""
    folder = tmp_path_factory.mktemp("masters")

    def master(profile: str) -> Path:
        image = folder / f"{Path(profile).name}.img"
        if not image.exists():
            assert 0 == run(["new", str(image), "-p", profile, "--seed", SEED, "--date", DAY, "--quiet"])
        return image

    return master


@pytest.fixture
def image(masters: Callable[[str], Path], tmp_path: Path) -> Image:
    """A fresh copy of the image of a profile."""

    def copy(profile: str = "eport-operator") -> Path:
        return Path(shutil.copy(masters(profile), tmp_path / f"{Path(profile).stem}.img"))

    return copy
