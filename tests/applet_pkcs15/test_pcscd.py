"""The same programs against the real pcscd and its real driver for virtual readers."""

from __future__ import annotations

import sys

import pytest

from reader_bridge.pcsc_world import run_world
from tests.applet_pkcs15.kit import MODULE, PIN, PUK, STRONG, USER_PIN, blank, filled, lines, view
from tests.kit import Bench

pytestmark = pytest.mark.pcsc

WAIT = f"{sys.executable} -m tests.reader_bridge.pcsc_client present 0"
"""pcscd notices a card within a second and these programs do not wait; `opensc-tool --wait` may miss the event."""


def said(capfd: pytest.CaptureFixture[str], card: Bench, *script: str) -> str:
    """What the commands of a script said; all must succeed."""
    assert 0 == run_world(1, ["sh", "-ec", "\n".join((WAIT, *script))], [card.card])
    captured = capfd.readouterr()
    return captured.out + captured.err


def test_an_electronic_port_card_is_found_and_tested(capfd: pytest.CaptureFixture[str]) -> None:
    test = f"pkcs11-tool --module {MODULE} --test --login --pin {USER_PIN}"
    output = said(capfd, view(STRONG), "opensc-tool -n", test)
    assert "Javacard with IsoApplet" in output
    assert ["No errors"] == lines(output, "No errors")


def test_a_blank_card_is_created_and_gets_a_key(capfd: pytest.CaptureFixture[str]) -> None:
    create = f"pkcs15-init --create-pkcs15 --so-pin {PIN} --so-puk {PUK}"
    key = f"pkcs15-init --generate-key ec:secp384r1 --auth-id ff --pin {PIN} --label first"
    assert "Private EC Key [first]" in said(capfd, blank(), create, key, "pkcs15-tool --list-keys")


def test_a_filled_card_is_tested(capfd: pytest.CaptureFixture[str]) -> None:
    output = said(capfd, filled(), f"pkcs11-tool --module {MODULE} --test --login --pin {PIN}")
    assert ["No errors"] == lines(output, "No errors")
