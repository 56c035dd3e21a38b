"""Blanks are made beside their place and moved there whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.cli.cards import EngineChoice, image_link
from host_tools.cli.station import make_blank
from host_tools.errors import ImageProblem
from host_tools.office.plastic import Plastic
from host_tools.pki.generation import Generation
from simcard.hal.fileflash import FileFlash

SIZE = 131072


def nothing(_part: Path) -> None:
    """Nobody was there before."""


def empty(part: Path) -> None:
    """Killed when the file was there and nothing in it."""
    part.touch()


def unformatted(part: Path) -> None:
    """Killed before the card was personalised."""
    FileFlash.create(part, SIZE).close()


def whole(part: Path) -> None:
    """Killed before it was moved."""
    make_blank(part, Generation.RSA, EngineChoice())


@pytest.mark.parametrize("before", [nothing, empty, unformatted, whole])
def test_a_blank_is_made_whatever_was_left_behind(before: Callable[[Path], None], tmp_path: Path) -> None:
    image = tmp_path / "card.simcard"
    before(tmp_path / ".card.simcard.part")
    make_blank(image, Generation.SM2, EngineChoice())
    assert [image] == list(tmp_path.iterdir())
    with image_link(image, EngineChoice()) as link:
        assert Generation.SM2 is Plastic(link).generation()


def test_a_blank_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    image = tmp_path / "card.simcard"
    image.write_bytes(b"mine")
    make_blank(image, Generation.SM2, EngineChoice())
    assert b"mine" == image.read_bytes()


def test_a_blank_that_another_program_makes_is_waited_for(tmp_path: Path) -> None:
    at_work = FileFlash.create(tmp_path / ".card.simcard.part", SIZE)
    with pytest.raises(ImageProblem, match="another program is making"):
        make_blank(tmp_path / "card.simcard", Generation.SM2, EngineChoice())
    at_work.close()
