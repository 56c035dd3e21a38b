"""Workers for campaign tests: cards with one bug, in modules that every process can import."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from conformance.campaign.job import Campaign, Driver, Job, Kind, Sampling
from conformance.campaign.life import fingerprint
from conformance.campaign.outcome import Outcome
from conformance.campaign.run import State, run
from conformance.campaign.work import carry_out
from host_tools.cli import campaigning
from simcard.card import Card
from simcard.nvm.store import Store
from tests.kit import SEED

WHOLE = Sampling()


class KeepingStore(Store):
    """Keeps what a refused command did."""

    __slots__ = ()

    def rollback(self) -> None:
        if self.in_transaction:
            self.commit()


def guilty(card: Card) -> None:
    """A card that keeps what a refused command did."""
    assert card._store is not None
    card._store.__class__ = KeepingStore


class GuiltyBench(campaigning.Bench):
    """Cards that keep what a refused command did, in Atheris's process too."""

    fuzz_process = "tests.conformance.fuzz_guilty"


def work(job: Job) -> Outcome:
    """A job on cards that keep what a refused command did."""
    return carry_out(job, GuiltyBench(job.profile, job.seed, guilty, job.sheet))


def campaign(
    kind: Kind, budget: int, sampling: Sampling = WHOLE, profile: str = "iso-blank", driver: Driver = Driver.ATHERIS
) -> Campaign:
    lives = campaigning.lives_of(profile, SEED)
    return Campaign(kind, profile, SEED, budget, fingerprint(lives), sampling, driver=driver)


def of_a_file(kind: Kind, budget: int, text: str, name: str) -> Campaign:
    """A campaign on cards of a profile that is a file, wherever that is now."""
    lives = campaigning.lives_of(name, SEED, text)
    return Campaign(kind, name, SEED, budget, fingerprint(lives), WHOLE, text)


class Inline(Executor):
    """Does a job when it is handed out, in this very thread."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def whole(planned: Campaign, executor: Executor, path: Path | None = None, ahead: int = 4) -> Outcome:
    """The campaign on guilty cards."""
    lives = campaigning.lives_of(planned.profile, SEED, planned.sheet)
    state = State(planned, path)
    try:
        return run(planned, lives, executor, work, state, ahead=ahead)
    finally:
        state.close()


def dies_at_third(job: Job) -> Outcome:
    """Ends its process as `kill -9` does, when it is at its third job."""
    if job.number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return work(job)


if __name__ == "__main__":
    planned = campaign(Kind.STREAMS, 200)
    state = State(planned, Path(sys.argv[1]))
    run(planned, campaigning.lives_of("iso-blank", SEED), Inline(), dies_at_third, state, ahead=1)
