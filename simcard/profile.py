"""A card's build sheet: a TOML file that fixes ATR, applets, files, PINs, containers and holder data.

`parse` reads and checks one; everything wrong is a `ProfileError` with source, line and what was expected. A sheet
may extend a built-in one: its tables are laid over those of the base key by key, its lists (`[[pin]]` and so on)
replace the base's, and `[[change]]` alters single files by their path.
`simcard.personalise` builds the card from it. The `[card]` table is also kept in the card's memory, because
the card needs it at every power-up; the rest is used once.
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import Any

import msgspec

from simcard.profile_checks import problems
from simcard.sheet import (
    FILE_RIGHTS,
    MEMORY_SIZES,
    Application,
    Card,
    Container,
    File,
    KeyRules,
    Object,
    Pair,
    Pin,
    Profile,
    ProfileError,
    SecretKey,
    file_conditions,
    parse_rule,
)

__all__ = [
    "FILE_RIGHTS",
    "MEMORY_SIZES",
    "Application",
    "Card",
    "Container",
    "File",
    "KeyRules",
    "Object",
    "Pair",
    "Pin",
    "Profile",
    "ProfileError",
    "SecretKey",
    "builtin",
    "builtin_names",
    "builtin_text",
    "file_conditions",
    "located",
    "parse",
    "parse_rule",
]


def parse(text: str, source: str = "profile") -> Profile:
    """Read and check a profile; raises `ProfileError`."""
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise ProfileError(f"{source}: not TOML: tables or arrays too deep in each other") from None
    except ValueError as error:  # not TOML, or a number longer than Python reads
        raise ProfileError(f"{source}: not TOML: {error}") from None
    _insist_on_tables(raw, text, source)
    try:
        raw = _extended(raw)
    except ProfileError as error:
        raise ProfileError(f"{source}:{_line(text, '.extends')}: extends: {error}") from None
    except KeyError as error:
        raise ProfileError(
            f"{source}:{_line(text, '.change')}: change: expected the path of a file, got {error}"
        ) from None
    try:
        profile = msgspec.convert(raw, Profile)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        path = path.rstrip("`")
        raise ProfileError(f"{source}:{_line(text, path)}: {path.lstrip('.') or 'profile'}: {what}") from None
    for path, what in problems(profile):
        raise ProfileError(f"{source}:{_line(text, path)}: {path.lstrip('.')}: {what}")
    return profile


def located(error: ProfileError, text: str, source: str) -> ProfileError:
    """An error found after parsing, which begins with the path of what is wrong, with source and line before it."""
    path = "." + str(error).partition(":")[0]
    return ProfileError(f"{source}:{_line(text, path)}: {error}")


def _insist_on_tables(raw: dict[str, Any], text: str, source: str) -> None:
    """What laying one sheet over another reads before the types are checked: files and changes, by their paths."""
    for key in ("file", "change"):
        rows = raw.get(key, [])
        good = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
        if not good or not all(isinstance(row.get("path", ""), str) for row in rows):
            raise ProfileError(f"{source}:{_line(text, '.' + key)}: {key}: expected tables [[{key}]] with a path")


def _extended(raw: dict[str, Any]) -> dict[str, Any]:
    """The sheet laid over the built-in one it extends; raises KeyError for a change of a file that is not there."""
    changes = raw.pop("change", [])
    base = raw.pop("extends", None)
    if base is not None:
        raw = _laid_over(_extended(tomllib.loads(builtin_text(str(base)))), raw)
    files = {file["path"]: file for file in raw.get("file", []) if "path" in file}
    for change in changes:
        files[change.get("path", "")].update(change)
    return raw


def _laid_over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in top.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _laid_over(base[key], value) if both else value
    return merged


def builtin_names() -> list[str]:
    """Names of the profiles that come with the package."""
    folder = resources.files("simcard") / "profiles"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def builtin_text(name: str) -> str:
    """The text of a profile that comes with the package; raises `ProfileError` for an unknown name."""
    if name not in builtin_names():
        raise ProfileError(f"no profile is called {name!r}; there are {', '.join(builtin_names())}")
    return (resources.files("simcard") / "profiles" / f"{name}.toml").read_text(encoding="utf-8")


def builtin(name: str) -> Profile:
    return parse(builtin_text(name), f"{name}.toml")


_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]")


def _line(text: str, path: str) -> int:
    """The line where the value at a path such as `.file[2].rules.read` stands, or the nearest above it."""
    steps = [(m[1], None) if m[1] else (None, int(m[2])) for m in _STEP.finditer(path)]
    names = [name for name, _ in steps if name]
    index = next((i for name, i in steps if i is not None), 0)
    best, table, seen = 1, "", -1
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            table = header[2]
            seen += header[1] == "[[" and bool(names) and table == names[0]
            inside = bool(names) and table.split(".")[0] == names[0] and (header[1] == "[" or seen == index)
            best = number if inside and ".".join(names).startswith(table) else best
            continue
        key = line.split("=", 1)[0].strip()
        here = [*table.split("."), key] if table else [key]
        if "=" in line and names[: len(here)] == here and seen in (-1, index):
            best = number
    return best
