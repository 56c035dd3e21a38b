"""Faults by script: a card that is pulled, reset, late, silent or wrong at the command that the script names.

A script is one fault per line; `docs/faults.md` shows what a PC/SC client sees of each:

    at 3 remove                     # the third command never reaches the card
    on 0020 at 2 lost               # the answer to the second VERIFY
    every 5 late 250
    at 4 in transaction remove after
    on 00D6 cut 2 garbage

    [at N | every N | always] [on HEX] [in transaction] DEED [before | after] [AMOUNT] [TEAR]

Rules:
- Commands are counted over the life of the `FaultyCard`, through resets, and only those that `on` and
  `in transaction` name; `at` happens once. Without `at`, `every` and `always` it is the first such command.
- The card below is a whole card: a fault changes what reaches it and what comes back, never what it does with a
  command. Memory, noise and power are the board's; whoever makes the card lends their levers.
- What a script needs and nobody lent is `FaultError` when the card is made, not when the fault is due.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from hashlib import shake_256
from typing import Protocol

from reader_bridge.slot import CardLike
from simcard.wire.status import SW, Refused


class FaultError(ValueError):
    """A script that cannot be read or carried out; the text says why."""


class NoiseFailure(Refused):
    """The noise source failed its test: 6400, execution error and nothing changed (ISO/IEC 7816-4:2013, table 6)."""

    def __init__(self) -> None:
        super().__init__(SW.EXECUTION_ERROR)


class LostReply(Exception):
    """The card worked and its answer did not arrive; the reader gives the card up until it is reset."""


class Deed(Enum):
    """What happens."""

    REMOVE = "remove"
    RESET = "reset"
    GLITCH = "glitch"
    LATE = "late"
    LOST = "lost"
    SHORT = "short"
    FLIP = "flip"
    MEMORY = "memory"
    NOISE = "noise"
    CUT = "cut"


class Moment(Enum):
    """Before the card gets the command, or after it has worked and before its answer leaves."""

    BEFORE = "before"
    AFTER = "after"


MOST_DIGITS = 9
TEARS = ("absent", "prefix", "garbage", "unacknowledged")
DEFAULT_AMOUNT = {Deed.LATE: 1000, Deed.SHORT: 1, Deed.FLIP: 1}
MOMENTS = {Deed.REMOVE: Moment.BEFORE, Deed.RESET: Moment.AFTER}
"""Deeds that may be put at either moment, and where they are without a word."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Which commands: the `at`-th or every `every`-th of those that begin with `header`.."""

    at: int = 1
    every: int = 0
    header: bytes = b""
    transaction: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of a script. `amount`: milliseconds for late, bytes kept for short, bits for flip, and the number of
    operations that still succeed for memory, noise and cut."""

    deed: Deed
    trigger: Trigger = Trigger()
    moment: Moment = Moment.BEFORE
    amount: int = 0
    tear: str = "absent"


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)


@dataclass(slots=True)
class Levers:
    """What a fault may pull at, as far as there is such a thing.

    `remove` and `reset` are the reader's, and are called in the midst of a command; `reset` is another application's.
    `transaction` tells whether a client holds the card. `memory`, `noise` and `cut` take the number of operations
    that still succeed. `wait` takes seconds.
    """

    remove: Callable[[], object] | None = None
    reset: Callable[[], object] | None = None
    transaction: Callable[[], bool] | None = None
    memory: Callable[[int], object] | None = None
    noise: Callable[[int], object] | None = None
    cut: Callable[[int, str], object] | None = None
    wait: Callable[[float], object] = _wait


class FaultyCard:
    """A `CardLike` around another one that follows a script."""

    def __init__(self, card: CardLike, script: Sequence[Fault], levers: Levers | None = None) -> None:
        self._card = card
        self._levers = levers or Levers()
        self._plans = [_Plan(fault) for fault in script]
        for fault in script:
            _insist_on_levers(fault, self._levers)

    @property
    def atr(self) -> bytes:
        """The card's ATR."""
        return self._card.atr

    def power_on(self) -> bytes:
        """Cold reset."""
        return self._card.power_on()

    def reset(self) -> bytes:
        """Warm reset."""
        return self._card.reset()

    def power_off(self) -> None:
        """Power off."""
        self._card.power_off()

    def transmit(self, command: bytes) -> bytes:
        """The card's answer as the script leaves it."""
        due = [plan.fault for plan in self._plans if plan.is_due(command, self._levers)]
        for fault in due:
            if fault.moment is Moment.BEFORE:
                self._do(fault)
        if any(fault.deed is Deed.REMOVE and fault.moment is Moment.BEFORE for fault in due):
            return GONE
        response = self._card.transmit(command)
        for fault in due:
            if fault.moment is Moment.AFTER:
                self._do(fault)
            response = _spoilt(fault, response)
        return response

    def _do(self, fault: Fault) -> None:
        levers, deed = self._levers, fault.deed
        if deed is Deed.REMOVE and levers.remove:
            levers.remove()
        elif deed is Deed.RESET and levers.reset:
            levers.reset()
        elif deed is Deed.GLITCH:
            self._card.reset()
        elif deed is Deed.LATE:
            levers.wait(fault.amount / 1000)
        elif deed is Deed.MEMORY and levers.memory:
            levers.memory(fault.amount)
        elif deed is Deed.NOISE and levers.noise:
            levers.noise(fault.amount)
        elif deed is Deed.CUT and levers.cut:
            levers.cut(fault.amount, fault.tear)


