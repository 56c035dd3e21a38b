"""The process is killed at any step of issuing and renewal: nothing is lost, and running it again finishes.

So does whoever takes another blank instead, or makes the card void; and the authority's book has no good certificate
then that no card has.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from host_tools.cli.station import issuing
from host_tools.issuing.procedures import Procedures
from host_tools.link.inprocess import InProcessLink
from host_tools.office.desk import Desk
from host_tools.office.folder import OPERATOR, Office
from host_tools.office.plastic import Plastic
from host_tools.pki.certificate import Use
from host_tools.registry.audit import audit
from host_tools.registry.states import Action, CardKind, CardState
from simcard.hal.fileflash import FileFlash
from simcard.hal.power import PowerLost
from tests.issuing.judge import insist_that_openssl_takes, lame, strays
from tests.issuing.support import BLANKS, OPERATOR_NUMBER, PIN, Town
from tests.kit import image_of, on_bench, tell
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
        number = town.add_declarant(generation)
    town.blank(number, generation)
    town.office.close()
    written(image, town.images[number])
    return number


def insist_on_no_stray(office: Office, number: str) -> None:
    """No good certificate that no card has, no open work, and a log that agrees."""
    assert [] == strays(office)
    with office.registry.reading() as work:
        assert ((), ()) == (work.unfinished(work.card(number)), audit(work).findings)


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
        assert [] == lame(office)
        insist_on_no_stray(office, number)
    insist_that_openssl_takes(card, folder / "ca", image.parent)


@dataclass(frozen=True)
class Left:
    """What a killed process left: an office's folder, a card's image, and its number."""

    town: Town
    what: str
    folder: Path
    image: Path
    number: str


def kill_everywhere(town: Town, what: str, tmp_path: Path, step: int, after: Callable[[Left], None]) -> int:
    """Kill the work at every `step`th moment and the last, and let `after` go on with what is left; all its moments."""
    image = town.folder / (OPERATOR if what == "operator" else "card.simcard")
    number = prepared(town, what, image)
    rehearsal = shutil.copytree(town.folder, tmp_path / "rehearsal")
    moments = dying.run(what, rehearsal, town.clock(), rehearsal / image.name, number)
    insist_on_whole(rehearsal, town, rehearsal / image.name, number)
    for at in sorted({*range(1, moments + 1, step), moments}):
        folder = shutil.copytree(town.folder, tmp_path / f"office{at}")
        copy = folder / image.name
        assert -signal.SIGKILL == dying.run(what, folder, town.clock(), copy, number, at)
        after(Left(town, what, folder, copy, number))
        shutil.rmtree(folder)
    return moments


def run_again(left: Left) -> None:
    """The same once more, which must go through."""
    assert 0 <= dying.run(left.what, left.folder, left.town.clock(), left.image, left.number)
    insist_on_whole(left.folder, left.town, left.image, left.number)


def take_another_blank(left: Left) -> None:
    """The blank that was begun is said to be destroyed, and another becomes the card, unless the first one is it."""
    generation = Plastic(InProcessLink(on_bench(left.town.images[left.number]).card, PowerLost)).generation()
    link = InProcessLink(on_bench(image_of(BLANKS[generation], 99)).card, PowerLost)
    with Office(left.folder, SetClock(left.town.clock()), SM2) as office:
        with office.registry.reading() as work:
            waiting = work.card(left.number).state is CardState.PREPARING
        if waiting:
            list(issuing(office, Plastic(link), left.number, another=True).run(lambda: PIN))
        assert [] == lame(office)
        insist_on_no_stray(office, left.number)


def make_it_void(left: Left) -> None:
    """The card becomes void, in whatever state it was left.

    If it was finished and not yet recorded in another's place, that other's certificates may be revoked already.
    """
    with Office(left.folder, SetClock(left.town.clock()), SM2) as office:
        with office.registry.reading() as work:
            card = work.card(left.number)
            by_office = card.state is CardState.PREPARING or card.kind is CardKind.LEGAL
        by = OPERATOR_NUMBER if by_office else left.town.legal
        Desk(office).submit(left.town.order(Action.VOID, by, left.number))
        insist_on_no_stray(office, left.number)


AFTER = [(what, run_again) for what in dying.WORK]
AFTER += [("issue", take_another_blank), ("replace", take_another_blank)]
AFTER += [("renew", make_it_void), ("issue", make_it_void), ("replace", make_it_void)]


@pytest.mark.parametrize(("what", "after"), AFTER)
def test_a_killed_process_loses_nothing(town: Town, what: str, after: Callable[[Left], None], tmp_path: Path) -> None:
    step = STEPS.get(what, STEP)
    assert kill_everywhere(town, what, tmp_path, step, after) > step


@pytest.mark.slow
@pytest.mark.parametrize(("what", "after"), AFTER)
def test_no_process_killed_anywhere_loses_anything(
    any_town: Town, what: str, after: Callable[[Left], None], tmp_path: Path
) -> None:
    moments = kill_everywhere(any_town, what, tmp_path, 1, after)
    tell(f"{what}, {after.__name__}: killed at each of {moments} moments, none lost")
