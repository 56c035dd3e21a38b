"""How commands of class 80 find the door without a SELECT, and what becomes of the one that was selected."""

from __future__ import annotations

from simcard.profile import builtin_text
from tests.applet_gmt0017.support import EPORT, eport, token
from tests.kit import bench, bench_of_text

AID = b"\xf0SIMGM0017"
SELECT = "00A404000A" + AID.hex()


def test_a_proprietary_command_finds_its_door() -> None:
    assert 288 == len(bench("gmt0017-token").ok("80040000000000"))


def test_a_card_without_such_a_door_refuses_the_class() -> None:
    bench("iso-blank").refused("80040000000000", 0x6E00)


def test_a_card_without_such_a_door_refuses_the_class_with_a_mac() -> None:
    bench("iso-blank").refused("84160001", 0x6882)


def test_the_door_has_an_identifier() -> None:
    card = bench("gmt0017-token")
    assert bytes.fromhex("6F0C840A") + AID == card.ok(SELECT + "00")
    assert b"" == card.ok(SELECT.replace("00A40400", "00A4040C"))
    assert 288 == len(card.ok("80040000000000"))


def test_an_interindustry_command_goes_back_to_the_iso_door_which_remembers() -> None:
    made = eport()
    made.bench.ok("00A4000C02DF01")
    made.bench.ok("00A4020C020011")
    made.ok(0x22, ne=0)
    assert b"operator" == made.bench.ok("00B0000008")
    assert b"CHINAEPORT\0\0" == made.ok(0x22, ne=0)
    assert b"EportSM2\0\0" == made.ok(0x46, made.ident, ne=0)


def test_selecting_by_name_begins_anew() -> None:
    made = eport()
    made.bench.ok(SELECT)
    assert made.sw(0x46, made.ident, ne=0) == "698A"


def test_selecting_the_iso_door_by_name_closes_this_one() -> None:
    made = eport()
    made.bench.ok("00A4040C0BF04348494E4145504F5254")
    assert made.sw(0x46, made.ident, ne=0) == "698A"


def test_a_logical_channel_has_its_own_session() -> None:
    made = eport()
    assert b"\x01" == made.bench.ok("0070000001")
    assert (b"", 0x698A) == made.bench.send(made.raw(0x46, 0, made.ident, 0, cla=0x81))
    assert b"EportSM2\0\0" == made.ok(0x46, made.ident, ne=0)


def test_a_login_is_for_one_channel() -> None:
    made = eport()
    made.login(b"88888888")
    made.bench.ok("0070000001")
    made.bench.ok(made.raw(0x26, 0, b"CHINAEPORT", 10, cla=0x81))
    assert (b"", 0x6982) == made.bench.send(made.raw(0x40, 0, made.ident + b"new", 2, cla=0x81))


def test_a_terminated_card_does_nothing_at_this_door() -> None:
    card = bench_of_text(EPORT.replace('delete-child = "admin" }', 'delete-child = "admin", terminate = "always" }', 1))
    card.ok("00A40000023F00")
    card.ok("00FE0000")
    card.refused("80040000000000", 0x6985)


def test_select_takes_no_other_parameters() -> None:
    token().bench.refused(SELECT.replace("00A40400", "00A40404"), 0x6A86)


def test_a_command_of_the_other_class_goes_back_to_the_applet_that_was_left() -> None:
    card = bench_of_text(builtin_text("piv").replace('applets = ["iso", "piv"]', 'applets = ["iso", "piv", "gmt0017"]'))
    version = "00FD000000"
    card.refused(version, 0x6D00)
    card.ok("00A4040005A00000030800")
    expected = card.ok(version)
    card.ok("80040000000000")
    assert expected == card.ok(version)
