"""Applications and switches in build sheets: what is refused before a card is made."""

from __future__ import annotations

import pytest

from simcard import profile as sheets
from simcard.applet.gmt0017.switches import Switches, version
from simcard.profile import ProfileError
from tests.applet_gmt0017.support import EPORT, Token, eport
from tests.kit import bench_of_text, personalised


@pytest.mark.parametrize(
    ("there", "instead", "complaint"),
    [
        ('df = "3F00/DF01"\nfiles', 'df = "3F00/DF02"\nfiles', "application[0].df"),
        ('files = ["userinfo1", "userinfo2"]', 'files = ["userinfo3"]', "application[0].files"),
        ('files = ["userinfo1", "userinfo2"]', 'user = "holder"', "application[0].user"),
        ('files = ["userinfo1", "userinfo2"]', 'admin = "nobody"', "application[0].admin"),
        ('files = ["userinfo1", "userinfo2"]', 'containers = ["EportRSA"]', "application[0].containers"),
    ],
)
def test_an_application_names_what_there_is(there: str, instead: str, complaint: str) -> None:
    assert there in EPORT
    with pytest.raises(ProfileError) as caught:
        sheets.parse(EPORT.replace(there, instead))
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    "line", ['int_order = "middle"', "unknown = 1", "session_keys = 0", 'hardware = "five"', "max_response = 70000"]
)
def test_a_switch_that_cannot_be_is_refused_before_the_card_is_made(line: str) -> None:
    text = EPORT.replace("[[pin]]", f"[card.options.gmt0017]\n{line}\n[[pin]]", 1)
    with pytest.raises(ProfileError, match=r"card\.options\.gmt0017"):
        personalised(sheets.parse(text), 1)


def test_two_applications_share_out_the_containers() -> None:
    second = """
[[container]]
name = "Second"
sign = { kind = "sm2" }
[[file]]
path = "3F00/DF02"
kind = "df"
[[application]]
name = "SECOND"
df = "3F00/DF02"
containers = ["Second"]
"""
    made = Token(bench_of_text(EPORT + second))
    made.open(b"CHINAEPORT")
    assert b"EportSM2\0\0" == made.ok(0x46, made.ident, ne=0)
    made.open(b"SECOND")
    assert b"Second\0\0" == made.ok(0x46, made.ident, ne=0)


def test_the_defaults_are_those_of_the_watched_token() -> None:
    made = Switches()
    assert ("big", "LD-LE", "zero16", "std") == (
        made.int_order,
        made.pin_block,
        made.pin_key_pad,
        made.import_ecc_order,
    )


@pytest.mark.parametrize(("text", "expected"), [("5.00", (5, 0)), ("2.15", (2, 15))])
def test_versions(text: str, expected: tuple[int, int]) -> None:
    assert expected == version(text)


def test_a_serial_number_is_made_from_the_cards_name() -> None:
    assert b"eport-for-tests".ljust(32, b"\0") == eport().ok(0x04, ne=0)[164:196]
