"""Profiles: the built-in ones make cards, and a wrong one is refused with its line and what was expected."""

from __future__ import annotations

import pytest

from simcard import profile as sheets
from simcard.hal.flash import RamFlash
from simcard.nvm.store import NotFormatted, Store
from simcard.personalise import personalise
from simcard.profile import ProfileError
from tests.kit import bench, bench_of_text, board_of, image_of, personalised

GOOD = """\
memory = 65536
[card]
name = "small"
title = "Small card"
atr = "3B 87 81 31 FE 45 80 73 94 21 C0 81 05 8E"
new_keys = { use = "user", replace = "user", export = "always" }

[holder]
name = "测试"

[[pin]]
label = "user"
number = 1
value = "123456"
unblock = "puk"

[[pin]]
label = "puk"
number = 2
value = "87654321"

[[secret]]
label = "device"
reference = 1
cipher = "aes"
value = "00112233445566778899AABBCCDDEEFF"
purpose = ["external"]

[[container]]
name = "one"
sign = { kind = "p256" }

[[file]]
path = "3F00"
kind = "df"
rules = { create-ef = "user" }

[[file]]
path = "3F00/0101"
kind = "transparent"
size = 16
text = "{holder.name}"

[[file]]
path = "3F00/0102"
kind = "fixed"
record_size = 2
record_count = 2
records = ["0102"]

[[object]]
tag = "C1"
data = "0A"
"""


def line_of(part: str) -> int:
    return GOOD[: GOOD.index(part)].count("\n") + 1


WRONG = [
    ("memory = 65536", "memory = 65537", "memory = ", "expected a flash size of 65536"),
    ('atr = "3B', 'atr = "3C', "atr = ", "TS is 3C"),
    ('atr = "3B', 'atr = "3', "atr = ", "regex"),
    ('name = "small"', 'nome = "small"', "[card]", "unknown field `nome`"),
    ('"user", replace', '"usr", replace', "new_keys", "expected one of always, never"),
    ("number = 1\n", "number = 32\n", "number = 1\n", "<= 31"),
    ("number = 2\n", "number = 1\n", "number = 2\n", "a number no other PIN of its DF has"),
    ('value = "123456"', 'value = "1"', 'value = "123456"', "6 to 16 bytes"),
    ('value = "123456"\n', 'value = "12345A"\ncharacters = "digits"\n', 'value = "123456"', "digits"),
    ('unblock = "puk"', 'unblock = "pukk"', "unblock = ", "expected one of user, puk"),
    ('label = "puk"', 'label = "user"', "[[pin]]", "labels that differ"),
    ('unblock = "puk"', 'df = "3F00/DF01"', "unblock = ", "expected one of 3F00"),
    ("DDEEFF", "DDEE", 'value = "0011', "16 or 24 or 32 bytes for aes, got 15"),
    ("reference = 1", "reference = 128", "reference = 1", "<= 127"),
    ('"p256"', '"p255"', "sign = ", "regex"),
    ('{ kind = "p256" }', '{ kind = "p256", bits = 384 }', "sign = ", "expected 256 for p256, got 384"),
    ('{ kind = "p256" }', '{ kind = "rsa", bits = 1000 }', "sign = ", "1024 to 4096 in steps of 64"),
    ('create-ef = "user"', 'create-fe = "user"', "rules = ", "expected a right of"),
    ('create-ef = "user"', 'create-ef = "user & nobody"', "rules = ", "expected one of always, never"),
    ('path = "3F00/0101"', 'path = "3F00/DF01/0101"', 'path = "3F00/0101"', "3F00/DF01 to stand before it"),
    ('path = "3F00/0101"', 'path = "3F00/3FFF"', 'path = "3F00/0101"', "not reserved"),
    ('path = "3F00/0102"', 'path = "3F00/0101"', 'path = "3F00/0102"', "no other file has"),
    ("size = 16", "size = 4", "text = ", "at most 4 bytes as size says, got 6"),
    ('text = "{holder.name}"', 'text = "{holder.nome}"', "text = ", "a key of [holder] or [enterprise]"),
    ('text = "{holder.name}"', 'text = "测"\nencoding = "ascii"', "text = ", "text that ascii can write"),
    ('text = "{holder.name}"', 'data = "' + "00" * 17 + '"', "text = ", "at most 16 bytes"),
    ('text = "{holder.name}"', 'certificate = "two/sign"', "text = ", "CONTAINER/sign"),
    ("record_count = 2\n", "", 'path = "3F00/0102"', "record_size and record_count"),
    ('records = ["0102"]', 'records = ["010203"]', "records = ", "exactly 2 bytes, got one of 3"),
    ('records = ["0102"]', 'records = ["0102", "0102", "0102"]', "records = ", "at most 2 records"),
    ('records = ["0102"]', 'compact = "FF"', "records = ", "access mode byte"),
    ("new_keys", "options = { tee = {} }\nnew_keys", "new_keys", "expected one of gmt0017, piv, pkcs15, got tee"),
    ("new_keys", "options = { iso = {} }\nnew_keys", "new_keys", "expected one of gmt0017, piv, pkcs15, got iso"),
    ("new_keys", 'options = { pkcs15 = { lable = "x" } }\nnew_keys', "new_keys", "expected one of label, manuf"),
    ('purpose = ["external"]', 'purpose = ["cipher"]', "reference = 1", "no container's key's"),
    ('tag = "C1"', 'tag = "5F"', "tag = ", "a BER-TLV tag"),
    ('tag = "C1"', 'tag = "C1"\ndf = "3F00/DF07"', 'tag = "C1"', "expected one of 3F00"),
]


