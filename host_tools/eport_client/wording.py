"""Texts in the two languages of the service: Chinese first, English by a switch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Lang(StrEnum):
    """A language of the service."""

    ZH = "zh"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages; `with_values` fills its {placeholders} in both."""

    zh: str
    en: str

    def say(self, lang: Lang) -> str:
        """The text in a language."""
        return self.en if lang is Lang.EN else self.zh

    def with_values(self, **values: object) -> Text:
        """The text with its placeholders filled."""
        return Text(self.zh.format(**values), self.en.format(**values))
