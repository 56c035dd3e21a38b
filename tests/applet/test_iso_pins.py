"""VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, ENABLE and DISABLE VERIFICATION (ISO/IEC 7816-4:2013, 11.5)."""

from __future__ import annotations

import pytest

from tests.dialogue import talk
from tests.kit import Bench, bench_of_text, counters

VERIFY = "00200001 ['12345678'] = 9000;"
BLOCKED = "00200001 ['0000'] = 63C2; 00200001 ['0000'] = 63C1; 00200001 ['0000'] = 63C0;"

DIALOGUES = {
    # VERIFY
    "a right PIN": VERIFY,
    "P2 00 is the first PIN": "00200000 ['12345678'] = 9000; 00200001 = 9000",
    "a wrong PIN counts down": BLOCKED + "00200001 ['0000'] = 6983",
    "a blocked PIN refuses the right value": BLOCKED + "00200001 ['12345678'] = 6983",
    "a right PIN restores the count": "00200001 ['0000'] = 63C2;" + VERIFY + "00200001 ['0000'] = 63C2",
    "no data ask for the state": "00200001 = 63C3; 00200001 ['0000'] = 63C2; 00200001 = 63C2",
    "no data after a right PIN": VERIFY + "00200001 = 9000",
    "no data of a blocked PIN": BLOCKED + "00200001 = 6983",
    "asking costs nothing": "00200001 = 63C3; 00200001 = 63C3",
    "a wrong PIN ends what a right one began": VERIFY + "00200001 ['0000'] = 63C2; 00200001 = 63C2",
    "logging out": VERIFY + "0020FF01 = 9000; 00200001 = 63C3",
    "logging out with data": "0020FF01 [00] = 6700",
    "a P1 there is not": "00200101 ['12345678'] = 6A86",
    "P2 with bits that are not defined": "00200021 ['12345678'] = 6A86; 00200041 = 6A86",
    "a reference there is not": "0020000A ['12345678'] = 6A88; 0020000A = 6A88",
    "a local reference there is not": "00200081 ['12345678'] = 6A88",
    "a value no PIN can have costs nothing": "00200001 ['12345678123456781'] = 6A80; 00200001 = 63C3",
    "VERIFY odd": "00210001 [{5F2E '12345678'}] = 9000; 00200001 = 9000",
    "VERIFY odd with a wrong value counts down": "00210001 [{5F2E '0000'}] = 63C2; 00200001 = 63C2",
    "VERIFY odd of a blocked PIN": BLOCKED + "00210001 [{5F2E '12345678'}] = 6983",
    "VERIFY odd without an object": "00210001 = 6700",
    "VERIFY odd with what is no object": "00210001 ['12345678'] = 6A80; 00200001 = 63C3",
    "VERIFY odd with an empty object": "00210001 [{5F2E}] = 6A80; 00200001 = 63C3",
    "VERIFY odd with two objects": "00210001 [{5F2E '12345678'}{5F2E '0000'}] = 6A80; 00200001 = 63C3",
    "VERIFY odd with an object of another kind": "00210001 [{80 '12345678'}] = 6A80",
    "VERIFY odd for a sensor on the card": "00210001 [{5F2E}{4D 7F2E02 8180}] = 6A81",
    "VERIFY odd with a biometric template": "00210001 [{7F2E {81 0102}}] = 6A81",
    "VERIFY odd does not log out": VERIFY + "0021FF01 [{5F2E '12345678'}] = 6A86; 00200001 = 9000",
    "VERIFY odd of a reference there is not": "0021000A [{5F2E '12345678'}] = 6A88",
    "VERIFY in class 80": "80200001 ['12345678'] = 6E00",
    # CHANGE REFERENCE DATA
    "change with the old one": "00240001 ['12345678' '23456789'] = 9000; 00200001 ['23456789'] = 9000;"
    "00200001 ['12345678'] = 63C2",
    "change verifies too": "00240001 ['12345678' '23456789'] = 9000; 00200001 = 9000",
    "change with a wrong old one": "00240001 ['12345679' '23456789'] = 63C2;" + VERIFY,
    "change after verification": VERIFY + "00240101 ['9999'] = 9000; 00200001 ['9999'] = 9000",
    "change without verification": "00240101 ['9999'] = 6982",
    "change of a blocked PIN": BLOCKED + "00240001 ['12345678' '23456789'] = 6983",
    "change to one too short": "00240001 ['12345678' '123'] = 6A80;" + VERIFY,
    "change to one too long": "00240001 ['12345678' '12345678123456789'] = 6A80;" + VERIFY,
    "change to nothing": "00240001 ['12345678'] = 6A80",
    "change without data": "00240001 = 6700; 00240101 = 6700",
    "change with a wrong P1": "00240201 ['12345678' '23456789'] = 6A86",
    "change of a reference there is not": "0024000A ['12345678' '23456789'] = 6A88",
    # RESET RETRY COUNTER
    "unblock with key and new value": BLOCKED + "002C0001 ['87654321' '23456789'] = 9000; 00200001 ['23456789'] = 9000",
    "unblock with key": BLOCKED + "002C0101 ['87654321'] = 9000;" + VERIFY,
    "unblocking verifies nothing": "002C0101 ['87654321'] = 9000; 00200001 = 63C3",
    "unblocking ends a verification": VERIFY + "002C0101 ['87654321'] = 9000; 00200001 = 63C3",
    "unblock after the key was verified": BLOCKED + "00200002 ['87654321'] = 9000; 002C0201 ['4444'] = 9000;"
    "00200001 ['4444'] = 9000",
    "unblock with nothing after the key was verified": BLOCKED
    + "00200002 ['87654321'] = 9000; 002C0301 = 9000;"
    + VERIFY,
    "unblock with nothing": "002C0301 = 6982",
    "unblock with a new value alone": "002C0201 ['4444'] = 6982",
    "unblock with a wrong key": "002C0001 ['87654322' '4444'] = 63C9; 002C0101 ['87654322'] = 63C8",
    "unblock with something behind the key": "002C0101 ['87654321' '4444'] = 6700",
    "unblock to one too short": BLOCKED + "002C0001 ['87654321' '123'] = 6A80; 00200001 = 6983",
    "unblock what has no key": "002C0002 ['87654321' '23456789'] = 6A81",
    "unblock without data": "002C0001 = 6700; 002C0101 = 6700; 002C0201 = 6700",
    "unblock with nothing and data": "002C0301 [00] = 6700",
    "unblock with a wrong P1": "002C0401 ['87654321' '4444'] = 6A86",
    "unblock a reference there is not": "002C000A ['87654321' '4444'] = 6A88",
    # ENABLE and DISABLE
    "disable with the value": "00260001 ['12345678'] = 9000; 00200001 = 9000",
    "disable after verification": VERIFY + "00260101 = 9000; 00200001 = 9000",
    "disable without verification": "00260101 = 6982",
    "disable with a wrong value": "00260001 ['12345679'] = 63C2; 00200001 = 63C2",
    "disable twice": "00260001 ['12345678'] = 9000; 00260001 ['12345678'] = 6985",
    "verify what is disabled": "00260001 ['12345678'] = 9000; 00200001 ['12345678'] = 6984",
    "enable": "00260001 ['12345678'] = 9000; 00280001 ['12345678'] = 9000; 00200001 = 63C3",
    "enable with a wrong value": "00260001 ['12345678'] = 9000; 00280001 ['12345679'] = 63C2; 00200001 = 9000",
    "enable what is enabled": "00280001 ['12345678'] = 6985",
    "disable without data": "00260001 = 6700",
    "disable after verification with data": VERIFY + "00260101 ['12345678'] = 6700",
    "disable with a wrong P1": "00260201 ['12345678'] = 6A86",
    "disable what there is not": "0026000A ['12345678'] = 6A88",
}


