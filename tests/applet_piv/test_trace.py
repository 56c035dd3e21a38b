"""What traces show of PIV commands: no PIN, no key and nothing deciphered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simcard.trace import Event
from simcard.wire.tlv import tlv
from tests.applet_piv.support import MANAGEMENT, PIN, PUK, Piv, padded, piv
from tests.kit import command

SCALAR = bytes(range(1, 33))
NEW_KEY = bytes(range(32, 64))


def traced(act: Callable[[Piv], object]) -> str:
    """All that the trace of some commands says."""
    card, events = piv(), list[Event]()
    card.bench.card.sink = events.append
    card.manage()
    act(card)
    return "\n".join(f"{event.command} {event.response}" for event in events)


def decipher(card: Piv) -> None:
    card.generate(0x9D, 0x11, tlv(0xAA, b"\1"))
    public = card.metadata(0x9D)[0x04][2:]
    card.agree(0x9D, 0x11, public)


@pytest.mark.parametrize(
    ("act", "secret"),
    [
        (lambda card: card.verify(), PIN),
        (lambda card: card.bench.ok(command(0x24, 0, 0x80, padded(PIN) + padded(b"654321"))), b"654321"),
        (lambda card: card.bench.ok(command(0x2C, 0, 0x80, padded(PUK) + padded(b"654321"))), PUK),
        (lambda card: card.bench.ok(command(0xFE, 0x11, 0x9A, tlv(0x06, SCALAR))), SCALAR),
        (lambda card: card.bench.ok(command(0xFF, 0xFF, 0xFF, b"\x0c\x9b\x20" + NEW_KEY)), NEW_KEY),
        (lambda card: card.manage(), MANAGEMENT),
    ],
)
def test_no_secret_is_traced(act: Callable[[Piv], object], secret: bytes) -> None:
    assert secret.hex().upper() not in traced(act)


def test_a_shared_secret_is_shown_by_its_length() -> None:
    assert "[36 bytes]" in traced(decipher)


def test_a_challenge_is_shown() -> None:
    assert "7C0A8108" in traced(lambda card: None)
