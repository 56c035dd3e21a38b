"""`simcard tear`: cut the power at every flash operation of a script, and say what was found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from host_tools.cli import files, profiles
from host_tools.cli.output import json_option, say_json
from host_tools.errors import FileProblem, ImageProblem

if TYPE_CHECKING:
    from conformance.tear import Cut, Explorer, Plan, Report, Script, Violation

Progress = Callable[[int, int], None]
SHOWN = 20
"""Violations told one by one; one cause is mostly found by many cuts."""
MAKING = b"make the card"
"""The one act of a run that explores personalisation."""


@click.command(short_help="Cut the power at every flash operation of a script.")
@click.argument("script", type=click.Path(path_type=Path, allow_dash=True), required=False)
@click.option("--profile", "-p", metavar="NAME|FILE", help="Make the card from this profile instead of the script's.")
@click.option("--image", type=click.Path(path_type=Path), help="Start from a copy of this card image, left untouched.")
@click.option("--seed", type=click.IntRange(0), help="Seed of the card; 1, or what the script says.")
@click.option("--making", is_flag=True, help="Explore the making of the card instead of a script.")
@click.option("--stride", type=click.IntRange(1), default=1, show_default=True, help="Cut every Nth operation.")
@click.option("--second", type=click.IntRange(1), default=5, show_default=True, help="Cut again after every Nth cut.")
@click.option(
    "--again", type=click.IntRange(0), default=3, show_default=True, help="... every Nth operation; 0: never."
)
@click.option("--tears", type=click.IntRange(1), default=1, show_default=True, help="Different tears of each mode.")
@click.option("--cut", "cuts", multiple=True, metavar="N:MODE:SEED", help="Only this cut, and the one after it.")
@json_option
def command(
    script: Path | None,
    profile: str | None,
    image: Path | None,
    seed: int | None,
    making: bool,
    stride: int,
    second: int,
    again: int,
    tears: int,
    cuts: tuple[str, ...],
    as_json: bool,
) -> None:
    """Cut the power at every flash operation of SCRIPT, in every tear mode, and look at what is left.

    SCRIPT holds a command in hexadecimal per line, # comments, and directives: !profile NAME and !seed N choose the
    card; commands after !prepare are run once; commands after !setup are run with steady power; commands after
    !label NAME are cut; !times N repeats the next command. Exit code 1 if anything half-done is found.
    """
    from conformance.tear import Plan

    if (script is None) != making:
        raise click.UsageError("give a SCRIPT, or --making")
    explorer = _explorer(script, profile, image, seed, Plan(stride, second, again, tears))
    report = _replayed(explorer, cuts) if cuts else _explored(explorer, shown=not as_json)
    again_with = _arguments(script, profile, image, seed)
    if as_json:
        say_json(_plain(report, again_with))
    else:
        _tell(report, again_with)
    if report.violations:
        click.get_current_context().exit(1)


def _explorer(script: Path | None, profile: str | None, image: Path | None, seed: int | None, plan: Plan) -> Explorer:
    from conformance.tear import Explorer, Script
    from conformance.tear_script import ScriptError, parse
    from host_tools.cli import judging, rig

    if script is None:
        sheet = profiles.load(profile or "iso-blank")
        making = Script((MAKING,), ("making",))
        return Explorer(rig.FactoryRig(sheet, 1 if seed is None else seed), b"\xff" * sheet.memory, making, plan)
    try:
        text = parse(files.read(script).decode())
    except (ScriptError, UnicodeError) as error:
        raise FileProblem(f"{script}: {error}") from None
    start = (
        judging.flash_of(image)
        if image
        else rig.personalised(profiles.load(profile or text.profile), text.seed if seed is None else seed)
    )
    base = rig.prepared(start, text.prepare) if text.prepare else start
    return _opened(base, text.script, plan)


def _opened(image: bytes, script: Script, plan: Plan) -> Explorer:
    from conformance.tear import Explorer, Unreadable
    from host_tools.cli.rig import CardRig

    try:
        return Explorer(CardRig(), image, script, plan)
    except Unreadable as error:
        raise ImageProblem(f"the card's memory cannot be read: {error}") from None


def _cut_of(text: str) -> Cut:
    from conformance.tear import TEARS, Cut

    after, _, rest = text.partition(":")
    tear, _, seed = rest.partition(":")
    if not after.isdecimal() or tear not in TEARS or not (seed or "0").isdecimal():
        raise click.UsageError(f"--cut: expected N:MODE:SEED with a mode of {', '.join(TEARS)}, got {text}")
    return Cut(int(after), tear, int(seed or 0))


def _replayed(explorer: Explorer, cuts: tuple[str, ...]) -> Report:
    return explorer.replay([_cut_of(text) for text in cuts])


def _explored(explorer: Explorer, shown: bool) -> Report:
    with _bar(shown and sys.stderr.isatty()) as progress:
        return explorer.explore(progress)


@contextmanager
def _bar(shown: bool) -> Iterator[Progress]:
    """A progress bar on standard error while a person looks at it."""
    if not shown:
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("cutting the power", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _arguments(script: Path | None, profile: str | None, image: Path | None, seed: int | None) -> str:
    """The arguments that choose this card and this script again."""
    words = ["--making"] if script is None else [str(script)]
    words += ["--profile", profile] if profile else []
    words += ["--image", str(image)] if image else []
    words += ["--seed", str(seed)] if seed is not None else []
    return "simcard tear " + " ".join(words)


def _replay_line(violation: Violation, again_with: str) -> str:
    return again_with + "".join(f" --cut {cut}" for cut in violation.cuts)


def _plain(report: Report, again_with: str) -> dict[str, object]:
    return {
        "operations": report.operations,
        "cuts": report.cuts,
        "second_cuts": report.second_cuts,
        "by_label": report.by_label,
        "statuses": report.statuses,
        "violations": [
            {"label": v.label, "command": v.act, "what": v.what, "replay": _replay_line(v, again_with)}
            for v in report.violations
        ],
    }


def _tell(report: Report, again_with: str) -> None:
    for label in dict.fromkeys(label for label, _ in report.statuses):
        answers = " ".join(status for of, status in report.statuses if of == label and label != "power on")
        click.echo(f"{label:28} {report.by_label.get(label, 0):6} cuts  {answers}")
    click.echo(f"{report.operations} flash operations, {report.cuts} cuts, {report.second_cuts} second cuts")
    for violation in report.violations[:SHOWN]:
        click.echo(f"{violation.label}: {violation.act.hex().upper()}: {violation.what}")
        click.echo(f"  again: {_replay_line(violation, again_with)}")
    click.echo(f"{len(report.violations)} violations" if report.violations else "nothing half-done")
