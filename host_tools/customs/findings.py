"""What is said about a message somebody made: findings, worst first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from host_tools.eport_client.wording import Lang, Text
from host_tools.errors import HostError


class Grade(StrEnum):
    """How bad a finding is."""

    WRONG = "wrong"
    DOUBTFUL = "doubtful"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding and where it is."""

    grade: Grade
    place: str
    text: Text

    def say(self, lang: Lang) -> str:
        """One line."""
        return f"{self.place}: {self.text.say(lang)}"


def wrong(place: str, zh: str, en: str) -> Finding:
    """Something that must not be."""
    return Finding(Grade.WRONG, place, Text(zh, en))


def doubtful(place: str, zh: str, en: str) -> Finding:
    """Something that works here and may be refused elsewhere."""
    return Finding(Grade.DOUBTFUL, place, Text(zh, en))


def good(place: str, zh: str, en: str) -> Finding:
    """Something that is as it must be."""
    return Finding(Grade.GOOD, place, Text(zh, en))


class NotReadable(HostError):
    """A message that cannot be looked at: no XML, no JSON, or parts of it missing."""

    code = "not-readable"
    exit_code = 2


class NotValid(HostError):
    """A message whose signature does not hold; `findings` say why."""

    code = "bad-signature"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        bad = [finding for finding in findings if finding.grade is Grade.WRONG]
        super().__init__("; ".join(finding.say(Lang.EN) for finding in bad))
        self.findings = findings


def insist(findings: tuple[Finding, ...]) -> None:
    """`NotValid` when a finding is wrong."""
    if any(finding.grade is Grade.WRONG for finding in findings):
        raise NotValid(findings)
