"""Nothing is lost: renewal and unlocking cut short at every command and at every flash operation, and run again.

Every command and every operation with -m slow; some of them always.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from host_tools.office.plastic import Plastic
from host_tools.office.unlock import Unlock
from host_tools.renewal.renewal import Renewal
from tests.issuing.support import PIN, Town
from tests.kit import tell
from tests.renewal.interrupted import OWN, Scene, sweep_commands, sweep_operations
from tests.renewal.test_renewal import lock, near_the_end


def renew(town: Town, plastic: Plastic) -> None:
    """The legal person's own renewal. A finished one is left alone, as a person would who sees the new date."""
    renewal = Renewal(town.office, plastic)
    if renewal.view().start.date() == town.clock().date():
        return
    pin = OWN if plastic.scripts() == 1 else PIN
    renewal.begin(plastic.iso, town.legal, pin)
    for _ in renewal.run(lambda: pin):
        pass


def unlock(town: Town, plastic: Plastic) -> None:
    """An operator's card unlocked by the legal person's; one that is not locked is left alone."""
    work = Unlock(town.office, plastic)
    if not work.is_open and plastic.tries_left():
        return
    work.begin(town.card(town.legal), town.legal, PIN)
    work.finish()


def scene_of_renewal(town: Town) -> Scene:
    town.card(town.legal).change_pin(1, PIN, OWN)
    near_the_end(town, town.legal)
    return scene(town, town.legal, renew)


def scene_of_unlocking(town: Town) -> Scene:
    town.card(town.clerk).change_pin(1, PIN, OWN)
    lock(town.plastic(town.clerk))
    return scene(town, town.clerk, unlock)


def scene(town: Town, number: str, work: object) -> Scene:
    town.images |= {each: bench.flash.image() for each, bench in town.benches.items()}
    town.office.close()
    return Scene(town.folder, town, number, work)  # type: ignore[arg-type]


SCENES = {"renewal": scene_of_renewal, "unlocking": scene_of_unlocking}


@pytest.fixture(params=list(SCENES))
def before(request: pytest.FixtureRequest, any_town: Town) -> Scene:
    return SCENES[request.param](any_town)


def outcome(cut: Scene, old: str) -> str:
    """What the cut left: the old certificate or a new one, whole. Then the work is done again and must go through."""
    # A locked card shows its certificate, but does not sign before it is unlocked.
    on_card = cut.certificate().number if cut.town.plastic(cut.number).tries_left() else old
    found = "old" if on_card == old else "new"
    cut.finish()
    return found


def told(what: str, found: Counter[str]) -> None:
    tell(f"{what}: {found.total()} cuts, {found['old']} left the old, {found['new']} the new, none lost")


def test_a_link_that_fails_loses_nothing(before: Scene, tmp_path: Path) -> None:
    found = sweep_commands(before, tmp_path, partial(outcome, old=before.registered()), 7)
    told("commands", found)
    assert found["old"] > 0


def test_a_power_cut_loses_nothing(before: Scene, tmp_path: Path) -> None:
    found = sweep_operations(before, tmp_path, partial(outcome, old=before.registered()), 4)
    told("flash operations", found)
    assert found["old"] > 0


@pytest.mark.slow
def test_no_link_that_fails_anywhere_loses_anything(before: Scene, tmp_path: Path) -> None:
    told("commands", sweep_commands(before, tmp_path, partial(outcome, old=before.registered()), 1))


@pytest.mark.slow
def test_no_power_cut_anywhere_loses_anything(before: Scene, tmp_path: Path) -> None:
    told("flash operations", sweep_operations(before, tmp_path, partial(outcome, old=before.registered()), 1))
