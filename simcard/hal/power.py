"""The power supply of the board, and every way in which it can fail.

Each flash operation (reads and syncs too) asks the supply for leave first. A bench may order a cut: the
operation it falls on is left as the `Tear` says, and from then on every operation raises `PowerLost` until
`restore`. What a torn operation leaves behind is a pure function of (tear, seed, memory before, memory
wanted), so a failing cut is replayed from those numbers alone.

`PowerLost` is a `BaseException`: no card code catches it, the holder of the board does.
"""

from __future__ import annotations

from enum import Enum
from hashlib import shake_256


class PowerLost(BaseException):
    """The supply is off; whatever was running has ceased to exist."""


class Tear(Enum):
    """How the operation that the cut falls on is left in memory."""

    ABSENT = "absent"
    PREFIX = "prefix"
    GARBAGE = "garbage"
    UNACKNOWLEDGED = "unacknowledged"


class PowerSupply:
    """Leave to operate, one operation at a time."""

    __slots__ = ("_countdown", "_on", "_seed", "_tear", "operations", "outages")

    def __init__(self) -> None:
        self.operations = 0
        self.outages = 0
        self._on = True
        self._countdown = -1
        self._tear = Tear.ABSENT
        self._seed = 0

    @property
    def on(self) -> bool:
        """Whether operations are possible."""
        return self._on

    def cut(self, after: int, tear: Tear = Tear.ABSENT, seed: int = 0) -> None:
        """Order a cut on operation number `after` from now; 0 is the very next one.

        `seed` picks the length of a prefix and the bits of garbage.
        """
        if after < 0:
            raise ValueError(f"the cut is ordered {-after} operations in the past")
        self._countdown, self._tear, self._seed = after, tear, seed

    def off(self) -> None:
        """Switch off between two operations."""
        self.outages += self._on
        self._on = False

    def restore(self) -> None:
        """Give power again; a cut that was ordered and did not come is forgotten."""
        self._on = True
        self._countdown = -1

    def request(self) -> Tear | None:
        """Leave for one operation: None to go on, a `Tear` to apply before raising `PowerLost`.

        Raises `PowerLost` while the supply is off.
        """
        if not self._on:
            raise PowerLost
        self.operations += 1
        if self._countdown < 0:
            return None
        self._countdown -= 1
        if self._countdown >= 0:
            return None
        self.off()
        return self._tear

    def remains(self, tear: Tear, before: bytes, wanted: bytes) -> bytes:
        """What a torn operation leaves where `before` stood and `wanted` (of equal length) should stand.

        Garbage comes in two kinds, by seed: the bits that had to change are undecided, or (worse) the bits
        that had to stay are hit too. No kind sets a bit that neither `before` nor `wanted` has set.
        """
        if tear is Tear.ABSENT:
            return before
        if tear is Tear.UNACKNOWLEDGED:
            return wanted
        noise = shake_256(b"tear %d" % self._seed).digest(8 + len(wanted))
        choice = int.from_bytes(noise[:8], "big")
        if tear is Tear.PREFIX:
            done = 1 + choice % max(1, len(wanted) - 1)
            return wanted[:done] + before[done:]
        old, new, bits = (int.from_bytes(part, "big") for part in (before, wanted, noise[8:]))
        mixed = bits & (old | new) if choice & 1 else old ^ ((old ^ new) & bits)
        return mixed.to_bytes(len(wanted), "big")
