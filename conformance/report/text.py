"""Texts of a report: cards, readers, files and libraries gave them, and none may do more than be read."""

from __future__ import annotations

import html
import re

UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""Controls, which HTML and XML cannot hold and a terminal follows; what turns the direction of a text; half characters,
which no file can hold."""


def visible(text: str) -> str:
    """The text with what cannot be seen spelled out, as in `\\u001b`."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def escape(text: str) -> str:
    """The text as it stands in HTML, between tags and in attributes."""
    return html.escape(visible(text))
