"""Commands of the office as they are typed, and the image files of its cards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simcard.hal.fileflash import FileFlash
from tests.cli.conftest import PIN, Done, Simcard
from tests.office.support import House, Made

DAY = ("--date", "2026-11-23")
Run = Callable[..., Done]


@pytest.fixture
def run(simcard: Simcard, house: House, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command of the office on the day after its cards were made, with the first PIN."""
    monkeypatch.setenv("SIMCARD_OFFICE", str(house.folder))

    def call(*arguments: str | Path, pin: str = PIN) -> Done:
        return simcard(*arguments, *DAY, SIMCARD_PIN=pin, SIMCARD_SIGNER_PIN=pin)

    return call


@pytest.fixture
def image(house: House, tmp_path: Path) -> Callable[[Made], Path]:
    """The image file of a card."""

    def make(made: Made) -> Path:
        path, content = tmp_path / f"{made.number}.card", house.image(made)
        flash = FileFlash.create(path, len(content))
        flash.program(0, content)
        flash.sync()
        flash.close()
        return path

    return make
