"""Two byte strings side by side: the first byte that differs, and its surroundings."""

from __future__ import annotations

from dataclasses import dataclass

SHOWN = 24


@dataclass(frozen=True, slots=True)
class Difference:
    """`offset` counts bytes from 0; an empty byte means that one string ends there."""

    offset: int
    expected: bytes
    found: bytes
    before: str
    expected_after: str
    found_after: str

    @property
    def zh(self) -> str:
        """One sentence."""
        return (
            f"第{self.offset}字节（从0数起）应为{_byte(self.expected, '结束')}，实为{_byte(self.found, '结束')}；"
            f"在“{self.before}”之后应为“{self.expected_after}”，实为“{self.found_after}”"
        )

    @property
    def en(self) -> str:
        """One sentence."""
        return (
            f"byte {self.offset} (from 0) must be {_byte(self.expected, 'the end')} and is "
            f"{_byte(self.found, 'the end')}; after {self.before!r} comes {self.found_after!r} instead of "
            f"{self.expected_after!r}"
        )


def first_difference(expected: bytes, found: bytes) -> Difference | None:
    """Where two strings part, None when they are equal."""
    if expected == found:
        return None
    pairs = zip(expected, found)
    at = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(expected), len(found)))
    return Difference(
        at,
        expected[at : at + 1],
        found[at : at + 1],
        _text(expected[_start(expected, at) : at]),
        _text(expected[at : at + SHOWN]),
        _text(found[at : at + SHOWN]),
    )


def _start(text: bytes, at: int) -> int:
    """A few bytes earlier, but not inside a character."""
    start = max(0, at - SHOWN)
    while start < at and text[start] & 0xC0 == 0x80:
        start += 1
    return start


def _text(part: bytes) -> str:
    return part.decode("utf-8", "replace")


def _byte(value: bytes, end: str) -> str:
    if not value:
        return end
    shown = value.decode() if 0x20 < value[0] < 0x7F else ""
    return f"0x{value.hex().upper()} {shown}".rstrip()
