"""Campaigns: streams and cuts per second, what a second process and a cluster bring, and what a full sweep would cost.

Every way of doing the work must give the same result, or nothing is measured. The projection counts all cuts and
second cuts of all lives of a blank card from the operations of each, and takes the rates that were measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib import import_module
from time import perf_counter

from conformance.campaign.job import Campaign, Kind, Sampling
from conformance.campaign.life import Life, fingerprint
from conformance.campaign.outcome import Outcome
from conformance.campaign.run import State, run
from conformance.campaign.sweep import script_of
from conformance.tear import TEARS
from host_tools.cli import campaigning, executors
from scripts.measuring.turns import Row

GROUP = "campaigns"
PROFILE, SEED = "iso-blank", 1
STREAMS = 600
LIVES = 60
SAMPLE = Sampling(stride=3, second=10, again=10)
TURNS = 3
ALONE = "1 process"
Busy = tuple[Executor, int]


class DifferentResults(Exception):
    """Two ways of doing the same work gave two results."""


def rates() -> Iterator[Row]:
    """All rows of the group."""
    lives = campaigning.lives_of(PROFILE, SEED)
    streams = Campaign(Kind.STREAMS, PROFILE, SEED, STREAMS, fingerprint(lives))
    with ExitStack() as stack:
        places = {name: stack.enter_context(place()) for name, place in PLACES.items()}
        seconds = _in_turns(streams, lives, places)
        sweep = Campaign(Kind.CUTS, PROFILE, SEED, LIVES, fingerprint(lives), SAMPLE)
        cutting, outcome = _timed(sweep, lives, *places[ALONE])
    for name in list(PLACES)[1:]:
        yield Row(GROUP, f"streams, {name}", "streams/s", STREAMS / seconds[name], STREAMS / seconds[ALONE], ALONE)
    rate = (outcome.tried["cuts"] + outcome.tried["second cuts"]) / cutting
    yield Row(GROUP, f"power cuts, {ALONE}", "cuts/s", rate)
    first, second = _whole_sweep(lives)
    yield Row(GROUP, f"every cut in every life, {ALONE}", "min", first / rate / 60)
    yield Row(GROUP, f"every second cut after each, {ALONE}", "h", second / rate / 3600)


def _in_turns(planned: Campaign, lives: tuple[Life, ...], places: dict[str, Busy]) -> dict[str, float]:
    """The shortest time in each place, in turns, so that what else the machine does disturbs all alike."""
    found: dict[str, list[tuple[float, Outcome]]] = {name: [] for name in places}
    for turn in range(1 + TURNS):
        for name, place in places.items():
            result = _timed(planned, lives, *place)
            if turn:  # the first is for warming up: workers record the lives for themselves
                found[name].append(result)
    _, same = found[ALONE][0]
    for name, results in found.items():
        if any(outcome != same for _, outcome in results):
            raise DifferentResults(name)
    return {name: min(seconds for seconds, _ in results) for name, results in found.items()}


def _timed(planned: Campaign, lives: tuple[Life, ...], executor: Executor, ahead: int) -> tuple[float, Outcome]:
    start = perf_counter()
    outcome = run(planned, lives, executor, campaigning.work, State(planned), ahead=ahead)
    return perf_counter() - start, outcome


@contextmanager
def _cluster() -> Iterator[Busy]:
    """Two workers in processes of their own, on the loopback address only."""
    start = import_module("distributed").LocalCluster
    with (
        start(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster,
        executors.cluster(cluster.scheduler_address) as place,
    ):
        yield place


PLACES: dict[str, Callable[[], AbstractContextManager[Busy]]] = {
    ALONE: lambda: executors.processes(1),
    "2 processes": lambda: executors.processes(2),
    "a Dask cluster of 2 workers": _cluster,
}


def _whole_sweep(lives: tuple[Life, ...]) -> tuple[int, int]:
    """First cuts, and second cuts, of an exhaustive sweep."""
    bench = campaigning.Bench(PROFILE, SEED)
    rig, image = bench.rig(), bench.image()
    operations = [rig.run(image, script_of(life.commands).acts).operations for life in lives]
    first = sum(len(TEARS) * count for count in operations)
    # After each first cut the life runs again, and half of the modes are tried at each of its operations.
    second = sum(len(TEARS) * count * len(TEARS) // 2 * count for count in operations)
    return first, second