GONE = SW.NO_DIAGNOSIS.to_bytes(2, "big")
"""What a pulled card says to nobody: its reader has hung up already."""


def _spoilt(fault: Fault, response: bytes) -> bytes:
    if fault.deed is Deed.LOST:
        raise LostReply
    if fault.deed is Deed.SHORT:
        return response[: fault.amount]
    return flipped(response, fault.amount) if fault.deed is Deed.FLIP else response


def flipped(response: bytes, bits: int) -> bytes:
    """`response` with so many of its bits flipped; which ones depends on the response and nothing else."""
    total = 8 * len(response)
    value = int.from_bytes(response, "big")
    noise = shake_256(b"flip" + response).digest(8 * total)
    order = sorted(range(total), key=lambda bit: noise[8 * bit : 8 * bit + 8])
    for bit in order[:bits]:
        value ^= 1 << bit
    return value.to_bytes(len(response), "big")


@dataclass(slots=True)
class _Plan:
    """A fault and how many of its commands there were."""

    fault: Fault
    seen: int = 0

    def is_due(self, command: bytes, levers: Levers) -> bool:
        trigger = self.fault.trigger
        if not command.startswith(trigger.header):
            return False
        if trigger.transaction and not (levers.transaction and levers.transaction()):
            return False
        self.seen += 1
        return self.seen % trigger.every == 0 if trigger.every else self.seen == trigger.at


NEEDED: dict[Deed, str] = {deed: deed.value for deed in (Deed.REMOVE, Deed.RESET, Deed.MEMORY, Deed.NOISE, Deed.CUT)}


def _insist_on_levers(fault: Fault, levers: Levers) -> None:
    needed = NEEDED.get(fault.deed)
    if needed is not None and getattr(levers, needed) is None:
        raise FaultError(f"nothing here can do {needed!r}")
    if fault.trigger.transaction and levers.transaction is None:
        raise FaultError("nothing here knows of transactions")


class Source(Protocol):
    """Random bytes, as a board has them."""

    @property
    def deterministic(self) -> bool:
        """Whether the bytes can be foretold."""
        ...

    def read(self, n: int) -> bytes:
        """The next `n` bytes."""
        ...

    def fork(self, label: str) -> Source:
        """An independent source."""
        ...


@dataclass(slots=True)
class _Order:
    """Reads that still succeed before one fails; below zero: nothing is ordered."""

    left: int = -1


@dataclass(frozen=True, slots=True)
class FaultyNoise:
    """A source of random bytes that fails when told; its forks fail with it."""

    source: Source
    order: _Order = field(default_factory=_Order)

    @property
    def deterministic(self) -> bool:
        """As the source below."""
        return self.source.deterministic

    def read(self, n: int) -> bytes:
        """The next `n` bytes, or `NoiseFailure` if that was ordered."""
        if self.order.left >= 0:
            self.order.left -= 1
            if self.order.left < 0:
                raise NoiseFailure
        return self.source.read(n)

    def fork(self, label: str) -> FaultyNoise:
        """The fork of the source below, under the same order."""
        return FaultyNoise(self.source.fork(label), self.order)

    def fail(self, after: int) -> None:
        """Let read number `after` from now (0 is the very next) fail, by whichever fork it is done."""
        self.order.left = after


def parse(text: str) -> list[Fault]:
    """The faults of a script; `FaultError` names the line that cannot be read."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].lower().split()
        if words:
            try:
                found.append(_fault(words))
            except FaultError as bad:
                raise FaultError(f"line {number}: {bad}") from None
    return found


def _fault(words: list[str]) -> Fault:
    trigger, words = _trigger(words)
    try:
        deed = Deed(words[0] if words else "")
    except ValueError:
        raise FaultError(f"expected one of {', '.join(each.value for each in Deed)}, not {' '.join(words)!r}") from None
    moment, amount, tear = MOMENTS.get(deed, Moment.BEFORE), DEFAULT_AMOUNT.get(deed, 0), TEARS[0]
    for word in words[1:]:
        if deed in MOMENTS and word in {each.value for each in Moment}:
            moment = Moment(word)
        elif deed is Deed.CUT and word in TEARS:
            tear = word
        elif _is_number(word) and deed not in (Deed.REMOVE, Deed.RESET, Deed.GLITCH, Deed.LOST):
            amount = int(word)
        else:
            raise FaultError(f"{deed.value} takes no {word!r}")
    return Fault(deed, trigger, moment, amount, tear)


def _trigger(words: list[str]) -> tuple[Trigger, list[str]]:
    at, every, header, transaction = 1, 0, b"", False
    while words and words[0] in ("at", "every", "always", "on", "in"):
        word, *words = words
        if word == "always":
            every = 1
            continue
        value, *words = words or [""]
        if word == "in" and value == "transaction":
            transaction = True
        elif word == "on" and _is_hex(value):
            header = bytes.fromhex(value)
        elif word in ("at", "every") and _is_number(value) and int(value) > 0:
            at, every = (int(value), 0) if word == "at" else (1, int(value))
        else:
            raise FaultError(f"{word!r} cannot be followed by {value!r}")
    return Trigger(at, every, header, transaction), words


def _is_number(text: str) -> bool:
    """Whether it is a number that a script can mean: more milliseconds than these, no clock of the host can wait."""
    return text.isdecimal() and len(text) <= MOST_DIGITS


def _is_hex(text: str) -> bool:
    return bool(text) and len(text) % 2 == 0 and set(text) <= set("0123456789abcdef")
