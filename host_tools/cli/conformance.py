"""`simcard conformance`: put a card before the judge, and report clause by clause."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from host_tools.cli import files, profiles
from host_tools.cli.output import json_option, say_json
from host_tools.errors import FileProblem

if TYPE_CHECKING:
    from conformance.format import Target
    from conformance.result import Run
    from conformance.rig import Rig
    from conformance.run import Progress


@dataclass(frozen=True, slots=True)
class Seat:
    """A card under test in its place, and how a report names it."""

    rig: Rig
    target: Target
    where: str
    atr: str
    serial: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which card, as the user named it: one of the first three, and what goes with it."""

    image: Path | None = None
    profile: str | None = None
    reader: str | None = None
    target: str | None = None
    atr: str | None = None
    serial: str | None = None


@click.command(short_help="Judge a card, clause by clause.")
@click.argument("image", type=click.Path(path_type=Path), required=False)
@click.option("--profile", "-p", metavar="NAME|FILE", help="Judge a card made from this profile.")
@click.option("--reader", "-r", metavar="NAME", help="Judge the card in this PC/SC reader; needs --atr and --serial.")
@click.option("--target", "-t", metavar="NAME|FILE", help="What the card has: a target file, or one that is shipped.")
@click.option("--atr", metavar="HEX", help="ATR of the card in the reader, so that no other is judged.")
@click.option("--serial", metavar="HEX", help="Serial number of the card in the reader, as its target reads it.")
@click.option("--destructive", is_flag=True, help="Allow cases that change the card in the reader for good.")
@click.option("--suite", "-s", "suites", multiple=True, metavar="NAME|FILE", help="Only this suite; may be repeated.")
@click.option("--case", "-k", "wanted", multiple=True, metavar="PATTERN", help="Only cases or clauses like this.")
@click.option("--list", "listing", is_flag=True, help="List the cases instead of trying them.")
@click.option("--html", type=click.Path(path_type=Path), help="Write the report as one HTML page to this file.")
@click.option("--junit", type=click.Path(path_type=Path), help="Write the report as JUnit's XML to this file.")
@click.option("--save", type=click.Path(path_type=Path), help="Write the run as JSON to this file.")
@click.option("--load", type=click.Path(path_type=Path), help="Report a saved run instead of judging a card.")
@click.option("--compare", type=click.Path(path_type=Path), help="Compare with this saved run; 1 if anything is worse.")
@json_option
def command(
    image: Path | None,
    profile: str | None,
    reader: str | None,
    target: str | None,
    atr: str | None,
    serial: str | None,
    destructive: bool,
    suites: tuple[str, ...],
    wanted: tuple[str, ...],
    listing: bool,
    html: Path | None,
    junit: Path | None,
    save: Path | None,
    load: Path | None,
    compare: Path | None,
    as_json: bool,
) -> None:
    """Put a card before the judge: the one in IMAGE (a copy of it), one made from a profile, or one in a reader.

    Exit code 0 if every binding requirement that was tried holds, 1 if one does not, 3 if a case could not be tried
    to its end. Two runs are compared by --compare OLD with a card, or with --load NEW.
    """
    from conformance.format import SuiteError

    try:
        if listing:
            _list(suites, wanted, as_json)
            return
        if sum(each is not None for each in (image, profile, reader, load)) != 1:
            raise click.UsageError("name one card: an IMAGE, --profile or --reader; or a saved run with --load")
        if load is not None:
            run = _loaded(load)
        else:
            with seat(Asked(image, profile, reader, target, atr, serial)) as place:
                run = _judged(place, suites, wanted, destructive, shown=sys.stderr.isatty() and not as_json)
        write_all(run, Files(html, junit, save))
        code = _compared(compare, run, as_json) if compare is not None else told(run, as_json)
    except SuiteError as error:
        raise FileProblem(str(error)) from None
    click.get_current_context().exit(code)


def _list(suites: tuple[str, ...], wanted: tuple[str, ...], as_json: bool) -> None:
    from conformance import run

    found = list(run.cases(run.suites(suites), wanted))
    if as_json:
        rows = [(f"{suite.id}:{case.id}", case.clause, case.purpose, case.destructive) for suite, case in found]
        say_json([dict(zip(("case", "clause", "purpose", "destructive"), row)) for row in rows])
        return
    width = max((len(f"{suite.id}:{case.id}") for suite, case in found), default=0)
    for suite, case in found:
        click.echo(f"{f'{suite.id}:{case.id}':<{width}}  {case.clause:8}  {case.purpose}")


