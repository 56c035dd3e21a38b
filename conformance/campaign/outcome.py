"""What jobs found, and putting it together: the same whoever did which job, and in whatever order they ended."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from conformance.campaign.story import Story


class Finding(Struct, frozen=True):
    """A requirement that was broken, and what repeats it."""

    law: str
    what: str
    story: str

    @property
    def cause(self) -> tuple[str, ...]:
        """Equal for findings that probably have one cause: law, text and the instruction that broke it."""
        commands = Story.parse(self.story).commands
        return self.law, self.what, commands[-1][:2].hex() if commands else ""


class Outcome(Struct, frozen=True):
    """What one job did and found. `reached` is what a fuzzer reached: edges of the card's program, or kinds of
    exchanges, as its driver counts."""

    tried: dict[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    reached: int = 0


def merged(outcomes: Iterable[Outcome]) -> Outcome:
    """All outcomes, given in the order of their jobs, as one; of findings with one cause the shortest, then first."""
    tried: dict[str, int] = {}
    best: dict[tuple[str, ...], Finding] = {}
    reached = 0
    for outcome in outcomes:
        reached = max(reached, outcome.reached)
        for name, count in outcome.tried.items():
            tried[name] = tried.get(name, 0) + count
        for finding in outcome.findings:
            known = best.get(finding.cause)
            if known is None or len(finding.story) < len(known.story):
                best[finding.cause] = finding
    return Outcome(dict(sorted(tried.items())), tuple(best[cause] for cause in sorted(best)), reached)
