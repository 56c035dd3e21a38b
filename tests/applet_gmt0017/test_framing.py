"""Length forms, long responses in pieces, and classes."""

from __future__ import annotations

import pytest

from simcard.applet.gmt0017.applet import VARIANTS, Gmt0017Applet
from simcard.wire.gmt0017 import TEXT, GmtIns, GmtSW
from tests.applet_gmt0017.support import CONTAINER, Token, ready, token, u4, with_application

CERTIFICATE = b"\x30\x82\x03\xe8" + bytes(i & 0xFF for i in range(1000))


def with_certificate(**switches: str | int | bool) -> Token:
    made = ready(**switches)
    made.ok(0x4C, made.where + b"\x01" + u4(len(CERTIFICATE)) + CERTIFICATE)
    return made


def test_the_table_has_every_instruction_of_the_standard() -> None:
    changed = {ins for table in VARIANTS.values() for ins in table}
    assert set(GmtIns) == set(Gmt0017Applet.commands) | changed


def test_every_status_word_has_its_text() -> None:
    said = {sw for sw in GmtSW if sw in TEXT}
    assert set(GmtSW) - said <= {GmtSW.APPLICATION_EXISTS}


@pytest.mark.parametrize(
    "apdu",
    [
        "802200000000",
        "8022000000",
        "80220000000000",
        "80220000",
        "8022000000FFFF",
    ],
)
def test_all_forms_of_a_command_without_data(apdu: str) -> None:
    made = with_application()
    expected = (b"", 0x6700) if len(apdu) == 12 else (b"GM3000APP\0\0", 0x9000)
    assert expected == made.bench.send(apdu)


@pytest.mark.parametrize("tail", ["", "0A", "00"])
def test_short_forms_with_data(tail: str) -> None:
    made = with_application()
    assert 10 == len(made.bench.ok("8026000009" + b"GM3000APP".hex() + tail))


@pytest.mark.parametrize("tail", ["", "000A", "0000"])
def test_extended_forms_with_data(tail: str) -> None:
    made = with_application()
    assert 10 == len(made.bench.ok("80260000000009" + b"GM3000APP".hex() + tail))


def test_a_short_response_room_is_256_bytes() -> None:
    made = with_certificate()
    raw = bytes.fromhex("804E010004") + made.where
    found, sw = b"", 0x6A9E
    pieces = []
    while sw == 0x6A9E:
        piece, sw = made.bench.send(raw)
        pieces.append(len(piece))
        found += piece
    assert u4(len(CERTIFICATE)) + CERTIFICATE == found
    assert [256] * 3 + [len(found) - 768] == pieces


def test_the_token_has_its_own_longest_piece() -> None:
    made = with_certificate(max_response=500)
    first, sw = made.send(0x4E, made.where, 0x100, ne=0)
    assert (500, 0x6A9E) == (len(first), sw)


def test_pieces_may_differ_in_length_only_through_a_new_command() -> None:
    made = with_certificate()
    first, _ = made.send(0x4E, made.where, 0x100, ne=100)
    again, _ = made.send(0x4E, made.where, 0x100, ne=200)
    assert first == again[:100]


def test_another_command_forgets_the_rest() -> None:
    made = with_certificate()
    first, _ = made.send(0x4E, made.where, 0x100, ne=100)
    made.ok(0x22, ne=0)
    again, sw = made.send(0x4E, made.where, 0x100, ne=100)
    assert (first, 0x6A9E) == (again, sw)


def test_a_command_that_changes_memory_needs_room_for_its_answer() -> None:
    made = with_application()
    made.login()
    before = made.bench.content()
    assert made.sw(0x40, made.ident + CONTAINER, ne=1) == "6C00"
    assert before == made.bench.content()


@pytest.mark.parametrize("ins", [0x00, 0x06, 0x2A, 0x62, 0x7F, 0xC6, 0xD0, 0xFE])
def test_an_instruction_there_is_not(ins: int) -> None:
    assert token().sw(ins) == "6D00"


@pytest.mark.parametrize("ins", sorted(set(GmtIns) - {0x12, 0x16, 0x1A, 0x7F}))
def test_a_mac_belongs_to_three_commands(ins: int) -> None:
    assert token().sw(ins, cla=0x84) == "6882"


@pytest.mark.parametrize(
    ("cla", "sw"), [(0x88, "6882"), (0x8C, "6882"), (0x04, "6882"), (0xA0, "6E00"), (0xFF, "6E00")]
)
def test_other_classes(cla: int, sw: str) -> None:
    assert token().sw(0x22, ne=0, cla=cla) == sw


def test_a_command_may_come_chained() -> None:
    made, label = token(), b"a chained label"
    assert made.sw(0x02, label[:5], cla=0x90) == "9000"
    made.ok(0x02, label[5:])
    assert label.ljust(32, b"\0") == made.ok(0x04, ne=0)[132:164]


def test_mac_final_is_not_envelope_and_mac_update_not_get_response() -> None:
    made = ready()
    assert made.sw(0xC2, made.where + b"\0\1", ne=16) == "6A8C"
    assert made.sw(0xC0, made.where + b"\0\1") == "6A8C"
