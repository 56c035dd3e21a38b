"""A story: one line that repeats a finding on any machine.

    laws profile=iso-blank seed=1 commands=0020000108…,00DA00C101…
    cuts profile=iso-blank seed=1 commands=00DA00C101… at=1.2:garbage:0,0.1:absent:1
    link profile=iso-blank seed=1 commands=0084000008 faults=at+1+lost;always+late+5
    laws profile=my-card.toml seed=1 sheet=5f0c1d6e2b7a9c34 commands=00A4000C023F00

Cuts name the act (0 is the power-on, 1 the first command) and the flash operation within it, so a story stays true
when commands before it are left out. A second cut counts in the run that follows the first. Of a profile that is a
file the story knows the digest, for another card would tell another story.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from urllib.parse import quote, unquote

from conformance.tear import TEARS

EMPTY = "-"
"""An empty command, which no other text would show."""
PART_OF_NO_WORD = re.compile(r"[\s%\x00-\x1f\x7f]")
"""What is quoted in the name of a profile, as in an address."""


def digest_of(sheet: str) -> str:
    """Of the text of a profile; empty for none."""
    return sha256(sheet.encode()).hexdigest()[:16] if sheet else ""


class StoryError(ValueError):
    """A line that tells no story; the text says what was expected."""


class Judge(Enum):
    """By what a story is judged."""

    LAWS = "laws"
    CUTS = "cuts"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Place:
    """A cut: operation `operation` of act `act`, and how it tears."""

    act: int
    operation: int
    tear: str = "absent"
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.act}.{self.operation}:{self.tear}:{self.seed}"

    @classmethod
    def parse(cls, text: str) -> Place:
        where, _, how = text.partition(":")
        act, _, operation = where.partition(".")
        tear, _, seed = how.partition(":")
        if not (act.isdecimal() and operation.isdecimal() and tear in TEARS and (seed or "0").isdecimal()):
            raise StoryError(f"at: expected ACT.OPERATION:MODE:SEED with a mode of {', '.join(TEARS)}, got {text}")
        return cls(int(act), int(operation), tear, int(seed or 0))


@dataclass(frozen=True, slots=True)
class Story:
    """Card, commands, and what is done to it meanwhile."""

    judge: Judge
    profile: str
    seed: int
    commands: tuple[bytes, ...]
    at: tuple[Place, ...] = ()
    faults: tuple[str, ...] = ()
    sheet: str = ""

    def __str__(self) -> str:
        name = PART_OF_NO_WORD.sub(lambda found: quote(found[0]), self.profile)
        words = [self.judge.value, f"profile={name}", f"seed={self.seed}"]
        if self.sheet:
            words.append(f"sheet={self.sheet}")
        words.append("commands=" + ",".join(raw.hex().upper() or EMPTY for raw in self.commands))
        if self.at:
            words.append("at=" + ",".join(map(str, self.at)))
        if self.faults:
            words.append("faults=" + ";".join(fault.replace(" ", "+") for fault in self.faults))
        return " ".join(words)

    @classmethod
    def parse(cls, text: str) -> Story:
        """Read a line; `StoryError` says what is wrong with it."""
        judge, *rest = text.split() or [""]
        fields = dict(word.partition("=")[::2] for word in rest)
        unknown = fields.keys() - {"profile", "seed", "sheet", "commands", "at", "faults"}
        if judge not in {each.value for each in Judge} or unknown:
            raise StoryError(f"expected laws, cuts or link, then profile=, seed=, commands=, got {text[:60]}")
        if not fields.get("profile") or not fields.get("seed", "").isdecimal():
            raise StoryError("expected profile=NAME and seed=NUMBER")
        return cls(
            judge=Judge(judge),
            profile=unquote(fields["profile"]),
            seed=int(fields["seed"]),
            sheet=fields.get("sheet", ""),
            commands=tuple(_command(word) for word in fields.get("commands", "").split(",") if word),
            at=tuple(Place.parse(word) for word in fields.get("at", "").split(",") if word),
            faults=tuple(word.replace("+", " ") for word in fields.get("faults", "").split(";") if word),
        )


def _command(word: str) -> bytes:
    try:
        return b"" if word == EMPTY else bytes.fromhex(word)
    except ValueError:
        raise StoryError(f"commands: expected hexadecimal bytes, got {word[:40]}") from None
