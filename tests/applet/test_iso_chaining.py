"""Command chaining, GET RESPONSE, ENVELOPE, extended length (ISO/IEC 7816-4:2013, 5.3 and 11.6; 7816-3:2006, 12)."""

from __future__ import annotations

import pytest

from tests.dialogue import talk
from tests.kit import Bench, command

LONG = "00DA00C1 [" + "AB" * 300 + "] = 9000;"
PUT = "DA00C1"

DIALOGUES = {
    # chaining
    "two pieces": f"10{PUT} ['ab'] = 9000; 00{PUT} ['cd'] = 9000; 00CA00C100 = 'abcd' 9000",
    "an empty first piece": f"10{PUT} = 9000; 00{PUT} ['cd'] = 9000; 00CA00C100 = 'cd' 9000",
    "an empty last piece": f"10{PUT} ['ab'] = 9000; 00{PUT} = 9000; 00CA00C100 = 'ab' 9000",
    "nothing happens before the last piece": f"10{PUT} ['ab'] = 9000; 10{PUT} ['cd'] = 9000; 0084000001 = 6883;"
    "00CA00C100 = 6A88",
    "another command ends the chain": f"10{PUT} ['ab'] = 9000; 0084000008 = 6883; 00{PUT} ['cd'] = 9000;"
    "00CA00C100 = 'cd' 9000",
    "another P2 ends the chain": f"10{PUT} ['ab'] = 9000; 00DA00C2 ['cd'] = 6883; 00CA00C200 = 6A88",
    "another chain ends the chain": f"10{PUT} ['ab'] = 9000; 10DA00C2 ['cd'] = 6883; 00DA00C2 ['ef'] = 9000;"
    "00CA00C200 = 'ef' 9000",
    "GET RESPONSE ends the chain": f"10{PUT} ['ab'] = 9000; 00C0000000 = 6883",
    "a chain of a command there is not": "10990000 [00] = 9000; 00990000 [00] = 6D00",
    "a chained VERIFY": "10200001 ['1234'] = 9000; 00200001 ['5678'] = 9000",
    "a chained wrong VERIFY counts once": "10200001 ['1234'] = 9000; 00200001 ['5679'] = 63C2; 00200001 = 63C2",
    "a broken chain of VERIFY costs nothing": "10200001 ['1234'] = 9000; 0084000008 = 6883; 00200001 = 63C3",
    "on channel 4": f"00700004 = 9000; 50{PUT} ['ab'] = 9000; 40{PUT} ['cd'] = 9000; 40CA00C100 = 'abcd' 9000",
    # GET RESPONSE
    "a long response in pieces": LONG + "00CA00C110 = " + "AB" * 16 + " 6100; 00C0000000 = " + "AB" * 256 + " 611C;"
    "00C000001C = " + "AB" * 28 + " 9000",
    "GET RESPONSE with too much asked for": "00A40004 [2F00] = 612A; 00C000002B = 6C2A; 00C000002A = .. 9000",
    "GET RESPONSE with less": "00A40004 [2F00] = 612A; 00C0000009 = .. 6121; 00C0000021 = .. 9000",
    "GET RESPONSE of nothing": "00C0000000 = 6985",
    "GET RESPONSE a second time": "00A40004 [2F00] = 612A; 00C000002A = .. 9000; 00C0000000 = 6985",
    "another command forgets the response": "00A40004 [2F00] = 612A; 0084000008 = .. 9000; 00C0000000 = 6985",
    "a refused command forgets it too": "00A40004 [2F00] = 612A; 00990000 = 6D00; 00C0000000 = 6985",
    "GET RESPONSE with a wrong P1": "00A40004 [2F00] = 612A; 00C0010000 = 6A86",
    "GET RESPONSE without Le": "00A40004 [2F00] = 612A; 00C00000 = 6700",
    "GET RESPONSE with data": "00A40004 [2F00] = 612A; 00C00000 [00] 00 = 6700",
    # ENVELOPE
    "a command in an envelope": "00C20000 [00CA010100] 00 = .. 9000",
    "an envelope that writes": f"00C20000 [00{PUT} ['ab']] = 9000; 00CA00C100 = 'ab' 9000",
    "a response without Le waits": "00C20000 [0084000008] = 6108; 00C0000008 = .. 9000",
    "an envelope in pieces": f"00C20000 [00{PUT} 00 0100" + "CD" * 248 + "] = 9000; 00C20000 [" + "CD" * 8 + "] = 9000;"
    "00CA00C100 = " + "CD" * 256 + " 9000",
    "an envelope of two chained pieces": f"10C20000 [00{PUT} 04 'ab'] = 9000; 00C20000 ['cd'] = 9000;"
    f"00CA00C100 = 'abcd' 9000",
    "an empty envelope": "00C20000 = 6700",
    "an envelope in an envelope": "00C20000 [00C20000 [0084000008]] = 6985",
    "GET RESPONSE in an envelope": "00C20000 [00C0000000] = 6985",
    "an envelope with a wrong P1": "00C20100 [0084000008] = 6A86",
    "a broken command in an envelope": "00C20000 [0084] = 6700",
    "another channel in an envelope": "00700001 = 9000; 00C20000 [0184000008] 00 = 6881",
    "secure messaging in an envelope": "00C20000 [0C84000008] 00 = 6882",
    "chaining in an envelope": f"00C20000 [10{PUT} ['ab']] = 6884",
    # extended length
    "an extended Lc": "00DA00C1 00 0002 'ab' = 9000; 00CA00C100 = 'ab' 9000",
    "an extended Le": LONG + "00CA00C1 000000 = " + "AB" * 300 + " 9000",
    "an extended Le that is shorter": LONG + "00CA00C1 000101 = " + "AB" * 257 + " 612B",
    "Lc and Le extended": "00A4 0004 00 0002 2F00 0000 = .. 9000",
    "an extended Lc of 0": "00DA00C1 00 0000 00 = 6700",
    "an extended Lc too long": "00DA00C1 00 0003 'ab' = 6700",
    "an extended Lc too short": "00DA00C1 00 0001 'ab' = 6700",
    "an extended Le cut short": "00CA00C1 0000 = 6700",
    "a third Le byte": "00A4 0004 00 0002 2F00 000000 = 6700",
}  # fmt: skip


@pytest.mark.parametrize("dialogue", DIALOGUES.values(), ids=DIALOGUES)
def test_long_commands_and_responses(card: Bench, dialogue: str) -> None:
    talk(card, dialogue)


def test_a_chain_of_more_than_65535_bytes_is_refused(card: Bench) -> None:
    piece = command(0xDA, 0, 0xC1, bytes(255), cla=0x10)
    for _ in range(257):
        card.ok(piece)
    card.refused(piece, 0x6700)
    talk(card, "00DA00C1 ['ab'] = 9000; 00CA00C100 = 'ab' 9000")


def test_a_chain_of_almost_65535_bytes_is_gathered(card: Bench) -> None:
    piece = command(0xDA, 0, 0xC1, bytes(200), cla=0x10)
    for _ in range(200):
        card.ok(piece)
    card.ok(command(0xDA, 0, 0xC1, b"end"))
    assert bytes(40000) + b"end" == card.ok("00CA00C1000000")


def test_a_reset_forgets_chain_and_response(card: Bench) -> None:
    talk(card, "10DA00C1 ['ab'] = 9000")
    card.card.reset()
    talk(card, "00DA00C1 ['cd'] = 9000; 00CA00C100 = 'cd' 9000; 00A40004 [2F00] = 612A")
    card.card.reset()
    talk(card, "00C0000000 = 6985")
