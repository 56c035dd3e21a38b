"""The program `simcard`: runs the command line and turns every error into one line and an exit code.

Exit codes are `EXIT_CODES`; they and the commands are described in `docs/cli.md`, which is made from them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from click import ClickException

PROGRAM = "simcard"
INTERRUPTED = 130
BROKEN_PIPE = 141


def run(arguments: Sequence[str]) -> int:
    """Run the program with these arguments; its exit code."""
    # Imported here and not above, so that an interrupt meanwhile comes to `main` and not before it.
    import click

    from host_tools.cli.app import cli
    from host_tools.cli.output import say_error
    from host_tools.errors import FileProblem, HostError

    try:
        result = cli.main(args=list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except SystemExit:
        # So click ends, and only so, when nobody reads the output any more: `simcard info CARD | head -1`.
        return BROKEN_PIPE
    except click.Abort:
        say_error("interrupted", "interrupted", arguments)
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as wanting:
        click.echo(wanting.format_message(), err=True)
        return wanting.exit_code
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            click.echo(error.ctx.get_usage(), err=True)
        say_error("usage", _told(error), arguments)
        return error.exit_code if isinstance(error, click.UsageError) else 2
    except HostError as error:
        told = "; ".join((str(error), *getattr(error, "__notes__", ())))
        say_error(error.code, told, arguments, **error.facts)
        return error.exit_code
    except OSError as error:
        # Mostly standard output on a full disk; what files and sockets can do wrong has errors of its own.
        say_error("host", f"the machine refused: {error.strerror or error}", arguments)
        return FileProblem.exit_code
    return result if isinstance(result, int) else 0


def _told(error: ClickException) -> str:
    """What click says, and the variable that would have done in place of a missing option."""
    variable = getattr(getattr(error, "param", None), "envvar", None)
    missing = type(error).__name__ == "MissingParameter" and isinstance(variable, str)
    return error.format_message() + (f" It may also come from {variable}." if missing else "")


def main() -> None:
    """Entry point of the installed program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names are Chinese, the terminal may not be
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write(f"{PROGRAM}: interrupted\n")
        code = INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
