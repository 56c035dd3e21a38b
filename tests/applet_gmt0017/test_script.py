"""Office scripts (our own commands): exactly once, by whoever has the card's key, all of it or nothing."""

from __future__ import annotations

from functools import cache
from itertools import product

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.cmac import CMAC

from simcard.hal.power import PowerLost, Tear
from tests.applet_gmt0017.support import BITS, Token, envelope, gm_pair, sm4, token, u2, u4
from tests.kit import bench, on_bench

KEY = bytes.fromhex("53494D43415244204F46464943452031")
NUMBER = b"03-ZZ9S000000002"
USER = b"88888888"
NAME = b"EportSM2"
STATE, EXECUTE = 0xF6, 0xF8
RESET_USER = bytes.fromhex("80 01 01")
SWITCH = b"\x81\x08" + NAME
LIMIT = 10
"""Tries that the profile gives the management key."""


def cmac(key: bytes, message: bytes) -> bytes:
    made = CMAC(SM4(key))
    made.update(message)
    return made.finalize()


def script(count: int, operations: bytes, key: bytes = KEY, number: bytes = NUMBER) -> bytes:
    message = b"simcard office script 1" + bytes((len(number),)) + number + u4(count) + operations
    return u4(count) + operations + cmac(key, message)


def card() -> Token:
    made = Token(bench("eport-operator"))
    made.open(b"CHINAEPORT")
    return made


def run(made: Token, count: int, operations: bytes, **given: bytes) -> str:
    return made.sw(EXECUTE, script(count, operations, **given))


def state(made: Token) -> tuple[int, int]:
    answer = made.ok(STATE, ne=5)
    return int.from_bytes(answer[:4], "big"), answer[4]


def locked() -> Token:
    made = card()
    assert ["63C2", "63C1", "63C0"] == [made.verify(b"00000000") for _ in range(3)]
    assert "6983" == made.verify(USER)
    return made


@cache
def staged_image() -> bytes:
    """A card with old and staged container, both whole; certificates are bytes that hold the key."""
    made = card()
    made.login(USER)
    made.container = made.ok(0x42, made.ident + NAME, ne=2)
    for sign in (1, 0):
        certify(made, sign)
    made.create_container(NAME + b".next")
    signing = made.generate()
    assert "9000" == made.sw(0x72, made.where + envelope(signing, *gm_pair(1)))
    for sign in (1, 0):
        certify(made, sign)
    return made.bench.flash.image()


def certify(made: Token, sign: int) -> None:
    point = made.ok(0x88, made.where, sign << 8, ne=0)[4:]
    certificate = b"certificate of \x04" + point
    assert "9000" == made.sw(0x4C, made.where + bytes((sign,)) + u4(len(certificate)) + certificate)


def staged() -> Token:
    made = Token(on_bench(staged_image(), "eport-operator", 1))
    made.open(b"CHINAEPORT")
    return made


def keys_of(made: Token, name: bytes = NAME) -> list[bytes]:
    """Public keys and certificates of a container, signing first."""
    made.container = made.ok(0x42, made.ident + name, ne=2)
    return [made.ok(ins, made.where, sign << 8, ne=0) for ins in (0x88, 0x4E) for sign in (1, 0)]


def test_a_fresh_card_has_carried_out_no_script() -> None:
    assert (0, LIMIT) == state(card())


def test_a_token_without_the_key_has_no_scripts() -> None:
    made = token()
    assert ["6D00", "6D00"] == [made.sw(STATE, ne=5), made.sw(EXECUTE, script(1, RESET_USER))]


def test_a_locked_pin_is_the_first_one_again() -> None:
    made = locked()
    assert "9000" == run(made, 1, RESET_USER)
    assert "9000" == made.verify(USER)


def test_a_changed_pin_counts_as_wrong_afterwards() -> None:
    made = card()
    assert "9000" == made.change_pin(USER, b"13572468")
    assert "9000" == run(made, 1, RESET_USER)
    assert ["63C2", "9000"] == [made.verify(b"13572468"), made.verify(USER)]


