"""CREATE, DELETE, ACTIVATE, DEACTIVATE and TERMINATE (ISO/IEC 7816-9:2017), and the life of files and of the card."""

from __future__ import annotations

import pytest

from tests.dialogue import talk
from tests.kit import Bench, bench_of_text

USER = "00200001 ['12345678'] = 9000;"
ADMIN = "00200003 ['11223344'] = 9000;"
EF = "00E00000 [{62 {82 0121}{83 0101}{80 0004}{88 08}}] = 9000;"
DF = "00E00000 [{62 {82 3821}{83 DF01}{84 'NAME1'}}] = 9000;"
MF = "00A4000C [3F00] = 9000;"


def create(*fields: str, sw: str = "6A80") -> str:
    return f"00E00000 [{{62 {''.join(fields)}}}] = {sw};"


KIND, FID, SIZE = "{82 0121}", "{83 0101}", "{80 0004}"

CREATE = {
    "a transparent file": EF + "00B0000004 = 00000000 9000",
    "a new file is current": EF + "00D60000 [01] = 9000",
    "a new DF is current": DF + EF + MF + "00A4080C [DF01 0101] = 9000",
    "every structure": create("{82 0221 0004 02}", "{83 0102}", "{88}", sw="9000")
    + create("{82 0421 0004 02}", "{83 0103}", "{88}", sw="9000")
    + create("{82 0621 0004 02}", "{83 0104}", "{88}", sw="9000")
    + create("{82 3921}", "{83 0105}", SIZE, "{88}", sw="9000"),
    "in an FCI template": "00E00000 [{6F {82 0121}{83 0101}{80 0004}}] = 9000",
    "the same identifier in another DF": EF + DF + EF,
    "eight levels": "".join(create("{82 3821}", f"{{83 DF0{i}}}", sw="9000") for i in range(1, 8)) + EF,
    "nine levels": "".join(create("{82 3821}", f"{{83 DF0{i}}}", sw="9000") for i in range(1, 8))
    + create("{82 3821}", "{83 DF08}", sw="6985"),
    "proprietary data are not taken over": create(KIND, FID, SIZE, "{88}", "{85 C0020100}", sw="9000")
    + "00A40004 [0101] 00 = {62 {80 0004}{82 0121}{83 0101}{88}{8A 05}} 9000",
    "an identifier there is": EF + create(KIND, FID, SIZE, sw="6A89"),
    "the identifier of its DF": DF + create(KIND, "{83 DF01}", SIZE, sw="6A89"),
    "an SFI there is": EF + create(KIND, "{83 0102}", SIZE, "{88 08}", sw="6A89"),
    "a name there is": DF + MF + create("{82 3821}", "{83 DF02}", "{84 'NAME1'}", sw="6A8A"),
    "a reserved identifier": create(KIND, "{83 3F00}", SIZE) + create(KIND, "{83 3FFF}", SIZE)
    + create(KIND, "{83 FFFF}", SIZE) + create(KIND, "{83 0000}", SIZE),
    "no identifier": create(KIND, SIZE),
    "no descriptor": create(FID, SIZE),
    "an unknown structure": create("{82 0321}", FID, SIZE),
    "a record file without a size": create("{82 0221}", FID),
    "a record file of no records": create("{82 0221 0004 00}", FID),
    "a record file of 255 records": create("{82 0221 0004 FF}", FID),
    "an identifier of one byte": create(KIND, "{83 01}", SIZE),
    "an EF with a name": create(KIND, FID, SIZE, "{84 'NAME'}"),
    "a name of 17 bytes": create("{82 3821}", "{83 DF01}", "{84 '12345678901234567'}"),
    "an SFI of 31": create(KIND, FID, SIZE, "{88 F8}"),
    "an SFI with low bits": create(KIND, FID, SIZE, "{88 09}"),
    "a life cycle there is not": create(KIND, FID, SIZE, "{8A 02}"),
    "a terminated file": create(KIND, FID, SIZE, "{8A 0C}"),
    "compact rules too short": create(KIND, FID, SIZE, "{8C 03 FF}"),
    "compact rules that say nothing": create(KIND, FID, SIZE, "{8C}"),
    "expanded rules that say nothing": create(KIND, FID, SIZE, "{AB}"),
    "compact rules of bit 8": create(KIND, FID, SIZE, "{8C 80 FF}"),
    "expanded rules that cannot be read": create(KIND, FID, SIZE, "{AB {80 01}}"),
    "expanded rules too deep": create(KIND, FID, SIZE, "{AB {80 01}" + "{A7 " * 10 + "{90}" + "}" * 10 + "}"),
    "expanded rules far too deep": f"00E00000 [{{62 {KIND}{FID}{{AB {{80 01}}" + "{A7 " * 700 + "{90}" + "}" * 702
    + "] = 6A80",
    "more than the memory": create(KIND, FID, "{80 FFFF}", sw="6A84"),
    "a size over the limit": create(KIND, FID, "{80 010000}"),
    "no template": "00E00000 [{82 0121}] = 6A80",
    "no data objects": "00E00000 [6205] = 6A80",
    "no data": "00E00000 = 6A80",
    "a wrong P1": "00E00100 [{62 {82 0121}{83 0101}}] = 6A86",
    "under an EF that is current, beside it": EF + create(KIND, "{83 0102}", SIZE, sw="9000") + MF
    + "00A4000C [0102] = 9000",
}  # fmt: skip


