"""What an exchange means: who was asked for what, with which data objects, and what came of it.

A decoder follows one card from reset on, because an instruction means what the application that is selected
says. It sees recordings, so what is hidden stays hidden: hidden bytes are zeros here and are never taken for
data objects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reader_bridge.record import names
from reader_bridge.record.model import Exchange, Kind, Shown
from simcard.wire import tlv
from simcard.wire.apdu import CommandApdu, Ins
from simcard.wire.cla import ClaError
from simcard.wire.cla import decode as decode_cla
from simcard.wire.tlv import TlvError

DEEPEST = 8
SHORTEST_TLV = 3
TLV_COMMANDS = frozenset(
    (
        Ins.CREATE_FILE,
        Ins.MANAGE_SECURITY_ENVIRONMENT,
        Ins.PERFORM_SECURITY_OPERATION,
        Ins.GENERAL_AUTHENTICATE,
        Ins.GENERATE_KEY_PAIR,
        Ins.GENERATE_KEY_PAIR_ODD,
        Ins.GET_DATA,
        Ins.GET_DATA_ODD,
        Ins.PUT_DATA_ODD,
    )
)
TLV_RESPONSES = frozenset(
    (
        Ins.SELECT,
        Ins.GET_DATA,
        Ins.GET_DATA_ODD,
        Ins.GENERAL_AUTHENTICATE,
        Ins.GENERATE_KEY_PAIR,
        Ins.GENERATE_KEY_PAIR_ODD,
        Ins.GET_RESPONSE,
        Ins.READ_RECORD,
        Ins.READ_BINARY,
    )
)


@dataclass(frozen=True, slots=True)
class Node:
    """One data object; `children` of a constructed one."""

    tag: int
    value: bytes
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Decoded:
    """An exchange and what it means; empty texts and tuples where nothing can be said."""

    exchange: Exchange
    name: str
    application: str = ""
    channel: int = 0
    parameters: str = ""
    meaning: str = ""
    command_objects: tuple[Node, ...] = ()
    response_objects: tuple[Node, ...] = ()


class Decoder:
    """Decodes the exchanges of one card, in their order."""

    def __init__(self) -> None:
        self._current: dict[int, names.Application] = {}

    def decode(self, exchange: Exchange) -> Decoded:
        """What the exchange means."""
        if exchange.kind is not Kind.APDU:
            self._current.clear()
            silent = exchange.response is None and exchange.kind is not Kind.POWER_OFF
            return Decoded(exchange, exchange.kind.value, meaning="no answer" if silent else "")
        apdu = parsed(exchange.command)
        if apdu is None:
            return self._judged(Decoded(exchange, "no command"), 0)
        channel = channel_of(apdu.cla)
        self._note_selection(apdu, exchange, channel)
        current = self._current.get(channel, names.DEFAULT)
        decoded = Decoded(
            exchange,
            names.instruction(apdu.cla, apdu.ins, current),
            current.name,
            channel,
            names.parameters(apdu),
            command_objects=_objects(apdu, apdu.data, exchange.command.hidden, TLV_COMMANDS),
            response_objects=_response_objects(apdu, exchange.response),
        )
        return self._judged(decoded, apdu.cla, current)

    def _note_selection(self, apdu: CommandApdu, exchange: Exchange, channel: int) -> None:
        by_name = apdu.cla < names.PROPRIETARY and (apdu.ins, apdu.p1) == (Ins.SELECT, 4)
        if by_name and exchange.sw is not None and exchange.sw >> 8 in (0x90, 0x61, 0x62, 0x6C):
            self._current[channel] = names.application(apdu.data)

    @staticmethod
    def _judged(decoded: Decoded, cla: int, current: names.Application = names.DEFAULT) -> Decoded:
        sw = decoded.exchange.sw
        return replace(decoded, meaning="no answer" if sw is None else names.meaning(sw, cla, current))


def parsed(command: Shown) -> CommandApdu | None:
    """The command with zeros for hidden bytes, or None if it is none."""
    raw = command.padded()
    if command.hidden and len(command.head) == 4 and not command.tail:
        cla, ins, p1, p2 = command.head
        return CommandApdu(cla, ins, p1, p2, bytes(command.hidden))
    try:
        return CommandApdu.parse(raw)
    except ValueError:
        return None


def channel_of(cla: int) -> int:
    """The logical channel of a class byte; 0 where it cannot be told."""
    try:
        return decode_cla(cla).channel
    except ClaError:
        return 0


def tree(data: bytes, depth: int = 0) -> tuple[Node, ...]:
    """The data objects of `data`, or nothing if it does not consist of such."""
    try:
        found = tlv.parse(data)
        if b"".join(tlv.tlv(item.tag, item.value) for item in found) != data:
            return ()
    except TlvError:
        return ()
    return tuple(
        Node(item.tag, item.value, tree(item.value, depth + 1) if item.constructed and depth < DEEPEST else ())
        for item in found
    )


def _objects(apdu: CommandApdu, data: bytes, hidden: int, instructions: frozenset[Ins]) -> tuple[Node, ...]:
    if hidden or apdu.cla >= names.PROPRIETARY or apdu.ins not in instructions or len(data) < SHORTEST_TLV:
        return ()
    return tree(data)


def _response_objects(apdu: CommandApdu, response: Shown | None) -> tuple[Node, ...]:
    if response is None:
        return ()
    return _objects(apdu, response.padded()[:-2], response.hidden, TLV_RESPONSES)
