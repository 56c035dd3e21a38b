"""SELECT (ISO/IEC 7816-4:2013, 11.1.1): every way of naming a file, every answer, every wrong use."""

from __future__ import annotations

import pytest

from tests.dialogue import talk
from tests.kit import Bench

TREE = """
    00E00000 [{62 {82 3821}{83 DF01}{84 'A00000000101'}}] = 9000
    00E00000 [{62 {82 0121}{83 0101}{80 0004}{88 08}}] = 9000
    00E00000 [{62 {82 3821}{83 DF11}{84 'A00000000102'}}] = 9000
    00A40108 [DF01] = 6A82
    00A4000C [3F00] = 9000
    00E00000 [{62 {82 3821}{83 DF02}{84 'A00000000202'}}] = 9000
    00E00000 [{62 {82 0121}{83 0201}{80 0002}{88}}] = 9000
    00A4000C [3F00] = 9000
    00E00000 [{62 {82 0121}{83 0001}{80 0001}}] = 9000
    00A4000C [3F00] = 9000
"""

FCP_0101 = "{62 {80 0004}{82 0121}{83 0101}{88 08}{8A 05}}"

RIGHT = {
    "the MF by its identifier": "00A4000C [3F00] = 9000",
    "the MF by no identifier at all": "00A4000C = 9000",
    "an EF of the current DF": "00A4000C [0001] = 9000",
    "a DF of the current DF": "00A4000C [DF01] = 9000",
    "the current DF itself": "00A4000C [DF01] = 9000; 00A4000C [DF01] = 9000; 00A4000C [3FFF] = 9000",
    "a sister of the current DF": "00A4000C [DF01] = 9000; 00A4000C [DF02] = 9000",
    "the parent by identifier": "00A4000C [DF01] = 9000; 00A4000C [DF11] = 9000; 00A4000C [DF01] = 9000",
    "an EF of the parent by identifier": "00A4000C [DF01] = 9000; 00A4000C [0001] = 9000",
    "a child DF": "00A4010C [DF01] = 9000",
    "an EF under the DF": "00A4000C [DF01] = 9000; 00A4020C [0101] = 9000",
    "the parent": "00A4000C [DF01] = 9000; 00A40304 00 = {62 {82 3821}{83 3F00}{84 F053494D4341524400}{8A 03}"
    "{AB {80 06}{90}{80 39}{A4 {83 03}{95 08}}}} 9000",
    "the parent of the MF is the MF": "00A4030C = 9000",
    "a path from the MF": "00A4080C [DF01 0101] = 9000",
    "a path that names the MF": "00A4080C [3F00 DF01 0101] = 9000",
    "a path from the current DF": "00A4000C [DF01] = 9000; 00A4090C [DF11] = 9000",
    "a DF by its whole name": "00A4040C ['A00000000202'] = 9000; 00A4020C [0201] = 9000",
    "the first of some names": "00A4040C ['A000'] = 9000; 00A4010C [DF11] = 9000",
    "the last of some names": "00A4040D ['A000'] = 9000; 00A4020C [0201] = 9000",
    "the next name": "00A4040C ['A000'] = 9000; 00A4040E ['A000'] = 9000; 00A4030C = 9000; 00A4020C [0101] = 9000",
    "the previous name": "00A4040D ['A000'] = 9000; 00A4040F ['A000'] = 9000; 00A4030C = 9000;00A4020C [0101] = 9000",
    "the MF by its name": "00A4040C [F053494D4341524400] = 9000",
    "FCP": f"00A40804 [DF01 0101] 00 = {FCP_0101} 9000",
    "FCI": f"00A40800 [DF01 0101] 00 = {FCP_0101.replace('62', '6F', 1)} 9000",
    "FMD": "00A40408 ['A00000000101'] 00 = {64 {84 'A00000000101'}} 9000",
    "no SFI when tag 88 was empty": "00A4000C [DF02] = 9000;"
    "00A40004 [0201] 00 = {62 {80 0002}{82 0121}{83 0201}{88}{8A 05}} 9000",
    "an SFI from the identifier when tag 88 was absent": "00A40004 [0001] 00 = "
    "{62 {80 0001}{82 0121}{83 0001}{88 08}{8A 05}} 9000",
    "a long answer waits for GET RESPONSE": f"00A40804 [DF01 0101] = 6114; 00C0000014 = {FCP_0101} 9000",
    "a short Le takes what it asks for": "00A40804 [DF01 0101] 02 = 6212 6112;"
    "00C0000000 = {80 0004}{82 0121}{83 0101}{88 08}{8A 05} 9000",
}


