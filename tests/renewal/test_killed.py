"""The process is killed at any step of issuing and renewal: nothing is lost, and running it again finishes."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from host_tools.issuing.procedures import Procedures
from host_tools.link.inprocess import InProcessLink
from host_tools.office.folder import OPERATOR, Office
from host_tools.office.plastic import Plastic
from host_tools.pki.certificate import Use
from host_tools.registry.audit import audit
from host_tools.registry.states import Action, CardKind, CardState
from simcard.hal.fileflash import FileFlash
from simcard.hal.power import PowerLost
from tests.issuing.judge import insist_that_openssl_takes
from tests.issuing.support import DECLARANT, PIN, Town
from tests.kit import on_bench, tell
from tests.pki.support import SM2, SetClock
from tests.renewal import dying
from tests.renewal.test_renewal import lock, near_the_end

STEP = 29
"""Every 29th moment in the usual run."""
STEPS = {"unlock": 5}


def written(image: Path, content: bytes) -> None:
    """A card image with this memory."""
    flash = FileFlash.create(image, len(content))
    flash.program(0, content)
    flash.sync()
    flash.close()


def prepared(town: Town, what: str, image: Path) -> str:
    """The number of the card that the work is done on, its image laid ready."""
    if what == "renew":
        near_the_end(town, town.legal)
        town.office.close()
        written(image, town.images[town.legal])
        return town.legal
    if what == "operator":
        town.office.close()
        return "ZZ9F000000002"
    if what == "unlock":
        lock(town.plastic(town.clerk))
        town.office.close()
        written(image, town.bench(town.clerk).flash.image())
        written(image.with_name(dying.LEGAL), town.images[town.legal])
        return town.clerk
    generation, procedures = town.plastic(town.clerk).generation(), Procedures(town.office)
    if what == "replace":
        number = procedures.replace(town.order(Action.REPLACE, town.legal, town.clerk))
    else:
        number = procedures.add(town.order(Action.ISSUE, town.legal), DECLARANT, CardKind.DECLARANT, generation)
    town.blank(number, generation)
    town.office.close()
    written(image, town.images[number])
    return number


def insist_on_whole(folder: Path, town: Town, image: Path, number: str) -> None:
    """Card, registry and log agree, and the card signs with the key of its certificate."""
    flash = FileFlash.open(image)
    content = flash.read(0, flash.size)
    flash.close()
    card = Plastic(InProcessLink(on_bench(content).card, PowerLost)).iso
    card.verify_pin(1, PIN)
    reference = card.containers()[0].keys[0].reference
    with Office(folder, SetClock(town.clock()), SM2) as office, office.registry.reading() as work:
        row = work.card(number)
        assert CardState.NORMAL is row.state
        assert work.current(row, Use.SIGN).der == card.read_certificate(reference)
        assert () == audit(work).findings
    insist_that_openssl_takes(card, folder / "ca", image.parent)


def kill_everywhere(town: Town, what: str, tmp_path: Path, step: int) -> int:
    image = town.folder / (OPERATOR if what == "operator" else "card.simcard")
    number = prepared(town, what, image)
    rehearsal = shutil.copytree(town.folder, tmp_path / "rehearsal")
    moments = dying.run(what, rehearsal, town.clock(), rehearsal / image.name, number)
    insist_on_whole(rehearsal, town, rehearsal / image.name, number)
    for at in range(1, moments + 1, step):
        folder = shutil.copytree(town.folder, tmp_path / f"office{at}")
        copy = folder / image.name
        assert -signal.SIGKILL == dying.run(what, folder, town.clock(), copy, number, at)
        assert 0 < dying.run(what, folder, town.clock(), copy, number)
        insist_on_whole(folder, town, copy, number)
        shutil.rmtree(folder)
    return moments


@pytest.mark.parametrize("what", list(dying.WORK))
def test_a_killed_process_loses_nothing(town: Town, what: str, tmp_path: Path) -> None:
    assert kill_everywhere(town, what, tmp_path, STEPS.get(what, STEP)) > STEPS.get(what, STEP)


@pytest.mark.slow
@pytest.mark.parametrize("what", list(dying.WORK))
def test_no_process_killed_anywhere_loses_anything(any_town: Town, what: str, tmp_path: Path) -> None:
    moments = kill_everywhere(any_town, what, tmp_path, 1)
    tell(f"{what}: killed at each of {moments} moments, none lost")
