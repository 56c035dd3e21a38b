"""Campaigns: streams and cuts per second, what a second process and a cluster bring, and what a full sweep would cost.

Every way of doing the work must give the same result, or nothing is measured. The projection counts all cuts and
second cuts of all lives of a blank card from the operations of each, and takes the rates that were measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
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
STREAMS = 1500
LIVES = 60
SAMPLE = Sampling(stride=3, second=10, again=10)
Place = Callable[[], AbstractContextManager[tuple[Executor, int]]]


class DifferentResults(Exception):
    """Two ways of doing the same work gave two results."""


def rates() -> Iterator[Row]:
    """All rows of the group."""
    lives = campaigning.lives_of(PROFILE, SEED)
    streams = Campaign(Kind.STREAMS, PROFILE, SEED, STREAMS, fingerprint(lives))
    one, found = _timed(streams, lives, lambda: executors.processes(1))
    for name, place in (("2 processes", lambda: executors.processes(2)), ("a Dask cluster of 2 workers", _cluster)):
        seconds, same = _timed(streams, lives, place)
        if same != found:
            raise DifferentResults(name)
        yield Row(GROUP, f"streams, {name}", "streams/s", STREAMS / seconds, STREAMS / one, "1 process, same result")
    sweep = Campaign(Kind.CUTS, PROFILE, SEED, LIVES, fingerprint(lives), SAMPLE)
    seconds, outcome = _timed(sweep, lives, lambda: executors.processes(1))
    rate = (outcome.tried["cuts"] + outcome.tried["second cuts"]) / seconds
    yield Row(GROUP, "power cuts, 1 process", "cuts/s", rate)
    first, second = _whole_sweep(lives)
    yield Row(GROUP, "every cut in every life, 1 process", "min", first / rate / 60)
    yield Row(GROUP, "every second cut after each, 1 process", "h", second / rate / 3600)


def _timed(planned: Campaign, lives: tuple[Life, ...], place: Place) -> tuple[float, Outcome]:
    """Seconds of work, without the start of the workers, and the result."""
    with place() as (executor, ahead):
        warm = Campaign(Kind.STREAMS, PROFILE, SEED, 4 * 50, fingerprint(lives))
        run(warm, lives, executor, campaigning.work, State(warm), ahead=ahead)
        start = perf_counter()
        outcome = run(planned, lives, executor, campaigning.work, State(planned), ahead=ahead)
        return perf_counter() - start, outcome


@contextmanager
def _cluster() -> Iterator[tuple[Executor, int]]:
    """Two workers in processes of their own, on the loopback address only."""
    start = import_module("distributed").LocalCluster
    with (
        start(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster,
        executors.cluster(cluster.scheduler_address) as place,
    ):
        yield place


def _whole_sweep(lives: tuple[Life, ...]) -> tuple[int, int]:
    """First cuts, and second cuts, of an exhaustive sweep."""
    bench = campaigning.Bench(PROFILE, SEED)
    rig, image = bench.rig(), bench.image()
    operations = [rig.run(image, script_of(life.commands).acts).operations for life in lives]
    first = sum(len(TEARS) * count for count in operations)
    # After each first cut the life runs again, and half of the modes are tried at each of its operations.
    second = sum(len(TEARS) * count * len(TEARS) // 2 * count for count in operations)
    return first, second
