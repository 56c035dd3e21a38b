"""The same programs against the real pcscd and its real driver for virtual readers."""

from __future__ import annotations

import pytest

from reader_bridge.pcsc_world import run_world
from tests.applet_piv.desk import enrolled_card
from tests.applet_piv.test_programs import RSA_PLAN, assert_all_passed
from tests.kit import Bench, bench

pytestmark = pytest.mark.pcsc

WAIT = "opensc-tool --wait --atr"
"""pcscd notices a card within a second; programs do not wait for one unless told to."""

TOOL = "yubico-piv-tool -r Virtual"
"""Yubico's tool looks for readers called Yubikey unless told of another."""


def said(capfd: pytest.CaptureFixture[str], card: Bench, *script: str) -> str:
    """What the commands of a script said; all must succeed."""
    assert 0 == run_world(1, ["sh", "-ec", "\n".join((WAIT, *script))], [card.card])
    captured = capfd.readouterr()
    return captured.out + captured.err


def test_every_mechanism_passes(capfd: pytest.CaptureFixture[str]) -> None:
    card, _ = enrolled_card(*RSA_PLAN)
    assert_all_passed(said(capfd, card, "pkcs11-tool --test --login --pin 123456"))


def test_yubicos_tool_makes_a_key(capfd: pytest.CaptureFixture[str]) -> None:
    made = f"{TOOL} -a generate -s 9a -A ECCP256 -o /dev/null"
    output = said(capfd, bench("piv"), made, f"{TOOL} -a attest -s 9a", f"{TOOL} -a status")
    assert ("BEGIN CERTIFICATE" in output, "PIN tries left:\t3" in output) == (True, True)


def test_opensc_knows_the_card(capfd: pytest.CaptureFixture[str]) -> None:
    assert "Personal Identity Verification Card" in said(capfd, bench("piv"), "opensc-tool -n")