@pytest.mark.parametrize("dialogue", DIALOGUES.values(), ids=DIALOGUES)
def test_reference_data(card: Bench, dialogue: str) -> None:
    talk(card, dialogue)


SHEET = """\
[card]
name = "many-pins"
title = "PINs of every policy"
atr = "3B00"
new_keys = { use = "digits", replace = "digits" }
[[pin]]
label = "digits"
number = 1
value = "123456"
characters = "digits"
history = 2
[[pin]]
label = "padded"
number = 2
value = "1234"
min_length = 4
max_length = 8
pad = 255
[[pin]]
label = "transport"
number = 3
value = "000000"
must_change = true
[[pin]]
label = "off"
number = 4
value = "000000"
enabled = false
[[pin]]
label = "mine"
number = 1
value = "654321"
df = "3F00/DF01"
unblock = "mine-puk"
[[pin]]
label = "mine-puk"
number = 2
value = "765432"
df = "3F00/DF01"
[[file]]
path = "3F00"
kind = "df"
[[file]]
path = "3F00/DF01"
kind = "df"
[[file]]
path = "3F00/DF01/0101"
kind = "transparent"
size = 4
sfi = 1
rules = { read = "mine", update = "transport | off & digits" }
[[file]]
path = "3F00/DF02"
kind = "df"
"""

