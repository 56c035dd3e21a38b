"""Power is cut at every flash operation of what a card does, in every mode, and again during what comes next.

The normal run takes a sample of the second cuts; the slow one takes all. The scripts can also be run by hand:
`simcard tear tests/powercut/scripts/pins.txt`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from conformance.tear import TEARS, Explorer, Plan, Report, Script, free_guess
from conformance.tear_script import ScriptText, parse
from host_tools.cli.rig import CardRig, FactoryRig, prepared
from simcard import profile as sheets
from simcard.wire.apdu import Ins
from tests.conftest import TearSweep
from tests.kit import builtin, clean, command, image_of

SCRIPTS = Path(__file__).parent / "scripts"
MAKING = Script((b"make the card",), ("making",))
SAMPLE = Plan(second=11, again=5)
WHOLE = Plan(second=1, again=1, seeds=2)
FEW = Plan(stride=11, second=9, again=61)


@cache
def read(name: str) -> ScriptText:
    return parse((SCRIPTS / f"{name}.txt").read_text(encoding="utf-8"))


@cache
def start(name: str) -> bytes:
    text = read(name)
    made = image_of(text.profile, text.seed)
    return prepared(made, text.prepare) if text.prepare else made


def explored(name: str, plan: Plan) -> Report:
    return clean(Explorer(CardRig(), start(name), read(name).script, plan))


@pytest.mark.parametrize("name", ["pins", "files", "keys"])
def test_nothing_is_half_done_after_a_cut(name: str) -> None:
    report = explored(name, SAMPLE)
    assert report.cuts > 0.7 * len(TEARS) * report.operations
    assert report.second_cuts > report.cuts / 4


def test_nothing_is_half_done_when_the_memory_moves_to_its_other_bank() -> None:
    report = explored("compaction", FEW)
    assert report.by_label["update"] > 30


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pins", "files", "keys"])
def test_nothing_is_half_done_after_any_two_cuts(name: str) -> None:
    assert explored(name, WHOLE).second_cuts > 5000


@pytest.mark.slow
def test_nothing_is_half_done_after_any_cut_of_a_move_to_the_other_bank() -> None:
    assert explored("compaction", Plan(second=40, again=7)).cuts > 500


def explored_making(name: str, plan: Plan) -> Report:
    profile = builtin(name)
    return clean(Explorer(FactoryRig(profile, 1), b"\xff" * profile.memory, MAKING, plan))


@pytest.mark.parametrize("name", ["iso-blank", "eport-operator"])
def test_a_card_is_made_whole_or_not_at_all(name: str) -> None:
    assert explored_making(name, SAMPLE).second_cuts > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", sheets.builtin_names())
def test_a_card_is_made_whole_or_not_at_all_after_any_two_cuts(name: str) -> None:
    assert explored_making(name, Plan(second=1, again=1)).second_cuts > 500


RIGHT, WRONG = b"12345678", b"12345679"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (command(Ins.VERIFY, 0, 1, RIGHT), command(Ins.VERIFY, 0, 1, WRONG)),
        (
            command(Ins.CHANGE_REFERENCE_DATA, 0, 1, RIGHT + b"88888888"),
            command(Ins.CHANGE_REFERENCE_DATA, 0, 1, WRONG + b"88888888"),
        ),
        (
            command(Ins.RESET_RETRY_COUNTER, 0, 1, b"87654321" + RIGHT),
            command(Ins.RESET_RETRY_COUNTER, 0, 1, b"87654322" + RIGHT),
        ),
        (command(Ins.DISABLE_VERIFICATION, 0, 1, RIGHT), command(Ins.DISABLE_VERIFICATION, 0, 1, WRONG)),
    ],
    ids=["verify", "change", "unblock", "disable"],
)
def test_a_guess_is_paid_before_it_is_looked_at(right: bytes, wrong: bytes) -> None:
    assert not free_guess(CardRig(), image_of("iso-blank", 1), (), right, wrong)


def test_the_sweep_as_a_fixture(tear_sweep: TearSweep) -> None:
    report = tear_sweep(["00DA00C104 01020304"], ["0020000308 3131323233333434"])
    assert 8 == report.cuts
