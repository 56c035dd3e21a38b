"""`simcard campaign`: random streams, guided fuzzing, power cuts and bad links, on many processors."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from host_tools.cli.output import json_option, say_json
from host_tools.errors import FileProblem, NoService

if TYPE_CHECKING:
    from conformance.campaign.job import Campaign, Kind, Sampling
    from conformance.campaign.outcome import Outcome
    from conformance.campaign.run import Progress

KINDS = ("streams", "fuzz", "cuts", "link")
BUDGETS = {"streams": 5000, "fuzz": 20000, "cuts": 0, "link": 2000}


@click.group(short_help="Random streams, fuzzing, power cuts and bad links.")
def command() -> None:
    """Try a card with many things nobody wrote down, and tell what it broke by one line that repeats it."""


@command.command(short_help="Carry out a campaign.")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--profile", "-p", default="iso-blank", show_default=True, help="Cards of this built-in profile.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Of cards and streams.")
@click.option("--budget", "-n", type=click.IntRange(0), help="Streams; for cuts cases of the suites, 0 for all.")
@click.option("--stride", type=click.IntRange(1), default=1, show_default=True, help="Cut every Nth operation.")
@click.option("--second", type=click.IntRange(1), default=1, show_default=True, help="Cut again after every Nth cut.")
@click.option(
    "--again", type=click.IntRange(0), default=1, show_default=True, help="... every Nth operation; 0: never."
)
@click.option("--tears", type=click.IntRange(1), default=1, show_default=True, help="Different tears of each mode.")
@click.option("--jobs", "-j", type=click.IntRange(1), help="Processes of this machine; one per processor.")
@click.option("--scheduler", metavar="ADDRESS", help="Use the Dask cluster of this scheduler, as tcp://host:8786.")
@click.option("--state", type=click.Path(path_type=Path), help="Keep done work in this file, and continue from it.")
@click.option("--save", type=click.Path(path_type=Path), help="Write what repeats each finding to this file.")
@json_option
def run(
    kind: str,
    profile: str,
    seed: int,
    budget: int | None,
    stride: int,
    second: int,
    again: int,
    tears: int,
    jobs: int | None,
    scheduler: str | None,
    state: Path | None,
    save: Path | None,
    as_json: bool,
) -> None:
    """Carry out a campaign: streams, fuzz, cuts or link.

    But for fuzz the result depends on profile, seed and budget alone, never on who did the work. With --state a
    campaign that was ended, even by kill -9, goes on where it was. Exit code 1 if anything was broken.
    """
    from conformance.campaign.job import Kind, Sampling

    if kind == "fuzz" and find_spec("atheris") is None:
        raise FileProblem("fuzzing needs Atheris: pip install 'simcard[fuzz]'")
    wanted = BUDGETS[kind] if budget is None else budget
    planned = _planned(Kind(kind), profile, seed, wanted, Sampling(stride, second, again, tears))
    found = _carried_out(planned, jobs or len(os.sched_getaffinity(0)), scheduler, state, shown=not as_json)
    if save is not None:
        _write(save, found)
    if as_json:
        say_json(_plain(found))
    else:
        _tell(found)
    click.get_current_context().exit(1 if found.findings else 0)


@command.command(short_help="Repeat findings.")
@click.argument("stories", nargs=-1, metavar="[STORY]...")
@click.option("--file", "-f", "path", type=click.Path(path_type=Path), help="Stories, one on each line.")
@json_option
def replay(stories: tuple[str, ...], path: Path | None, as_json: bool) -> None:
    """Repeat what a campaign found: each STORY is a line that it told. Exit code 1 if anything is still broken."""
    from conformance.campaign.story import Story, StoryError
    from conformance.campaign.work import told
    from host_tools.cli.campaigning import Bench

    lines = [*stories, *(_read(path) if path is not None else ())]
    if not lines:
        raise click.UsageError("give a STORY, or --file")
    rows: list[tuple[str, str, str]] = []
    for line in lines:
        try:
            story = Story.parse(line)
        except StoryError as error:
            raise click.UsageError(str(error)) from None
        _insist_on_profile(story.profile)
        law, what = told(story, Bench(story.profile, story.seed)) or ("", "")
        rows.append((line, law, what))
    if as_json:
        say_json([dict(zip(("story", "law", "what"), row)) for row in rows])
    else:
        for line, law, what in rows:
            click.echo(f"{law}: {what}: {line}" if law else f"nothing broken: {line}")
    click.get_current_context().exit(1 if any(law for _, law, _ in rows) else 0)


# -- running


def _planned(kind: Kind, profile: str, seed: int, budget: int, sampling: Sampling) -> Campaign:
    from conformance.campaign.job import Campaign
    from conformance.campaign.life import fingerprint
    from host_tools.cli.campaigning import lives_of

    _insist_on_profile(profile)
    lives = lives_of(profile, seed)
    if not lives:
        raise click.UsageError(f"no target describes cards of profile {profile}, so no suite can be tried on them")
    return Campaign(kind, profile, seed, budget, fingerprint(lives), sampling)


def _insist_on_profile(name: str) -> None:
    """A worker elsewhere has the built-in profiles and no others."""
    from simcard import profile as sheets

    if name not in sheets.builtin_names():
        raise click.UsageError(f"{name}: no built-in profile; there are {', '.join(sheets.builtin_names())}")


def _carried_out(planned: Campaign, jobs: int, scheduler: str | None, path: Path | None, shown: bool) -> Outcome:
    from conformance.campaign import run as campaigns
    from conformance.campaign.work import OtherSuites
    from host_tools.cli import campaigning, executors

    try:
        state = campaigns.State(planned, path)
    except campaigns.StateError as error:
        raise FileProblem(str(error)) from None
    except OSError as error:
        raise FileProblem(f"{path}: {error.strerror}") from None
    lives = campaigning.lives_of(planned.profile, planned.seed)
    place = executors.cluster(scheduler) if scheduler else executors.processes(jobs)
    try:
        with place as (executor, ahead), _bar(planned.kind.value, shown and sys.stderr.isatty()) as progress:
            return campaigns.run(planned, lives, executor, campaigning.work, state, progress, ahead)
    except (OtherSuites, campaigning.FuzzerFailed, BrokenExecutor) as error:
        raise NoService(f"a worker gave up: {error}") from None
    finally:
        state.close()


@contextmanager
def _bar(what: str, shown: bool) -> Iterator[Progress]:
    """A progress bar on standard error while a person looks at it."""
    if not shown:
        yield lambda done, total, findings: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total, findings: bar.update(
            task, completed=done, total=total, description=f"{what}, {findings} found"
        )


# -- telling


def _again(story: str) -> str:
    return f"simcard campaign replay '{story}'"


def _plain(found: Outcome) -> dict[str, object]:
    findings = [{"law": f.law, "what": f.what, "story": f.story, "replay": _again(f.story)} for f in found.findings]
    return {"tried": found.tried, "reached": found.reached, "findings": findings}


def _tell(found: Outcome) -> None:
    click.echo(", ".join(f"{count:,} {name}" for name, count in found.tried.items()))
    if found.reached:
        click.echo(f"{found.reached:,} edges of the card's program reached")
    for finding in found.findings:
        click.echo(f"{finding.law}: {finding.what}")
        click.echo(f"  again: {_again(finding.story)}")
    click.echo(f"{len(found.findings)} findings" if found.findings else "nothing broken")


def _write(path: Path, found: Outcome) -> None:
    try:
        path.write_text("".join(f"{finding.story}\n" for finding in found.findings), encoding="utf-8")
    except OSError as error:
        raise FileProblem(f"{path}: {error.strerror}") from None


def _read(path: Path) -> Sequence[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise FileProblem(f"{path}: the stories cannot be read ({reason})") from None
    return [line for line in lines if line.strip() and not line.startswith("#")]
