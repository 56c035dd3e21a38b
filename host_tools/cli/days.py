"""Days on the command line."""

from __future__ import annotations

import re
from typing import Any

import click


class Day(click.DateTime):
    """A day as 2026-11-22; one of that form that no calendar has is told from what is no day at all."""

    form = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            if self.form.fullmatch(str(value)):
                self.fail(f"{value}: there is no such day", param, ctx)
            raise
