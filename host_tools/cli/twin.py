"""`simcard twin`: one script, two cards, every deviation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli.cards import EngineChoice, engine_options
from host_tools.cli.lab import Source, open_source, read_recording
from host_tools.cli.output import json_option, say_json
from host_tools.errors import FileProblem

if TYPE_CHECKING:
    from reader_bridge.record.model import Exchange
    from reader_bridge.record.twin import Tolerance

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def time_options(function: Decorated) -> Decorated:
    """`--times` and `--ignore`, for `tolerance_of`."""
    text = "List answers that took more than so many times as long; times are not compared without it."
    function = click.option("--times", type=click.FloatRange(1), help=text)(function)
    text = "Do not compare the data that this instruction (two digits) answers; GET CHALLENGE never is."
    return click.option("--ignore", "ignored", metavar="INS", multiple=True, help=text)(function)


def tolerance_of(times: float | None, ignored: Sequence[str]) -> Tolerance:
    """What may differ."""
    from reader_bridge.record.twin import RANDOM, Tolerance

    try:
        instructions = frozenset(byte for text in ignored for byte in bytes.fromhex(text))
    except ValueError:
        raise click.UsageError("--ignore takes an instruction byte in hexadecimal, such as 84") from None
    return Tolerance(times=times, ignored=frozenset(RANDOM) | instructions)


@click.command(short_help="Play one script to two cards and compare.")
@click.argument("script", type=click.Path(path_type=Path))
@click.argument("left")
@click.argument("right")
@time_options
@json_option
@engine_options
def command(
    script: Path,
    left: str,
    right: str,
    times: float | None,
    ignored: tuple[str, ...],
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> int:
    """Send the commands of SCRIPT to the cards LEFT and RIGHT, and list every deviation in status, data and time.

    SCRIPT is a recording or a list of commands in hexadecimal, one per line. A card is card:FILE, profile:NAME,
    reader:NAME (a PC/SC reader, with a real card for example) or recording:FILE. The exit code is 1 if they differ.
    """
    steps = read_recording(script)
    choice = EngineChoice(engine, sm2_backend)
    runs = [played(steps, Source.parse(target), choice) for target in (left, right)]
    return judged(runs[0], runs[1], tolerance_of(times, ignored), as_json)


def played(script: Sequence[Exchange], source: Source, engine: EngineChoice) -> list[Exchange]:
    """What the card of that source answers to a script."""
    from reader_bridge.record.model import HiddenBytes
    from reader_bridge.record.twin import play

    with ExitStack() as stack:
        try:
            return play(script, open_source(source, engine, stack).card)
        except HiddenBytes as hidden:
            raise FileProblem(str(hidden)) from None


def judged(left: Sequence[Exchange], right: Sequence[Exchange], tolerance: Tolerance, as_json: bool) -> int:
    """List the deviations; 1 if there are any."""
    from reader_bridge.record.twin import compare

    found = compare(left, right, tolerance)
    if as_json:
        say_json({"steps": len(left), "deviations": [asdict(deviation) for deviation in found]})
    else:
        for deviation in found:
            click.echo(str(deviation))
        click.echo(f"{len(left)} steps, {len(found)} deviations")
    return 1 if found else 0
