"""Access control: device key, PINs, tries, unblocking, clearing; who may what."""

from __future__ import annotations

import pytest

from simcard import trace
from tests.applet_gmt0017.support import (
    ADMIN,
    APP,
    CONTAINER,
    DEVICE_KEY,
    USER,
    Token,
    block,
    eport,
    mac,
    pin_key,
    ready,
    sm4,
    token,
    u2,
    with_application,
)

NEW_KEY = bytes(range(16))


def test_device_authentication_needs_a_fresh_random() -> None:
    made = token()
    assert made.sw(0x10, bytes(16), 2) == "6984"


def test_a_random_is_good_once() -> None:
    made = with_application()
    challenge = made.challenge()
    proof = made.ident + sm4(pin_key(USER), block("LD-LE", challenge))
    assert made.sw(0x18, proof, 1) == "9000"
    assert made.sw(0x18, proof, 1) == "6984"


def test_a_random_shorter_than_eight_bytes_is_no_challenge() -> None:
    made = token()
    made.ok(0x50, ne=7)
    assert made.sw(0x10, bytes(16), 2) == "6984"


def test_a_wrong_device_key_costs_a_try() -> None:
    made = token()
    assert made.authenticate(bytes(16)) == "63C9"
    assert made.authenticate() == "9000"
    assert made.authenticate(bytes(16)) == "63C9"


def test_the_device_key_locks() -> None:
    made = token()
    for left in range(9, -1, -1):
        assert made.authenticate(bytes(16)) == f"63C{left:X}"
    assert made.authenticate() == "6983"


@pytest.mark.parametrize("form", ["ZERO", "LD-LE", "LD-BE"])
def test_the_device_proof_comes_in_any_form(form: str) -> None:
    made = token()
    assert made.sw(0x10, sm4(DEVICE_KEY, block(form, made.challenge())), 2) == "9000"


def test_the_device_proof_may_be_a_whole_random_of_sixteen_bytes() -> None:
    made = token()
    assert made.sw(0x10, sm4(DEVICE_KEY, made.ok(0x50, ne=16)), 2) == "9000"


@pytest.mark.parametrize(("p1p2", "sw"), [(0, "6A81"), (1, "6A81"), (3, "6A86"), (0x0102, "6A86")])
def test_the_device_key_is_an_sm4_key(p1p2: int, sw: str) -> None:
    made = token()
    made.challenge()
    assert made.sw(0x10, bytes(16), p1p2) == sw


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_a_device_proof_has_sixteen_bytes(length: int) -> None:
    made = token()
    assert made.sw(0x10, bytes(length), 2, ne=None if length else 1) == "6700"


def test_the_device_key_changes() -> None:
    made = token()
    assert made.authenticate() == "9000"
    assert made.new_value(0x12, 2, DEVICE_KEY, sm4(DEVICE_KEY, NEW_KEY)) == "9000"
    assert made.authenticate() == "63C9"
    assert made.authenticate(NEW_KEY) == "9000"


def test_the_device_key_changes_in_the_long_form() -> None:
    made = token()
    assert made.authenticate() == "9000"
    plain = (b"\x00\x10" + NEW_KEY + b"\x80").ljust(32, b"\0")
    assert made.new_value(0x12, 2, DEVICE_KEY, sm4(DEVICE_KEY, plain)) == "9000"
    assert made.authenticate(NEW_KEY) == "9000"


def test_changing_the_device_key_needs_device_authentication() -> None:
    assert token().new_value(0x12, 2, DEVICE_KEY, sm4(DEVICE_KEY, NEW_KEY)) == "6982"


def test_changing_the_device_key_needs_a_good_mac() -> None:
    made = token()
    assert made.authenticate() == "9000"
    assert made.new_value(0x12, 2, bytes(16), sm4(DEVICE_KEY, NEW_KEY)) == "6988"
    assert made.authenticate() == "9000"


def info(made: Token, kind: int = 1) -> bytes:
    return made.ok(0x14, made.ident, kind, ne=3)


def test_pin_info_is_limit_left_and_default() -> None:
    made = with_application()
    assert bytes((6, 6, 1)) == info(made)


def test_a_wrong_pin_costs_a_try_and_a_right_one_restores() -> None:
    made = with_application()
    assert made.verify(b"000000") == "63C5"
    assert bytes((6, 5, 1)) == info(made)
    assert made.verify() == "9000"
    assert bytes((6, 6, 1)) == info(made)


def test_a_wrong_pin_ends_the_login() -> None:
    made = with_application()
    made.login()
    assert made.verify(b"000000") == "63C5"
    assert made.sw(0x40, made.ident + CONTAINER) == "6982"


def test_m4_three_wrong_passwords_lock_and_only_unlocking_opens() -> None:
    """M4."""
    made = eport()
    assert [made.verify(b"00000000") for _ in range(3)] == ["63C2", "63C1", "63C0"]
    assert made.verify(b"88888888") == "6983"
    made.bench.card.reset()
    made.open(b"CHINAEPORT")
    assert made.verify(b"88888888") == "6983"
    assert made.unblock(b"66666666", b"88888888") == "9000"
    assert made.verify(b"88888888") == "9000"


