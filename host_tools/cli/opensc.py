"""`simcard opensc`: another program, with settings under which OpenSC finds the card."""

from __future__ import annotations

import os
import subprocess

import click

from host_tools import opensc
from host_tools.errors import FileProblem

WAYS = "\b\nWays to the card:\n" + "\n".join(f"  {name:<10} {text}" for name, text in opensc.DRIVERS.items())


@click.command(
    short_help="Run a command with OpenSC set up for the card.",
    epilog=WAYS,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--driver",
    type=click.Choice(list(opensc.DRIVERS)),
    default="iso",
    show_default=True,
    help="Which way OpenSC takes.",
)
@click.argument("command_line", metavar="-- COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def command(ctx: click.Context, driver: str, command_line: tuple[str, ...]) -> None:
    """Run COMMAND with OpenSC's configuration set, and end with its exit code.

    For example: `simcard opensc -- pkcs11-tool --list-objects`. Everything that loads OpenSC's PKCS#11 module can be
    run so: ssh, openssl, curl, a browser.
    """
    try:
        done = subprocess.run(command_line, env={**os.environ, **opensc.environment(driver)}, check=False)
    except OSError as error:
        raise FileProblem(f"{command_line[0]}: cannot be run ({error.strerror})") from None
    ctx.exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)
