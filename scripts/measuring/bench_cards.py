"""Cards for measuring: made once per profile, then copied; on RAM flash or in a file."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from simcard import profile as sheets
from simcard.card import Card
from simcard.crypto.engines import make
from simcard.hal.board import Board
from simcard.hal.clock import VirtualClock
from simcard.hal.engine import CryptoEngine
from simcard.hal.fileflash import FileFlash
from simcard.hal.flash import FlashDevice, RamFlash
from simcard.hal.system import SystemEntropy
from simcard.personalise import personalise

SM2_PROFILE = "eport-operator"
RSA_SHEET = """
extends = "eport-operator-rsa"
[[container]]
name = "EportRSA"
sign = { kind = "rsa", bits = 2048 }
exchange = { kind = "rsa", bits = 2048 }
"""
PIN = b"88888888"


@cache
def engine() -> CryptoEngine:
    """One engine for all cards, as in one process."""
    return make("soft")


def board(flash: FlashDevice) -> Board:
    return Board(flash, flash.power, VirtualClock(), SystemEntropy(), engine())


@cache
def profile(sheet: str) -> sheets.Profile:
    """A built-in profile by name, or one given as text."""
    return sheets.builtin(sheet) if sheet in sheets.builtin_names() else sheets.parse(sheet)


@cache
def image(sheet: str) -> bytes:
    """The flash of a personalised card."""
    flash = RamFlash(profile(sheet).memory)
    personalise(board(flash), profile(sheet))
    return flash.image()


def ram_card(sheet: str = SM2_PROFILE) -> Card:
    """A powered card on RAM flash."""
    card = Card(board(RamFlash.of_image(image(sheet))))
    card.power_on()
    return card


def file_image(path: Path, sheet: str = SM2_PROFILE) -> None:
    """A card image in a file."""
    flash = FileFlash.create(path, profile(sheet).memory, profile=profile(sheet).card.name)
    personalise(board(flash), profile(sheet))
    flash.close()


def file_card(path: Path) -> Card:
    """A powered card in a file; the caller closes its flash."""
    card = Card(board(FileFlash.open(path)))
    card.power_on()
    return card


def verify_apdu(pin: bytes = PIN) -> bytes:
    return b"\x00\x20\x00\x01" + bytes((len(pin),)) + pin


def insist(card: Card, *commands: bytes) -> None:
    """Send commands that must succeed."""
    for command in commands:
        answer = card.transmit(command)
        if answer[-2:] != b"\x90\x00":
            raise AssertionError(f"{command[:4].hex()} was answered {answer[-2:].hex()}")
