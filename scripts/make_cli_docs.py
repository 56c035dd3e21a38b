"""Write `docs/cli.md` anew from the commands themselves: ``python -m scripts.make_cli_docs``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from host_tools.cli.app import COMMANDS, EXIT_CODES, HELP_OPTIONS, cli

FILE = Path(__file__).parent.parent / "docs" / "cli.md"
PROGRAM = "simcard"
WIDTH = 110
HEAD = """# The command line

This page is made from the commands themselves by `python -m scripts.make_cli_docs`; a test holds it current.

```
{exit_codes}
```

| command | what it does |
|---|---|
{table}

"""


def help_of(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """The full name and the help text of a command, then of the commands below it."""
    context = click.Context(command, info_name=name, parent=parent, max_content_width=WIDTH, terminal_width=WIDTH)
    text = command.get_help(context)
    # What depends on the machine that makes the page does not belong on it.
    yield context.command_path, "\n".join(line.rstrip() for line in text.splitlines())
    if isinstance(command, click.Group) and command is not cli:
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from help_of(found, below, context)


def text() -> str:
    """The whole page."""
    root = click.Context(cli, info_name=PROGRAM, help_option_names=HELP_OPTIONS)
    codes = EXIT_CODES.replace("\b", "").strip()
    table = "\n".join(f"| [`{PROGRAM} {name}`](#{PROGRAM}-{name}) | {row.help} |" for name, row in COMMANDS.items())
    parts = [HEAD.format(exit_codes=codes, table=table)]
    for name in COMMANDS:
        command = cli.get_command(root, name)
        assert command is not None
        for path, shown in help_of(command, name, root):
            parts.append(f"## {path}\n\n```\n{shown}\n```\n\n")
    return "".join(parts).rstrip() + "\n"


def main() -> None:
    """Write the page."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
