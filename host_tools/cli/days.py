"""Days on the command line."""

from __future__ import annotations

import re
from typing import Any

import click

FIRST_YEAR, LAST_YEAR = 1950, 9900
"""What a certificate can say begins with the one (RFC 5280, 4.1.2.5); an authority of today ends before 9999."""


class Day(click.DateTime):
    """A day as 2026-11-22; one of that form that no calendar has is told from what is no day at all."""

    form = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            day = super().convert(value, param, ctx)
        except click.BadParameter:
            if self.form.fullmatch(str(value)):
                self.fail(f"{value}: there is no such day", param, ctx)
            raise
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail(f"{value}: days are of the years {FIRST_YEAR} to {LAST_YEAR}", param, ctx)
        return day