# -- the card


@contextmanager
def seat(asked: Asked) -> Iterator[Seat]:
    """The card in its place; a card in a reader is confirmed to be the one that is meant."""
    if asked.reader is None:
        yield _made(asked.image, asked.profile, asked.target)
        return
    if asked.target is None or asked.atr is None or asked.serial is None:
        raise click.UsageError("a card in a reader needs --target, --atr and --serial, so that no other is judged")
    from conformance.format import load_target, target_path
    from conformance.identity import confirm
    from host_tools.link.pcsc_seat import ReaderRig

    described = load_target(target_path(asked.target))
    expected = _hexadecimal(asked.atr, "--atr"), _hexadecimal(asked.serial, "--serial")
    rig = ReaderRig(asked.reader)
    try:
        link = rig.insert()
        confirm(described, link, *expected)
        yield Seat(rig, described, link.reader, link.atr.hex().upper(), asked.serial.upper())
    finally:
        rig.close()


def _hexadecimal(text: str, option: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise click.UsageError(f"{option}: expected hexadecimal bytes, got {text}") from None


def _made(image: Path | None, profile: str | None, target: str | None) -> Seat:
    from conformance.format import load_target, target_path
    from host_tools.cli import rig
    from host_tools.cli.judging import RamRig, flash_of, name_on

    if image is not None:
        memory, where = flash_of(image), str(image)
    else:
        sheet = profiles.load(str(profile))
        memory, where = rig.certified(sheet, 1), f"profile {profile}"
    name, atr = name_on(memory)
    described = load_target(target_path(target or name))
    return Seat(RamRig(memory), described, where, atr.hex().upper(), "")


# -- the run


def _judged(place: Seat, suites: tuple[str, ...], wanted: tuple[str, ...], destructive: bool, shown: bool) -> Run:
    from conformance import run
    from conformance.judge import Judge

    chosen = list(run.cases(run.suites(suites), wanted))
    if not chosen:
        raise click.UsageError("no case is like that; cases are named as in `simcard conformance --list`")
    judge = Judge(place.target, place.rig, destructive, run.known_failures(place.target.target.name))
    with _bar(shown) as progress:
        return run.run(judge, place.target, chosen, place.where, (place.atr, place.serial), progress)


@contextmanager
def _bar(shown: bool) -> Iterator[Progress]:
    """A progress bar on standard error while a person looks at it."""
    if not shown:
        yield lambda done, total, name: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("judging", total=None)
        yield lambda done, total, name: bar.update(task, completed=done, total=total, description=name)


@dataclass(frozen=True, slots=True)
class Files:
    """Files a run is written to."""

    html: Path | None
    junit: Path | None
    save: Path | None


def write_all(run: Run, to: Files) -> None:
    from conformance.report.files import to_json, to_junit
    from conformance.report.page import html

    if to.html is not None:
        files.write(to.html, html(run).encode())
    if to.junit is not None:
        files.write(to.junit, to_junit(run))
    if to.save is not None:
        files.write(to.save, to_json(run))


def _loaded(path: Path) -> Run:
    from conformance.report.files import read_run

    return read_run(path)


def told(run: Run, as_json: bool) -> int:
    """Show the run; the exit code."""
    from rich.console import Console

    from conformance.report import terminal
    from conformance.report.files import to_json

    if as_json:
        click.echo(to_json(run).decode(), nl=False)
    else:
        terminal.show(run, Console(width=None if sys.stdout.isatty() else 120))
    return 1 if run.guilty else 3 if run.unresolved else 0


def _compared(path: Path, run: Run, as_json: bool) -> int:
    """Show what is not as in the saved run; the exit code."""
    from conformance.report.compare import changes

    found = changes(_loaded(path), run)
    worse = sum(change.worse for change in found)
    if as_json:
        say_json([{name: getattr(change, name) for name in change.__struct_fields__} for change in found])
    else:
        for change in found:
            mark = "worse" if change.worse else ""
            click.echo(f"{change.case:50}  {change.before or 'not run':14} -> {change.after or 'not run':14}  {mark}")
        click.echo(f"{len(found)} verdicts are not the same, {worse} of them worse" if found else "the same verdicts")
    return 1 if worse else 0
