"""Making sure that the card in a reader is the one its owner means before anything is done to it."""

from __future__ import annotations

from conformance.exchange import whole
from conformance.format import SuiteError, Target
from conformance.template import parse
from host_tools.link.base import CardLink

FILLING = b"\x00\xff"
"""What stands behind a serial number in a file that is longer."""


def confirm(target: Target, link: CardLink, atr: bytes, serial: bytes) -> None:
    """Nothing, or a `SuiteError` that says what is different. The serial number is read as the target says."""
    if link.atr != atr:
        raise SuiteError(f"the card's ATR is {link.atr.hex().upper()}, not {atr.hex().upper()}: this is another card")
    if not parse(target.identity.atr, pattern=True).pattern({}).fullmatch(atr.hex().upper()):
        raise SuiteError(f"target {target.target.name} is for cards with the ATR {target.identity.atr}")
    found = serial_of(target, link)
    if found != serial:
        raise SuiteError(
            f"the card's serial number is {found.hex().upper()}, not {serial.hex().upper()}: this is another card"
        )


def serial_of(target: Target, link: CardLink) -> bytes:
    """The data of the last answer to the commands that the target gives for it."""
    if not target.identity.serial:
        raise SuiteError(
            f"target {target.target.name} does not say how the serial number is read; "
            "give it serial = [commands] under [identity]"
        )
    found = b""
    for text in target.identity.serial:
        found, sw = whole(link, parse(text).value({}).data)
        if sw >> 8 not in (0x90, 0x62):
            raise SuiteError(f"reading the serial number: the card answers {sw:04X} to {text}")
    return found.rstrip(FILLING)
