"""`simcard campaign`: random streams, guided fuzzing, power cuts and bad links, on many processors."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from host_tools.cli import files, profiles
from host_tools.cli.output import json_option, say_json
from host_tools.errors import FileProblem, NoService

if TYPE_CHECKING:
    from conformance.campaign.job import Campaign, Driver, Kind, Sampling
    from conformance.campaign.outcome import Outcome
    from conformance.campaign.run import Progress
    from conformance.campaign.story import Story

KINDS = ("streams", "fuzz", "cuts", "link")
REACHED = {"atheris": "edges of the card's program reached", "seeded": "kinds of exchanges heard"}
FUZZERS = tuple(REACHED)
BUDGETS = {"streams": 5000, "fuzz": 20000, "cuts": 0, "link": 2000}


@click.group(short_help="Random streams, fuzzing, power cuts and bad links.")
def command() -> None:
    """Try a card with many things nobody wrote down, and tell what it broke by one line that repeats it."""


@command.command(short_help="Carry out a campaign.")
@click.argument("kind", type=click.Choice(KINDS))
@click.option(
    "--profile", "-p", metavar="NAME|FILE", default="iso-blank", show_default=True, help="Cards of this profile."
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Of cards and streams.")
@click.option("--budget", "-n", type=click.IntRange(0), help="Streams; for cuts cases of the suites, 0 for all.")
@click.option("--stride", type=click.IntRange(1), default=1, show_default=True, help="Cut every Nth operation.")
@click.option("--second", type=click.IntRange(1), default=1, show_default=True, help="Cut again after every Nth cut.")
@click.option(
    "--again", type=click.IntRange(0), default=1, show_default=True, help="... every Nth operation; 0: never."
)
@click.option("--tears", type=click.IntRange(1), default=1, show_default=True, help="Different tears of each mode.")
@click.option("--fuzzer", type=click.Choice(FUZZERS), help="Who fuzzes; atheris where it is installed.")
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
    fuzzer: str | None,
    jobs: int | None,
    scheduler: str | None,
    state: Path | None,
    save: Path | None,
    as_json: bool,
) -> None:
    """Carry out a campaign: streams, fuzz, cuts or link.

    But for Atheris the result depends on profile, seed and budget alone, never on who did the work. With --state a
    campaign that was ended, even by kill -9, goes on where it was. Exit code 1 if anything was broken.
    """
    from conformance.campaign.job import Kind, Sampling

    for path in (state, save):
        _insist_on_place(path)
    driver = _driver(Kind(kind), fuzzer)
    wanted = BUDGETS[kind] if budget is None else budget
    planned = _planned(Kind(kind), profile, seed, wanted, Sampling(stride, second, again, tears), driver)
    found = _carried_out(planned, jobs or len(os.sched_getaffinity(0)), scheduler, state, shown=not as_json)
    if save is not None:
        _write(save, found)
    if as_json:
        say_json(_plain(found))
    else:
        _tell(found, planned.driver)
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
        bench = Bench(story.profile, story.seed, sheet=_sheet_of(story))
        law, what = told(story, bench) or ("", "")
        rows.append((line, law, what))
    if as_json:
        say_json([dict(zip(("story", "law", "what"), row)) for row in rows])
    else:
        for line, law, what in rows:
            click.echo(f"{law}: {what}: {line}" if law else f"nothing broken: {line}")
    click.get_current_context().exit(1 if any(law for _, law, _ in rows) else 0)


# -- running


def _driver(kind: Kind, asked: str | None) -> Driver:
    """Who fuzzes, if anybody does: who was asked for, Atheris where it is installed, else the one that always is."""
    from conformance.campaign.job import Driver, Kind

    if kind is not Kind.FUZZ:
        return Driver.ATHERIS
    installed = find_spec("atheris") is not None
    if asked == Driver.ATHERIS.value and not installed:
        raise FileProblem("Atheris is not installed: pip install 'simcard[fuzz]', or take --fuzzer seeded")
    return Driver(asked or (Driver.ATHERIS if installed else Driver.SEEDED))


def _planned(kind: Kind, profile: str, seed: int, budget: int, sampling: Sampling, driver: Driver) -> Campaign:
    from conformance.campaign.job import Campaign
    from conformance.campaign.life import fingerprint
    from host_tools.cli.campaigning import lives_of

    sheet = _checked(profile)
    lives = lives_of(profile, seed, sheet)
    if not lives:
        raise click.UsageError(
            f"no target describes cards of profile {profile}, so no suite can be tried on them; "
            "a profile that extends a built-in one takes its target"
        )
    return Campaign(kind, profile, seed, budget, fingerprint(lives), sampling, sheet, driver)


def _checked(profile: str) -> str:
    """The text of a profile that is a file, empty for a built-in one; of either a card can be made."""
    text = profiles.text_of(profile)
    profiles.made_of(text, profile)
    return text or ""


def _sheet_of(story: Story) -> str:
    """The text of the story's profile, if that is a file; `FileProblem` when it is not the one the story is about."""
    from conformance.campaign.story import digest_of

    sheet = _checked(story.profile)
    if story.sheet and story.sheet != digest_of(sheet):
        raise FileProblem(
            f"{story.profile}: the profile is not the one this story was told of; bring it back, or leave out "
            f"sheet={story.sheet} to try the story on another card"
        )
    return sheet