def test_what_was_proved_ends() -> None:
    made = card()
    made.login(USER)
    assert "9000" == run(made, 1, RESET_USER)
    assert "6982" == made.sw(0x40, made.ident + b"new", ne=2)


def test_a_script_is_played_once() -> None:
    made = card()
    assert ["9000", "6985"] == [run(made, 1, RESET_USER), run(made, 1, RESET_USER)]
    assert (1, LIMIT) == state(made)


@pytest.mark.parametrize("count", [0, 2, 0xFFFFFFFF])
def test_a_count_that_is_not_the_next_one_is_refused(count: int) -> None:
    made = card()
    assert "6985" == run(made, count, RESET_USER)
    assert (0, LIMIT) == state(made)


@pytest.mark.parametrize("given", [{"number": b"03-ZZ9S000000003"}, {"key": bytes(16)}])
def test_a_script_of_another_card_costs_a_try(given: dict[str, bytes]) -> None:
    made = card()
    assert "63C9" == run(made, 1, RESET_USER, **given)
    assert (0, LIMIT - 1) == state(made)


def test_a_good_script_gives_the_tries_back() -> None:
    made = card()
    assert ["63C9", "9000"] == [run(made, 1, RESET_USER, key=bytes(16)), run(made, 1, RESET_USER)]
    assert (1, LIMIT) == state(made)


def test_the_key_is_blocked_after_too_many() -> None:
    made = card()
    assert f"63C{0:X}" == [run(made, 1, RESET_USER, key=bytes(16)) for _ in range(LIMIT)][-1]
    assert "6983" == run(made, 1, RESET_USER)


@pytest.mark.parametrize(
    ("operations", "sw"),
    [
        ("80 00", "6A80"),
        ("80 01 1F", "6A88"),
        ("80 02 01 01", "6A80"),
        ("99 00", "6A80"),
        ("80 05 01", "6A80"),
        ("81 03 61 62 63", "6A88"),
        ("81 00", "6A88"),
        ("A2 00", "6A80"),
        ("A2 06 83 04 DF 01 00 99", "6A80"),
        ("A2 0A 83 04 DF 01 00 99 53 02 41 42", "6A88"),
        ("A2 0A 83 04 DF 01 00 21 53 02 41 42", "6981"),
        ("A2 08 83 02 DF 01 53 02 41 42", "6981"),
        ("A2 04 83 00 53 00", "6981"),
        ("83 01 00", "6A80"),
        ("84 01 00", "6A80"),
    ],
)
def test_operations_that_are_none(operations: str, sw: str) -> None:
    made = card()
    before = made.bench.content()
    # Behind one that is good, so that it would show if only half of a script were done.
    assert sw == run(made, 1, RESET_USER + bytes.fromhex(operations))
    assert before == made.bench.content()


def test_a_script_too_short_for_its_frame_is_refused() -> None:
    made = card()
    assert {"6700"} == {made.sw(EXECUTE, script(1, RESET_USER)[:length]) for length in range(21)}


def test_a_file_gets_a_new_body() -> None:
    made = card()
    body = "操作员卡||新持卡人".encode()
    inside = bytes.fromhex("83 04 DF 01 00 11 53") + bytes((len(body),)) + body
    assert "9000" == run(made, 1, b"\xa2" + bytes((len(inside),)) + inside)
    read = made.ok(0x38, made.ident + u2(0) + u2(9) + b"userinfo1", ne=512)
    assert body.ljust(512, b"\0") == read


def test_a_body_larger_than_the_file_is_refused() -> None:
    inside = bytes.fromhex("83 04 DF 01 00 11 53 82 02 01") + bytes(513)
    assert "6A84" == run(card(), 1, b"\xa2\x82" + u2(len(inside)) + inside)


