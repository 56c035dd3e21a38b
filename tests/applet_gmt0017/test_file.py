"""Files of an application: rights, sizes, offsets, and the EFs they are."""

from __future__ import annotations

import pytest

from tests.applet_gmt0017.support import (
    ADMIN,
    ANYONE,
    BY_ADMIN,
    BY_USER,
    NEVER,
    Token,
    eport,
    token,
    u2,
    u4,
    with_application,
)

NAME = b"holder.dat"
APP_ID = 0x1000


def create(made: Token, name: bytes = NAME, size: int = 32, reading: int = ANYONE, writing: int = ANYONE) -> str:
    return made.sw(0x30, name.ljust(32, b"\0") + u4(size) + u4(reading) + u4(writing), APP_ID)


def place(made: Token, offset: int = 0, name: bytes = NAME) -> bytes:
    return made.ident + u2(offset) + u2(len(name)) + name


def write(made: Token, data: bytes, offset: int = 0) -> str:
    return made.sw(0x3A, place(made, offset) + u2(len(data)) + data)


def rights(rights: int) -> Token:
    made = token()
    made.authenticate()
    assert made.create_application(rights=rights) == "9000"
    made.open()
    return made


def test_what_is_written_is_read() -> None:
    made = with_application()
    assert create(made) == "9000"
    assert write(made, b"hello", 3) == "9000"
    assert b"\0\0\0hello\0\0" == made.ok(0x38, place(made), ne=10)


def test_reading_without_le_gives_the_rest() -> None:
    made = with_application()
    create(made)
    assert 30 == len(made.ok(0x38, place(made, 2)))


def test_reading_past_the_end_gives_what_there_is() -> None:
    made = with_application()
    create(made)
    assert 2 == len(made.ok(0x38, place(made, 30), ne=10))


@pytest.mark.parametrize("offset", [32, 33, 0xFFFF])
def test_an_offset_outside_the_file(offset: int) -> None:
    made = with_application()
    create(made)
    assert made.sw(0x38, place(made, offset), ne=1) == "6B00"
    assert write(made, b"x", offset) == "6B00"


def test_writing_over_the_end_is_refused_whole() -> None:
    made = with_application()
    create(made)
    assert write(made, b"12345", 30) == "6A84"
    assert bytes(32) == made.ok(0x38, place(made), ne=32)


@pytest.mark.parametrize("mask", [NEVER, BY_ADMIN, BY_USER, BY_ADMIN | BY_USER, ANYONE])
def test_rights_come_back_as_they_went_in(mask: int) -> None:
    made = with_application()
    assert create(made, reading=mask, writing=ANYONE) == "9000"
    assert u4(32) + u4(mask) + u4(ANYONE) == made.ok(0x36, NAME, APP_ID, ne=12)


@pytest.mark.parametrize(
    ("mask", "user", "admin", "both"),
    [(NEVER, 0, 0, 0), (BY_USER, 1, 0, 1), (BY_ADMIN, 0, 1, 1), (BY_USER | BY_ADMIN, 1, 1, 1), (ANYONE, 1, 1, 1)],
)
def test_who_may_read_and_write(mask: int, user: int, admin: int, both: int) -> None:
    for logins, expected in (([1], user), ([0], admin), ([0, 1], both)):
        made = with_application()
        create(made, reading=mask, writing=mask)
        for kind in logins:
            made.login(b"123456" if kind else ADMIN, kind)
        sw = "9000" if expected else "6982"
        assert sw == f"{made.send(0x38, place(made), ne=1)[1]:04X}"
        assert sw == write(made, b"x")


@pytest.mark.parametrize(("mask", "kind", "sw"), [(NEVER, 0, "6982"), (BY_ADMIN, 0, "9000"), (BY_ADMIN, 1, "6982")])
def test_who_may_create_and_delete(mask: int, kind: int, sw: str) -> None:
    made = rights(mask)
    made.login(b"123456" if kind else ADMIN, kind)
    assert create(made) == sw
    assert made.sw(0x32, NAME, APP_ID) == ("9000" if sw == "9000" else "6982")


def test_a_deleted_file_is_gone_and_its_name_free() -> None:
    made = with_application()
    create(made)
    made.ok(0x32, NAME, APP_ID)
    assert made.sw(0x38, place(made), ne=1) == "6A93"
    assert b"\0\0" == made.ok(0x34, p1p2=APP_ID, ne=0)
    assert create(made) == "9000"


def test_a_name_is_taken_once() -> None:
    made = with_application()
    create(made)
    assert create(made) == "6A92"


@pytest.mark.parametrize("ins", [0x32, 0x36])
def test_an_unknown_file(ins: int) -> None:
    assert with_application().sw(ins, b"nothing", APP_ID) == "6A93"


@pytest.mark.parametrize(("size", "sw"), [(0, "6A80"), (0x10000, "6A84"), (0x8000, "9000"), (1, "9000")])
def test_sizes(size: int, sw: str) -> None:
    assert create(with_application(), size=size) == sw


def test_memory_that_is_full() -> None:
    made = with_application()
    assert create(made, b"one", 0x8000) == "9000"
    assert create(made, b"two", 0x8000) == "6A84"
    assert b"one\0\0" == made.ok(0x34, p1p2=APP_ID, ne=0)


def test_the_number_of_files_is_limited() -> None:
    made = with_application()
    assert ["9000"] * 8 + ["6A84"] == [create(made, b"f%d" % n) for n in range(9)]


@pytest.mark.parametrize("mask", [0x02, 0x100, 0x1FF])
def test_rights_without_a_meaning(mask: int) -> None:
    assert create(with_application(), reading=mask) == "6A80"


@pytest.mark.parametrize("ins", [0x30, 0x32, 0x34, 0x36])
def test_files_need_an_open_application(ins: int) -> None:
    data = NAME.ljust(32, b"\0") + u4(1) + u4(ANYONE) + u4(ANYONE) if ins == 0x30 else NAME if ins != 0x34 else b""
    assert token().sw(ins, data, APP_ID, ne=None if data else 0) == "698A"


def test_the_holders_files_are_those_of_the_iso_door() -> None:
    made = eport()
    assert b"operator||somebody" == made.ok(0x38, place(made, 0, b"userinfo1"), ne=18)
    made.login(b"66666666", 0)
    made.ok(0x3A, place(made, 10, b"userinfo1") + u2(8) + b"renewed!")
    made.bench.ok("00A4000C02DF01")
    made.bench.ok("00A4020C020011")
    assert b"operator||renewed!" == made.bench.ok("00B0000012")


def test_the_holders_files_show_their_rights() -> None:
    made = eport()
    assert u4(512) + u4(ANYONE) + u4(BY_ADMIN) == made.ok(0x36, b"userinfo1", APP_ID, ne=12)
    assert u4(512) + u4(BY_USER) + u4(NEVER) == made.ok(0x36, b"userinfo2", APP_ID, ne=12)


def test_the_holders_files_keep_their_rules() -> None:
    made = eport()
    assert made.sw(0x38, place(made, 0, b"userinfo2"), ne=1) == "6982"
    made.login(b"88888888")
    assert b"e" == made.ok(0x38, place(made, 0, b"userinfo2"), ne=1)
    assert made.sw(0x3A, place(made, 0, b"userinfo1") + u2(1) + b"x") == "6982"
