"""What the card tells of itself: one event per exchange, with secrets already out of it.

The card has no clock and no log; it hands events to a `Sink`, and whoever holds the sink adds time and writes
them down. A command class says which side of it is secret (`secret_data`, `secret_reply`); of those only the
length is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simcard.applet.base import Command
from simcard.hal.board import Board
from simcard.wire.apdu import CommandApdu, ResponseApdu
from simcard.wire.status import describe


@dataclass(frozen=True, slots=True)
class Event:
    """One exchange, or a reset (then `command` is empty and `response` is the ATR)."""

    name: str
    """Class of the command, empty when none was recognised."""
    command: str
    """Hexadecimal; a secret data field stands as `[n bytes]`."""
    response: str
    sw: int
    flash_operations: int
    """Flash operations of the board so far."""

    @property
    def meaning(self) -> str:
        return describe(self.sw)


Sink = Callable[[Event], None]


def reset(atr: bytes) -> Event:
    return Event("reset", "", atr.hex().upper(), 0x9000, 0)


def exchange(raw: bytes, command: Command | None, response: ResponseApdu, board: Board) -> Event:
    """The event of one exchange. A command no class recognised is shown by its header only."""
    name = type(command).__name__ if command else ""
    shown = raw.hex().upper() if command and not command.secret_data else _header_only(raw)
    data = response.data.hex().upper()
    if command and command.secret_reply and data:
        data = f"[{len(response.data)} bytes]"
    return Event(name, shown, data, response.sw, board.power.operations)


def _header_only(raw: bytes) -> str:
    """Header and length: also the pieces of a chain, refused commands and garbage may hold a PIN."""
    try:
        count = len(CommandApdu.parse(raw).data)
    except ValueError:
        count = max(0, len(raw) - 4)
    return raw[:4].hex().upper() + (f" [{count} bytes]" if count else "")
