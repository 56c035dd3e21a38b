"""Carrying out one job: what it finds is cut down to what it needs before it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Protocol

from conformance import laws
from conformance.campaign import fuzz, link, sweep
from conformance.campaign.job import Cuts, Driver, Fuzz, Job, Link, Streams
from conformance.campaign.life import Life, fingerprint, grammar_of, stream_of
from conformance.campaign.minimise import minimal
from conformance.campaign.outcome import Finding, Outcome
from conformance.campaign.story import Judge, Story
from conformance.tear import Rig

MOST_TOLD = 5
"""Findings of one job that are cut down and told; a card that breaks a law always would otherwise take for ever."""


class OtherSuites(Exception):
    """The worker's suites or program are not those of whoever planned the campaign."""


class Bench(Protocol):
    """A place that makes cards of one profile and seed."""

    def lives(self) -> Sequence[Life]:
        """What the suites send to this card."""

    def subject(self) -> laws.Subject:
        """A card just powered."""

    def line(self, faults: Sequence[str]) -> link.Line:
        """A card just powered, behind a link with these faults."""

    def rig(self) -> Rig:
        """Where cards are run with cuts."""

    def image(self) -> bytes:
        """The memory of the card as made."""

    def fuzz(self, job: Job, task: Fuzz) -> Outcome:
        """Run Atheris."""


def carry_out(job: Job, bench: Bench) -> Outcome:
    """The outcome of one job; depends on the job and the card alone."""
    task = job.task
    if isinstance(task, Fuzz) and task.driver is Driver.ATHERIS:
        return bench.fuzz(job, task)
    lives = bench.lives()
    if fingerprint(lives) != job.fingerprint:
        raise OtherSuites("this worker has other suites than the campaign was planned with; install the same version")
    if isinstance(task, Fuzz):
        return _fuzzed(job, task, lives, bench)
    if isinstance(task, Cuts):
        life = next(life for life in lives if life.name == task.life)
        return _swept(job, task, life, bench)
    return _streamed(job, task, lives, bench)


def told(story: Story, bench: Bench) -> tuple[str, str] | None:
    """Law and text of what the story shows on this card; None if it shows nothing."""
    match story.judge:
        case Judge.LAWS:
            broken = laws.judge(bench.subject(), story.commands)
            return None if broken is None else (f"law {broken.law}", broken.what)
        case Judge.LINK:
            wrong = link.judge(bench.line, story.commands, story.faults)
            return None if wrong is None else (wrong.law, wrong.what)
        case Judge.CUTS:
            return sweep.told(bench.rig(), bench.image(), story)


def cut_down(story: Story, bench: Bench) -> Finding:
    """What the story shows, told by as little as shows it."""
    found = told(story, bench)
    assert found is not None, "the story shows nothing"
    if story.judge is Judge.CUTS:
        story = sweep.cut_down(bench.rig(), bench.image(), story, found)
    else:

        def fails(commands: Sequence[bytes]) -> bool:
            return told(replace(story, commands=tuple(commands)), bench) == found

        story = replace(story, commands=tuple(minimal(story.commands, fails)))
    return Finding(*found, str(story))


def _streamed(job: Job, task: Streams | Link, lives: Sequence[Life], bench: Bench) -> Outcome:
    grammar, sent = grammar_of(lives), 0
    broken: dict[tuple[str, ...], Story] = {}
    for number in range(task.first, task.first + task.count):
        commands = tuple(stream_of(job.seed, number, lives, grammar))
        faults = link.faults_of(job.seed, number, len(commands)) if isinstance(task, Link) else ()
        judge = Judge.LINK if isinstance(task, Link) else Judge.LAWS
        story = job.story(judge, commands, faults)
        sent += len(commands)
        found = told(story, bench)
        if found is not None:
            broken.setdefault(found, story)
    tried = {"streams": task.count, "commands": sent}
    return Outcome(tried, _findings(broken.values(), lambda story: cut_down(story, bench)))


def _fuzzed(job: Job, task: Fuzz, lives: Sequence[Life], bench: Bench) -> Outcome:
    found = fuzz.seeded(job, task, lives, bench.subject)
    tried = {"streams": found.streams, "commands": found.commands}
    findings = _findings(found.stories.values(), lambda story: cut_down(story, bench))
    return Outcome(tried, findings, len(found.heard))


def _swept(job: Job, task: Cuts, life: Life, bench: Bench) -> Outcome:
    report, stories = sweep.explored(bench.rig(), bench.image(), life, task.sampling, job.story(Judge.CUTS))
    tried = {
        "lives": 1,
        "operations": report.operations,
        "cuts": report.cuts,
        "second cuts": report.second_cuts,
    }
    return Outcome(tried, _findings(stories, lambda story: cut_down(story, bench)))


def _findings(stories: Iterable[Story], tell: Callable[[Story], Finding]) -> tuple[Finding, ...]:
    return tuple(tell(story) for story in islice(stories, MOST_TOLD))
