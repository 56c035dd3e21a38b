"""The virtual clock of the board: milliseconds since power-up.

It moves only when somebody advances it (the bench, or a cost model), never by itself, so a run can be
repeated exactly. A card has no calendar; dates belong to the host.
"""

from __future__ import annotations


class VirtualClock:
    """A clock that stands still until `advance`."""

    __slots__ = ("_now",)

    def __init__(self) -> None:
        self._now = 0

    @property
    def now(self) -> int:
        """Milliseconds since power-up."""
        return self._now

    def advance(self, ms: int) -> int:
        """Let `ms` milliseconds pass; returns the new time."""
        if ms < 0:
            raise ValueError(f"time does not run backwards ({ms} ms)")
        self._now += ms
        return self._now

    def restart(self) -> None:
        """Power-up: time begins at 0 again."""
        self._now = 0
