"""A campaign on an executor: any `concurrent.futures.Executor`, and a file in which done jobs are kept.

Outcomes are merged in the order of the jobs, whoever did them and whenever they ended, so the result is the same
bit for bit with one process, with many, and on a cluster. The state file holds the campaign on its first line and
one outcome on each further line, written and synced when a job ends: a program that is killed loses the jobs it was
at and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from itertools import islice
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct, json

from conformance.campaign.job import Campaign, Job
from conformance.campaign.life import Life
from conformance.campaign.outcome import Outcome, merged

Progress = Callable[[int, int, int], None]
"""Told the jobs done, the jobs there are, and the findings so far."""


MODE = 0o600


class StateError(ValueError):
    """A state file that cannot be continued; the text says why."""


class Done(Struct, frozen=True):
    """One line of the state file."""

    job: int
    outcome: Outcome


def _why_not(kept: Campaign, asked: Campaign) -> str:
    """Why the one does not go on with the state of the other, and what to do."""
    names = [name for name in Campaign.__struct_fields__ if getattr(kept, name) != getattr(asked, name)]
    if "sheet" in names and kept.profile == asked.profile:
        return (
            f"the campaign began with another text of {asked.profile}, that is with another card; bring the text back "
            "(it is in the first line of the state), or name another file"
        )
    words = ", ".join(sorted({DIFFERENT.get(name, name) for name in names}))
    return f"belongs to another campaign, with other {words}; name another file or delete it"


DIFFERENT = {"fingerprint": "suites", "sheet": "profile", "driver": "fuzzer"}
"""What a person calls a part of a campaign."""


class State:
    """The jobs that are done, in memory, and in a file if there is one."""

    def __init__(self, campaign: Campaign, path: Path | None = None) -> None:
        self.done: dict[int, Outcome] = {}
        self._file: IO[bytes] | None = None
        if path is not None:
            if path.exists() and not path.is_file():
                raise StateError(f"{path}: is no file; name one that is, or none that is there")
            kept = self._read(campaign, path) if path.exists() else b""
            self._open(campaign, path, kept)

    def _read(self, campaign: Campaign, path: Path) -> bytes:
        """What of the file is whole: a line without its end was being written when the program was killed."""
        raw = path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        lines = whole.splitlines()
        try:
            first = json.decode(lines[0], type=Campaign) if lines else campaign
            found = [json.decode(line, type=Done) for line in lines[1:]]
        except msgspec.MsgspecError as error:
            raise StateError(f"{path}: no state of a campaign: {error}") from None
        if first.identity != campaign.identity:
            raise StateError(f"{path}: {_why_not(first, campaign)}")
        self.done = {line.job: line.outcome for line in found}
        return whole

    def _open(self, campaign: Campaign, path: Path, kept: bytes) -> None:
        # Its owner's alone: the text of a profile holds PINs.
        fd = os.open(path, os.O_RDWR | os.O_CREAT, MODE)
        self._file = os.fdopen(fd, "r+b")
        self._file.truncate(len(kept))
        self._file.seek(len(kept))
        if not kept:
            self._write(json.encode(campaign))

    def add(self, job: int, outcome: Outcome) -> None:
        """Keep what a job found, for ever."""
        self.done[job] = outcome
        self._write(json.encode(Done(job, outcome)))

    def _write(self, line: bytes) -> None:
        if self._file is not None:
            self._file.write(line + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()


def run(
    campaign: Campaign,
    lives: Sequence[Life],
    executor: Executor,
    work: Callable[[Job], Outcome],
    state: State,
    progress: Progress = lambda done, total, findings: None,
    ahead: int = 8,
) -> Outcome:
    """Carry out what is not done yet, at most `ahead` jobs at a time; everything that was found, merged."""
    jobs = campaign.jobs(lives)
    waiting = iter([job for job in jobs if job.number not in state.done])
    running = {executor.submit(work, job): job.number for job in islice(waiting, ahead)}
    try:
        while running:
            progress(len(state.done), len(jobs), _found(state))
            for future in _ended(running):
                state.add(running.pop(future), future.result())
                running |= {executor.submit(work, job): job.number for job in islice(waiting, 1)}
    finally:
        for future in running:
            future.cancel()
    progress(len(jobs), len(jobs), _found(state))
    return merged(state.done[job.number] for job in jobs)


def _ended(running: dict[Future[Outcome], int]) -> Iterator[Future[Outcome]]:
    yield from wait(running, return_when=FIRST_COMPLETED).done


def _found(state: State) -> int:
    return sum(len(outcome.findings) for outcome in state.done.values())
