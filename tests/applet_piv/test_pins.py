"""PIN, PUK and global PIN (NIST SP 800-73-4 part 2, 3.2.1 to 3.2.3)."""

from __future__ import annotations

import pytest

from tests.applet_piv.support import GLOBAL, PIN, PUK, SELECT, Piv, get_data, padded, piv
from tests.kit import command, counters

PRINTED = 0x5FC109
STATE = command(0x20, 0, 0x80)
WRONG, NEW = b"999999", b"24681357"


@pytest.fixture
def card() -> Piv:
    return piv()


def change(reference: int, old: bytes, new: bytes) -> bytes:
    return command(0x24, 0, reference, padded(old) + padded(new))


def unblock(puk: bytes, new: bytes) -> bytes:
    return command(0x2C, 0, 0x80, padded(puk) + padded(new))


def verify(pin: bytes, reference: int = 0x80) -> bytes:
    return command(0x20, 0, reference, padded(pin))


def block(card: Piv) -> None:
    for left in (2, 1, 0):
        card.bench.refused(verify(WRONG), 0x63C0 | left)


def test_without_data_verify_tells_the_tries_left(card: Piv) -> None:
    card.bench.refused(STATE, 0x63C3)


def test_once_verified_nothing_more_is_asked(card: Piv) -> None:
    card.verify()
    card.bench.ok(STATE)


def test_a_wrong_pin_costs_a_try_and_ends_the_status(card: Piv) -> None:
    card.verify()
    card.bench.refused(verify(WRONG), 0x63C2)
    card.bench.refused(get_data(PRINTED), 0x6982)


def test_a_right_pin_gives_the_tries_back(card: Piv) -> None:
    card.bench.refused(verify(WRONG), 0x63C2)
    card.verify()
    card.bench.refused(command(0x20, 0, 0x80, padded(WRONG)), 0x63C2)


def test_a_pin_of_nothing_but_padding_is_a_wrong_one(card: Piv) -> None:
    card.bench.refused(verify(b""), 0x63C2)


def test_three_wrong_pins_block_it(card: Piv) -> None:
    block(card)
    card.bench.refused(verify(PIN), 0x6983)
    card.bench.refused(STATE, 0x6983)


def test_p1_ff_ends_the_status(card: Piv) -> None:
    card.verify()
    card.bench.ok(command(0x20, 0xFF, 0x80))
    card.bench.refused(STATE, 0x63C3)


def test_the_global_pin_opens_the_application_too(card: Piv) -> None:
    card.verify(GLOBAL, 0x00)
    assert b"" != card.get(PRINTED)


@pytest.mark.parametrize("reference", [0x01, 0x81, 0x82, 0x96, 0x98])
def test_other_references_cannot_be_verified(card: Piv, reference: int) -> None:
    card.bench.refused(verify(PUK, reference), 0x6A88)


@pytest.mark.parametrize(("p1", "data", "sw"), [(1, b"", 0x6A86), (0xFF, bytes(8), 0x6700), (0, b"123456", 0x6700)])
def test_malformed_verify(card: Piv, p1: int, data: bytes, sw: int) -> None:
    card.bench.refused(command(0x20, p1, 0x80, data), sw)


@pytest.mark.parametrize(("reference", "old"), [(0x80, PIN), (0x81, PUK), (0x00, GLOBAL)])
def test_a_value_is_changed(card: Piv, reference: int, old: bytes) -> None:
    card.bench.ok(change(reference, old, NEW))
    tries = {0x00: 4}.get(reference, 2)
    card.bench.refused(change(reference, old, WRONG), 0x63C0 | tries)
    card.bench.ok(change(reference, NEW, old))


def test_changing_the_pin_takes_the_old_one(card: Piv) -> None:
    card.verify()
    card.bench.refused(change(0x80, WRONG, NEW), 0x63C2)


@pytest.mark.parametrize("new", [b"12345", b"1234567a", b""])
def test_a_new_pin_has_six_to_eight_digits(card: Piv, new: bytes) -> None:
    before = counters(card.bench.store())
    card.bench.refused(change(0x80, PIN, new), 0x6A80)
    assert before == counters(card.bench.store()), "a form no PIN has costs no try"


@pytest.mark.parametrize("length", [0, 8, 15, 17])
def test_a_change_is_sixteen_bytes(card: Piv, length: int) -> None:
    card.bench.refused(command(0x24, 0, 0x80, bytes(length)), 0x6700)


def test_the_puk_unblocks(card: Piv) -> None:
    block(card)
    card.bench.ok(unblock(PUK, NEW))
    card.bench.refused(STATE, 0x63C3)
    card.verify(NEW)


def test_a_wrong_puk_is_counted(card: Piv) -> None:
    for left in (2, 1, 0):
        card.bench.refused(unblock(b"00000000", NEW), 0x63C0 | left)
    card.bench.refused(unblock(PUK, NEW), 0x6983)


def test_the_puk_unblocks_only_the_applications_pin(card: Piv) -> None:
    card.bench.refused(command(0x2C, 0, 0x00, padded(PUK) + padded(NEW)), 0x6A88)


def test_a_new_pin_of_wrong_form_does_not_cost_the_puk(card: Piv) -> None:
    before = counters(card.bench.store())
    card.bench.refused(unblock(PUK, b"letters"), 0x6A80)
    assert before == counters(card.bench.store())


def test_the_pin_is_the_same_through_the_file_systems_door(card: Piv) -> None:
    card.bench.ok(change(0x80, PIN, NEW))
    card.bench.card.reset()
    card.bench.verify(0x01, NEW)


def test_tries_lost_there_are_lost_here(card: Piv) -> None:
    card.bench.card.reset()
    card.bench.refused(command(0x20, 0, 0x01, padded(WRONG)), 0x63C2)
    card.bench.ok(SELECT)
    card.bench.refused(STATE, 0x63C2)
