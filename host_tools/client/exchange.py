"""Commands of any length over any link: 61xx, 6Cxx, command chaining and extended length.

Whether a card takes extended length or chaining stands in the card capabilities of its historical bytes
(ISO/IEC 7816-4:2013, 12.1.1.9). A card that says nothing gets chaining, which only cards that need it ever see.
"""

from __future__ import annotations

from host_tools.errors import BadResponse, refusal
from host_tools.link.base import CardLink
from simcard.wire import tlv
from simcard.wire.apdu import SHORT_NE, CommandApdu, Ins, ResponseApdu
from simcard.wire.atr import Atr, AtrError
from simcard.wire.status import SW

CHAINING_BIT = 0x10
LONGEST_SHORT = 255
LARGEST_NE = 32768
"""vpcd frames a message by a two-byte length, so an answer of 65536 bytes could not pass."""
MOST_PIECES = 4096
WARNINGS = (0x62, 0x63)


def takes_extended_length(atr: bytes) -> bool:
    """Whether the ATR's historical bytes announce extended Lc and Le fields."""
    try:
        historical = Atr.parse(atr).historical
    except AtrError:
        return False
    if historical[:1] not in (b"\x00", b"\x80"):
        return False
    end = len(historical) - (3 if historical[0] == 0 else 0)
    at = 1
    while at < end:
        tag, size = historical[at] >> 4, historical[at] & 0x0F
        if tag == 7 and size >= 3:
            return bool(historical[at + 3] & 0x40)
        at += 1 + size
    return False


class Exchange:
    """Sends commands over a link, on one logical channel."""

    def __init__(self, link: CardLink, extended: bool | None = None) -> None:
        self.link = link
        self.extended = takes_extended_length(link.atr) if extended is None else extended

    def send(self, command: CommandApdu) -> ResponseApdu:
        """The whole response: data that came in pieces are joined, a wrong Le is corrected."""
        if len(command.data) > LONGEST_SHORT and not (self.extended or command.extended):
            return self._chained(command)
        long = len(command.data) > LONGEST_SHORT or command.ne > SHORT_NE
        if long and self.extended:
            command = _with(command, min(command.ne, LARGEST_NE), True)
        elif command.ne > SHORT_NE:
            command = _with(command, SHORT_NE, False)
        return self._complete(command)

    def ask(
        self, ins: int, p1: int, p2: int, data: bytes = b"", ne: int = 0, doing: str = "command", cla: int = 0
    ) -> bytes:
        """The response data of an interindustry command; the `CardRefused` for anything but success.

        SW1 62 (a warning with memory unchanged) counts as success.
        """
        response = self.send(CommandApdu(cla, ins, p1, p2, data, ne))
        if response.sw != SW.OK and response.sw >> 8 != 0x62:
            raise refusal(response.sw, doing)
        return response.data

    def _chained(self, command: CommandApdu) -> ResponseApdu:
        data, cla = command.data, command.cla
        while len(data) > LONGEST_SHORT:
            piece, data = data[:LONGEST_SHORT], data[LONGEST_SHORT:]
            sent = CommandApdu(cla | CHAINING_BIT, command.ins, command.p1, command.p2, piece)
            response = ResponseApdu.parse(self.link.transmit(sent.encode()))
            if response.sw != SW.OK:
                return response
        last = CommandApdu(cla, command.ins, command.p1, command.p2, data, min(command.ne, SHORT_NE))
        return self._complete(last)

    def _complete(self, command: CommandApdu) -> ResponseApdu:
        response = ResponseApdu.parse(self.link.transmit(command.encode()))
        if response.sw >> 8 == 0x6C:
            right = response.sw & 0xFF or SHORT_NE
            response = ResponseApdu.parse(self.link.transmit(_with(command, right, command.extended).encode()))
        data = response.data
        for _ in range(MOST_PIECES):
            if response.sw >> 8 != 0x61:
                return ResponseApdu(data, response.sw)
            response = self._more(command.cla, response.sw & 0xFF or SHORT_NE)
            data += response.data
        raise BadResponse(f"the card has more than {MOST_PIECES} pieces to say")

    def _more(self, cla: int, ne: int) -> ResponseApdu:
        """GET RESPONSE, once more with the right Le if the card insists on it."""
        asked = CommandApdu(cla & ~CHAINING_BIT, Ins.GET_RESPONSE, 0, 0, ne=ne)
        response = ResponseApdu.parse(self.link.transmit(asked.encode()))
        if response.sw >> 8 != 0x6C:
            return response
        return ResponseApdu.parse(self.link.transmit(_with(asked, response.sw & 0xFF or SHORT_NE, False).encode()))


def _with(command: CommandApdu, ne: int, extended: bool) -> CommandApdu:
    return CommandApdu(command.cla, command.ins, command.p1, command.p2, command.data, ne, extended)


def read_fields(value: bytes, what: str) -> dict[int, bytes]:
    """Data objects by tag; `BadResponse` for bytes that are none."""
    try:
        return tlv.fields(value)
    except tlv.TlvError as error:
        raise BadResponse(f"the card's {what} cannot be read: {error}") from None
