"""A card in a PC/SC reader before the judge: through a rootless service, and through the real pcscd and vpcd."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from reader_bridge.pcsc_world import run_world
from reader_bridge.slot import CardLike
from tests.kit import bench
from tests.plugin import simcard

ATR, SERIAL = "3B878131FE4580739421C081058E", b"03-ZZ9S000000002".hex().upper()
JUDGE = (sys.executable, "-m", "host_tools.cli", "conformance", "--reader", "00 00", "--target", "eport-operator")
NAMED = (*JUDGE, "--atr", ATR, "--serial", SERIAL)
WAIT = f"{sys.executable} -m tests.reader_bridge.pcsc_client present 0"
"""pcscd notices a card within a second."""


def judged(*arguments: str) -> subprocess.CompletedProcess[str]:
    return simcard.run("exec", "--profile", "eport-operator", "--", *arguments)


@pytest.mark.parametrize("suite", ["pcsc", "iso7816-3", "iso7816-4-apdu", "iso7816-4-security"])
def test_a_suite_holds_in_a_reader(suite: str) -> None:
    ended = judged(*NAMED, "--suite", suite, "--json")
    results = json.loads(ended.stdout)["results"]
    wrong = [(each["case"], each["reason"]) for each in results if each["verdict"] in ("fail", "unresolved")]
    assert (0, []) == (ended.returncode, wrong)


def test_cases_that_change_a_card_in_a_reader_are_left_out_unless_allowed() -> None:
    told = "it changes the card for good; --destructive allows that"
    ended = judged(*NAMED, "--suite", "iso7816-4-security", "-k", "change", "--json")
    assert [("not applicable", told)] == [
        (each["verdict"], each["reason"]) for each in json.loads(ended.stdout)["results"]
    ]


def test_they_run_when_they_are_allowed() -> None:
    ended = judged(*NAMED, "--destructive", "--suite", "iso7816-4-security", "-k", "change", "--json")
    assert ["pass"] == [each["verdict"] for each in json.loads(ended.stdout)["results"]]


@pytest.mark.parametrize(
    ("expected", "identity"),
    [
        ("the card's ATR is", ("--atr", "3B00", "--serial", SERIAL)),
        ("the card's serial number is", ("--atr", ATR, "--serial", "0102")),
    ],
)
def test_another_card_is_not_judged(expected: str, identity: tuple[str, ...]) -> None:
    ended = judged(*JUDGE, *identity, "--suite", "iso7816-3")
    assert (2, True) == (ended.returncode, expected in ended.stderr)


@pytest.mark.pcsc
def test_the_suite_of_pcsc_holds_on_the_real_service(tmp_path: Path) -> None:
    card: CardLike = bench("eport-operator").card
    save = tmp_path / "run.json"
    script = f"{WAIT} && {shlex.join((*NAMED, '--suite', 'pcsc', '--save', str(save)))}"
    code = run_world(1, ["sh", "-ec", script], [card])
    results = json.loads(save.read_bytes())["results"]
    wrong = [(each["case"], each["reason"]) for each in results if each["verdict"] in ("fail", "unresolved")]
    assert (0, []) == (code, wrong)
