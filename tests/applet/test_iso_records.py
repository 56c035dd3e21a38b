"""Record commands (ISO/IEC 7816-4:2013, 11.3) on linear fixed, linear variable and cyclic files."""

from __future__ import annotations

import pytest

from tests.dialogue import talk
from tests.kit import Bench

FILES = """
    00E00000 [{62 {82 0221 0004 03}{83 0101}{88 08}}] = 9000
    00E20000 ['Aaaa'] = 9000; 00E20000 ['Bbbb'] = 9000
    00E00000 [{62 {82 0421 0008 03}{83 0102}{88 10}}] = 9000
    00E20000 ['Xx'] = 9000; 00E20000 ['Yyyy'] = 9000
    00E00000 [{62 {82 0621 0002 03}{83 0103}{88 18}}] = 9000
    00E20000 ['1a'] = 9000; 00E20000 ['2b'] = 9000
    00E00000 [{62 {82 0221 0002 02}{83 0104}{88 20}{8C 07 FF FF FF}}] = 9000
    00E00000 [{62 {82 0121}{83 0105}{80 0010}{88 28}}] = 9000
    00A4000C [3F00] = 9000
"""

RIGHT = {
    "read by number": "00B2010C00 = 'Aaaa' 9000; 00B2020C00 = 'Bbbb' 9000",
    "read by exact Le": "00B2010C04 = 'Aaaa' 9000",
    "read of the current file": "00A4000C [0101] = 9000; 00B2010400 = 'Aaaa' 9000",
    "a wrong Le is corrected": "00B2010C03 = 6C04; 00B2010C05 = 6C04",
    "read from a record to the last": "00B2010D00 = 'AaaaBbbb' 9000",
    "read from the last down to a record": "00B2010E00 = 'BbbbAaaa' 9000",
    "first, next, previous, last": "00B2000800 = 'Aaaa' 9000; 00B2000200 = 'Bbbb' 9000; 00B2000300 = 'Aaaa' 9000;"
    "00B2000100 = 'Bbbb' 9000",
    "next without a current record is the first": "00A4000C [0101] = 9000; 00B2000200 = 'Aaaa' 9000",
    "previous without a current record is the last": "00A4000C [0101] = 9000; 00B2000300 = 'Bbbb' 9000",
    "by identifier": "00B2420800 = 'Bbbb' 9000",
    "the current record": "00B2420800 = 'Bbbb' 9000; 00B2000400 = 'Bbbb' 9000",
    "update": "00DC010C ['Cccc'] = 9000; 00B2010C00 = 'Cccc' 9000",
    "update the last": "00DC0009 ['Cccc'] = 9000; 00B2020C00 = 'Cccc' 9000",
    "append": "00E20008 ['Cccc'] = 9000; 00B2030C00 = 'Cccc' 9000",
    "an appended record is current": "00E20008 ['Cccc'] = 9000; 00B2000400 = 'Cccc' 9000",
    "erase": "000C010C = 9000; 00B2010C00 = 00000000 9000",
    "erase to the last": "000C010D = 9000; 00B2010D00 = 0000000000000000 9000",
    "a variable record shorter": "00DC0114 ['Z'] = 9000; 00B2011400 = 'Z' 9000",
    "a variable record erased is empty": "000C0114 = 9000; 00B2011400 = 9000",
    "an empty record is no wrong Le": "000C0114 = 9000; 00B2011405 = 9000",
    "write replaces by the data coding byte 21": "000C010C = 9000; 00D2010C ['Cccc'] = 9000;00B2010C00 = 'Cccc' 9000",
    "write of an empty record": "000C0114 = 9000; 00D20114 ['Zz'] = 9000; 00B2011400 = 'Zz' 9000",
    "record 1 of a cyclic file is the newest": "00B2011C00 = '2b' 9000; 00B2021C00 = '1a' 9000",
    "a full cyclic file loses its oldest": "00E20018 ['3c'] = 9000; 00E20018 ['4d'] = 9000;"
    "00B2011D00 = '4d3c2b' 9000; 00B2041C00 = 6A83",
    "a cyclic file turns many times": "00E20018 ['3c'] = 9000; 00E20018 ['4d'] = 9000; 00E20018 ['5e'] = 9000;"
    "00E20018 ['6f'] = 9000; 00E20018 ['7g'] = 9000; 00B2011D00 = '7g6f5e' 9000",
    "update of a cyclic record": "00DC021C ['zz'] = 9000; 00B2011D00 = '2bzz' 9000",
    "search forward": "00A2010C ['b'] 00 = 02 9000",
    "search finds all": "00A20114 ['y'] 00 = 02 9000; 00DC0114 ['yy'] = 9000; 00A20114 ['y'] 00 = 0102 9000",
    "search backward": "00DC010C ['bbbb'] = 9000; 00A2020D ['b'] 00 = 0201 9000",
    "search makes the first found current": "00A2010C ['b'] 00 = 02 9000; 00B2000400 = 'Bbbb' 9000",
    "search without a match": "00A2010C ['z'] 00 = 9000",
    "enhanced search from an offset": "00A2010E [04 01 'B'] 00 = 9000; 00A2010E [04 00 'B'] 00 = 02 9000",
    "enhanced search after a byte": "00A2010E [0C 'B' 'b'] 00 = 02 9000",
    "enhanced search in the next records": "00A2010E [06 00 'a'] 00 = 9000; 00A2010E [06 00 'b'] 00 = 02 9000",
    "part of a record": "00B3010C [{54 01}] 00 = {53 'aaa'} 9000",
    "update of a part": "00DD010C [{54 02}{53 'ZZ'}] = 9000; 00B2010C00 = 'AaZZ' 9000",
    "AND of a part": "00DD010D [{54 00}{53 0F}] = 9000; 00B2010C00 = 01 'aaa' 9000",
    "OR of a part": "00DD010E [{54 00}{53 20}] = 9000; 00B2010C00 = 'aaaa' 9000",
    "exclusive OR of a part": "00DD010F [{54 00}{53 20}] = 9000; 00B2010C00 = 'aaaa' 9000",
    "EF.DIR tells the applications": "00B201F400 = {61 {4F F053494D4341524400}} 9000",
}