def _insist_on_place(path: Path | None) -> None:
    """`FileProblem` unless the file can be written: said before the work and not after it."""
    if path is None or path == files.STANDARD:
        return
    folder = path.parent
    if not folder.is_dir():
        raise FileProblem(f"{path}: there is no folder {folder}; make it (mkdir -p {quote(str(folder))})")
    if path.is_dir():
        raise FileProblem(f"{path}: is a folder; name a file in it")
    if not os.access(path if path.exists() else folder, os.W_OK):
        what = "the file" if path.exists() else f"the folder {folder}"
        raise FileProblem(f"{path}: you may not write to {what}; allow it, or name a file elsewhere")


def _carried_out(planned: Campaign, jobs: int, scheduler: str | None, path: Path | None, shown: bool) -> Outcome:
    from conformance.campaign import run as campaigns
    from conformance.campaign.work import OtherSuites
    from host_tools.cli import campaigning, executors

    try:
        state = campaigns.State(planned, path)
    except campaigns.StateError as error:
        raise FileProblem(str(error)) from None
    except OSError as error:
        raise FileProblem(f"{path}: the state cannot be kept there ({error.strerror}); name a file elsewhere") from None
    lives = campaigning.lives_of(planned.profile, planned.seed, planned.sheet)
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
    return f"simcard campaign replay {quote(story)}"


def _plain(found: Outcome) -> dict[str, object]:
    findings = [{"law": f.law, "what": f.what, "story": f.story, "replay": _again(f.story)} for f in found.findings]
    return {"tried": found.tried, "reached": found.reached, "findings": findings}


def _tell(found: Outcome, driver: Driver) -> None:
    click.echo(", ".join(f"{count:,} {name}" for name, count in found.tried.items()))
    if found.reached:
        click.echo(f"{found.reached:,} {REACHED[driver.value]}")
    for finding in found.findings:
        click.echo(f"{finding.law}: {finding.what}")
        click.echo(f"  again: {_again(finding.story)}")
    click.echo(f"{len(found.findings)} findings" if found.findings else "nothing broken")


def _write(path: Path, found: Outcome) -> None:
    files.write(path, "".join(f"{finding.story}\n" for finding in found.findings).encode())


def _read(path: Path) -> Sequence[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise FileProblem(f"{path}: the stories cannot be read ({reason})") from None
    return [line for line in lines if line.strip() and not line.startswith("#")]
