"""READ, WRITE, UPDATE, ERASE and SEARCH BINARY (ISO/IEC 7816-4:2013, 11.2), even and odd INS, on 288 bytes."""

from __future__ import annotations

import pytest

from tests.dialogue import talk
from tests.kit import Bench, bench_of_text

FILES = """
    00E00000 [{62 {82 0221 0002 02}{83 0102}{88}}] = 9000
    00E00000 [{62 {82 0121}{83 0103}{80 0010}{88 18}{8C 03 FF FF}}] = 9000
    00E00000 [{62 {82 0141}{83 0104}{80 0004}{88 20}}] = 9000   # WRITE is OR
    00E00000 [{62 {82 0121}{83 0105}{80 0004}{88 28}}] = 9000   # WRITE is proprietary: it replaces
    00E00000 [{62 {82 0101}{83 0106}{80 0004}{88 30}}] = 9000   # WRITE once
    00E00000 [{62 {82 0161}{83 0107}{80 0004}{88 38}}] = 9000   # WRITE is AND
    00E00000 [{62 {82 0121}{83 0101}{80 0120}{88 08}}] = 9000
    00D60000 [00112233445566778899AABBCCDDEEFF] = 9000
"""

RIGHT = {
    "read from the start": "00B0000004 = 00112233 9000",
    "read with Le 00 gives a whole short response": "00B0000000 = 00112233445566778899AABBCCDDEEFF"
    + "00" * 240
    + " 9000",
    "read at an offset": "00B0000402 = 4455 9000",
    "read by short identifier": "00A4000C [3F00] = 9000; 00B0810202 = 2233 9000",
    "read by short identifier makes current": "00A4000C [3F00] = 9000; 00B0810001 = 00 9000; 00B0000101 = 11 9000",
    "read past the end is told": "00B0011E04 = 0000 6282",
    "read extended": "00B00000 0000 02 = 0011 9000",
    "read all of an extended Le": "00B00100 000000 = " + "00" * 32 + " 9000",
    "update and read back": "00D60002 [AABB] = 9000; 00B0000104 = 11AABB44 9000",
    "update by short identifier": "00A4000C [3F00] = 9000; 00D68100 [FF] = 9000; 00B0000002 = FF11 9000",
    "update over the edge of a block": "00D600FE ['abcd'] = 9000; 00B000FD06 = 00 'abcd' 00 9000",
    "update of the last byte": "00D6011F [07] = 9000; 00B0011F01 = 07 9000",
    "write AND": "00D68700 [FF0F] = 9000; 00D08700 [3CFC] = 9000; 00B0870002 = 3C0C 9000",
    "erase to the end": "000E0004 = 9000; 00B0000206 = 223300000000 9000",
    "erase up to an offset": "000E0004 [0006] = 9000; 00B0000305 = 3300006677 9000",
    "search finds the first match": "00A00000 [6677] 00 = 0006 9000",
    "search from an offset": "00D60020 [6677] = 9000; 00A00007 [6677] 00 = 0020 9000",
    "search over the edge of a block": "00D600FE ['abcd'] = 9000; 00A00000 ['bcd'] 00 = 00FF 9000",
    "search without a match": "00A00000 [7766] 00 = 9000",
    "search without a string finds the first erased byte": "00A00002 00 = 0010 9000",
    "odd search without a string finds it too": "00A10101 [{54 11}] 00 = {54 0011} 9000",
    "odd read by file identifier": "00A4000C [3F00] = 9000; 00B10101 [{54 02}] 04 = {53 2233} 9000",
    "odd read by short identifier": "00A4000C [3F00] = 9000; 00B10001 [{54 0002}] 04 = {53 2233} 9000",
    "odd read of the current file": "00B10000 [{54 0E}] 04 = {53 EEFF} 9000",
    "odd update": "00D70101 [{54 01}{53 CAFE}] = 9000; 00B0000004 = 00CAFE33 9000",
    "odd update of discretionary data in 73": "00D70101 [{54 01}{73 CAFE}] = 9000; 00B0000003 = 00CAFE 9000",
    "odd erase of a range": "000F0101 [{54 02}{54 04}] = 9000; 00B0000006 = 001100004455 9000",
    "odd erase of everything": "000F0101 = 9000; 00B0000004 = 00000000 9000",
    "odd search": "00A10101 [{54 00}{53 6677}] 00 = {54 0006} 9000",
    "write OR twice": "00D08400 [0F0F] = 9000; 00D08400 [F001] = 9000; 00B0840002 = FF0F 9000",
    "write that replaces": "00D08500 [0F0F] = 9000; 00D08500 [F001] = 9000; 00B0850002 = F001 9000",
    "write once": "00D08600 [0F0F] = 9000; 00B0860002 = 0F0F 9000",
    "write once beside what is written": "00D08600 [0F] = 9000; 00D08601 [0E] = 9000; 00B0860002 = 0F0E 9000",
    "erase allows to write once more": "00D08600 [0F] = 9000; 000E0000 = 9000; 00D08600 [0E] = 9000",
}


