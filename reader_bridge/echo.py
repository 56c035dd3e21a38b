"""A card that answers with constants: what a reader and its driver cost when the card costs nothing.

`EchoCard` is the floor that benchmarks compare with. It keeps no state and checks nothing.
"""

from __future__ import annotations

OK = b"\x90\x00"
BLOCK = bytes(range(1, 256)) * 258


class EchoCard:
    """Every command is answered 9000, after as many constant bytes as a short or extended Le asks for.

    `00 84 00 00 08` gives 01 02 .. 08 90 00. A command with data and no Le gives 90 00, unless
    the instruction is `ECHO`, which gives the command data back.
    """

    ECHO = 0xEC

    def __init__(self, atr: bytes = b"") -> None:
        self._atr = atr or default_atr()

    @property
    def atr(self) -> bytes:
        """The ATR the card was made with."""
        return self._atr

    def power_on(self) -> bytes:
        """The ATR."""
        return self._atr

    def reset(self) -> bytes:
        """The ATR."""
        return self._atr

    def power_off(self) -> None:
        """Nothing to forget."""

    def transmit(self, command: bytes) -> bytes:
        """The constants; see the class."""
        length = len(command)
        if length == 5:
            return BLOCK[: command[4] or 256] + OK
        if length > 5 and command[1] == self.ECHO:
            return echoed(command) + OK
        if length == 7 and command[4] == 0:
            return BLOCK[: int.from_bytes(command[5:7], "big") or 65536] + OK
        return OK


def echoed(command: bytes) -> bytes:
    """The data field of a case 3 or 4 command, short or extended."""
    if command[4]:
        return command[5 : 5 + command[4]]
    return command[7 : 7 + int.from_bytes(command[5:7], "big")]


def default_atr() -> bytes:
    """3B 89 80 01 and the historical bytes "ECHO CARD", T=0 and T=1, with its check byte."""
    return with_check_byte(b"\x3b\x89\x80\x01ECHO CARD")


def with_check_byte(atr: bytes) -> bytes:
    """`atr` and TCK, which makes the exclusive or of all bytes after TS zero (ISO/IEC 7816-3:2006, 8.2.5)."""
    check = 0
    for byte in atr[1:]:
        check ^= byte
    return atr + bytes([check])
