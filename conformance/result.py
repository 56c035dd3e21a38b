"""What a run found: the verdict of every case, with a transcript that shows no secret."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from conformance.format import Certainty, Level


class Verdict(Enum):
    """How a case ended."""

    PASS = "pass"  # noqa: S105 - the word of the trade, no password
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"
    UNRESOLVED = "unresolved"


class Line(Struct, frozen=True):
    """One step as it went: what was done, what came back, what was expected if it was something else."""

    did: str
    got: str
    note: str = ""
    wrong: str = ""


class Result(Struct, frozen=True):
    """One case on one card."""

    suite: str
    case: str
    standard: str
    clause: str
    purpose: str
    verdict: Verdict
    reason: str = ""
    level: Level = Level.MUST
    certainty: Certainty = Certainty.STANDARD
    destructive: bool = False
    known: str = ""
    seconds: float = 0.0
    transcript: tuple[Line, ...] = ()

    @property
    def name(self) -> str:
        """By which the case is called everywhere."""
        return f"{self.suite}:{self.case}"

    @property
    def guilty(self) -> bool:
        """A binding requirement that does not hold and that nobody has explained."""
        return self.verdict is Verdict.FAIL and self.level is Level.MUST and not self.known


class SuiteNote(Struct, frozen=True):
    """What a report says of a suite: also of clauses that no case is about."""

    id: str
    title: str
    standard: str
    clauses: dict[str, str]


class Run(Struct, frozen=True):
    """All results of one run, and what they are about."""

    target: str
    title: str
    where: str
    atr: str
    serial: str
    version: str
    started: str
    seconds: float
    suites: tuple[SuiteNote, ...]
    results: tuple[Result, ...]

    def count(self, verdict: Verdict) -> int:
        return sum(result.verdict is verdict for result in self.results)

    @property
    def guilty(self) -> list[Result]:
        return [result for result in self.results if result.guilty]

    @property
    def unresolved(self) -> list[Result]:
        return [result for result in self.results if result.verdict is Verdict.UNRESOLVED]
