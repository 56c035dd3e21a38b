"""`simcard record`: everything between a program and a card, written down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from host_tools.cli import exec_
from host_tools.cli.cards import engine_options
from host_tools.cli.world import recordable_world_options


@click.command(context_settings=exec_.SETTINGS, short_help="Record what a program and a card say.")
@click.option(
    "--output",
    "-o",
    "record",
    required=True,
    type=click.Path(path_type=Path),
    help="The recording; FILE-1 for a 2nd card.",
)
@recordable_world_options
@engine_options
@click.argument("command_line", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
def command(record: Path, **options: Any) -> int:
    """Run COMMAND in a private PC/SC world as `simcard exec` does, and record every exchange in a file.

    With --reader the card is one in a reader of the surrounding PC/SC service, a real one for example: the command
    sees it in its private world, and every byte passes through the recorder. PINs and keys are masked; a recording
    that shall be sent to a card again needs --secrets.
    """
    return exec_.run(record=record, **options)
