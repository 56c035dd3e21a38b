"""Bad links: what goes wrong between reader and card must not become wrong in the card.

Faults are lines of the vocabulary of docs/faults.md. Under any of them the two laws of `conformance.laws` hold for
what the card itself answers, and further:

- *rights*: after the link has reset or lost the card, nothing is proved in any channel;
- *rest*: starting the card anew changes nothing in memory;
- *time*: answers that come late are the answers that would have come at once.

After 6581 memory may be found with what the command did or without it, until another command or a start settles it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from simcard.wire.status import SW, changes_nothing

DEEDS = ("lost", "short 1", "flip 1", "flip 9", "glitch", "remove", "remove after", "reset", "reset after")
DEEPER = ("noise 0", "noise 1", "memory 0", "memory 1", "memory 2", "cut 0", "cut 1 prefix", "cut 2 garbage")
LATE = ("late 1", "late 250", "late 5000")
TABLE = (*DEEDS, *DEEPER, *LATE)
MOST_FAULTS = 3


@dataclass(frozen=True, slots=True)
class Told:
    """One command over the link: what the card answered (None: nothing), and whether it was started anew."""

    answer: bytes | None
    restarted: bool


class Line(Protocol):
    """A card behind a link with faults."""

    def transmit(self, command: bytes) -> Told:
        """Send a command. A card that is gone or off afterwards is started again, and that is told."""

    def content(self) -> bytes:
        """A digest of the logical content of memory."""

    def after_work(self) -> bytes:
        """The same, as it was when the card had worked and before it was started anew."""

    def kept_rights(self) -> bool:
        """Whether anything was proved in any channel right after the card was started anew."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What was broken, and how."""

    law: str
    what: str


Connect = Callable[[Sequence[str]], Line]


def faults_of(seed: int, number: int, length: int) -> tuple[str, ...]:
    """The faults of a stream of so many commands."""
    random = Random(f"faults {seed << 32 | number}")
    found = []
    for _ in range(random.randint(1, MOST_FAULTS)):
        when = random.choice((f"at {random.randint(1, max(1, length))}", f"every {random.randint(2, 9)}"))
        found.append(f"{when} {random.choice(TABLE)}")
    return tuple(found)


def judge(connect: Connect, commands: Sequence[bytes], faults: Sequence[str]) -> Wrong | None:
    """Send the commands over a link with the faults; what was broken first, or None."""
    line = connect(faults)
    late = all(" late" in fault for fault in faults)
    quiet = connect(()) if late else None
    doubt: frozenset[bytes] = frozenset()
    for command in commands:
        before = line.content()
        told = line.transmit(command)
        wrong = _looked_at(line, told, doubt | {before})
        if wrong is None and quiet is not None and quiet.transmit(command) != told:
            wrong = Wrong("time", "a late answer is another answer")
        if wrong is not None:
            return wrong
        doubt = _doubt(line, told, before, doubt)
    return None


def _doubt(line: Line, told: Told, before: bytes, doubt: frozenset[bytes]) -> frozenset[bytes]:
    """What memory may be found to hold besides what it holds now, for commands failed and none has settled it."""
    if told.restarted:
        return frozenset()
    if told.answer == SW.MEMORY_FAILURE.to_bytes(2, "big"):
        return doubt | {before}
    return doubt if line.content() == before else frozenset()


def _looked_at(line: Line, told: Told, possible: frozenset[bytes]) -> Wrong | None:
    if told.answer is not None:
        if len(told.answer) < 2:
            return Wrong("law 1", f"an answer of {len(told.answer)} bytes")
        sw = int.from_bytes(told.answer[-2:], "big")
        if changes_nothing(sw) and line.after_work() not in possible:
            return Wrong("law 2", f"memory changed under status word {sw:04X}")
    elif not told.restarted:
        return Wrong("law 1", "no answer")
    if line.kept_rights():
        return Wrong("rights", "something is proved after the card was started anew")
    if told.restarted and line.content() != line.after_work():
        return Wrong("rest", "starting the card anew changes the content of memory")
    return None
