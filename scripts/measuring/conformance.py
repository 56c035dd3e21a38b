"""The judge: cases per second, beside the same commands sent to the same cards by nobody who judges."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from conformance import run
from conformance.format import Case, Suite, load_target, target_path
from conformance.judge import Judge
from host_tools.cli.judging import RamRig
from host_tools.cli.rig import personalised
from host_tools.link.base import CardLink
from scripts.measuring.turns import Row, rates
from simcard.profile import builtin

GROUP = "judge"
TARGETS = ("iso-blank", "eport-operator")
SEED = 1
TURNS = 5
RESET = b""
"""In a record of what a case did: a reset, warm or cold."""


@dataclass(slots=True)
class Recorder:
    """A link that keeps what was sent, case by case."""

    link: CardLink
    sent: list[bytes] = field(default_factory=list)

    @property
    def atr(self) -> bytes:
        return self.link.atr

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command)
        return self.link.transmit(command)

    def reset(self) -> bytes:
        self.sent.append(RESET)
        return self.link.reset()

    def close(self) -> None:
        self.link.close()


class PlainRig(RamRig):
    """Cards whose power is not cut in the midst of a command: a bare replay has nobody to order that."""

    abilities = frozenset(("link.cold",))


class RecordingRig(PlainRig):
    """The same cards, with a record of what each was sent."""

    def __init__(self, image: bytes) -> None:
        super().__init__(image)
        self.cases: list[list[bytes]] = []

    def insert(self) -> CardLink:
        link = Recorder(super().insert())
        self.cases.append(link.sent)
        return link

    def cold(self) -> bytes:
        self.cases[-1].append(RESET)
        return super().cold()


def cases() -> Iterator[Row]:
    """A row for each target: all suites once."""
    chosen = list(run.cases(run.suites()))
    for name in TARGETS:
        target = load_target(target_path(name))
        image = personalised(builtin(name), SEED)
        recording = RecordingRig(image)
        tried = [row for row in chosen if not Judge(target, recording).why_not(*row)]
        judge = Judge(target, recording)
        for suite, case in tried:
            judge.run(suite, case)
        plain = Judge(target, PlainRig(image))
        found = _rates(plain, tried, _bare(image, recording.cases))
        ours, floor = (found[each] * len(tried) for each in ("judged", "sent"))
        yield Row(GROUP, f"{len(tried)} cases on {name}", "cases/s", ours, floor, "the same commands, unjudged")


def _rates(judge: Judge, tried: list[tuple[Suite, Case]], bare: Callable[[], None]) -> dict[str, float]:
    """A turn is one pass over all cases, for it takes some tenths of a second."""
    return rates({"judged": lambda: _all(judge, tried), "sent": bare}, 0.1, TURNS, time.process_time)


def _all(judge: Judge, tried: list[tuple[Suite, Case]]) -> None:
    for suite, case in tried:
        judge.run(suite, case)


def _bare(image: bytes, recorded: list[list[bytes]]) -> Callable[[], None]:
    """Send what was recorded, to a new card for each case."""
    rig = RamRig(image)

    def send() -> None:
        for commands in recorded:
            link = rig.insert()
            for command in commands:
                if command == RESET:
                    link.reset()
                else:
                    link.transmit(command)

    return send