@pytest.mark.parametrize("dialogue", CREATE.values(), ids=CREATE)
def test_create(card: Bench, dialogue: str) -> None:
    talk(card, dialogue)


def test_a_refused_creation_leaves_the_card_usable(card: Bench) -> None:
    talk(card, create(KIND, FID, "{80 FFFF}", sw="6A84") + EF + "00B0000001 = 00 9000")


DELETE = {
    "the current file": EF + ADMIN + "00E40000 = 9000; 00A4000C [0101] = 6A82",
    "a file by identifier": EF + ADMIN + "00E40000 [0101] = 9000; 00A4000C [0101] = 6A82",
    "an EF under the DF": EF + ADMIN + "00E40200 [0101] = 9000",
    "a child DF": DF + MF + ADMIN + "00E40100 [DF01] = 9000; 00A4040C ['NAME1'] = 6A82",
    "a DF with all below it": DF + EF + MF + ADMIN + "00E40000 [DF01] = 9000;" + DF + "00A4000C [0101] = 6A82",
    "the current DF leaves its parent current": DF + ADMIN + "00E40000 = 9000;" + EF + MF + "00A4000C [0101] = 9000",
    "what is deleted can be created again": EF + ADMIN + "00E40000 = 9000;" + EF,
    "a deactivated file": EF + ADMIN + "00040000 = 9000; 00E40000 = 9000",
    "by its own rule": create(KIND, FID, SIZE, "{AB {80 40}{90}}", sw="9000")
    + "00A4000C [3F00] = 9000; 00E40000 [0101] = 9000",
    "another file keeps its SFI": create(KIND, FID, SIZE, "{88 10}", sw="9000")
    + create(KIND, "{83 0102}", SIZE, "{88}", sw="9000")
    + ADMIN + "00E40000 [0102] = 9000; 00B0820001 = 00 9000",
    "the MF": ADMIN + "00E40000 = 6985",
    "what there is not": ADMIN + "00E40000 [0999] = 6A82",
    "a DF as an EF": DF + MF + ADMIN + "00E40200 [DF01] = 6A82",
    "an EF as a DF": EF + ADMIN + "00E40100 [0101] = 6A82",
    "a grandchild": DF + EF + MF + ADMIN + "00E40000 [0101] = 6A82",
    "a path": EF + ADMIN + "00E40800 [0101] = 6A86",
    "an identifier of one byte": EF + ADMIN + "00E40000 [01] = 6700",
    "an EF without identifier": EF + ADMIN + "00E40200 = 6700",
}  # fmt: skip


@pytest.mark.parametrize("dialogue", DELETE.values(), ids=DELETE)
def test_delete(card: Bench, dialogue: str) -> None:
    talk(card, dialogue)


