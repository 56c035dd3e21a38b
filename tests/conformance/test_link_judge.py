"""The judge of bad links: what memory may do after 6581, and what it may not."""

from __future__ import annotations

import pytest

from conformance.campaign.link import Line, Told, Wrong, judge
from host_tools.cli.campaigning import Bench
from tests.kit import SEED, data_of

CREATE = data_of("00E000000D 620B820101 83020002 80020000 00")
CHANGE = data_of("002400000A 31323334353637380000")
"""Pays a try of a PIN, which the card writes, and is refused with 6A80."""
CHANGED = Wrong("law 2", "memory changed under status word 6A80")


@pytest.mark.parametrize("succeed", range(4))
def test_a_failed_command_may_be_settled_by_a_refused_one(succeed: int) -> None:
    bench = Bench("iso-blank", SEED)
    assert judge(bench.line, [CREATE, CHANGE, CREATE], [f"at 1 memory {succeed}"]) is None


class Scripted:
    """A line that answers and holds what is written: the content before, then an answer and a content for each step."""

    def __init__(self, *steps: tuple[str, str]) -> None:
        self._held = b"old"
        self._steps = iter(steps)

    def transmit(self, command: bytes) -> Told:
        answer, held = next(self._steps)
        self._held = held.encode()
        return Told(data_of(answer) or None, restarted=answer == "")

    def content(self) -> bytes:
        return self._held

    def after_work(self) -> bytes:
        return self._held

    def kept_rights(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("expected", "steps"),
    [
        (None, [("6581", "new"), ("6A80", "old")]),
        (None, [("6581", "new"), ("6A80", "new"), ("6A80", "old")]),
        (None, [("6581", "new"), ("6581", "newer"), ("6A80", "old")]),
        (CHANGED, [("6A80", "new")]),
        (CHANGED, [("6581", "new"), ("6A80", "other")]),
        (CHANGED, [("6581", "new"), ("6A80", "old"), ("6A80", "new")]),
        (CHANGED, [("6581", "new"), ("9000", "newer"), ("6A80", "new")]),
        (CHANGED, [("6581", "new"), ("", "new"), ("6A80", "old")]),
    ],
)
def test_memory_in_doubt_is_one_of_two_until_it_is_settled(
    expected: Wrong | None, steps: list[tuple[str, str]]
) -> None:
    def connect(_faults: object) -> Line:
        return Scripted(*steps)

    assert expected == judge(connect, [b""] * len(steps), ["at 1 memory 0"])