@pytest.mark.parametrize("dialogue", RIGHT.values(), ids=RIGHT)
def test_records(card: Bench, dialogue: str) -> None:
    talk(card, FILES)
    talk(card, dialogue)


COMMANDS = {
    "read": ("B2", "00"),
    "update": ("DC", "['Cccc']"),
    "write": ("D2", "['Cccc']"),
    "erase": ("0C", ""),
    "search": ("A2", "['b']00"),
}


def every(name: str, p1p2: str, sw: str, before: str = "") -> dict[str, str]:
    return {f"{verb} {name}": f"{before} 00{ins}{p1p2}{tail} = {sw}" for verb, (ins, tail) in COMMANDS.items()}


WRONG = {
    **every("without a current EF", "0104", "6986"),
    **every("by an unknown SFI", "01EC", "6A82"),
    **every("of a transparent file", "012C", "6981"),
    **every("of a record there is not", "050C", "6A83"),
    **every("with the reserved SFI", "01FC", "6A86"),
    **every("without the right", "0124", "6982", "00A4000C [0104] = 9000;")
    | {"read record 1 of none": "00B2012400 = 6982"},
    **every("of a deactivated file", "0104", "6985", "00A4000C [0101] = 9000; 00040000 = 9000;"),
    "read by a reserved P2": "00B2010F00 = 6A86",
    "read by P1 FF": "00B2FF0C00 = 6A86",
    "read with data": "00B2010C [00] 00 = 6700",
    "read without Le": "00B2010C = 6700",
    "read by an unknown identifier": "00B2510800 = 6A83",
    "next of the last": "00B2000900 = 'Bbbb' 9000; 00B2000200 = 6A83",
    "previous of the first": "00B2000800 = 'Aaaa' 9000; 00B2000300 = 6A83",
    "the current record when there is none": "00A4000C [0101] = 9000; 00B2000400 = 6A83",
    "update without data": "00DC010C = 6700",
    "update of a fixed record too short": "00DC010C ['Ccc'] = 6700",
    "update of a fixed record too long": "00DC010C ['Ccccc'] = 6700",
    "update of a variable record too long": "00DC0114 ['123456789'] = 6700",
    "update of many": "00DC010D ['Cccc'] = 6A86",
    "append to a full file": "00E20008 ['Cccc'] = 9000; 00E20008 ['Dddd'] = 6A84",
    "append without the right": "00E20020 ['Aa'] = 6982",
    "append with P1": "00E20108 ['Cccc'] = 6A86",
    "append with a record in P2": "00E2000C ['Cccc'] = 6A86",
    "append without data": "00E20008 = 6700",
    "append of a wrong length": "00E20008 ['Ccc'] = 6700",
    "append to a transparent file": "00E20028 ['Cccc'] = 6981",
    "erase with data": "000C010C [00] = 6700",
    "write of another length": "00D2010C ['Ccc'] = 6700",
    "search without data": "00A2010C 00 = 6700",
    "search by identifier": "00A20108 ['b'] 00 = 6A86",
    "enhanced search too short": "00A2010E [0400] 00 = 6700",
    "enhanced search of an unknown kind": "00A2010E [80 00 'b'] 00 = 6A80",
    "part beyond the record": "00B3010C [{54 04}] 00 = 6B00",
    "part without an offset": "00B3010C [{53 00}] 00 = 6A80",
    "update of a part over the end": "00DD010C [{54 03}{53 0000}] = 6A84",
    "update of a part beyond the record": "00DD010C [{54 04}{53 00}] = 6B00",
    "update of a part by identifier": "00DD0108 [{54 00}{53 00}] = 6A86",
    "update of a part without data": "00DD010C [{54 00}] = 6A80",
}


@pytest.mark.parametrize("dialogue", WRONG.values(), ids=WRONG)
def test_a_wrong_use_is_refused(card: Bench, dialogue: str) -> None:
    talk(card, FILES)
    talk(card, dialogue)
