"""One script, two cards: every deviation in status, data and time.

A script is a recording or a list of commands. It can be played on one card and compared with what was recorded
(`replay on a card`), or on two cards which are compared with each other. Rules:
- Time deviates when one side took more than `times` as long as the other and more than `seconds` longer.
- What was hidden in a recording can neither be sent nor compared; sending it is `HiddenBytes`.
- Secret answers are compared and never shown.
- Random answers differ on any two cards; `ignored` instructions are compared by status and length only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import zip_longest

from reader_bridge.record.mask import Mask
from reader_bridge.record.model import Exchange, Kind, Shown
from reader_bridge.slot import CardLike, Slot
from simcard.wire.apdu import Ins

RANDOM = frozenset((Ins.GET_CHALLENGE,))


class What(Enum):
    """What deviates."""

    ATR = "atr"
    SILENCE = "silence"
    STATUS = "status"
    LENGTH = "length"
    DATA = "data"
    TIME = "time"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Deviation:
    """Step number (from 1), what deviates, the command as it may be shown, and both sides in words."""

    step: int
    what: What
    command: str
    left: str
    right: str

    def __str__(self) -> str:
        return f"{self.step}: {self.command}: {self.what.value}: {self.left} | {self.right}"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far times may be apart, and which instructions answer with random bytes. None: times are not compared."""

    times: float | None = None
    seconds: float = 0.01
    ignored: frozenset[int] = RANDOM


def play(script: Sequence[Exchange], card: CardLike, clock: Callable[[], float] = time.monotonic) -> list[Exchange]:
    """Do with a card what the script says, from power-on; what it answered, nothing hidden.

    A script that does not begin with a power-on gets one.
    """
    slot = Slot("script", card)
    began = clock()
    first = [] if script and script[0].kind is Kind.POWER_ON else [Exchange(Kind.POWER_ON)]
    played: list[Exchange] = []
    for exchange in [*first, *script]:
        at = clock()
        response = _step(slot, exchange)
        shown = None if response is None else Shown(response)
        played.append(replace(exchange, response=shown, at=at - began, took=clock() - at))
    slot.power_off()
    return played[len(first) :]


def _step(slot: Slot, exchange: Exchange) -> bytes | None:
    if exchange.kind is Kind.APDU:
        return slot.transmit(exchange.command.reveal())
    if exchange.kind is Kind.POWER_OFF:
        slot.power_off()
        return None
    return slot.power_on() if exchange.kind is Kind.POWER_ON else slot.reset()


def compare(left: Iterable[Exchange], right: Iterable[Exchange], tolerance: Tolerance | None = None) -> list[Deviation]:
    """Every deviation between two runs of one script, in order."""
    allowed, mask = tolerance or Tolerance(), Mask()
    found: list[Deviation] = []
    for step, (one, other) in enumerate(zip_longest(left, right), 1):
        if one is None or other is None:
            there = one or other
            assert there is not None
            sides = ("nothing", "something") if one is None else ("something", "nothing")
            found.append(Deviation(step, What.MISSING, described(there), *sides))
        else:
            mask.command(one.command.padded())
            found += _compared(step, one, other, allowed, mask)
    return found


def described(exchange: Exchange) -> str:
    """What the host did, secrets not shown: header of a command, word of an event."""
    if exchange.kind is not Kind.APDU:
        return str(exchange.kind.value)
    return exchange.command.padded()[:4].hex().upper()


def _compared(step: int, one: Exchange, other: Exchange, allowed: Tolerance, mask: Mask) -> list[Deviation]:
    def deviation(what: What, left: object, right: object) -> Deviation:
        return Deviation(step, what, described(one), str(left), str(right))

    if one.kind is Kind.POWER_OFF:
        return []
    a, b = one.response, other.response
    if a is None or b is None:
        sides = ["silent" if side is None else "answers" for side in (a, b)]
        return [deviation(What.SILENCE, *sides)] if (a is None) != (b is None) else []
    found = []
    if one.kind is not Kind.APDU:
        return [] if a == b else [deviation(What.ATR, a, b)]
    if one.sw != other.sw:
        found.append(deviation(What.STATUS, f"{one.sw or 0:04X}", f"{other.sw or 0:04X}"))
    if len(a) != len(b):
        found.append(deviation(What.LENGTH, f"{len(a) - 2} bytes", f"{len(b) - 2} bytes"))
    elif not _same_data(one, a, b, allowed):
        found.append(deviation(What.DATA, *(mask.response(side.padded()) for side in (a, b))))
    if allowed.times is not None and _slower(one.took, other.took, allowed.times, allowed.seconds):
        found.append(deviation(What.TIME, _ms(one.took), _ms(other.took)))
    return found


def _same_data(exchange: Exchange, one: Shown, other: Shown, allowed: Tolerance) -> bool:
    if one.hidden or other.hidden or exchange.command.padded()[1:2] in {bytes((ins,)) for ins in allowed.ignored}:
        return True
    return one.padded()[:-2] == other.padded()[:-2]


def _slower(one: float | None, other: float | None, times: float, seconds: float) -> bool:
    if one is None or other is None:
        return False
    short, long = sorted((one, other))
    return long - short > seconds and long > times * short


def _ms(took: float | None) -> str:
    return f"{(took or 0) * 1000:.1f} ms"
