"""In which language the program speaks: `--lang`, and the environment variable that sets it for all commands."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from host_tools.eport_client.wording import Lang

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
VARIABLE = "SIMCARD_LANG"
LANGUAGES = [lang.value for lang in Lang]


def lang_option(text: str) -> Callable[[Decorated], Decorated]:
    """`--lang`, as the parameter `lang`; Chinese unless `VARIABLE` says otherwise."""
    kind = click.Choice(LANGUAGES)
    return click.option(
        "--lang", type=kind, default="zh", envvar=VARIABLE, show_default=True, show_envvar=True, help=text
    )


def order_lang() -> Lang:
    """The language in which orders are refused, without an option: English unless `VARIABLE` says otherwise."""
    found = os.environ.get(VARIABLE) or Lang.EN.value
    if found not in LANGUAGES:
        raise click.UsageError(f"{VARIABLE} is one of {', '.join(LANGUAGES)}")
    return Lang(found)
