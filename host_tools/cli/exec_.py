"""`simcard exec`: a command in a private PC/SC world."""

from __future__ import annotations

from typing import Any

import click

from host_tools.cli.cards import EngineChoice, engine_options
from host_tools.cli.world import plan_of, running, world_options

SETTINGS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.command(context_settings=SETTINGS, short_help="Run a command in a private PC/SC world.")
@world_options
@engine_options
@click.argument("command_line", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
def command(command_line: tuple[str, ...], engine: str, sm2_backend: str | None, **options: Any) -> int:
    """Run COMMAND with PC/SC readers of its own; its exit code is the answer.

    Needs neither pcscd nor root: the command finds the readers through PCSCLITE_CSOCK_NAME, and nobody else does.
    Readers hold the cards in this order: --card, --profile, --replay, --reader. A profile makes a card that is gone
    afterwards.
    """
    return run(command_line, engine, sm2_backend, **options)


def run(command_line: tuple[str, ...], engine: str, sm2_backend: str | None, **options: Any) -> int:
    """Run a command in the world that `world_options` describe."""
    from host_tools.cli import child

    plan = plan_of(EngineChoice(engine, sm2_backend), **options)
    with child.signals_held() as mask, running(plan) as bench:
        code = child.run(command_line, bench.world.environment(), mask)
    if code in (child.NOT_FOUND, child.NOT_EXECUTABLE):
        click.echo(f"simcard: {command_line[0]}: cannot be run, or could not run something itself", err=True)
    return code
