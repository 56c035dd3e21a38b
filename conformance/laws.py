"""The two laws of the card, over random streams of commands.

1. Every byte string sent gets an answer of two bytes or more.
2. The status word tells the truth about memory: unless SW1 is 90, 61, 63 or 65 the logical content of memory
   (all but retry counters and the count of resets) is as it was.

`stream` makes a stream from a seed: commands of a grammar (`Grammar`), mutated ones, chains with things in between,
and raw bytes. `judge` sends one to a `Subject` and finds the first command that breaks a law; what is not needed to
break it `conformance.campaign.minimise` leaves out. The same seed gives the same stream for ever, as long as the
grammar is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from simcard.wire.status import changes_nothing
from simcard.wire.tlv import tlv

MAX_STREAM = 24


class Subject(Protocol):
    """A powered card whose memory can be looked at from outside."""

    def transmit(self, command: bytes) -> bytes | None:
        """The response to any bytes, None when the card went mute."""

    def content(self) -> bytes:
        """A digest of the logical content of memory."""


@dataclass(frozen=True, slots=True)
class Violation:
    """The command at which a law was broken, and how."""

    law: int
    at: int
    command: bytes
    what: str


def judge(subject: Subject, commands: Sequence[bytes]) -> Violation | None:
    """Send the commands; the first violation, or None."""
    before = subject.content()
    for at, command in enumerate(commands):
        response = subject.transmit(command)
        if response is None:
            return Violation(1, at, command, "no answer")
        if len(response) < 2:
            return Violation(1, at, command, f"an answer of {len(response)} bytes")
        sw, after = int.from_bytes(response[-2:], "big"), subject.content()
        if changes_nothing(sw) and after != before:
            return Violation(2, at, command, f"memory changed under status word {sw:04X}")
        before = after
    return None


# -- streams ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Grammar:
    """What commands are made of: whole commands that make sense, and values that mean something to the card."""

    commands: tuple[bytes, ...]
    values: tuple[bytes, ...]
    instructions: tuple[int, ...]


def stream(seed: int, grammar: Grammar, length: int = MAX_STREAM) -> list[bytes]:
    """A stream of 1 to `length` commands."""
    random = Random(seed)
    found: list[bytes] = []
    for _ in range(random.randint(1, length)):
        found += random.choices(KINDS, WEIGHTS)[0](random, grammar)
    return found


def _sensible(random: Random, grammar: Grammar) -> list[bytes]:
    return [random.choice(grammar.commands)]


def _mutated(random: Random, grammar: Grammar) -> list[bytes]:
    raw = bytearray(random.choice(grammar.commands))
    for _ in range(random.randint(1, 3)):
        MUTATIONS[random.randrange(len(MUTATIONS))](random, raw)
    return [bytes(raw)]


def _composed(random: Random, grammar: Grammar) -> list[bytes]:
    """Any instruction with any parameters and data that mean something somewhere else."""
    head = bytes(
        (random.choice(CLASSES), random.choice(grammar.instructions), random.choice(BYTES), random.choice(BYTES))
    )
    data = b"".join(random.choices(grammar.values, k=random.randint(0, 3)))[:255]
    if random.random() < 0.3 and data:
        data = tlv(random.choice((0x62, 0x53, 0x54, 0x73, 0x7F21, 0xB6, 0xAC, 0x80, 0x9A)), data)[:255]
    body = bytes((len(data),)) + data if data else b""
    return [head + body + random.choice((b"", b"\x00", b"\x01", b"\xff"))]


def _chained(random: Random, grammar: Grammar) -> list[bytes]:
    """A command in pieces, sometimes with something else in between, sometimes without its end."""
    raw = random.choice(grammar.commands)
    data = raw[5 : 5 + raw[4]] if len(raw) > 5 else b""
    if len(data) < 2:
        return [raw]
    cut = random.randint(1, len(data) - 1)
    first = bytes((raw[0] | 0x10, *raw[1:4], cut)) + data[:cut]
    last = raw[:4] + bytes((len(data) - cut,)) + data[cut:]
    between = random.choices((_nothing, _sensible, _raw), (6, 2, 1))[0](random, grammar)
    return [first, *between, *([last] if random.random() < 0.8 else [])]


def _nothing(_random: Random, _grammar: Grammar) -> list[bytes]:
    return []


def _enveloped(random: Random, grammar: Grammar) -> list[bytes]:
    inner = random.choice(grammar.commands)[:255]
    return [b"\x00\xc2\x00\x00" + bytes((len(inner),)) + inner + b"\x00"]


def _elsewhere(random: Random, grammar: Grammar) -> list[bytes]:
    """The same on another logical channel, which may be open."""
    raw = random.choice(grammar.commands)
    channel = random.choice((1, 2, 3, 4, 19))
    cla = channel if channel < 4 else 0x40 | (channel - 4)
    opening = [bytes((0, 0x70, 0, channel))] if random.random() < 0.5 else []
    return [*opening, bytes((cla,)) + raw[1:]]


def _raw(random: Random, _grammar: Grammar) -> list[bytes]:
    return [random.randbytes(random.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 40, 300)))]


def _fetch(random: Random, _grammar: Grammar) -> list[bytes]:
    return [bytes((0, 0xC0, 0, 0, random.choice((0, 1, 8, 255))))]


KINDS = (_sensible, _mutated, _composed, _chained, _enveloped, _elsewhere, _raw, _fetch)
WEIGHTS = (10, 6, 5, 2, 1, 2, 2, 2)
CLASSES = (0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x04, 0x0C, 0x10, 0x20, 0x40, 0x4F, 0x80, 0xFF)
BYTES = (0, 0, 0, 1, 2, 3, 4, 5, 6, 8, 9, 0x0C, 0x10, 0x2F, 0x3F, 0x40, 0x7F, 0x80, 0x81, 0x86, 0xA4, 0xB6, 0xF4, 0xFF)


def _flip(random: Random, raw: bytearray) -> None:
    if raw:
        raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)


def _replace(random: Random, raw: bytearray) -> None:
    if raw:
        raw[random.randrange(len(raw))] = random.choice(BYTES)


def _header(random: Random, raw: bytearray) -> None:
    if len(raw) >= 4:
        raw[random.randrange(4)] = random.choice(BYTES)


def _cut(random: Random, raw: bytearray) -> None:
    del raw[random.randint(0, len(raw)) :]


def _longer(random: Random, raw: bytearray) -> None:
    raw += random.randbytes(random.randint(1, 4))


MUTATIONS = (_flip, _replace, _header, _header, _cut, _longer)
