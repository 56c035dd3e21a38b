"""Delta debugging: of a failing list of commands, what the failure needs (Zeller and Hildebrandt, 2002)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
Fails = Callable[[Sequence[T]], bool]
MOST_TRIES = 2000
"""For one failure; it is shown as far as it was made shorter by then."""


class Budget:
    """Tries that are left."""

    def __init__(self, tries: int = MOST_TRIES) -> None:
        self._tries = tries

    def spend(self) -> bool:
        """Whether there was one left."""
        self._tries -= 1
        return self._tries >= 0


def shortest(parts: Sequence[T], fails: Fails[T], budget: Budget | None = None) -> list[T]:
    """A list that still fails and from which no single part can be left out; the parts keep their order."""
    budget = budget or Budget()
    kept, pieces = list(parts), 2
    while kept:
        size = -(-len(kept) // pieces)
        for start in range(0, len(kept), size):
            without = kept[:start] + kept[start + size :]
            if not budget.spend():
                return kept
            if fails(without):
                kept, pieces = without, max(pieces - 1, 2)
                break
        else:
            if size == 1:
                break
            pieces = min(len(kept), 2 * pieces)
    return kept


def minimal(commands: Sequence[bytes], fails: Fails[bytes]) -> list[bytes]:
    """The commands that the failure needs, and of each the bytes that it needs."""
    budget = Budget()
    return smaller(shortest(commands, fails, budget), fails, budget)


def smaller(commands: Sequence[bytes], fails: Fails[bytes], budget: Budget) -> list[bytes]:
    """As many commands, of each the bytes that the failure needs; bytes that say nothing become 00."""
    kept = list(commands)
    for place in range(len(kept)):

        def still(raw: bytes, place: int = place) -> bool:
            return budget.spend() and fails([*kept[:place], raw, *kept[place + 1 :]])

        kept[place] = _blanked(_trimmed(kept[place], still), still)
    return kept


def _trimmed(raw: bytes, still: Callable[[bytes], bool]) -> bytes:
    """Without the bytes that can be left out, Lc following the data where there is one."""
    for size in (16, 4, 1):
        at = 0
        while at < len(raw):
            for shorter in _without(raw, at, size):
                if still(shorter):
                    raw = shorter
                    break
            else:
                at += size
    return raw


def _without(raw: bytes, at: int, size: int) -> list[bytes]:
    """Some bytes left out; also with a short Lc that still fits."""
    cut = raw[:at] + raw[at + size :]
    taken = len(raw) - len(cut)
    if at >= 5 and len(cut) > 5 and raw[4] > taken:
        return [cut[:4] + bytes((raw[4] - taken,)) + cut[5:], cut]
    return [cut]


def _blanked(raw: bytes, still: Callable[[bytes], bool]) -> bytes:
    for at in range(5, len(raw)):
        blank = raw[:at] + b"\0" + raw[at + 1 :]
        if blank != raw and still(blank):
            raw = blank
    return raw
