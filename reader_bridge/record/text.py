"""The text file of a recording, version 1; `docs/traces.md` describes it.

    # simcard recording 1
    @0.000000 > power-on
    @0.000310 < 3B878131FE4580739421C081058E
    @0.012000 > 00A4000C023F00
    @0.012400 < 9000
    @0.020000 > 0020008108 [8 bytes]
    @0.020900 < 63C2

A line is a comment (`#`), what the host did (`>`), or the answer to the line before (`<`, or `< none` where nothing
answered). `@seconds` before it is optional. Spaces between bytes mean nothing; `[n bytes]` are bytes that were not
written down. A line of bytes alone is a command, so a list of commands is a recording too. Lines are read one by one
and nothing refers back, so a file cut short is good up to its last whole exchange.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from reader_bridge.record.model import Exchange, Kind, Shown

HEAD = "# simcard recording 1"
NONE = "none"
EVENTS = {kind.value: kind for kind in Kind if kind is not Kind.APDU}
LINE = re.compile(r"(?:@(?P<at>\d+(?:\.\d+)?)\s+)?(?P<side>[<>])?\s*(?P<body>.*)")
BODY = re.compile(r"(?P<head>[0-9A-Fa-f\s]*)(?:\[(?P<hidden>\d{1,6}) bytes?\](?P<tail>[0-9A-Fa-f\s]*))?")


class BadRecording(ValueError):
    """A line that cannot be read; the text names it and says what was expected."""


def lines(exchange: Exchange) -> list[str]:
    """The lines of one exchange."""
    apdu = exchange.kind is Kind.APDU
    asked = _stamped(exchange.at, "> " + (str(exchange.command) if apdu else exchange.kind.value))
    if exchange.kind is Kind.POWER_OFF:
        return [asked]
    ended = None if exchange.at is None or exchange.took is None else exchange.at + exchange.took
    return [asked, _stamped(ended, "< " + (NONE if exchange.response is None else str(exchange.response)))]


def written(exchanges: Iterable[Exchange]) -> str:
    """The whole file."""
    return "\n".join([HEAD, *(line for exchange in exchanges for line in lines(exchange)), ""])


def parse(text: str) -> list[Exchange]:
    """The exchanges of a recording, or of a list of commands; `BadRecording` names the line that is neither."""
    return list(read(text.splitlines()))


def read(source: Iterable[str]) -> Iterator[Exchange]:
    """The exchanges of a stream of lines, each as soon as its last line is there."""
    open_one: Exchange | None = None
    for number, line in enumerate(source, 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        found = LINE.fullmatch(line)
        assert found is not None  # every part of the pattern may be empty
        at = None if found["at"] is None else float(found["at"])
        if found["side"] == "<":
            if open_one is None:
                raise BadRecording(f"line {number}: an answer to nothing")
            yield _answered(open_one, _answer(found["body"], number), at)
            open_one = None
            continue
        if open_one is not None:
            yield open_one
        open_one = _asked(found["body"], at, number)
        if open_one.kind is Kind.POWER_OFF:
            yield open_one
            open_one = None
    if open_one is not None:
        yield open_one


def _stamped(at: float | None, rest: str) -> str:
    return rest if at is None else f"@{at:.6f} {rest}"


def _asked(body: str, at: float | None, number: int) -> Exchange:
    if body in EVENTS:
        return Exchange(EVENTS[body], at=at)
    return Exchange(Kind.APDU, _bytes(body, number), at=at)


def _answer(body: str, number: int) -> Shown | None:
    return None if body == NONE else _bytes(body, number)


def _answered(exchange: Exchange, response: Shown | None, ended: float | None) -> Exchange:
    took = None if exchange.at is None or ended is None else round(ended - exchange.at, 6)
    return replace(exchange, response=response, took=took)


def _bytes(body: str, number: int) -> Shown:
    found = BODY.fullmatch(body)
    try:
        if found is None:
            raise ValueError
        return Shown(bytes.fromhex(found["head"]), int(found["hidden"] or 0), bytes.fromhex(found["tail"] or ""))
    except ValueError:
        events = ", ".join(EVENTS)
        raise BadRecording(f"line {number}: expected hexadecimal bytes, [n bytes], or one of {events}") from None
