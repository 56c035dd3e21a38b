"""Guided fuzzing of one card in a process of its own, which `host_tools.cli.fuzz_process` starts.

Atheris (libFuzzer for Python) makes new streams of those that reached something new in the card's program, and we
change them as streams of commands, not as bytes. What it makes of one seed is not always the same after many runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from random import Random

from msgspec import json

from conformance import laws
from conformance.campaign.job import Fuzz, Job
from conformance.campaign.life import fingerprint, grammar_of
from conformance.campaign.outcome import Finding, Outcome
from conformance.campaign.story import Judge, Story
from conformance.campaign.work import MOST_TOLD, OtherSuites, cut_down, told
from host_tools.cli import campaigning

atheris = import_module("atheris")

LENGTH = 2
"""Bytes of the length before each command of an input."""
LONGEST_INPUT = 8192


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

    def __init__(self, job: Job, task: Fuzz) -> None:
        self._job, self._task = job, task
        self._bench = campaigning.Bench(job.profile, job.seed)
        self._lives = self._bench.lives()
        if fingerprint(self._lives) != job.fingerprint:
            raise OtherSuites("this worker has other suites than the campaign; install the same version")
        self._grammar = grammar_of(self._lives)
        self._runs = self._commands = 0
        self._broken: dict[tuple[str, ...], Story] = {}

    def one(self, data: bytes) -> None:
        """One stream."""
        commands = tuple(decode(data))
        story = Story(Judge.LAWS, self._job.profile, self._job.seed, commands)
        found = told(story, self._bench)
        if found is not None:
            self._broken.setdefault(found, story)
        self._runs += 1
        self._commands += len(commands)
        if self._runs == self._task.runs:
            print(json.encode(self._outcome()).decode(), flush=True)

    def mutate(self, data: bytes, most: int, seed: int) -> bytes:
        """Another stream like this one: commands dropped, put in, moved, or changed."""
        random, commands = Random(seed), decode(data)
        for _ in range(random.randint(1, 3)):
            at = random.randint(0, len(commands))
            match random.randrange(4):
                case 0:
                    del commands[at : at + random.randint(1, 2)]
                case 1:
                    commands[at:at] = laws.stream(random.getrandbits(32), self._grammar, 2)
                case 2:
                    commands[at:at] = random.choice(self._lives).commands
                case _:
                    if at < len(commands):
                        commands[at] = bytes(atheris.Mutate(commands[at], 300))
        return encode(commands)[:most]

    def corpus(self, folder: Path) -> None:
        """The streams to begin with: half of what the runs allow, so that half is left for new ones."""
        most = min(len(self._lives), self._task.runs // 2)
        for number, life in enumerate(Random(self._task.island).sample(self._lives, most)):
            (folder / f"{number:05}").write_bytes(encode(life.commands))

    def _outcome(self) -> Outcome:
        stories = list(self._broken.values())[:MOST_TOLD]
        findings: tuple[Finding, ...] = tuple(cut_down(story, self._bench) for story in stories)
        return Outcome({"streams": self._runs, "commands": self._commands}, findings)


def main() -> None:
    """Carry out the job in the first argument; the second is an empty folder for all the fuzzer's files."""
    job = json.decode(sys.argv[1], type=Job)
    assert isinstance(job.task, Fuzz), "a job of another kind"
    fuzzer = Fuzzer(job, job.task)
    folder = Path(sys.argv[2])
    fuzzer.corpus(folder)
    seed = 1 + job.task.island + (job.seed << 16)
    options = (f"-runs={job.task.runs}", f"-seed={seed & 0x7FFFFFFF}", f"-max_len={LONGEST_INPUT}", "-reload=0")
    arguments = [sys.argv[0], *options, "-timeout=3600", "-len_control=0", f"-artifact_prefix={folder}/", str(folder)]
    atheris.Setup(arguments, fuzzer.one, custom_mutator=fuzzer.mutate)
    atheris.Fuzz()
