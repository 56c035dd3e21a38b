"""Numbers of cards and codes of enterprises on the command line: what has not their form is refused at the door.

It may be a PIN, so it is not repeated, and does not come as far as the log. Small letters stand for capitals.
"""

from __future__ import annotations

import re

import click

CARD = re.compile("[A-Z]{2}[0-9][A-Z][0-9]{9}")
CREDIT_CODE = re.compile("[0-9A-Z]{18}")
RECORD = re.compile("[0-9A-Za-z-]{1,40}")
PREFIX = "03-"
NOT_SHOWN = "what was typed has another form, and is not shown here in case it is a secret"


def is_number(text: str) -> bool:
    """Whether this has the form of a card's number, with the prefix or without."""
    return CARD.fullmatch(text.upper().removeprefix(PREFIX)) is not None


class CardNumber(click.ParamType[str]):
    """The number of a card, with the prefix of the SM2 generation or without; it is given on without."""

    name = "number"
    expected = "the number of a card, such as ZZ9S000000002"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        number = self.written(value)
        if not self.fits(number):
            self.fail(f"expected {self.expected}; {NOT_SHOWN}", param, ctx)
        return number

    def written(self, value: str) -> str:
        """What was typed, in the one form the registry has."""
        return value.upper().removeprefix(PREFIX)

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


class RecordNumber(CardNumber):
    """The record number of a declarant (报关人员备案证号)."""

    expected = "a declarant's record number, 1 to 40 letters, digits and hyphens, such as 99990000003"

    def written(self, value: str) -> str:
        return value

    def fits(self, number: str) -> bool:
        return RECORD.fullmatch(number) is not None
