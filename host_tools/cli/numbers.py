"""Numbers of cards and codes of enterprises on the command line: what has not their form is refused at the door.

It may be a PIN, so it is not repeated, and does not come as far as the log.
"""

from __future__ import annotations

import re

import click

from host_tools.cli.secrets import NEVER_HERE

CARD = re.compile("[A-Z]{2}[0-9][A-Z][0-9]{9}")
CREDIT_CODE = re.compile("[0-9A-Z]{18}")
PREFIX = "03-"


class CardNumber(click.ParamType[str]):
    """The number of a card, with the prefix of the SM2 generation or without; it is given on without."""

    name = "number"
    expected = "the number of a card, such as ZZ9S000000002"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        number = value.removeprefix(PREFIX)
        if not self.fits(number):
            self.fail(f"expected {self.expected}; {NEVER_HERE}", param, ctx)
        return number

    def fits(self, number: str) -> bool:
        """Whether this has the form."""
        return CARD.fullmatch(number) is not None


class CreditCode(CardNumber):
    """The unified social credit code of an enterprise."""

    expected = "the unified social credit code of an enterprise, 18 digits and capital letters"

    def fits(self, number: str) -> bool:
        return CREDIT_CODE.fullmatch(number) is not None


class SubjectName(CardNumber):
    """One of the two."""

    expected = "the number of a card, such as ZZ9S000000002, or the credit code of an enterprise"

    def fits(self, number: str) -> bool:
        return super().fits(number) or CREDIT_CODE.fullmatch(number) is not None