INSIDE = "00A4000C [DF01] = 9000;"

POLICIES = {
    "only digits": "00240001 ['123456' '12345a'] = 6A80; 00240001 ['123456' '234567'] = 9000",
    "not the present value": "00240001 ['123456' '123456'] = 6985",
    "not the one before": "00240001 ['123456' '234567'] = 9000; 00240001 ['234567' '123456'] = 6985",
    "the one before that": "00240001 ['123456' '234567'] = 9000; 00240001 ['234567' '345678'] = 9000;"
    "00240001 ['345678' '123456'] = 9000",
    "padded": "00200002 ['1234' FFFFFFFF] = 9000",
    "padded, without its padding": "00200002 ['1234'] = 9000",
    "padded, changed": "00240002 ['1234' FFFFFFFF '56789' FFFFFF] = 9000; 00200002 ['56789' FFFFFF] = 9000",
    "padded, wrong": "00200002 ['1235' FFFFFFFF] = 63C2",
    "must be changed first": "00200003 ['000000'] = 6985; 00240003 ['000000' '111111'] = 9000; 00200003 = 9000",
    "must be changed, wrong": "00200003 ['000001'] = 63C2",
    "local of its DF": INSIDE + "00200081 ['654321'] = 9000; 00B0810004 = 00000000 9000",
    "local is not global": INSIDE + "00200001 ['654321'] = 63C2; 00200001 ['123456'] = 9000; 00B0810004 = 6982",
    "local is not known outside": "00200081 ['654321'] = 6A88",
    "local ends when its DF is left": INSIDE + "00200081 ['654321'] = 9000; 00A4000C [3F00] = 9000;" + INSIDE
    + "00200081 = 63C3",
    "local ends in a sister DF": INSIDE + "00200081 ['654321'] = 9000; 00A4000C [DF02] = 9000;" + INSIDE
    + "00B0810004 = 6982",
    "local stays within its DF": INSIDE + "00200081 ['654321'] = 9000; 00A4000C [0101] = 9000; 00B0000001 = 00 9000",
    "global stays everywhere": "00200001 ['123456'] = 9000;" + INSIDE + "00200001 = 9000",
    "local unblocking": INSIDE + "002C0081 ['765432' '111111'] = 9000; 00200081 ['111111'] = 9000",
    "rules of alternatives": INSIDE + "00D68100 [01] = 6982; 00240003 ['000000' '111111'] = 9000; 00D68100 [01] = 9000",
    "what is disabled counts as given": "00200001 ['123456'] = 9000;" + INSIDE + "00D68100 [01] = 9000",
    "the state of all": "00CA010100 = 000001030305 000002030305 000003030307"
    " 000004030304 000281030305 000282030305 9000",
}  # fmt: skip


@pytest.mark.parametrize("dialogue", POLICIES.values(), ids=POLICIES)
def test_policies(dialogue: str) -> None:
    talk(bench_of_text(SHEET), dialogue)


def test_a_count_survives_reset_and_power(card: Bench) -> None:
    talk(card, "00200001 ['0000'] = 63C2")
    card.card.reset()
    talk(card, "00200001 = 63C2; 00200001 ['0000'] = 63C1")
    card.card.power_off()
    card.card.power_on()
    talk(card, "00200001 = 63C1")


@pytest.mark.parametrize("restart", ["reset", "power"])
def test_a_verification_does_not_survive(card: Bench, restart: str) -> None:
    talk(card, VERIFY)
    card.card.reset() if restart == "reset" else card.card.power_on()
    talk(card, "00200001 = 63C3")


def test_the_count_is_paid_before_the_answer(card: Bench) -> None:
    talk(card, "00200001 ['0000'] = 63C2")
    assert 2 == counters(card.store())[b"q\0\0\1"]