def test_the_management_key_is_changed_under_itself() -> None:
    made, new = card(), bytes(range(16))
    assert "9000" == run(made, 1, b"\x83\x10" + sm4(KEY, new))
    assert ["63C9", "9000"] == [run(made, 2, RESET_USER), run(made, 2, RESET_USER, key=new)]


def test_what_comes_behind_a_new_key_is_done_too() -> None:
    made = locked()
    assert "9000" == run(made, 1, b"\x83\x10" + sm4(KEY, bytes(16)) + RESET_USER)
    assert "9000" == made.verify(USER)


ADMIN = b"66666666"
OFFICE_PIN = b"0123456789abcdef"


def new_pin(value: bytes = OFFICE_PIN, key: bytes = KEY, number: int = 2) -> bytes:
    return b"\x85\x11" + bytes((number,)) + sm4(key, value)


def test_a_pin_gets_another_value_which_is_its_first_one() -> None:
    made = card()
    assert "9000" == run(made, 1, new_pin())
    assert ["63C9", "9000"] == [made.verify(ADMIN, kind=0), made.verify(OFFICE_PIN, kind=0)]
    assert "9000" == run(made, 2, bytes.fromhex("80 01 02"))
    assert "9000" == made.verify(OFFICE_PIN, kind=0)


def test_a_new_pin_has_all_its_tries() -> None:
    made = card()
    assert ["63C9", "63C8"] == [made.verify(b"00000000", kind=0) for _ in range(2)]
    assert "9000" == run(made, 1, new_pin())
    assert "63C9" == made.verify(b"00000000", kind=0)


def test_a_new_pin_behind_a_new_key_is_under_that_key() -> None:
    made, new = card(), bytes(range(16))
    assert "9000" == run(made, 1, b"\x83\x10" + sm4(KEY, new) + new_pin(key=new))
    assert "9000" == made.verify(OFFICE_PIN, kind=0)


@pytest.mark.parametrize(
    ("operation", "sw"),
    [
        (b"\x85\x00", "6A80"),
        (b"\x85\x01\x02", "6A80"),
        (b"\x85\x10\x02" + bytes(15), "6A80"),
        (b"\x85\x21\x02" + bytes(32), "6A80"),
        (new_pin(bytes(16)), "6A80"),
        (new_pin(number=9), "6A88"),
    ],
)
def test_what_is_no_new_pin_changes_nothing(operation: bytes, sw: str) -> None:
    made = card()
    assert sw == run(made, 1, RESET_USER + operation)
    assert ["9000", (0, LIMIT)] == [made.verify(ADMIN, kind=0), state(made)]


def test_a_new_number_binds_the_next_script_only() -> None:
    made = card()
    number = bytes.fromhex("A2 0A 83 02 2F 02 53 04") + b"NEXT"
    assert "9000" == run(made, 1, number + RESET_USER)
    assert ["63C9", "9000"] == [run(made, 2, RESET_USER), run(made, 2, RESET_USER, number=b"NEXT")]


@pytest.mark.parametrize(
    ("operations", "sw"),
    [
        (SWITCH + SWITCH, "6A88"),
        (b"\x81\x0d" + NAME + b".next", "6A88"),
        (RESET_USER + bytes.fromhex("84 00 99 00"), "6A80"),
        (bytes.fromhex("A2 0E A2 0C 83 04 DF 01 00 11 53 04 41 42 43 44"), "6A80"),
        (bytes.fromhex("80 84 FF FF FF FF 01"), "6A80"),
    ],
)
def test_a_crafted_script_that_is_refused_changes_nothing(operations: bytes, sw: str) -> None:
    made = staged()
    before = made.bench.content()
    assert sw == run(made, 1, operations)
    assert before == made.bench.content()
    assert "9000" == run(made, 1, SWITCH)


def test_a_terminated_card_is_at_its_end() -> None:
    made = card()
    assert "9000" == run(made, 1, bytes.fromhex("84 00"))
    assert (b"", 0x6982) != made.bench.send("0084000008")
    assert run(made, 2, RESET_USER) != "9000"