def test_the_user_pin_is_the_same_at_the_iso_door() -> None:
    made = eport()
    assert made.change_pin(b"88888888", b"abcdefgh") == "9000"
    made.bench.ok("0020000108" + b"abcdefgh".hex())
    made.bench.refused("0020000108" + b"88888888".hex(), 0x63C2)
    assert bytes((3, 2, 0)) == info(made)


def test_a_login_at_one_door_is_a_login_at_the_other() -> None:
    made = eport()
    made.login(b"88888888")
    made.bench.ok("00A4000C02DF01")
    made.bench.ok("00A4020C020012")
    assert b"enterprise" == made.bench.ok("00B000000A")


def test_change_pin_needs_the_old_one() -> None:
    made = with_application()
    assert made.change_pin(b"000000", b"654321") == "63C5"
    assert made.verify() == "9000"


def test_change_pin_pays_before_it_looks() -> None:
    made = with_application()
    for left in range(5, -1, -1):
        assert made.change_pin(b"000000", b"654321") == f"63C{left}"
    assert made.change_pin(USER, b"654321") == "6983"


@pytest.mark.parametrize("new", [b"12345", b""])
def test_a_pin_has_six_bytes_or_more(new: bytes) -> None:
    made = with_application()
    assert made.change_pin(USER, new) == "6A80"
    assert made.verify() == "9000"


def test_a_new_pin_with_wrong_padding_is_refused() -> None:
    made = with_application()
    assert made.new_value(0x16, 1, pin_key(USER), sm4(pin_key(USER), b"\x55" * 32)) == "6A80"


def test_change_pin_of_the_administrator() -> None:
    made = with_application()
    assert made.change_pin(ADMIN, b"newadmin", 0) == "9000"
    made.login(b"newadmin", 0)


def test_a_login_needed_for_changing_by_switch() -> None:
    made = with_application(changepin_requires_login=True)
    assert made.change_pin(USER, b"654321") == "6982"
    assert made.unblock(ADMIN, b"654321") == "6982"
    made.login()
    assert made.change_pin(USER, b"654321") == "9000"
    made.login(ADMIN, 0)
    assert made.unblock(ADMIN, USER) == "9000"


def test_unblocking_with_a_wrong_administrator_pin_costs_it_a_try() -> None:
    made = with_application()
    assert made.unblock(b"00000000", b"654321") == "63C5"
    assert bytes((6, 5, 1)) == info(made, 0)
    assert bytes((6, 6, 1)) == info(made, 1)


def test_unblocking_logs_nobody_in() -> None:
    made = with_application()
    made.login()
    assert made.unblock(ADMIN, b"654321") == "9000"
    assert made.sw(0x40, made.ident + CONTAINER) == "6982"


def test_a_command_with_a_mac_for_another_application_is_refused() -> None:
    made = with_application()
    challenge, key = made.challenge(), pin_key(USER)
    data = made.ident + sm4(key, b"654321".ljust(16, b"\0"))
    good = mac(key, challenge, bytes.fromhex("84160001") + u2(len(data) + 4) + data)
    spoiled = good[:3] + bytes((good[3] ^ 1,))
    assert made.sw(0x16, data + spoiled, 1, cla=0x84) == "63C5"


@pytest.mark.parametrize("ins", [0x14, 0x18])
def test_there_are_two_kinds_of_pin(ins: int) -> None:
    made = with_application()
    assert made.sw(ins, made.ident + bytes(16), 2) == "6A86"


def test_pins_need_an_open_application() -> None:
    made = with_application()
    made.ok(0x28, made.ident)
    assert made.sw(0x14, made.ident, 1, ne=3) == "698A"
    assert made.verify() == "698A"


def test_clear_secure_state_ends_the_logins_of_an_application() -> None:
    made = with_application()
    made.login()
    made.ok(0x1C, made.ident)
    assert made.sw(0x40, made.ident + CONTAINER) == "6982"
    assert made.create_application(b"another") == "9000"


def test_clear_secure_state_without_data_ends_everything() -> None:
    made = with_application()
    made.ok(0x1C)
    assert made.create_application(b"another") == "6982"


def test_a_reset_ends_everything() -> None:
    made = ready()
    made.bench.card.reset()
    assert made.sw(0x14, made.ident, 1, ne=3) == "698A"
    made.open()
    assert made.sw(0x40, made.ident + b"other") == "6982"


def test_a_login_is_for_one_application() -> None:
    made = with_application()
    assert made.create_application(b"another") == "9000"
    made.login()
    made.open(b"another")
    assert made.sw(0x40, made.ident + CONTAINER) == "6982"
    made.open(APP)
    made.create_container()


def test_secrets_do_not_show_in_the_trace() -> None:
    seen: list[trace.Event] = []
    made = token()
    made.bench.card.sink = seen.append
    assert made.authenticate() == "9000"
    assert made.create_application() == "9000"
    made.open()
    made.login()
    shown = [event.command for event in seen if event.name in ("CreateApplication", "VerifyPin")]
    assert ["80200000 [80 bytes]", "80180001 [18 bytes]"] == shown
