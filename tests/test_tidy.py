"""House-keeping that a linter does not do: sizes, words, docstrings and paths."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from simcard.applet.base import Applet, Command, Shelf
from simcard.applet.registry import APPLETS, door
from simcard.chain import GetResponse
from simcard.router import COMMON

ROOT = Path(__file__).parent.parent
PRODUCT = ("simcard", "reader_bridge", "host_tools", "conformance", "scripts")
ALL = (*PRODUCT, "tests")

MAX_MODULE = 400
MAX_FUNCTION = 60

LAST_LINES_OF_DEFENCE = {"reader_bridge/slot.py": ["except " + "Exception"]}
"""The one place where a bug of one card must not take the other cards of the process with it."""

# Written apart, so that this file does not hold what it forbids.
BANNED = (
    "TO" + "DO",
    "FIX" + "ME",
    "XX" + "X",
    "HA" + "CK",
    "except " + "Exception",
    "except" + ":",
    "pytest." + "skip",
    "time." + "sleep(",
)
WORDS = re.compile("|".join(rf"(?<![A-Za-z_\"'\\]){re.escape(word)}(?![A-Za-z_])" for word in BANNED))
PATHS = re.compile(r"/(home|root|Users|work)/[a-z]")
CLAUSE = re.compile(r"\((ISO/IEC|GM/T|GB/T|GP|PBOC|PC/SC|PKCS|RFC|JR/T|CIA|NIST|ours)[^)]*\d")


def sources(packages: tuple[str, ...]) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


@pytest.mark.parametrize("path", sources(ALL), ids=name_of)
def test_a_module_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_MODULE


@pytest.mark.parametrize("path", sources(ALL), ids=name_of)
def test_a_function_is_short(path: Path) -> None:
    too_long = [f.name for f in functions(path) if (f.end_lineno or f.lineno) - f.lineno >= MAX_FUNCTION]
    assert [] == too_long


@pytest.mark.parametrize("path", sources(ALL), ids=name_of)
def test_no_banned_word_and_no_path_of_one_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert LAST_LINES_OF_DEFENCE.get(name_of(path), []) == [match[0] for match in WORDS.finditer(text)]
    assert [] == [match[0] for match in PATHS.finditer(text)]


@pytest.mark.parametrize("path", sources(ALL), ids=name_of)
def test_a_module_with_content_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body


def commands() -> list[type[Command]]:
    """Every command class that a door or the router leads to, those inside shelves included."""
    tables = [COMMON.values(), *(maker.commands.values() for maker in doors())]
    found: list[type[Command]] = [GetResponse]
    waiting = [command for table in tables for command in table]
    while waiting:
        command = waiting.pop()
        if command not in found:
            found.append(command)
            waiting += list(command.choices.values()) if issubclass(command, Shelf) else []
    return found


def doors() -> list[type[Applet]]:
    return [door(name) for name in APPLETS]


def test_every_door_of_the_registry_is_looked_at() -> None:
    assert len(APPLETS) == len(doors())


@pytest.mark.parametrize("command", commands(), ids=lambda command: command.__name__)
def test_a_command_names_its_clause_in_its_first_line(command: type[Command]) -> None:
    # A parameter of a dataclass would stand in for a missing docstring: look at the class's own.
    assert CLAUSE.search(inspect.cleandoc(command.__dict__["__doc__"] or "").split("\n")[0])
