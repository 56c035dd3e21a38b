"""With `pin_per_signature` each signature ends its login, through whichever door it went (GM/T 0027-2014, 9.2)."""

from __future__ import annotations

import pytest

from simcard.wire.tlv import tlv
from tests.applet_gmt0017.support import Token
from tests.attack.test_card import administer, signature
from tests.kit import Bench, bench_of_text, command

EPORT = """
extends = "eport-operator"
[card]
pin_per_signature = true
"""
PIV = """
extends = "piv"
[card]
pin_per_signature = true
"""
USER = b"88888888"
SIGN = command(0x2A, 0x9E, 0x9A, bytes(32), 256)
AUTHENTICATE = command(0x88, 0, 0x81, bytes(32), 256)


def refused_next(card: Bench, sign: bytes) -> None:
    """The first signature is made, the next one is refused."""
    card.ok(sign)
    card.refused(sign, 0x6982)


@pytest.fixture
def operator() -> Bench:
    """An operator card with its user logged in and its signing key named."""
    card = bench_of_text(EPORT)
    card.ok(command(0x22, 0x41, 0xB6, bytes.fromhex("840101")))
    card.verify(1, USER)
    return card


@pytest.mark.parametrize("sign", [SIGN, AUTHENTICATE], ids=["signature", "internal authentication"])
def test_iso(operator: Bench, sign: bytes) -> None:
    refused_next(operator, sign)


def test_a_new_login_allows_the_next_signature(operator: Bench) -> None:
    operator.ok(SIGN)
    operator.verify(1, USER)
    operator.ok(SIGN)


def test_a_signature_that_was_refused_costs_no_login(operator: Bench) -> None:
    operator.refused(command(0x2A, 0x9E, 0x9A, bytes(31), 256), 0x6A80)
    operator.ok(SIGN)


def test_other_logins_stay(operator: Bench) -> None:
    operator.verify(2, b"66666666")
    operator.ok(SIGN)
    operator.ok(command(0x20, 0, 2))


def test_pkcs15(operator: Bench) -> None:
    operator.ok(command(0xA4, 4, 0, bytes.fromhex("A000000063504B43532D3135"), 256))
    operator.ok(command(0x22, 0x41, 0xB6, bytes.fromhex("840101")))
    refused_next(operator, SIGN)


def test_gmt0017(operator: Bench) -> None:
    token = Token(operator)
    token.open(b"CHINAEPORT")
    token.container = token.ok(0x42, token.ident + b"EportSM2", ne=2)
    refused_next(operator, token.raw(0x74, 0x200, token.where + bytes(32)))


def test_piv() -> None:
    card = bench_of_text(PIV)
    administer(card)
    card.ok(command(0x47, 0, 0x9A, tlv(0xAC, tlv(0x80, b"\x11")), 256))
    card.verify(0x80, b"123456\xff\xff")
    refused_next(card, signature(0x9A))


def test_without_the_switch_a_login_lasts() -> None:
    card = bench_of_text(EPORT.replace("true", "false"))
    card.ok(command(0x22, 0x41, 0xB6, bytes.fromhex("840101")))
    card.verify(1, USER)
    card.ok(SIGN)
    card.ok(SIGN)
