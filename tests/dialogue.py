"""Dialogues with a card, written as text: one exchange per line (or `;`), `command = response`.

Bytes are hexadecimal; `'abc'` is text; `[...]` is a length-prefixed data field (Lc, extended above 255 bytes);
`{84 ...}` is a data object of that tag. A response is its data and the status word; `..` stands for any data, at
least one byte. `#` begins a comment. 61xx is followed by GET RESPONSE by itself unless the line expects it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from simcard.wire.tlv import tlv
from tests.kit import Bench

TOKEN = re.compile(r"\s*(?:'([^']*)'|\{([0-9A-Fa-f]+)|([0-9A-Fa-f]+)|(.))")
CLOSING = {"[": "]", "{": "}"}


def bytes_of(text: str) -> bytes:
    """The bytes a text stands for."""
    value, rest = _sequence(text, "")
    assert not rest, f"cannot read {rest!r}"
    return value


def _sequence(text: str, until: str) -> tuple[bytes, str]:
    found = b""
    while text.strip():
        match = TOKEN.match(text)
        assert match is not None
        quoted, tag, hexadecimal, sign = match.groups()
        text = text[match.end() :]
        if quoted is not None:
            found += quoted.encode()
        elif tag is not None:
            inner, text = _sequence(text, "}")
            found += tlv(int(tag, 16), inner)
        elif hexadecimal is not None:
            found += bytes.fromhex(hexadecimal)
        elif sign == "[":
            inner, text = _sequence(text, "]")
            found += _counted(inner)
        else:
            assert until == sign, f"unexpected {sign!r} before {text!r}"
            return found, text
    assert not until, f"{until!r} is missing"
    return found, ""


def _counted(data: bytes) -> bytes:
    return bytes((len(data),)) + data if len(data) < 256 else b"\0" + len(data).to_bytes(2, "big") + data


@dataclass(frozen=True, slots=True)
class Exchange:
    """One line: what is sent, and the response expected; `data` None for any."""

    line: str
    command: bytes
    data: bytes | None
    sw: int


def read(dialogue: str) -> list[Exchange]:
    found: list[Exchange] = []
    for line in re.split(r"[;\n]", dialogue):
        text = line.split("#")[0].strip()
        if text:
            command, _, response = text.partition("=")
            words = response.split()
            rest = " ".join(words[:-1])
            found.append(
                Exchange(text, bytes_of(command), None if rest == ".." else bytes_of(rest), int(words[-1], 16))
            )
    return found


def talk(card: Bench, dialogue: str) -> bytes:
    """Hold the dialogue; the data of its last response."""
    data = b""
    for exchange in read(dialogue):
        follow = exchange.sw >> 8 != 0x61
        data, sw = card.whole(exchange.command) if follow else card.send(exchange.command)
        expected = exchange.data if exchange.data is not None else data
        told = f"{exchange.line}\n{card.story()}"
        assert f"{exchange.sw:04X} {expected.hex()}" == f"{sw:04X} {data.hex()}", told
        assert exchange.data is not None or data, told
    return data
