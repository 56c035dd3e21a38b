"""Where PINs come from: a file, standard input, the environment, or the terminal without echo.

Never the command line: every user of the machine can read that. Several values on standard input are one line
each, in the order in which the command names them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from host_tools.errors import FileProblem
from simcard.wire.secret import Secret

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
LONGEST = 64
NEVER_HERE = "PINs are never given on the command line, see --help"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One secret: what to call it, its environment variable, and whether a person types it twice."""

    name: str
    variable: str
    twice: bool = False


PIN = Wanted("PIN", "SIMCARD_PIN")
NEW_PIN = Wanted("New PIN", "SIMCARD_NEW_PIN", twice=True)
UNBLOCK_KEY = Wanted("Unblock key", "SIMCARD_PUK")


def reference_option(function: Decorated) -> Decorated:
    """`--reference`, as the parameter `reference`."""
    text = "Number of the PIN as `simcard info` shows it."
    return click.option("--reference", "-n", type=Reference(), default=1, show_default=True, help=text)(function)


class Reference(click.ParamType[int]):
    """The number of a PIN, 1 to 255. What is no such number may be a PIN, so it is not repeated."""

    name = "number"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "NUMBER"

    def convert(self, value: int | str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number = int(value) if isinstance(value, int) or (value.isascii() and value.isdecimal()) else 0
        if not 1 <= number <= 255:
            self.fail(f"expected the number of a PIN, 1 to 255, not its value; {NEVER_HERE}", param, ctx)
        return number


def pin_options(function: Decorated) -> Decorated:
    """`--pin-file` and `--pin-stdin`, as the parameters `pin_file` and `pin_stdin`."""
    text = "Read the secrets from standard input, one per line."
    function = click.option("--pin-stdin", is_flag=True, help=text)(function)
    return click.option("--pin-file", type=click.Path(path_type=Path), help="Read the PIN from this file.")(function)


def file_option(name: str, text: str) -> Callable[[Decorated], Decorated]:
    """An option that names a file with a secret."""
    return click.option(name, type=click.Path(path_type=Path), help=text)


def obtain(wanted: Wanted, file: Path | None, from_stdin: bool) -> Secret:
    """The secret, from the first place that has it: file, standard input, environment, terminal."""
    if file is not None:
        return _checked(wanted, _first_line(wanted, file))
    if from_stdin:
        return _checked(wanted, _line_of_stdin(wanted))
    found = os.environ.get(wanted.variable)
    if found is not None:
        return _checked(wanted, found)
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"no {wanted.name}: set {wanted.variable}, or use an option that reads it from a file or standard input"
        )
    return _checked(wanted, click.prompt(wanted.name, hide_input=True, confirmation_prompt=wanted.twice, err=True))


def _first_line(wanted: Wanted, file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as stream:
            return stream.readline()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise FileProblem(
            f"{file}: cannot be read ({reason}); name a file whose first line is the {wanted.name}"
        ) from None


def _line_of_stdin(wanted: Wanted) -> str:
    try:
        return sys.stdin.readline()
    except UnicodeError:
        raise click.UsageError(f"the {wanted.name} on standard input is not text") from None


def _checked(wanted: Wanted, text: str) -> Secret:
    # Bytes that are no text came in as lone surrogates, from the environment for one, and go out as they were.
    value = text.rstrip("\r\n").encode(errors="surrogateescape")
    if not 1 <= len(value) <= LONGEST:
        raise click.UsageError(f"the {wanted.name} must have 1 to {LONGEST} bytes")
    return Secret(value)