@pytest.mark.parametrize(("old", "new", "near", "expectation"), WRONG, ids=[f"{new}"[:40] for _, new, _, _ in WRONG])
def test_a_wrong_profile_is_refused_with_line_and_expectation(old: str, new: str, near: str, expectation: str) -> None:
    wrong = GOOD.replace(old, new, 1)
    with pytest.raises(ProfileError) as refusal:
        sheets.parse(wrong, "my.toml")
    text = str(refusal.value)
    assert expectation in text
    source, line, _ = text.split(":", 2)
    assert "my.toml" == source
    # A key that came newly into a table stands at most two lines behind the one it was put beside.
    assert 0 <= int(line) - line_of(near) <= 2, text


def test_a_profile_that_is_no_toml_is_refused() -> None:
    with pytest.raises(ProfileError, match=r"my\.toml: not TOML"):
        sheets.parse("[card", "my.toml")


def test_the_good_profile_is_good() -> None:
    assert "3B8781" == bench_of_text(GOOD).card.atr.hex().upper()[:6]


def test_an_unknown_built_in_name_says_which_there_are() -> None:
    with pytest.raises(ProfileError, match="iso-blank"):
        sheets.builtin("nothing")


def test_unknown_applets_are_refused_before_anything_is_erased() -> None:
    profile = sheets.parse(GOOD.replace("new_keys", 'applets = ["iso", "tea"]\nnew_keys'))
    flash = RamFlash(65536)
    with pytest.raises(ProfileError, match="got tea"):
        personalise(board_of(flash), profile)
    with pytest.raises(NotFormatted):
        Store.mount(flash)


def test_a_card_that_does_not_fit_is_refused() -> None:
    big = GOOD.replace("size = 16", "size = 60000")
    with pytest.raises(ProfileError, match="room for the whole card"):
        personalised(sheets.parse(big), 1)


@pytest.mark.parametrize("name", sheets.builtin_names())
def test_a_built_in_profile_makes_a_card_with_its_atr(name: str) -> None:
    made = bench(name)
    assert bytes.fromhex(sheets.builtin(name).card.atr) == made.card.atr


def test_a_seed_fixes_every_byte_of_a_card() -> None:
    assert image_of("eport-operator", 1) == personalised(sheets.builtin("eport-operator"), 1)
    assert image_of("eport-operator", 1) != image_of("eport-operator", 2)
