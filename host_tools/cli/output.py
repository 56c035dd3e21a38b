"""How the program speaks: text for people, JSON where a program asked for it, errors always in one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def json_option(function: Decorated) -> Decorated:
    """`--json`, as the parameter `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")(function)


def say_json(value: object) -> None:
    """One JSON document on standard output; dataclasses become objects, bytes hexadecimal, moments UTC with a Z."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False))


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return str(value)


def say_error(code: str, text: str, arguments: Sequence[str], **facts: str) -> None:
    """One line on standard error; with `--json` also an object, with the facts, on standard output."""
    click.echo(f"simcard: {text}", err=True)
    if "--json" in arguments:
        with suppress(OSError):  # standard output may be what failed
            say_json({"error": {"code": code, "text": text, **facts}})