@pytest.mark.parametrize("dialogue", RIGHT.values(), ids=RIGHT)
def test_binary(card: Bench, dialogue: str) -> None:
    talk(card, FILES)
    talk(card, dialogue)


NO_CURRENT = "00A4000C [3F00] = 9000;"
COMMANDS = {"read": "B0%s04", "update": "D6%s[00]", "write": "D0%s[00]", "erase": "0E%s", "search": "A0%s[00]00"}

WRONG = {
    **{f"{name} without a current EF": f"{NO_CURRENT} 00{text % '0000'} = 6986" for name, text in COMMANDS.items()},
    **{f"{name} of records": f"00A4000C [0102] = 9000; 00{text % '0000'} = 6981" for name, text in COMMANDS.items()},
    **{f"{name} by unknown SFI": f"00{text % '9D00'} = 6A82" for name, text in COMMANDS.items()},
    **{f"{name} with a wrong P1": f"00{text % 'A100'} = 6A86" for name, text in COMMANDS.items()},
    **{
        f"{name} of a deactivated file": f"00040000 = 9000; 00{text % '0000'} = 6985" for name, text in COMMANDS.items()
    },
    **{f"{name} in class 80": f"80{text % '0000'} = 6E00" for name, text in COMMANDS.items()},
    **{f"{name} past the end": f"00{text % '0120'} = 6B00" for name, text in COMMANDS.items()},
    "read without the right": "00B0830001 = 6982",
    "update without the right": "00D68300 [00] = 6982",
    "write without the right": "00D08300 [00] = 6982",
    "erase without the right": "00A4000C [0103] = 9000; 000E0000 = 6982",
    "search without the right": "00A08300 [00] 00 = 6982",
    "read without Le": "00B00000 = 6700",
    "read with data": "00B00000 [00] 01 = 6700",
    "update without data": "00D60000 = 6700",
    "update that would go over the end": "00D6011F [0000] = 6A84",
    "write that would go over the end": "00D0011F [0000] = 6A84",
    "write once twice": "00D08600 [0F] = 9000; 00D08600 [0F] = 6985",
    "erase with one byte of data": "000E0000 [00] = 6700",
    "erase up to before its start": "000E0004 [0004] = 6B00",
    "erase over the end": "000E0004 [0121] = 6B00",
    "odd read by unknown FID": "00B10999 [{54 00}] 00 = 6A82",
    "odd read of a DF": "00B13F00 [{54 00}] 00 = 6A82",
    "odd read without an offset": "00B10101 [{53 00}] 00 = 6A80",
    "odd read of no data objects": "00B10101 [54] 00 = 6A80",
    "odd read past the end": "00B10101 [{54 0120}] 00 = 6B00",
    "odd update past the end": "00D70101 [{54 0120}{53 00}] = 6B00",
    "odd erase with three offsets": "000F0101 [{54 00}{54 01}{54 02}] = 6A80",
    "odd erase of no data objects": "000F0101 [54] = 6A80",
}


@pytest.mark.parametrize("dialogue", WRONG.values(), ids=WRONG)
def test_a_wrong_use_is_refused(card: Bench, dialogue: str) -> None:
    talk(card, FILES)
    before = card.content()
    talk(card, dialogue)
    if "= 9000" not in dialogue.replace(NO_CURRENT, ""):
        assert before == card.content()


def test_a_size_is_what_create_said(card: Bench) -> None:
    talk(card, "00E00000 [{62 {82 01}{83 0101}{80 00}}] = 9000; 00B0000001 = 6B00; 00D60000 [00] = 6B00")


VIEW = """\
[card]
name = "view"
title = "A card with a view"
atr = "3B00"
[[pin]]
label = "user"
number = 1
value = "123456"
[[container]]
name = "one"
sign = { kind = "p256" }
[[file]]
path = "3F00"
kind = "df"
[[file]]
path = "3F00/0101"
kind = "transparent"
certificate = "one/sign"
"""


def test_a_view_of_a_certificate_is_read_and_not_written() -> None:
    card = bench_of_text(VIEW)
    talk(card, "0020000106 '123456' = 9000; 002241B6 [{84 01}] = 9000; 00DA7F21 ['certificate'] = 9000")
    talk(card, "00A40004 [0101] 00 = {62 {80 000B}{82 0121}{83 0101}{88}{85 C0020100}{8A 05}} 9000")
    talk(card, "00B000000B = 'certificate' 9000; 00B0000804 = 'ate' 6282; 00B0000B01 = 6B00")
    talk(card, "00A00000 ['fic'] 00 = 0005 9000")
    talk(card, "00D60000 [00] = 6981; 00D00000 [00] = 6981; 000E0000 = 6981")
