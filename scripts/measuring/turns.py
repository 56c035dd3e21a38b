"""Measuring things side by side: in short turns, so that what disturbs one disturbs the other too."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

TURN_SECONDS = 0.05
TURNS = 9
Act = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Row:
    """One result: ours beside a floor. `ratio` is ours to floor in the sense of `better`; `target` its minimum.

    `unit` belongs to both values; `floor` is None where there is nothing to compare with; `limit` is the largest
    value of ours that is good enough.
    """

    group: str
    name: str
    unit: str
    ours: float
    floor: float | None = None
    floor_name: str = ""
    better: str = "more"
    target: float | None = None
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours to floor for rates, floor to ours for costs: 1 means as good as the floor."""
        if not self.floor or not self.ours:
            return None
        return self.ours / self.floor if self.better == "more" else self.floor / self.ours

    @property
    def met(self) -> bool | None:
        """Whether limit or target is met, None if there is none."""
        if self.limit is not None:
            return self.ours <= self.limit
        if self.target is None or self.ratio is None:
            return None
        return self.ratio >= self.target


def batch_for(act: Act, seconds: float, clock: Clock = time.perf_counter) -> int:
    """How often `act` runs in about `seconds`, at least once."""
    count = 1
    while True:
        spent = timed(act, count, clock)
        if spent >= seconds / 4 or count >= 1 << 20:
            return max(1, int(count * seconds / max(spent, 1e-9)))
        count *= 4


def timed(act: Act, count: int, clock: Clock = time.perf_counter) -> float:
    """Seconds for `count` runs."""
    rounds = range(count)
    start = clock()
    for _ in rounds:
        act()
    return clock() - start


def computing(acts: Mapping[str, Act]) -> dict[str, float]:
    """Runs per second of processor time, for acts that only compute: what others do on the machine costs them nothing.

    Many turns of a hundredth of a second, so that a change of the processor's speed meets all acts alike.
    """
    return rates(acts, TURN_SECONDS / 5, TURNS * 5, time.process_time)


def rates(
    acts: Mapping[str, Act],
    seconds: float = TURN_SECONDS,
    turns: int = TURNS,
    clock: Clock = time.perf_counter,
) -> dict[str, float]:
    """Runs per second of each act: the median of its turns, the acts taking turns with one another."""
    counts = {name: batch_for(act, seconds, clock) for name, act in acts.items()}
    found: dict[str, list[float]] = {name: [] for name in acts}
    gc.collect()
    for _ in range(turns):
        for name, act in acts.items():
            found[name].append(counts[name] / timed(act, counts[name], clock))
    return {name: median(values) for name, values in found.items()}
