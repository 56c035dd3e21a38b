"""A virtual PIN pad behind SCardControl (PC/SC part 10, version 2.02.09): the PIN never reaches the program.

The program sends a template of the command and says where the PIN goes; the pad asks its `PinEntry` for the
PIN, fills it in, sends the command to the card and returns the status word. Rules:
- Integers in the structures are in host byte order; control codes in the feature list are big-endian.
- What the pad itself has to say comes as status word: 6400 too late, 6401 cancelled, 6402 the two new PINs
  differ, 6403 too short or too long, 6B80 a structure that makes no sense.
- The PIN travels as `Secret` and leaves it only for the bytes of the command.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol as Structural

from reader_bridge.pcscd.pinblock import PinFormat, TemplateError, place
from simcard.wire.secret import Secret

CONTROL_BASE = 0x42000000
GET_FEATURE_REQUEST = CONTROL_BASE + 3400
FEATURE_BASE = CONTROL_BASE + 0x330000
VERIFY = struct.Struct("=BBBBBHBBHB3sI")
MODIFY = struct.Struct("=BBBBBBBHBBBHBBB3sI")
PROPERTIES = struct.Struct("=HBB")
CONFIRM_NEW, ASK_CURRENT = 0x01, 0x02
PRESSED_OK = 0x02
SILENT_CARD = b"\x64\x00"
NONSENSE = b"\x6b\x80"
MISMATCH = b"\x64\x02"
WRONG_LENGTH = b"\x64\x03"


class Feature(Enum):
    """Features of the pad and their tags (part 10, 2.3)."""

    VERIFY_PIN_DIRECT = 0x06
    MODIFY_PIN_DIRECT = 0x07
    IFD_PIN_PROPERTIES = 0x0A
    GET_TLV_PROPERTIES = 0x12

    @property
    def code(self) -> int:
        """The control code to use for it."""
        return FEATURE_BASE + self.value


class Wanted(Enum):
    """Which PIN the pad asks for."""

    CURRENT = "current"
    NEW = "new"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the person before the pad is told. Times are in seconds, 0 for the pad's own choice."""

    wanted: Wanted
    shortest: int
    longest: int
    timeout: int
    language: int


class NoPin(Enum):
    """Why there is no PIN, and the status word for it."""

    TIMED_OUT = b"\x64\x00"
    CANCELLED = b"\x64\x01"


PinEntry = Callable[[Prompt], Secret | NoPin]


class Ask(Structural):
    """Sends a command to the card; None if it keeps silent."""

    def __call__(self, command: bytes) -> bytes | None: ...


class PinPad:
    """The pad of one reader. `entry` is called in the thread that works for the card and may take its time."""

    def __init__(self, entry: PinEntry, shortest: int = 4, longest: int = 16) -> None:
        self._entry = entry
        self._shortest = shortest
        self._longest = longest

    def control(self, code: int, data: bytes, ask: Ask) -> bytes | None:
        """The answer to SCardControl; None for codes the pad does not know."""
        if code == GET_FEATURE_REQUEST:
            return features()
        if code == Feature.VERIFY_PIN_DIRECT.code:
            return self._verify(data, ask)
        if code == Feature.MODIFY_PIN_DIRECT.code:
            return self._modify(data, ask)
        if code == Feature.IFD_PIN_PROPERTIES.code:
            return PROPERTIES.pack(0, PRESSED_OK, 0)
        if code == Feature.GET_TLV_PROPERTIES.code:
            return self._tlv_properties()
        return None

    def _verify(self, data: bytes, ask: Ask) -> bytes:
        if len(data) < VERIFY.size:
            return NONSENSE
        fields = VERIFY.unpack_from(data)
        command = data[VERIFY.size :]
        if fields[-1] != len(command):
            return NONSENSE
        pin = self._get(Wanted.CURRENT, fields[5], fields[0], fields[8])
        if not isinstance(pin, Secret):
            return pin
        try:
            filled = place(PinFormat.parse(*fields[2:5]), command, pin)
        except TemplateError:
            return NONSENSE
        return ask(filled) or SILENT_CARD

    def _modify(self, data: bytes, ask: Ask) -> bytes:
        if len(data) < MODIFY.size:
            return NONSENSE
        fields = MODIFY.unpack_from(data)
        command = data[MODIFY.size :]
        if fields[-1] != len(command):
            return NONSENSE
        limits, flags, timeout, language = fields[7], fields[8], fields[0], fields[11]
        pins: list[tuple[int, Secret]] = []
        wanted = [(Wanted.CURRENT, fields[5])] if flags & ASK_CURRENT else []
        for which, offset in [*wanted, (Wanted.NEW, fields[6])]:
            pin = self._get(which, limits, timeout, language)
            if not isinstance(pin, Secret):
                return pin
            pins.append((offset, pin))
        if flags & CONFIRM_NEW:
            again = self._get(Wanted.AGAIN, limits, timeout, language)
            if not isinstance(again, Secret):
                return again
            if again != pins[-1][1]:
                return MISMATCH
        try:
            form = PinFormat.parse(*fields[2:5])
            for offset, pin in pins:
                command = place(form, command, pin, offset)
        except TemplateError:
            return NONSENSE
        return ask(command) or SILENT_CARD

    def _get(self, wanted: Wanted, limits: int, timeout: int, language: int) -> Secret | bytes:
        """The PIN, or the status word that says why there is none."""
        shortest, longest = limits >> 8, limits & 0xFF or self._longest
        pin = self._entry(Prompt(wanted, shortest, longest, timeout, language))
        if isinstance(pin, NoPin):
            return pin.value
        return pin if shortest <= len(pin) <= longest else WRONG_LENGTH

    def _tlv_properties(self) -> bytes:
        rows = (
            (0x01, bytes(2)),
            (0x02, bytes((PRESSED_OK,))),
            (0x03, bytes(1)),
            (0x06, bytes((self._shortest,))),
            (0x07, bytes((self._longest,))),
        )
        return b"".join(bytes((tag, len(value))) + value for tag, value in rows)


def features() -> bytes:
    """The answer to CM_IOCTL_GET_FEATURE_REQUEST: tag, length 4, control code."""
    return b"".join(struct.pack(">BBI", feature.value, 4, feature.code) for feature in Feature)
