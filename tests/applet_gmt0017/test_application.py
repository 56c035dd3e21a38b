"""Applications: made, listed, opened, closed, deleted; and the view of the card's own one."""

from __future__ import annotations

import pytest

from tests.applet_gmt0017.support import (
    ADMIN,
    ANYONE,
    APP,
    BY_ADMIN,
    BY_USER,
    CONTAINER,
    NEVER,
    USER,
    application_data,
    eport,
    ready,
    token,
    u2,
    u4,
    with_application,
)


def test_a_blank_token_has_no_application() -> None:
    assert b"\0\0" == token().ok(0x22, ne=0)


def test_applications_are_listed_by_name() -> None:
    made = with_application()
    assert made.create_application("应用".encode()) == "9000"
    assert APP + b"\0" + "应用".encode() + b"\0\0" == made.ok(0x22, ne=0)


def test_creating_needs_the_device_key() -> None:
    assert token().create_application() == "6982"


def test_a_name_is_taken_once() -> None:
    assert with_application().create_application() == "6A89"


@pytest.mark.parametrize(
    "data",
    [
        application_data(user=b"12345"),
        application_data(admin=b"x"),
        application_data(tries=(0, 6)),
        application_data(tries=(6, 16)),
        application_data(rights=0x02),
        application_data(name=b""),
        application_data(name=b"\xff"),
    ],
)
def test_creating_refuses_what_cannot_be(data: bytes) -> None:
    made = token()
    made.authenticate()
    assert made.sw(0x20, data) == "6A80"


@pytest.mark.parametrize("data", [application_data()[:-1], application_data() + b"\0", application_data(width=48)])
def test_creating_has_a_fixed_length(data: bytes) -> None:
    made = token()
    made.authenticate()
    assert made.sw(0x20, data) in ("6700", "6A80")


@pytest.mark.parametrize("width", [40, 48])
def test_a_wider_name_field_by_switch(width: int) -> None:
    made = token(name_field_len=width)
    made.authenticate()
    made.ok(0x20, application_data(width=width))


def test_the_number_of_applications_is_limited() -> None:
    made = token(max_applications=2)
    made.authenticate()
    assert ["9000", "9000", "6A84"] == [made.create_application(b"app%d" % n) for n in range(3)]


@pytest.mark.parametrize("rights", [ANYONE, NEVER, BY_ADMIN, BY_USER, BY_ADMIN | BY_USER])
def test_opening_tells_rights_limits_and_id(rights: int) -> None:
    made = token()
    made.authenticate()
    assert made.create_application(rights=rights) == "9000"
    assert u4(rights) + bytes((4, 8)) + u2(8) + bytes.fromhex("1000") == made.open()


def test_limits_of_zero_are_the_tokens_own() -> None:
    made = token()
    made.authenticate()
    made.ok(0x20, application_data(limits=(0, 0, 0)))
    assert bytes((10, 20)) + u2(32) == made.open()[4:8]


def test_little_endian_by_switch() -> None:
    made = token(int_order="little")
    made.authenticate()
    fields = ADMIN.ljust(16, b"\0") + b"\6\0\0\0" + USER.ljust(16, b"\0") + b"\6\0\0\0" + b"\x10\0\0\0"
    made.ok(0x20, APP.ljust(32, b"\0") + fields + bytes((4, 8, 8, 0)))
    assert bytes.fromhex("10000000" + "0408" + "0800" + "0010") == made.open()


def test_a_long_name_is_fine() -> None:
    made, name = token(), b"n" * 32
    made.authenticate()
    assert made.create_application(name) == "9000"
    made.open(name)


@pytest.mark.parametrize(("switch", "sw"), [("6A8B", "6A8B"), ("6A88", "6A88")])
def test_an_unknown_application_is_not_opened(switch: str, sw: str) -> None:
    assert token(app_not_found_sw=switch).sw(0x26, b"nothing", ne=10) == sw


def test_opening_twice_is_allowed_or_refused_by_switch() -> None:
    with_application().open()
    assert with_application(app_open_twice="refuse").sw(0x26, APP, ne=10) == "6A8A"


def test_closing_keeps_the_login() -> None:
    made = with_application()
    made.login()
    made.ok(0x28, made.ident)
    made.open()
    made.create_container()


def test_closing_ends_the_login_by_switch() -> None:
    made = with_application(close_clears_login=True)
    made.login()
    made.ok(0x28, made.ident)
    made.open()
    assert made.sw(0x40, made.ident + CONTAINER) == "6982"


def test_closing_closes_containers() -> None:
    made = ready()
    made.ok(0x28, made.ident)
    made.open()
    assert made.sw(0x70, made.where + u4(256), ne=0) == "6A94"


def test_what_is_closed_cannot_be_closed() -> None:
    assert token().sw(0x28, b"\x10\x00") == "698A"


def test_deleting_needs_the_device_key() -> None:
    made = with_application()
    made.ok(0x1C)
    assert made.sw(0x24, APP) == "6982"


def test_deleting_leaves_nothing() -> None:
    made = token()
    before = made.bench.content()
    made.authenticate()
    assert made.create_application() == "9000"
    made.open()
    made.login()
    made.create_container()
    made.generate()
    made.ok(0x30, b"file".ljust(32, b"\0") + u4(16) + u4(ANYONE) + u4(ANYONE), 0x1000)
    made.ok(0x24, APP)
    after = made.bench.content()
    after.pop(b"f#")
    before.pop(b"f#")
    assert before == after
    assert b"\0\0" == made.ok(0x22, ne=0)


def test_deleting_an_unknown_application() -> None:
    made = token()
    made.authenticate()
    assert made.sw(0x24, b"nothing") == "6A8B"


def test_the_cards_own_application_is_a_view() -> None:
    made = eport()
    assert b"CHINAEPORT\0\0" == made.ok(0x22, ne=0)
    assert b"userinfo1\0userinfo2\0\0" == made.ok(0x34, p1p2=0x1000, ne=0)
    assert b"EportSM2\0\0" == made.ok(0x46, made.ident, ne=0)
    assert u4(BY_ADMIN) == made.open(b"CHINAEPORT")[:4]


def test_the_cards_own_application_cannot_be_deleted_without_a_device_key() -> None:
    assert eport().sw(0x24, b"CHINAEPORT") == "6A88"


def test_an_application_deleted_at_the_iso_door_is_gone_here() -> None:
    made = eport()
    made.bench.verify(2, b"66666666")
    made.bench.ok("00E4000002DF01")
    assert b"\0\0" == made.ok(0x22, ne=0)
    assert made.sw(0x46, made.ident, ne=0) == "698A"


def test_an_application_never_inherits_the_containers_of_one_that_is_gone() -> None:
    made = ready()
    made.generate()
    made.bench.ok("00E4000002DF10")
    assert b"\0\0" == made.ok(0x22, ne=0)
    assert made.create_application(b"heir") == "9000"
    made.open(b"heir")
    assert b"\0\0" == made.ok(0x46, made.ident, ne=0)
    made.login()
    assert bytes.fromhex("3002") == made.create_container()