LIFE = {
    "a new file is activated": EF + "00440000 = 6985",
    "deactivate, activate": EF + "00040000 = 9000; 00B0000001 = 6985; 00440000 = 9000; 00B0000001 = 00 9000",
    "deactivate twice": EF + "00040000 = 9000; 00040000 = 6985",
    "a DF takes its files with it": DF + EF + "00A4000C [DF01] = 9000; 00040000 = 9000; 00A4000C [0101] = 6283;"
    "00B0000001 = 6985",
    "in a deactivated DF nothing is created": DF + "00040000 = 9000;" + create(KIND, FID, SIZE, sw="6985"),
    "created in creation state": create(KIND, FID, SIZE, "{8A 01}", "{8C 01 FF}", sw="9000") + "00B0000001 = 00 9000;"
    "00440000 = 9000; 00B0000001 = 6982",
    "created in initialisation state": create(KIND, FID, SIZE, "{8A 03}", "{8C 01 FF}", sw="9000")
    + "00B0000001 = 00 9000",
    "created deactivated": create(KIND, FID, SIZE, "{8A 04}", sw="9000") + "00B0000001 = 6985; 00440000 = 9000",
    "terminate an EF": EF + "00E80000 = 9000; 00B0000001 = 6985; 00440000 = 6985; 00040000 = 6985; 00E80000 = 6985",
    "terminate a DF": DF + EF + "00A4000C [DF01] = 9000; 00E60000 = 9000; 00A4000C [0101] = 6285; 00B0000001 = 6985",
    "nothing below a terminated DF is deleted": DF + EF + "00A4000C [DF01] = 9000; 00E60000 = 9000;" + ADMIN
    + "00E40000 [0101] = 6985",
    "a terminated DF is deleted as a whole": DF + EF + MF + "00E60100 [DF01] = 9000;" + ADMIN
    + "00E40000 [DF01] = 9000",
    "terminate the MF as a DF": "00E60000 = 6985",
    "terminate a DF as an EF": DF + "00E80000 = 6981",
    "terminate an EF as a DF": EF + "00E60000 = 6981",
    "a wrong P2": EF + "00040001 = 6A86; 00440010 = 6A86; 00E80003 = 6A86",
}  # fmt: skip


@pytest.mark.parametrize("dialogue", LIFE.values(), ids=LIFE)
def test_life_of_a_file(card: Bench, dialogue: str) -> None:
    talk(card, dialogue)


CARD = {
    "activation puts the rules in force": "00440000 = 9000; 00E60000 = 6985; 00FE0000 = 6982;" + ADMIN
    + "00FE0000 = 9000",
    "a sleeping card": "00440000 = 9000;" + EF + MF + ADMIN + "00040000 = 9000; 00B0810001 = 6985; 00440000 = 9000;"
    "00B0810001 = 00 9000",
    "waking needs the right": "00440000 = 9000;" + ADMIN + "00040000 = 9000; 0020FF03 = 9000; 00440000 = 6982",
    "a terminated card only tells": "00FE0000 = 9000; 00B0810001 = 6985; 0084000008 = 6985; 00200001 = 6985;"
    "00CA010000 = .. 9000; 00A4000C [3F00] = 6285; 00440000 = 6985; 0070000001 = 6985",
    "termination ends channels": "0070000001 = 01 9000; 00FE0000 = 9000; 01A4000C [3F00] = 6881",
    "terminate with data": "00FE0000 [00] = 6700",
    "terminate with a wrong P1": "00FE0100 = 6A86",
}  # fmt: skip


@pytest.mark.parametrize("dialogue", CARD.values(), ids=CARD)
def test_life_of_the_card(card: Bench, dialogue: str) -> None:
    talk(card, dialogue)


def test_termination_is_for_ever(card: Bench) -> None:
    talk(card, "00FE0000 = 9000")
    card.card.power_on()
    talk(card, "0084000008 = 6985; 00A4000C [3F00] = 6285")


