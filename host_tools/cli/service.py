"""Commands to a running card service (`simcard run`): list, insert, remove, reset, stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli.output import json_option, say_json
from host_tools.errors import HostError, ImageProblem, LinkError, NoService

if TYPE_CHECKING:
    from reader_bridge.control import Request

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
CONTROL_TEXT = "Control socket of the service; by default $XDG_RUNTIME_DIR/simcard/control or /tmp/simcard-UID/control."


def control_option(function: Decorated) -> Decorated:
    """`--control`, as the parameter `control`."""
    return click.option("--control", type=click.Path(path_type=Path), help=CONTROL_TEXT)(function)


def asked(request: Request, control: Path | None) -> dict[str, Any]:
    """The service's answer; its refusals become the errors of this program."""
    from reader_bridge.control import ControlError, ask

    try:
        return ask(request, control)
    except ControlError as error:
        if error.code == "no-service":
            raise NoService(f"{error}; start one with simcard run or simcard serve") from None
        kind: type[HostError] = ImageProblem if error.code == "bad-image" else LinkError
        raise kind(str(error)) from None


@click.command(short_help="List the readers of a running service.")
@control_option
@json_option
def list_readers(control: Path | None, as_json: bool) -> None:
    """List the readers of a running service, and the cards in them."""
    from reader_bridge.control import List

    readers = asked(List(), control)["readers"]
    if as_json:
        say_json(readers)
        return
    for reader in readers:
        link = "connected" if reader["connected"] else "not connected"
        click.echo(f"{reader['name']}  {reader['endpoint']}  {link}  {reader['state']}  {reader['atr']}".rstrip())


@click.command(short_help="Insert a card into a reader of a running service.")
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--into", "reader", metavar="READER", help="Name of the reader; the first empty one if not given.")
@control_option
@json_option
def insert(image: Path, reader: str | None, control: Path | None, as_json: bool) -> None:
    """Insert the card in IMAGE into a reader of a running service."""
    from reader_bridge.control import Insert

    answer = asked(Insert(str(image.absolute()), reader), control)
    _done(f"{image} is in reader {answer['reader']}", answer, as_json)


@click.command(short_help="Remove the card from a reader of a running service.")
@click.argument("reader")
@control_option
@json_option
def remove(reader: str, control: Path | None, as_json: bool) -> None:
    """Remove the card from READER of a running service, and close its image."""
    from reader_bridge.control import Remove

    answer = asked(Remove(reader), control)
    _done(f"reader {reader} is empty", answer, as_json)


@click.command(short_help="Reset the card in a reader of a running service.")
@click.argument("reader")
@click.option("--cold", is_flag=True, help="Take the power away and give it again, not a warm reset.")
@control_option
@json_option
def reset(reader: str, cold: bool, control: Path | None, as_json: bool) -> None:
    """Reset the card in READER of a running service, behind the reader's back."""
    from reader_bridge.control import Reset
    from reader_bridge.server import ResetKind

    answer = asked(Reset(reader, ResetKind.COLD if cold else ResetKind.WARM), control)
    _done(f"the card in reader {reader} was reset", answer, as_json)


@click.command(short_help="End a running service.")
@control_option
@json_option
def stop(control: Path | None, as_json: bool) -> None:
    """End a running service; its cards are taken out and their images closed."""
    from reader_bridge.control import Stop

    answer = asked(Stop(), control)
    _done("the service is ending", answer, as_json)


def _done(text: str, answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json({"done": True, **answer})
    else:
        click.echo(text)
