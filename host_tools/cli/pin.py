"""`simcard pin`: state, change and unblocking of PINs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from host_tools.cli.cards import engine_options, only_target, reader_option
from host_tools.cli.output import json_option, say_json
from host_tools.cli.secrets import (
    NEVER_HERE,
    NEW_PIN,
    PIN,
    UNBLOCK_KEY,
    file_option,
    obtain,
    pin_options,
    reference_option,
)
from host_tools.client.iso import IsoCard

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def new_pin_option(function: Decorated) -> Decorated:
    """`--new-pin-file`, as the parameter `new_pin_file`."""
    return file_option("--new-pin-file", "Read the new PIN from this file.")(function)


class Verbs(click.Group):
    """Commands by name. What is no name may be a PIN, so it is not repeated."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None:
            raise click.UsageError(f"expected one of {', '.join(self.commands)}; {NEVER_HERE}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Verbs, short_help="Look at, change and unblock PINs.")
def command() -> None:
    """Look at, change and unblock the PINs of a card.

    Secrets come from files, from standard input (one per line, in the order the command names them), from the
    environment (SIMCARD_PIN, SIMCARD_NEW_PIN, SIMCARD_PUK), or are asked for on the terminal without echo.
    """


@command.command(short_help="Show how many tries each PIN has left.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@json_option
@engine_options
def status(arguments: tuple[str, ...], reader: str | None, as_json: bool, engine: str, sm2_backend: str | None) -> None:
    """Show how many tries each PIN has left. Costs no try."""
    with only_target(arguments, reader, engine, sm2_backend).link() as link:
        card = IsoCard(link)
        card.enter()
        pins = card.pins()
    if as_json:
        say_json(pins)
        return
    for pin in pins:
        state = "locked" if not pin.left else f"{pin.left} of {pin.limit} tries left"
        click.echo(f"{pin.reference:02X}  {state}")


@command.command(short_help="Verify a PIN and say whether it is right.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@reference_option
@pin_options
@json_option
@engine_options
def verify(
    arguments: tuple[str, ...],
    reader: str | None,
    reference: int,
    pin_file: Path | None,
    pin_stdin: bool,
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Verify a PIN and say whether it is right. A wrong one costs a try and gives exit code 5."""
    where = only_target(arguments, reader, engine, sm2_backend)
    value = obtain(PIN, pin_file, pin_stdin)
    with where.link() as link:
        card = IsoCard(link)
        card.enter()
        card.verify_pin(reference, value)
    _say(f"PIN {reference:02X} is right", reference, as_json)


@command.command(short_help="Change a PIN.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@reference_option
@pin_options
@new_pin_option
@json_option
@engine_options
def change(
    arguments: tuple[str, ...],
    reader: str | None,
    reference: int,
    pin_file: Path | None,
    pin_stdin: bool,
    new_pin_file: Path | None,
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Change a PIN: old value, then new value. A wrong old value costs a try and gives exit code 5."""
    where = only_target(arguments, reader, engine, sm2_backend)
    old = obtain(PIN, pin_file, pin_stdin)
    new = obtain(NEW_PIN, new_pin_file, pin_stdin)
    with where.link() as link:
        card = IsoCard(link)
        card.enter()
        card.change_pin(reference, old, new)
    _say(f"PIN {reference:02X} is changed", reference, as_json)


@command.command(short_help="Unblock a locked PIN.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@reference_option
@pin_options
@file_option("--puk-file", "Read the unblock key from this file.")
@new_pin_option
@json_option
@engine_options
def unblock(
    arguments: tuple[str, ...],
    reader: str | None,
    reference: int,
    pin_file: Path | None,
    pin_stdin: bool,
    puk_file: Path | None,
    new_pin_file: Path | None,
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Unblock a PIN: unblock key, then new value of the PIN. A wrong key costs one of its own tries.

    The unblock key of the profiles that come with the program is their admin PIN, or their PUK.
    """
    if pin_file is not None:
        raise click.UsageError("unblocking needs no old PIN; use --puk-file and --new-pin-file")
    where = only_target(arguments, reader, engine, sm2_backend)
    key = obtain(UNBLOCK_KEY, puk_file, pin_stdin)
    new = obtain(NEW_PIN, new_pin_file, pin_stdin)
    with where.link() as link:
        card = IsoCard(link)
        card.enter()
        card.unblock_pin(reference, key, new)
    _say(f"PIN {reference:02X} is unblocked", reference, as_json)


def _say(text: str, reference: int, as_json: bool) -> None:
    if as_json:
        say_json({"done": True, "reference": reference})
    else:
        click.echo(text)
