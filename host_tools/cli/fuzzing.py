"""Guided fuzzing of one card in a process of its own, which `host_tools.cli.fuzz_process` starts.

Atheris (libFuzzer for Python) makes new streams of those that reached something new in the card's program, and
`conformance.campaign.fuzz` changes them. What it makes of one seed is not always the same after many runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from random import Random

from msgspec import json

from conformance.campaign.fuzz import Changer, beginning
from conformance.campaign.job import Fuzz, Job
from conformance.campaign.life import fingerprint
from conformance.campaign.outcome import Finding, Outcome
from conformance.campaign.story import Judge, Story
from conformance.campaign.work import MOST_TOLD, OtherSuites, cut_down, told
from host_tools.cli import campaigning

atheris = import_module("atheris")

LENGTH = 2
"""Bytes of the length before each command of an input."""
LONGEST_INPUT, LONGEST_COMMAND = 8192, 300


def encode(commands: Sequence[bytes]) -> bytes:
    """Commands as an input of the fuzzer."""
    return b"".join(len(raw).to_bytes(LENGTH, "big") + raw for raw in commands)


def decode(data: bytes) -> list[bytes]:
    """The commands of any input."""
    found: list[bytes] = []
    at = 0
    while at + LENGTH <= len(data):
        size = int.from_bytes(data[at : at + LENGTH], "big")
        found.append(data[at + LENGTH : at + LENGTH + size])
        at += LENGTH + size
    return found


class Fuzzer:
    """One run: streams from the fuzzer on fresh cards, judged by the two laws."""

    def __init__(self, job: Job, task: Fuzz, mend: campaigning.Mend) -> None:
        self._job, self._task = job, task
        self._bench = campaigning.Bench(job.profile, job.seed, mend, job.sheet)
        self._lives = self._bench.lives()
        if fingerprint(self._lives) != job.fingerprint:
            raise OtherSuites("this worker has other suites than the campaign; install the same version")
        self._changer = Changer(self._lives, lambda raw, _random: bytes(atheris.Mutate(raw, LONGEST_COMMAND)))
        self._runs = self._commands = 0
        self._broken: dict[tuple[str, ...], Story] = {}

    def one(self, data: bytes) -> None:
        """One stream."""
        commands = tuple(decode(data))
        story = self._job.story(Judge.LAWS, commands)
        found = told(story, self._bench)
        if found is not None:
            self._broken.setdefault(found, story)
        self._runs += 1
        self._commands += len(commands)
        if self._runs == self._task.runs:
            print(json.encode(self._outcome()).decode(), flush=True)

    def mutate(self, data: bytes, most: int, seed: int) -> bytes:
        """Another stream like this one."""
        return encode(self._changer.another(decode(data), Random(seed)))[:most]

    def corpus(self, folder: Path) -> None:
        """Write the streams to begin with."""
        for number, commands in enumerate(beginning(self._job, self._task, self._lives)):
            (folder / f"{number:05}").write_bytes(encode(commands))

    def _outcome(self) -> Outcome:
        stories = list(self._broken.values())[:MOST_TOLD]
        findings: tuple[Finding, ...] = tuple(cut_down(story, self._bench) for story in stories)
        return Outcome({"streams": self._runs, "commands": self._commands}, findings)


def main(mend: campaigning.Mend = campaigning.as_made) -> None:
    """Carry out the job in the first argument; the second is an empty folder for all the fuzzer's files. `mend` may put
    broken parts into the cards."""
    job = json.decode(sys.argv[1], type=Job)
    assert isinstance(job.task, Fuzz), "a job of another kind"
    fuzzer = Fuzzer(job, job.task, mend)
    folder = Path(sys.argv[2])
    fuzzer.corpus(folder)
    seed = 1 + job.task.island + (job.seed << 16)
    options = (f"-runs={job.task.runs}", f"-seed={seed & 0x7FFFFFFF}", f"-max_len={LONGEST_INPUT}", "-reload=0")
    arguments = [sys.argv[0], *options, "-timeout=3600", "-len_control=0", f"-artifact_prefix={folder}/", str(folder)]
    atheris.Setup(arguments, fuzzer.one, custom_mutator=fuzzer.mutate)
    atheris.Fuzz()