RULES = {
    "compact, by environment": create(KIND, FID, SIZE, "{8C 03 91 11}", sw="9000") + "00B0000001 = 6982;" + USER
    + "00B0000001 = 00 9000; 00D60000 [01] = 9000",
    "compact, always and never": create(KIND, FID, SIZE, "{8C 03 FF 00}", sw="9000")
    + "00B0000001 = 00 9000; 00D60000 [01] = 6982",
    "compact, an environment there is not": create(KIND, FID, SIZE, "{8C 01 93}", sw="9000") + USER
    + "00B0000001 = 6982",
    "compact, secure messaging": create(KIND, FID, SIZE, "{8C 01 51}", sw="9000") + USER + "00B0000001 = 6982",
    "what no rule names is never": create(KIND, FID, SIZE, "{8C 01 00}", sw="9000") + USER + ADMIN
    + "00D60000 [01] = 6982",
    "expanded, by PIN": create(KIND, FID, SIZE, "{AB {80 01}{A4 {83 01}{95 08}}}", sw="9000")
    + "00B0000001 = 6982;" + USER
    + "00B0000001 = 00 9000",
    "expanded, one of": create(KIND, FID, SIZE, "{AB {80 01}{A0 {A4 {83 01}{95 08}}{A4 {83 03}{95 08}}}}", sw="9000")
    + ADMIN
    + "00B0000001 = 00 9000",
    "expanded, all of": create(KIND, FID, SIZE, "{AB {80 01}{AF {A4 {83 01}{95 08}}{A4 {83 03}{95 08}}}}", sw="9000")
    + ADMIN
    + "00B0000001 = 6982;" + USER + "00B0000001 = 00 9000",
    "expanded, not": create(KIND, FID, SIZE, "{AB {80 01}{A7 {A4 {83 01}{95 08}}}}", sw="9000")
    + "00B0000001 = 00 9000;" + USER
    + "00B0000001 = 6982",
    "expanded, by key": create(KIND, FID, SIZE, "{AB {80 01}{A4 {83 01}{95 80}}}", sw="9000") + USER
    + "00B0000001 = 6982",
    "alternatives one behind the other": create(KIND, FID, SIZE, "{AB {80 01}{97}{90}}", sw="9000")
    + "00B0000001 = 00 9000",
    "by instruction": create(KIND, FID, SIZE, "{AB {84 E4}{90}}", sw="9000") + "00E40000 = 9000",
    "by reference to EF.ARR": create("{82 0421 0020 02}", "{83 2F06}", "{88}", sw="9000")
    + "00E20000 [{80 01}{A4 {83 01}{95 08}}] = 9000;" + create(KIND, FID, SIZE, "{8B 2F06 01}", sw="9000")
    + "00B0000001 = 6982;"
    + USER + "00B0000001 = 00 9000; 00D60000 [00] = 6982",
    "by reference to nothing": create(KIND, FID, SIZE, "{8B 2F07 01}", sw="9000") + USER + "00B0000001 = 6982",
    "by reference to no record": create("{82 0421 0020 02}", "{83 2F06}", "{88}", sw="9000")
    + create(KIND, FID, SIZE, "{8B 2F06 01}", sw="9000") + "00B0000001 = 6A83",
}  # fmt: skip


@pytest.mark.parametrize("dialogue", RULES.values(), ids=RULES)
def test_rules(card: Bench, dialogue: str) -> None:
    talk(card, dialogue)


LOCAL = """\
[card]
name = "local"
title = "A card with a PIN in a DF"
atr = "3B00"
new_keys = { use = "always", replace = "always" }
[[pin]]
label = "mine"
number = 1
value = "654321"
df = "3F00/DF01"
[[file]]
path = "3F00"
kind = "df"
[[file]]
path = "3F00/DF01"
kind = "df"
"""


def test_a_deleted_df_takes_its_pins_with_it() -> None:
    card = bench_of_text(LOCAL)
    talk(card, "00A4000C [DF01] = 9000; 00200081 ['654321'] = 9000; 00E40000 = 9000")
    assert [] == card.store().keys(b"p")
    assert [] == card.store().keys(b"q")
