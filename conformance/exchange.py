"""One command and its whole answer, as ISO/IEC 7816-4:2013, 5.3.4, and the protocols lay out the way to it."""

from __future__ import annotations

from typing import NamedTuple

from host_tools.link.base import CardLink

LONGEST_CHAIN = 300
"""GET RESPONSE commands for one answer; a card that always has more is caught in a circle."""


class Exchange(NamedTuple):
    """An answer: data and status word."""

    data: bytes
    sw: int


def once(link: CardLink, command: bytes) -> Exchange:
    """The answer as it comes."""
    response = link.transmit(command)
    return Exchange(response[:-2], int.from_bytes(response[-2:], "big"))


def whole(link: CardLink, command: bytes) -> Exchange:
    """The answer with what 61xx announces fetched; a command that 6Cxx corrects is sent again."""
    data, sw = once(link, command)
    if sw >> 8 == 0x6C and len(command) >= 5:
        data, sw = once(link, command[:-1] + bytes((sw & 0xFF,)))
    for _ in range(LONGEST_CHAIN):
        if sw >> 8 != 0x61:
            break
        more, sw = once(link, bytes((_class_of(command), 0xC0, 0, 0, sw & 0xFF)))
        data += more
    return Exchange(data, sw)


def _class_of(command: bytes) -> int:
    """The interindustry class of GET RESPONSE: the command's channel and nothing else of its class."""
    cla = command[0] if command else 0
    if cla & 0x80:
        return 0
    return cla & 0x4F if cla & 0x40 else cla & 0x03
