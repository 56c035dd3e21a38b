"""Comparing an answer with what a step expects. Every mismatch is a `ValueError` that says what was expected."""

from __future__ import annotations

import re

from conformance import ber
from conformance.exchange import Exchange
from conformance.format import Step, listed
from conformance.template import Value, Values, parse

SLICE = re.compile(r"(?P<path>[0-9A-Fa-f/]*)(\[(?P<start>-?\d*):(?P<stop>-?\d*)\])?")


def check_sw(step: Step, exchange: Exchange, values: Values) -> None:
    """The status word is one of those the step allows."""
    expected = listed(step.sw)
    found = f"{exchange.sw:04X}"
    if not any(_is(text, found, values) for text in expected):
        raise ValueError(f"expected {' or '.join(expected)}, got {found}")


def _is(pattern: str, digits: str, values: Values) -> bool:
    return bool(parse(pattern, True).pattern(values).fullmatch(digits))


def check_data(step: Step, exchange: Exchange, values: Values) -> None:
    """The data are as the step says; an error comes without data (ISO/IEC 7816-4:2013, 5.1)."""
    text = exchange.data.hex().upper()
    if exchange.data and 0x64 <= exchange.sw >> 8 <= 0x6F and step.data is None:
        raise ValueError(f"expected no data beside {exchange.sw:04X}, got {len(exchange.data)} bytes")
    if step.data is not None and not any(_is(pattern, text, values) for pattern in listed(step.data)):
        shown = " or ".join(parse(pattern, True).shown(values) or "none" for pattern in listed(step.data))
        raise ValueError(f"expected the data {shown}")
    if step.differs is not None and _is(step.differs, text, values):
        raise ValueError(f"expected other data than {parse(step.differs, True).shown(values)}")
    if step.length is not None and not _fits(step.length, len(exchange.data)):
        raise ValueError(f"expected {step.length} bytes of data, got {len(exchange.data)}")
    for path, patterns in step.tlv.items():
        found = ber.find(exchange.data, path)
        if found is None:
            raise ValueError(f"expected an object {path}")
        if not any(_is(pattern, found.hex().upper(), values) for pattern in listed(patterns)):
            shown = " or ".join(parse(pattern, True).shown(values) for pattern in listed(patterns))
            raise ValueError(f"expected {shown} in object {path}")


def captured(step: Step, exchange: Exchange) -> dict[str, Value]:
    """The parts of the answer that get a name."""
    return {name: Value(_part(what, exchange)) for name, what in step.capture.items()}


def _part(what: str, exchange: Exchange) -> bytes:
    if what == "sw":
        return exchange.sw.to_bytes(2, "big")
    if what == ":":
        return exchange.data
    found = SLICE.fullmatch(what)
    if not found:
        raise ValueError(f"capture: expected sw, :, [0:8], 7F49/86 or 7F49/86[1:], not {what}")
    data = ber.find(exchange.data, found["path"]) if found["path"] else exchange.data
    if data is None:
        raise ValueError(f"expected an object {found['path']} to take")
    if found[2] is None:
        return data
    start, stop = (int(text) if text else None for text in (found["start"], found["stop"]))
    return data[start:stop]


def _fits(wanted: str, size: int) -> bool:
    low, dots, high = wanted.partition("..")
    return int(low) <= size <= (int(high) if high else (size if dots else int(low)))
