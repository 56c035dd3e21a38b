"""Nothing is lost: making and replacing a card cut short at every command and every flash operation, and run again.

After a cut a blank is a blank or the finished card; after the second run OpenSSL takes what the card signs, up to the
office's root. Every command and every operation with -m slow; some of them always.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from host_tools.cli.station import issuing
from host_tools.issuing.procedures import Procedures
from host_tools.office.plastic import Plastic
from host_tools.pki.generation import Generation
from host_tools.registry.states import Action, CardState
from tests.issuing.judge import insist_that_openssl_takes
from tests.issuing.support import PIN, Town
from tests.kit import tell
from tests.renewal.interrupted import Scene, sweep_commands, sweep_operations


def make(town: Town, plastic: Plastic, number: str) -> None:
    """Make the prepared card, unless it is made."""
    with town.office.registry.reading() as work:
        if work.card(number).made_at is not None:
            return
    for _ in issuing(town.office, plastic, number).run(lambda: PIN):
        pass


def added(town: Town, generation: Generation) -> str:
    return town.add_declarant(generation)


def replaced(town: Town, generation: Generation) -> str:
    return Procedures(town.office).replace(town.order(Action.REPLACE, town.legal, town.clerk))


ORDERED = {"issuing": added, "replacing": replaced}


@pytest.fixture(params=list(ORDERED))
def before(request: pytest.FixtureRequest, any_town: Town) -> Scene:
    """A card that is ordered, its blank laid ready."""
    generation = any_town.plastic(any_town.clerk).generation()
    number = ORDERED[request.param](any_town, generation)
    any_town.blank(number, generation)
    any_town.images |= {each: bench.flash.image() for each, bench in any_town.benches.items()}
    any_town.office.close()
    return Scene(any_town.folder, any_town, number, partial(make, number=number))


def outcome(cut: Scene, tmp_path: Path) -> str:
    """What the cut left on the card. Then the work is done again and must go through."""
    shown = cut.town.plastic(cut.number).number()
    assert shown.removeprefix("03-") in ("", cut.number)
    cut.finish()
    assert CardState.NORMAL is cut.town.state(cut.number)
    card = cut.town.card(cut.number)
    card.verify_pin(1, PIN)
    insist_that_openssl_takes(card, cut.folder / "ca", tmp_path)
    return "card" if shown else "blank"


def told(what: str, found: Counter[str]) -> None:
    tell(f"{what}: {found.total()} cuts, {found['blank']} left a blank, {found['card']} the card, none lost")


def test_a_link_that_fails_loses_nothing(before: Scene, tmp_path: Path) -> None:
    found = sweep_commands(before, tmp_path, partial(outcome, tmp_path=tmp_path), 17)
    told("commands", found)
    assert found["blank"] > 0


def test_a_power_cut_loses_nothing(before: Scene, tmp_path: Path) -> None:
    found = sweep_operations(before, tmp_path, partial(outcome, tmp_path=tmp_path), 11)
    told("flash operations", found)
    assert found["blank"] > 0


@pytest.mark.slow
def test_no_link_that_fails_anywhere_loses_anything(before: Scene, tmp_path: Path) -> None:
    told("commands", sweep_commands(before, tmp_path, partial(outcome, tmp_path=tmp_path), 1))


@pytest.mark.slow
def test_no_power_cut_anywhere_loses_anything(before: Scene, tmp_path: Path) -> None:
    told("flash operations", sweep_operations(before, tmp_path, partial(outcome, tmp_path=tmp_path), 1))
