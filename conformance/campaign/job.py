"""A campaign as jobs: each says everything that its outcome depends on, so it may run anywhere, in any order.

The one thing a job does not carry is the lives (`conformance.campaign.life`), which every worker records for itself;
their fingerprint shows whether a worker has the same suites as whoever planned the campaign.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from hashlib import sha256
from random import Random

from msgspec import Struct, json

from conformance.campaign.life import Life
from conformance.campaign.story import Judge, Story, digest_of


class Kind(Enum):
    """What a campaign does to cards."""

    STREAMS = "streams"
    FUZZ = "fuzz"
    CUTS = "cuts"
    LINK = "link"


class Driver(Enum):
    """Who makes the streams of a fuzzer."""

    ATHERIS = "atheris"
    SEEDED = "seeded"


class Sampling(Struct, frozen=True):
    """How much of a sweep to do: every `stride`-th operation; a second cut after every `second`-th cut, at every
    `again`-th operation (0: none); `tears` different tears of each mode."""

    stride: int = 1
    second: int = 1
    again: int = 1
    tears: int = 1


class Streams(Struct, frozen=True, tag="streams"):
    """Streams number `first` to `first + count - 1`."""

    first: int
    count: int


class Link(Struct, frozen=True, tag="link"):
    """The same over a link with faults."""

    first: int
    count: int


class Fuzz(Struct, frozen=True, tag="fuzz"):
    """One run of the fuzzer: so many streams from this seed of its own."""

    island: int
    runs: int
    driver: Driver = Driver.ATHERIS


class Cuts(Struct, frozen=True, tag="cuts"):
    """The power cuts in one life."""

    life: str
    sampling: Sampling


Task = Streams | Link | Fuzz | Cuts


class Job(Struct, frozen=True):
    """One task on cards of one profile and seed. `sheet` is the profile's text, empty for a built-in one."""

    number: int
    profile: str
    seed: int
    fingerprint: str
    task: Task
    sheet: str = ""

    def story(self, judge: Judge, commands: tuple[bytes, ...] = (), faults: tuple[str, ...] = ()) -> Story:
        """What happens to a card of this job."""
        return Story(judge, self.profile, self.seed, commands, faults=faults, sheet=digest_of(self.sheet))


PER_JOB = {Kind.STREAMS: 50, Kind.LINK: 50, Kind.FUZZ: 2000}
"""Streams in one job: some seconds of work, so that neither starting jobs nor losing one costs much."""


class Campaign(Struct, frozen=True):
    """What was asked for. `budget` counts streams, or for cuts lives (0: all of them). The text of a profile that is
    a file is part of it, so that the card stays the same wherever and whenever the campaign goes on."""

    kind: Kind
    profile: str
    seed: int = 1
    budget: int = 0
    fingerprint: str = ""
    sampling: Sampling = Sampling()
    sheet: str = ""
    driver: Driver = Driver.ATHERIS

    @property
    def identity(self) -> str:
        """Equal exactly where all jobs are equal."""
        return sha256(json.encode(self)).hexdigest()

    def jobs(self, lives: Sequence[Life]) -> list[Job]:
        """All jobs, in the order in which outcomes are merged."""
        return [
            Job(number, self.profile, self.seed, self.fingerprint, task, self.sheet)
            for number, task in enumerate(self._tasks(lives))
        ]

    def _tasks(self, lives: Sequence[Life]) -> Iterator[Task]:
        if self.kind is Kind.CUTS:
            yield from (Cuts(life.name, self.sampling) for life in self._chosen(lives))
            return
        size = PER_JOB[self.kind]
        for first in range(0, self.budget, size):
            count = min(size, self.budget - first)
            if self.kind is Kind.FUZZ:
                yield Fuzz(first // size, count, self.driver)
            else:
                yield (Streams if self.kind is Kind.STREAMS else Link)(first, count)

    def _chosen(self, lives: Sequence[Life]) -> Sequence[Life]:
        """All lives, or a sample that depends on the seed, in their own order."""
        if not 0 < self.budget < len(lives):
            return lives
        places = sorted(Random(self.seed).sample(range(len(lives)), self.budget))
        return [lives[place] for place in places]
