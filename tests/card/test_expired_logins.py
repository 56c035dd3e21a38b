"""A PIN that was changed or unblocked is verified in no channel that verified its old value."""

from __future__ import annotations

import pytest

from tests.applet_gmt0017.support import ready
from tests.attack.test_card import PIN, PIV, PUK, administer
from tests.kit import Bench, bench, command

NEW = b"23456789"
STATE = command(0x20, 0, 1)
NOT_VERIFIED = 0x63C3

CHANGES = {
    "change with the old value": [command(0x24, 0, 1, b"12345678" + NEW)],
    "change after verification": [command(0x20, 0, 1, b"12345678"), command(0x24, 1, 1, NEW)],
    "unblock with a new value": [command(0x2C, 0, 1, b"87654321" + NEW)],
    "unblock": [command(0x2C, 1, 1, b"87654321")],
}


def on_channel_1(apdu: bytes) -> bytes:
    return bytes((apdu[0] | 1,)) + apdu[1:]


@pytest.fixture
def two() -> Bench:
    """A card with channel 1 open, the PIN verified there."""
    card = bench()
    card.ok(command(0x70, 0, 1))
    card.ok(on_channel_1(command(0x20, 0, 1, b"12345678")))
    return card


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_iso(two: Bench, change: list[bytes]) -> None:
    for apdu in change:
        two.ok(apdu)
    two.refused(on_channel_1(STATE), NOT_VERIFIED)


def test_the_channel_that_changed_it_keeps_it(two: Bench) -> None:
    two.ok(CHANGES["change with the old value"][0])
    two.ok(STATE)


def test_a_change_that_is_refused_ends_nothing_elsewhere(two: Bench) -> None:
    two.refused(command(0x24, 0, 1, b"12345678" + b"1"), 0x6A80)
    two.ok(on_channel_1(STATE))


def test_other_references_stay(two: Bench) -> None:
    two.ok(on_channel_1(command(0x20, 0, 2, b"87654321")))
    two.ok(CHANGES["change with the old value"][0])
    two.ok(on_channel_1(command(0x20, 0, 2)))


@pytest.mark.parametrize("unblocked", [False, True], ids=["change", "unblock"])
def test_gmt0017(unblocked: bool) -> None:
    token = ready()
    bench_ = token.bench
    bench_.ok(command(0x70, 0, 1))
    local = bench_.card._router  # the channel's own status, which no command of this door tells
    assert local is not None
    (pin,) = local.channels[0].channel.security.pins
    local.channels[1].channel.security.pins.add(pin)
    done = token.unblock(b"87654321", NEW) if unblocked else token.change_pin(b"123456", NEW)
    assert "9000" == done
    assert pin not in local.channels[1].channel.security.pins


CHANGE_PIV = command(0x24, 0, 0x80, PIN + b"654321\xff\xff")
UNBLOCK_PIV = command(0x2C, 0, 0x80, PUK + b"654321\xff\xff")
RETRIES = command(0xFA, 3, 3)


@pytest.mark.parametrize("change", [CHANGE_PIV, UNBLOCK_PIV, RETRIES], ids=["change", "unblock", "retries"])
def test_piv(change: bytes) -> None:
    card = bench("piv")
    card.ok(command(0x70, 0, 1))
    card.ok(on_channel_1(command(0xA4, 4, 0, PIV, 256)))
    card.ok(on_channel_1(command(0x20, 0, 0x80, PIN)))
    administer(card)
    card.verify(0x80, PIN)
    card.ok(change)
    card.refused(on_channel_1(command(0x20, 0, 0x80)), NOT_VERIFIED)
