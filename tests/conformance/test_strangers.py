"""Cards that others wrote before the judge: it finds what they do, and it does not take them for dead or for ours."""

from __future__ import annotations

from functools import cache

import pytest

from conformance import run
from conformance.format import load_target
from conformance.judge import Judge
from conformance.result import Result, Verdict
from host_tools.errors import FileProblem
from scripts.run_strangers import judged, last_words, tables
from scripts.strangers.rig import STRANGERS, Stranger, running

BY_NAME = {stranger.name: stranger for stranger in STRANGERS}
EACH = pytest.mark.parametrize("stranger", STRANGERS, ids=lambda stranger: stranger.name)


@cache
def verdicts(name: str, *wanted: str) -> dict[str, Result]:
    """The cases of these names on a stranger's card."""
    stranger = BY_NAME[name]
    with running(stranger) as rig:
        judge = Judge(load_target(stranger.target), rig)
        results = [judge.run(suite, case) for suite, case in run.cases(run.suites(), wanted)]
    return {result.name: result for result in results}


@EACH
def test_a_stranger_answers_its_reset(stranger: Stranger) -> None:
    with running(stranger) as rig:
        assert rig.insert().atr[:1] == b"\x3b"


@EACH
def test_every_case_gets_a_new_card(stranger: Stranger) -> None:
    """A program that has ended, as the last case left it, comes back."""
    with running(stranger) as rig:
        rig.insert().close()
        assert b"\x90\x00" == rig.insert().transmit(select(stranger))[-2:]


def test_a_program_that_does_not_start_is_said_at_once() -> None:
    with running(Stranger("missing", "nowhere")) as rig, pytest.raises(FileProblem, match="make setup"):
        rig.insert()


def select(stranger: Stranger) -> bytes:
    name = bytes.fromhex(str(load_target(stranger.target).values["iso_aid"]))
    return b"\x00\xa4\x04\x0c" + bytes((len(name),)) + name


@EACH
def test_a_right_pin_is_right_everywhere(stranger: Stranger) -> None:
    name = "iso7816-4-security:verify-right"
    assert Verdict.PASS is verdicts(stranger.name, name)[name].verdict


@pytest.mark.parametrize(
    ("stranger", "case", "word"),
    [
        ("vicc", "iso7816-4-apdu:class-proprietary-select", "got 9000"),
        ("vicc", "iso7816-4-security:verify-counts", "got 6300"),
        ("vicc", "iso7816-4-security:verify-zero-padded", "got 9000"),
        ("python_smartcard", "iso7816-4-apdu:chain-of-two", "got 6F00"),
        ("python_smartcard", "iso7816-4-apdu:channel-close-unopened", "no byte at all"),
        ("jcecard_card", "iso7816-4-security:status-ends-with-reset", "got 9000"),
        ("jcecard_card", "iso7816-4-security:verify-logout", "got 9000"),
    ],
)
def test_what_a_stranger_does_is_found(stranger: str, case: str, word: str) -> None:
    result = verdicts(stranger, case)[case]
    assert (Verdict.FAIL, True) == (result.verdict, word in result.reason)


def test_a_program_that_ends_is_no_verdict_on_the_case() -> None:
    name = "iso7816-4-files:read-all"
    result = verdicts("vicc", name)[name]
    assert Verdict.UNRESOLVED is result.verdict
    assert {"00D60000": 1} == last_words([result])


def test_vpcd_cannot_say_everything() -> None:
    name = "iso7816-4-apdu:header-cut-short/1"
    result = verdicts("jcecard_card", name)[name]
    assert (Verdict.UNRESOLVED, True) == (result.verdict, "cannot carry this" in result.reason)


@pytest.mark.slow
@EACH
def test_a_stranger_is_judged_to_the_end(stranger: Stranger) -> None:
    results = judged(stranger)
    assert 30 < sum(result.verdict is Verdict.PASS for result in results)
    assert 5 < sum(result.verdict is Verdict.FAIL for result in results)
    assert all(line.count("|") != 1 for line in tables(stranger, results))
