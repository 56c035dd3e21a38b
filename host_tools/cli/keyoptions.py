"""Which key a command means: `--key`, by reference, by container, or left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from host_tools.client.algorithms import Role
from host_tools.client.info import KeyInfo
from host_tools.client.iso import IsoCard

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
TEXT = (
    "Key: its reference in hexadecimal as `simcard info` shows it (01), or CONTAINER/sign or CONTAINER/exchange; "
    "the first signing key if not given."
)


def key_option(function: Decorated) -> Decorated:
    """`--key`, as the parameter `key`."""
    return click.option("--key", "-k", metavar="KEY", help=TEXT)(function)


def find_key(card: IsoCard, wanted: str | None) -> KeyInfo:
    """The key on the card; a `UsageError` that lists the keys there are when it is none of them."""
    names = {f"{c.name}/{key.role.value}": key for c in card.containers() for key in c.keys}
    if wanted is None:
        first = next((key for key in names.values() if key.role is Role.SIGN), None)
        if first is None:
            raise click.UsageError("the card has no signing key; see simcard info")
        return first
    named = names.get(wanted) or next((k for k in names.values() if _is_reference(wanted, k.reference)), None)
    if named is None:
        listed = ", ".join(f"{key.reference:02X} ({name})" for name, key in names.items()) or "none"
        raise click.UsageError(f"no key {wanted!r} on the card; there are: {listed}")
    return named


def _is_reference(text: str, reference: int) -> bool:
    try:
        return int(text, 16) == reference
    except ValueError:
        return False