def test_a_switch_brings_the_staged_keys_and_certificates() -> None:
    made = staged()
    new = keys_of(made, NAME + b".next")
    assert "9000" == run(made, 1, SWITCH + RESET_USER)
    assert new == keys_of(made)
    assert [NAME.decode()] == made.ok(0x46, made.ident, ne=0).decode().split("\0")[:-2]


def test_the_new_keys_have_the_rules_of_the_old_ones() -> None:
    made = staged()
    assert "9000" == run(made, 1, SWITCH)
    made.container = made.ok(0x42, made.ident + NAME, ne=2)
    digest = made.where + bytes(32)
    assert "6982" == made.sw(0x74, digest, 0x0200, ne=68)
    made.login(USER)
    assert 68 == len(made.ok(0x74, digest, 0x0200, ne=68))


def test_the_certificate_files_show_the_new_ones_at_once() -> None:
    made = staged()
    expected = keys_of(made, NAME + b".next")[2][4:]
    assert "9000" == run(made, 1, SWITCH)
    made.bench.ok("00A4080404DF010021")
    assert expected == made.bench.ok("00B0000000")


@pytest.mark.parametrize("missing", ["exchange", "certificates", "signing certificate", "foreign certificate"])
def test_what_is_not_whole_does_not_take_over(missing: str) -> None:
    made = card()
    made.login(USER)
    made.create_container(NAME + b".next")
    signing = made.generate()
    if missing != "exchange":
        assert "9000" == made.sw(0x72, made.where + envelope(signing, *gm_pair(1)))
        if missing != "certificates":
            certify(made, 0)
        if missing == "foreign certificate":
            assert "9000" == made.sw(0x4C, made.where + b"\x01" + u4(3) + b"DER")
    before = made.bench.content()
    assert "6985" == run(made, 1, SWITCH + RESET_USER)
    assert before == made.bench.content()


def test_a_staged_container_is_no_second_identity_in_pkcs15() -> None:
    seen = []
    for made in (card(), staged()):
        made.bench.ok("00A4040C0CA000000063504B43532D3135")
        made.bench.ok("00A4020C024402")
        seen.append(made.bench.ok("00B0000000"))
    assert seen[0] == seen[1] != b""


def cut_sweep(operations: bytes) -> tuple[int, int]:
    """Cut the power at every operation in every tearing mode; how often old and how often new was found."""
    whole = staged()
    before = whole.bench.content()
    begun = whole.bench.board.power.operations
    assert "9000" == run(whole, 1, operations)
    count, after = whole.bench.board.power.operations - begun, whole.bench.content()
    found = [0, 0]
    for at, tear in product(range(count), Tear):
        again = staged()
        again.bench.board.power.cut(at, tear, seed=at)
        with pytest.raises(PowerLost):
            run(again, 1, operations)
        again.bench.board.power.restore()
        again.bench.card.power_on()
        content = again.bench.content()
        content.pop(b"B", None)
        assert content in (before, after), f"cut at {at}, {tear}"
        found[content == after] += 1
        again.open(b"CHINAEPORT")
        # Whatever was found, the office sees it by the count and finishes.
        done, _ = state(again)
        assert done == (content == after)
        assert "9000" == (run(again, 1, operations) if not done else again.verify(USER))
    return found[0], found[1]


def test_every_cut_leaves_old_or_new() -> None:
    old, new = cut_sweep(SWITCH + RESET_USER)
    assert min(old, new) > 0


def test_signing_by_the_new_key_verifies_by_the_new_certificate() -> None:
    made = staged()
    public = keys_of(made, NAME + b".next")[0]
    assert public[:4] == BITS
    assert "9000" == run(made, 1, SWITCH)
    made.login(USER)
    made.container = made.ok(0x42, made.ident + NAME, ne=2)
    digest = bytes(range(32))
    signature = made.ok(0x74, made.where + digest, 0x0200, ne=68)[4:]
    assert "9000" == made.sw(0x76, BITS + public[4:] + u4(32) + digest + signature, 0x0200)
