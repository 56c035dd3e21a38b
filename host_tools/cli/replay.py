"""`simcard replay`: a recording as a card for a program, or as a host for a card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from host_tools.cli import exec_
from host_tools.cli.cards import EngineChoice, engine_options
from host_tools.cli.lab import Kind, Source, read_recording
from host_tools.cli.output import json_option
from host_tools.cli.twin import judged, played, time_options, tolerance_of
from host_tools.errors import FileProblem

if TYPE_CHECKING:
    from reader_bridge.record.model import Exchange


@click.command(context_settings=exec_.SETTINGS, short_help="Play a recording: as a card, or to a card.")
@click.option("--to", metavar="TARGET", help="Send it to this card: card:FILE, profile:NAME or reader:NAME.")
@time_options
@json_option
@engine_options
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("command_line", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
def command(
    file: Path,
    command_line: tuple[str, ...],
    to: str | None,
    times: float | None,
    ignored: tuple[str, ...],
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> int:
    """Play the recording FILE.

    With COMMAND the recording is a card: the command runs in a private PC/SC world where that card answers what was
    recorded. With --to the recording is the host: its commands go to another card, and every answer that is not the
    recorded one is listed; then the exit code is 1.
    """
    if command_line[:1] == ("--",):  # it stays in, because options end with FILE
        command_line = command_line[1:]
    if (to is None) == (not command_line):
        raise click.UsageError("name a command that shall see the recording as a card, or a card with --to")
    if to is None:
        return as_card(file, command_line)
    script = read_recording(file)
    _insist_on_answers(script, file)
    again = played(script, Source.parse(to), EngineChoice(engine, sm2_backend))
    return judged(script, again, tolerance_of(times, ignored), as_json)


def as_card(file: Path, command_line: tuple[str, ...]) -> int:
    """Run a command beside the recording; what the recording did not know is told at the end."""
    from host_tools.cli import child
    from host_tools.cli.world import Plan, running

    plan = Plan((Source(Kind.RECORDING, str(file)),))
    with child.signals_held() as mask, running(plan) as bench:
        code = child.run(command_line, bench.world.environment(), mask)
        for header in bench.unknown():
            click.echo(f"simcard: {file}: no answer recorded to {header.hex().upper()}", err=True)
    return code


def _insist_on_answers(script: list[Exchange], file: Path) -> None:
    from reader_bridge.record.model import Kind as What

    apdus = [exchange for exchange in script if exchange.kind is What.APDU]
    if apdus and all(exchange.response is None for exchange in apdus):
        raise FileProblem(f"{file}: holds no answers to compare with; compare two cards with simcard twin")
