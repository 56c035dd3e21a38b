"""Lives: the commands that the cases of the suites send to one card, as they were sent.

They are what random streams are made of, what a fuzzer begins with, and what power cuts are tried in: each life
brings the card by itself to where its last commands make sense, through whichever door.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from random import Random

from conformance.laws import Grammar, stream
from simcard.wire.apdu import ApduError, CommandApdu, Ins

SLOW = frozenset((Ins.GENERATE_KEY_PAIR, Ins.GENERATE_KEY_PAIR_ODD))
"""Not composed by chance: key pairs take long, and those of the lives are enough."""
FINAL = frozenset((Ins.TERMINATE_CARD,))
"""Not composed by chance: nothing can be tried after them."""
WORDS = ("840101", "830102", "800112", "540100", "53026162", "5C00", "82020121", "83020107", "80020040", "FF", "00")
LONGEST_VALUE = 32


@dataclass(frozen=True, slots=True)
class Life:
    """The name of a case, and what it sends."""

    name: str
    commands: tuple[bytes, ...]


def fingerprint(lives: Iterable[Life]) -> str:
    """Equal for equal lives."""
    digest = sha256()
    for life in lives:
        digest.update(b"%b %d " % (life.name.encode(), len(life.commands)))
        for command in life.commands:
            digest.update(b"%d " % len(command) + command)
    return digest.hexdigest()[:16]


def grammar_of(lives: Sequence[Life]) -> Grammar:
    """What streams for this card are made of: every command of its lives, and the short values in them."""
    commands = tuple(dict.fromkeys(command for life in lives for command in life.commands if command))
    values = dict.fromkeys(bytes.fromhex(word) for word in WORDS)
    instructions: dict[int, None] = {}
    for command in commands:
        try:
            apdu = CommandApdu.parse(command)
        except ApduError:
            continue
        if 0 < len(apdu.data) <= LONGEST_VALUE:
            values[apdu.data] = None
        if apdu.ins not in SLOW | FINAL:
            instructions[apdu.ins] = None
    return Grammar(commands, tuple(values), tuple(instructions))


def stream_of(seed: int, number: int, lives: Sequence[Life], grammar: Grammar) -> list[bytes]:
    """Stream `number` of a campaign: up to two whole lives, and then what comes."""
    own = seed << 32 | number
    random = Random(f"lives {own}")
    begun = random.sample(lives, random.randint(0, min(2, len(lives))))
    return [*(command for life in begun for command in life.commands), *stream(own, grammar)]
