"""The judge: what an implementation made of a vector, and whether it should have.

An implementation is a name, a version, and a table from the kind of a vector to a function. The function returns the
bytes it computed (None where it only says yes), raises `Refusal` when the implementation refuses the input, and
`Unsupported` when there is no way to ask it. A `Stumble`, or an error nobody thought of, is no answer: on an invalid
vector it is told apart from a clean refusal, on a valid one it counts as refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from conformance.vector_judge.vector import Vector

Operation = Callable[[Vector], bytes | None]

ACCIDENTS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, RecursionError, MemoryError)
"""What Python code raises when nobody thought of the input."""

EXPECTED = {
    "DigestTest": "digest",
    "MacTest": "tag",
    "CmacTest": "tag",
    "CbcMacTest": "tag",
    "CipherTest": "ct",
    "CbcPaddingTest": "msg",
    "AeadTest": "msg",
    "EcdhTest": "shared",
    "Sm2Decrypt": "msg",
    "Sm2DecryptDer": "msg",
    "RsaesPkcs1Decrypt": "msg",
    "RsaesOaepDecrypt": "msg",
}
"""Which value of a vector an implementation must compute; the other kinds are signatures, where it says yes or no."""

COMPARED = ("DigestTest",)
"""Kinds without a check of their own: the caller compares, so another result is a refusal."""


class Refusal(Exception):
    """The implementation refuses the input; the text is its own word for it."""


class Stumble(Exception):
    """The implementation gave up in a way that is no answer, as by ending its process."""


class Unsupported(Exception):
    """There is no way to put this vector to this implementation."""


def refuse_to_ask_compressed(vector: Vector) -> None:
    """For implementations that take compressed points too, by design; GM/T 0009 and our vectors want 04 || X || Y."""
    if vector["public"][:1] in (b"\2", b"\3"):
        raise Unsupported("compressed points are taken too, by design")


class Outcome(StrEnum):
    """What became of one vector."""

    RIGHT = "right"
    STUMBLED = "stumbled"
    ACCEPTED_WRONGLY = "accepted wrongly"
    REFUSED_WRONGLY = "refused wrongly"
    WRONG_VALUE = "wrong value"
    UNSUPPORTED = "unsupported"


GUILTY = (Outcome.ACCEPTED_WRONGLY, Outcome.REFUSED_WRONGLY, Outcome.WRONG_VALUE)


class Implementation(Protocol):
    """What can be put before the judge."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def version(self) -> str:
        """Its own word for its version."""

    @property
    def operations(self) -> Mapping[str, Operation]:
        """By the kind of vector."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one vector, with the implementation's own word if it gave one."""

    vector: Vector
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings about one implementation."""

    name: str
    version: str
    findings: tuple[Finding, ...]

    def count(self, outcome: Outcome, file: str | None = None) -> int:
        """How many vectors, of all files or of one, came to this."""
        return sum(1 for one in self.findings if one.outcome is outcome and file in (None, one.vector.file))

    def files(self) -> list[str]:
        """The files of which it could be asked anything."""
        asked = (one.vector.file for one in self.findings if one.outcome is not Outcome.UNSUPPORTED)
        return list(dict.fromkeys(asked))

    def flags(self, outcome: Outcome, file: str) -> dict[str, int]:
        """How often each flag led to this outcome."""
        hits = (flag for one in self.of(outcome) if one.vector.file == file for flag in one.vector.flags)
        return dict(Counter(hits).most_common())

    def of(self, outcome: Outcome) -> list[Finding]:
        """The findings with this outcome."""
        return [one for one in self.findings if one.outcome is outcome]

    @property
    def guilty(self) -> list[Finding]:
        """What it got wrong."""
        return [one for one in self.findings if one.outcome in GUILTY]


def put(implementation: Implementation, vector: Vector) -> Finding:
    """Put one vector before one implementation."""
    operation = implementation.operations.get(vector.kind)
    if operation is None:
        return Finding(vector, Outcome.UNSUPPORTED)
    try:
        answer = operation(vector)
    except Unsupported as reason:
        return Finding(vector, Outcome.UNSUPPORTED, str(reason))
    except Refusal as refusal:
        outcome = Outcome.REFUSED_WRONGLY if vector.valid else Outcome.RIGHT
        return Finding(vector, outcome, str(refusal))
    except (Stumble, *ACCIDENTS) as accident:
        outcome = Outcome.REFUSED_WRONGLY if vector.valid else Outcome.STUMBLED
        return Finding(vector, outcome, f"{type(accident).__name__}: {accident}")
    return Finding(vector, *_weighed(vector, answer))


def _weighed(vector: Vector, answer: bytes | None) -> tuple[Outcome, str]:
    wanted = EXPECTED.get(vector.kind)
    shown = "" if answer is None else answer.hex()
    same = wanted is None or (wanted in vector and vector[wanted] == answer)
    if vector.valid:
        return (Outcome.RIGHT, "") if same else (Outcome.WRONG_VALUE, shown)
    if vector.kind in COMPARED and not same:
        return Outcome.RIGHT, ""
    return Outcome.ACCEPTED_WRONGLY, shown


def judge(
    implementation: Implementation, vectors: Iterable[Vector], told: Callable[[], None] = lambda: None
) -> Judgement:
    """Put vectors before an implementation; `told` is called after each."""
    findings = []
    for vector in vectors:
        findings.append(put(implementation, vector))
        told()
    return Judgement(implementation.name, implementation.version, tuple(findings))


def plain(judgements: Sequence[Judgement]) -> dict[str, object]:
    """Judgements as JSON takes them."""
    return {"judgements": [_plain(each) for each in judgements]}


def _plain(judgement: Judgement) -> dict[str, object]:
    return {
        "name": judgement.name,
        "version": judgement.version,
        "counts": {outcome.value: judgement.count(outcome) for outcome in Outcome},
        "files": {
            file: {outcome.value: judgement.count(outcome, file) for outcome in Outcome} for file in judgement.files()
        },
        "findings": [
            {
                "vector": str(one.vector),
                "comment": one.vector.comment,
                "flags": list(one.vector.flags),
                "outcome": one.outcome.value,
                "detail": one.detail,
            }
            for one in judgement.findings
            if one.outcome not in (Outcome.RIGHT, Outcome.UNSUPPORTED)
        ],
    }
