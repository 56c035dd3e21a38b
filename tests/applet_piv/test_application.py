"""Selecting the PIV application, and what ends when it is left (NIST SP 800-73-4 part 2, 3.1.1)."""

from __future__ import annotations

import pytest

from simcard.wire.tlv import fields, find, parse
from tests.applet_piv.support import AID, SELECT, STANDARD, Piv, get_data, piv, piv_of
from tests.kit import bench, command

PRINTED = 0x5FC109
LEAVE = command(0xA4, 0, 0x0C, bytes.fromhex("3F00"))
ISO = command(0xA4, 4, 0x0C, bytes.fromhex("F053494D4341524400"))
EXTENSIONS = (0xF7, 0xF8, 0xF9, 0xFA, 0xFB, 0xFD, 0xFE, 0xFF)


@pytest.fixture
def card() -> Piv:
    return piv()


def test_the_answer_names_application_and_authority() -> None:
    found = fields(find(bench("piv").ok(SELECT), 0x61) or b"")
    assert (AID[5:], AID[:5]) == (found[0x4F], find(found[0x79], 0x4F))


@pytest.mark.parametrize("length", [5, 9, 11])
def test_a_shortened_name_will_do(length: int) -> None:
    assert 0x61 == parse(bench("piv").ok(command(0xA4, 4, 0, AID[:length], ne=256)))[0].tag


def test_another_version_is_not_found() -> None:
    bench("piv").refused(command(0xA4, 4, 0, AID[:-2] + b"\x02\x00", ne=256), 0x6A82)


def test_files_cannot_be_selected_here(card: Piv) -> None:
    card.bench.refused(LEAVE, 0x6A82)


def test_a_failed_select_leaves_the_application_selected(card: Piv) -> None:
    card.verify()
    card.bench.refused(command(0xA4, 4, 0, b"\xa0\x00\x00\x09\x99", ne=256), 0x6A82)
    assert b"" != card.get(PRINTED)


def test_the_application_pin_ends_with_the_application(card: Piv) -> None:
    card.verify()
    card.bench.ok(ISO)
    card.bench.ok(SELECT)
    card.bench.refused(get_data(PRINTED), 0x6982)


def test_the_management_key_ends_with_the_application(card: Piv) -> None:
    card.manage()
    card.bench.ok(ISO)
    card.bench.ok(SELECT)
    card.bench.refused(command(0x47, 0, 0x9A, bytes.fromhex("AC03800111"), 256), 0x6982)


def test_the_global_pin_does_not(card: Piv) -> None:
    card.verify(b"000000", 0x00)
    card.bench.ok(ISO)
    card.bench.ok(SELECT)
    assert b"" != card.get(PRINTED)


def test_selecting_again_ends_the_status_as_on_a_yubikey(card: Piv) -> None:
    card.verify()
    card.bench.ok(SELECT)
    card.bench.refused(get_data(PRINTED), 0x6982)


def test_selecting_again_keeps_the_status_by_the_standard() -> None:
    standard = piv_of(STANDARD)
    standard.verify()
    standard.bench.ok(SELECT)
    assert b"" != standard.get(PRINTED)


@pytest.mark.parametrize("ins", EXTENSIONS)
def test_the_extensions_are_switched_off_by_the_profile(ins: int) -> None:
    piv_of(STANDARD).bench.refused(command(ins, ne=256), 0x6D00)


@pytest.mark.parametrize("ins", [0x84, 0xB0, 0xD6, 0xE0, 0x2A])
def test_commands_of_other_doors_are_not_here(card: Piv, ins: int) -> None:
    card.bench.refused(command(ins, ne=8), 0x6D00)


def test_a_command_without_le_is_answered_at_once() -> None:
    data, sw = bench("piv").send(command(0xA4, 4, 0, AID[:5]))
    assert (0x61, 0x9000) == (data[0], sw)


def test_by_the_standard_such_an_answer_waits() -> None:
    waiting = piv_of(STANDARD).bench
    assert (b"", 0x61) == (waiting.send(command(0xA4, 4, 0, AID[:5]))[0], waiting.send(SELECT[:-1])[1] >> 8)


def test_channels_are_apart(card: Piv) -> None:
    card.verify()
    assert b"\x01" == card.bench.ok(command(0x70, 0, 0, ne=1))
    card.bench.ok(b"\x01" + SELECT[1:])
    card.bench.refused(b"\x01" + get_data(PRINTED)[1:], 0x6982)
