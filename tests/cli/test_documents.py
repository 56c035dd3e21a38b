"""What is written about the command line is what it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from host_tools.cli.app import COMMANDS, cli
from scripts import make_cli_docs
from tests.cli.conftest import Simcard

ROOT = Path(__file__).parents[2]
HEAVY = ("cryptography", "rich", "construct", "msgspec", "smartcard", "asyncio", "simcard.card", "Crypto")


def test_the_page_is_current() -> None:
    """If not: python -m scripts.make_cli_docs.

    In a process of its own: click keeps the help option of a command as the first call of this process saw it.
    """
    told = "from scripts import make_cli_docs; print(make_cli_docs.text(), end='')"
    made = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    assert made.stdout == make_cli_docs.FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says_of_itself(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert COMMANDS[name].help == command.short_help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None and command.help
    for parameter in command.params:
        assert isinstance(parameter, click.Argument) or getattr(parameter, "help", None), parameter.name


@pytest.mark.parametrize("group", [(), ("pin",), ("ca",)])
def test_a_group_without_a_command_shows_its_help_once(group: tuple[str, ...], simcard: Simcard) -> None:
    done = simcard(*group)
    assert (2, 1) == (done.code, done.err.count("Usage:"))
    assert done.err.startswith("Usage:")


def test_help_loads_nothing_heavy() -> None:
    """What makes `--help` slow is what it imports; how slow it is, the bench says."""
    program = (
        "import sys\n"
        "from host_tools.cli.__main__ import run\n"
        "assert run(['--help']) == 0\n"
        "print(','.join(name for name in sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = done.stderr.strip().split(",")
    assert [] == [name for name in loaded if name.startswith(HEAVY)]


def test_a_missing_option_names_the_variable_that_would_do(simcard: Simcard) -> None:
    done = simcard("login", "operator.simcard")
    assert (2, True) == (done.code, "It may also come from SIMCARD_OFFICE." in done.err)