@pytest.mark.parametrize("dialogue", RIGHT.values(), ids=RIGHT)
def test_select(card: Bench, dialogue: str) -> None:
    talk(card, TREE)
    talk(card, dialogue)


WRONG = {
    "an unknown identifier": "00A4000C [0999] = 6A82",
    "a grandchild by identifier": "00A4000C [DF11] = 6A82",
    "an EF as a child DF": "00A4010C [0001] = 6A82",
    "a DF as an EF": "00A4020C [DF01] = 6A82",
    "a path through an EF": "00A4080C [0001 0101] = 6A82",
    "a path that ends nowhere": "00A4080C [DF01 0999] = 6A82",
    "an unknown name": "00A4040C ['B0000000'] = 6A82",
    "no next name": "00A4040D ['A000'] = 9000; 00A4040E ['A000'] = 6A82",
    "no previous name": "00A4040C ['A000'] = 9000; 00A4040F ['A000'] = 6A82",
    "an unknown P1": "00A4050C [3F00] = 6A86",
    "high bits of P2": "00A40010 [3F00] = 6A86",
    "next of an identifier": "00A4000E [3F00] = 6A81",
    "an identifier of one byte": "00A4000C [3F] = 6A87",
    "an identifier of three bytes": "00A4000C [3F0000] = 6A87",
    "a parent with data": "00A4030C [3F00] = 6A87",
    "a name of 17 bytes": "00A4040C ['12345678901234567'] = 6A87",
    "no name": "00A4040C = 6A87",
    "an odd path": "00A4080C [3F00DF] = 6A87",
    "no path": "00A4090C = 6A87",
    "an unknown class": "80A4000C [3F00] = 6E00",
    "a reserved class": "20A4000C [3F00] = 6E00",
    "class FF": "FFA4000C [3F00] = 6E00",
    "secure messaging": "04A4000C [3F00] = 6882; 0CA4000C [3F00] = 6882; 60A4000C [3F00] = 6881",
    "too few bytes": "00A400 = 6700; 00A4000C 03 3F00 = 6700; 00A4000C 01 3F0000 = 6700",
}


@pytest.mark.parametrize("dialogue", WRONG.values(), ids=WRONG)
def test_a_wrong_select_is_refused(card: Bench, dialogue: str) -> None:
    talk(card, TREE)
    talk(card, dialogue)


@pytest.mark.parametrize("wrong", ["00A4000C [0999] = 6A82", "00A4080C [DF02 0999] = 6A82", "00A4040C ['B000'] = 6A82"])
def test_a_refused_select_leaves_the_current_file_as_it_was(card: Bench, wrong: str) -> None:
    talk(card, TREE)
    talk(card, f"00A4080C [DF01 0101] = 9000; {wrong}; 00B0000004 = 00000000 9000")


def test_a_deactivated_and_a_terminated_file_are_selected_with_a_warning(card: Bench) -> None:
    talk(card, TREE)
    talk(card, "00A4000C [0001] = 9000; 00040000 = 9000; 00A4000C [0001] = 6283")
    talk(card, "00E80000 = 9000; 00A4000C [0001] = 6285")


def test_a_file_below_a_deactivated_df_is_selected_with_a_warning(card: Bench) -> None:
    talk(card, TREE)
    talk(card, "00A4000C [DF01] = 9000; 00040000 = 9000; 00A4000C [0101] = 6283; 00B0000001 = 6985")


def test_a_channel_whose_df_another_one_deleted_stands_at_the_mf(card: Bench) -> None:
    talk(card, TREE)
    talk(card, "00A4000C [DF01] = 9000; 0070000001 = 01 9000; 01A4000C [DF01] = 9000")
    talk(card, "00A4000C [3F00] = 9000; 0020000308 '11223344' = 9000; 00E40000 [DF01] = 9000")
    talk(card, "01A4000C [0001] = 9000; 01A4000C [DF02] = 9000")
