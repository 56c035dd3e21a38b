"""MANAGE CHANNEL (ISO/IEC 7816-4:2013, 11.1.2): channels 0 to 19, each with its own files and security status."""

from __future__ import annotations

import pytest

from simcard.wire import cla
from tests.card.test_profile import GOOD
from tests.dialogue import talk
from tests.kit import Bench, bench_of_text, builtin, command

DIALOGUES = {
    "the card assigns one": "0070000001 = 01 9000; 0070000001 = 02 9000",
    "the host chooses one": "00700005 = 9000; 45A4000C = 6881; 41A4000C = 9000",
    "a number that is free again is assigned again": "0070000001 = 01 9000; 00708001 = 9000; 0070000001 = 01 9000",
    "a number that is taken": "00700001 = 9000; 00700001 = 6A81",
    "number 20": "00700014 = 6A86",
    "close another one": "00700001 = 9000; 00708001 = 9000; 01A4000C = 6881",
    "close itself": "00700001 = 9000; 01708000 = 9000; 01A4000C = 6881",
    "close the basic one": "00708000 = 6985",
    "close one that is not open": "00708003 = 6881",
    "use one that is not open": "01A4000C = 6881; 4FA4000C = 6881",
    "open with data": "00700001 [00] = 6700",
    "a wrong P1": "00704000 = 6A86",
    "without Le the number waits": "00700000 = 6101; 00C0000001 = 01 9000",
    "from the basic one it begins at the MF": "00E00000 [{62 {82 3821}{83 DF01}}] = 9000; 0070000001 = 01 9000;"
    "01A4030C = 9000; 01A4010C [DF01] = 9000",
    "from another one it begins where that one stands": "00E00000 [{62 {82 3821}{83 DF01}}] = 9000;"
    "00E00000 [{62 {82 0121}{83 0101}{80 01}}] = 9000; 00700001 = 9000; 01A4000C [DF01] = 9000; 01700002 = 9000;"
    "02A4020C [0101] = 9000",
    "each has its own current file": "00E00000 [{62 {82 0121}{83 0101}{80 0001}}] = 9000; 00700001 = 9000;"
    "00B0000001 = 00 9000; 01B0000001 = 6986",
    "each has its own security status": "00700001 = 9000; 00200001 ['12345678'] = 9000; 01200001 = 63C3;"
    "01200001 ['12345678'] = 9000; 0020FF01 = 9000; 01200001 = 9000; 00200001 = 63C3",
    "one opened from a verified one has verified nothing": "00700001 = 9000; 01200001 ['12345678'] = 9000;"
    "01700002 = 9000; 02200001 = 63C3",
    "one opened again has verified nothing": "00700001 = 9000; 01200001 ['12345678'] = 9000; 00708001 = 9000;"
    "00700001 = 9000; 01200001 = 63C3",
    "all share the counters": "00700001 = 9000; 00200001 ['0000'] = 63C2; 01200001 ['0000'] = 63C1; 00200001 = 63C1",
    "each has its own challenge": "00700001 = 9000; 0084000010 = .. 9000; 01820001 [" + "00" * 16 + "] = 6985",
    "each has its own environment": "00200001 ['12345678'] = 9000; 00468200 [{B6 {84 01}}{AC {80 02}}] = 9000;"
    "002241B6 [{84 01}] = 9000; 00700001 = 9000; 01200001 ['12345678'] = 9000; 012A9E9A [" + "00" * 32 + "] 00 = 6A88;"
    "002A9E9A [" + "00" * 32 + "] 00 = .. 9000",
    "each has its own response that waits": "00700001 = 9000; 00A40004 [2F00] = 612A; 01C0000000 = 6985;"
    "00C000002A = .. 9000",
    "each has its own chain": "00700001 = 9000; 10DA00C1 ['a'] = 9000; 0184000008 = .. 9000; 00DA00C1 ['b'] = 9000;"
    "00CA00C100 = 'ab' 9000",
}  # fmt: skip


@pytest.mark.parametrize("dialogue", DIALOGUES.values(), ids=DIALOGUES)
def test_channels(card: Bench, dialogue: str) -> None:
    talk(card, dialogue)


def test_all_twenty_channels_are_open_at_once(card: Bench) -> None:
    for number in range(1, 20):
        card.ok(command(0x70, 0, number))
    for number in range(20):
        assert 8 == len(card.ok(command(0x84, ne=8, cla=cla.encode(number))))
    card.refused("0070000001", 0x6A81)


def test_a_profile_may_have_fewer(card: Bench) -> None:
    small = bench_of_text(GOOD.replace("new_keys", "channels = 2\nnew_keys"))
    talk(small, "0070000001 = 01 9000; 0070000001 = 6A81; 00700005 = 6A81")


def test_a_reset_closes_all(card: Bench) -> None:
    talk(card, "00700001 = 9000")
    card.card.reset()
    talk(card, "01A4000C = 6881")


def test_the_blank_card_has_twenty(card: Bench) -> None:
    assert 20 == builtin("iso-blank").card.channels
