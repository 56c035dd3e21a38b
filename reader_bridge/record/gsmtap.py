"""GSMTAP packets of the exchanges with a card, which Wireshark shows as ISO 7816 (UDP port 4729).

Wireshark reads the T=0 form of an exchange: five bytes of header, data in one direction, status word. A longer
exchange goes through T=0 as ISO/IEC 7816-3:2006, 12.2 has it: the response of a case 4 command is fetched with GET
RESPONSE, longer ones in parts, and commands with more than 255 bytes of data travel in ENVELOPEs. The packets
therefore hold more exchanges than there were; data and final status word are those that were. Hidden bytes are zeros.

Header: version 2, length in words, type SIM, timeslot, ARFCN, signal, noise, frame number, subtype (APDU or ATR),
antenna, subslot, reserved; all but version, length, type, subslot (the reader's number) and subtype are 0.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from types import TracebackType
from typing import Any

from construct import Const, ConstructError, GreedyBytes, Int8ub, Int16ub, Int32ub, Padding, Struct

from reader_bridge.record.model import Exchange, Kind, Shown
from simcard.wire.apdu import CommandApdu, Ins

PORT = 4729
SIM = 4
LONGEST_SHORT = 255
LONGEST_PART = 256
PACKET = Struct(
    "version" / Const(2, Int8ub),
    "words" / Const(4, Int8ub),
    "type" / Const(SIM, Int8ub),
    "timeslot" / Const(0, Int8ub),
    "arfcn" / Const(0, Int16ub),
    "signal_and_noise" / Padding(2),
    "frame" / Const(0, Int32ub),
    "subtype" / Int8ub,
    "antenna" / Padding(1),
    "subslot" / Int8ub,
    "reserved" / Padding(1),
    "payload" / GreedyBytes,
)


class Subtype(IntEnum):
    """What the payload is."""

    APDU = 0
    ATR = 1


def packets(exchange: Exchange, reader: int = 0) -> list[bytes]:
    """The packets of an exchange; none for power-off and for what was not answered."""
    if exchange.kind is Kind.POWER_OFF or exchange.response is None:
        return []
    response = exchange.response.padded()
    if exchange.kind is not Kind.APDU:
        return [_packet(Subtype.ATR, response, reader)]
    return [_packet(Subtype.APDU, unit, reader) for unit in units(exchange.command.padded(), response)]


def _packet(subtype: Subtype, payload: bytes, reader: int) -> bytes:
    return bytes(PACKET.build({"subtype": subtype, "subslot": reader, "payload": payload}))


def units(command: bytes, response: bytes) -> list[bytes]:
    """The T=0 form of an exchange; bytes that are no command stand as they are, before their answer."""
    try:
        apdu = CommandApdu.parse(command)
    except ValueError:
        return [command + response]
    data, sw = response[:-2], response[-2:]
    parts = [data[start : start + LONGEST_PART] for start in range(0, len(data), LONGEST_PART)]
    header = command[:4]
    if len(apdu.data) > LONGEST_SHORT:
        found = list(_enveloped(command, parts, sw))
    elif apdu.data:
        found = [header + bytes((len(apdu.data),)) + apdu.data + _status(parts, sw)]
    elif parts:
        first, *parts = parts
        found = [header + bytes((len(first) & 0xFF,)) + first + _status(parts, sw)]
    else:
        return [header + bytes((apdu.ne & 0xFF,)) + sw]
    return found + list(_fetched(apdu.cla, parts, sw))


def _enveloped(command: bytes, parts: list[bytes], sw: bytes) -> Iterator[bytes]:
    pieces = [command[start : start + LONGEST_SHORT] for start in range(0, len(command), LONGEST_SHORT)]
    for number, piece in enumerate(pieces, 1):
        status = _status(parts, sw) if number == len(pieces) else b"\x90\x00"
        yield bytes((command[0], Ins.ENVELOPE, 0, 0, len(piece))) + piece + status


def _fetched(cla: int, parts: list[bytes], sw: bytes) -> Iterator[bytes]:
    """GET RESPONSE for each part; in the class of the command, without its chaining bit."""
    for number, part in enumerate(parts, 1):
        status = _status(parts[number:], sw)
        yield bytes((cla & 0x6F if cla < 0x80 else 0, Ins.GET_RESPONSE, 0, 0, len(part) & 0xFF)) + part + status


def _status(waiting: list[bytes], sw: bytes) -> bytes:
    """61xx while something waits to be fetched."""
    return bytes((0x61, len(waiting[0]) & 0xFF)) if waiting else sw


@dataclass(frozen=True, slots=True)
class Heard:
    """A packet that was received: the reader's number and the exchange."""

    reader: int
    exchange: Exchange


FETCHING = frozenset(
    (
        Ins.GET_RESPONSE,
        Ins.GET_CHALLENGE,
        Ins.GET_DATA,
        Ins.READ_BINARY,
        Ins.READ_RECORD,
        Ins.GENERATE_KEY_PAIR,
        Ins.INTERNAL_AUTHENTICATE,
        Ins.MANAGE_CHANNEL,
    )
)
"""Instructions whose data, where the length fits both directions, are the card's."""


def heard(packet: bytes) -> Heard | None:
    """The exchange in a packet, None if it is no packet about a card. T=0 does not say whose the data are: where
    the length does not tell, the instruction does."""
    try:
        found = PACKET.parse(packet)
    except ConstructError:
        return None
    if found.subtype == Subtype.ATR:
        return Heard(found.subslot, Exchange(Kind.RESET, response=Shown(found.payload)))
    unit: bytes = found.payload
    if found.subtype != Subtype.APDU or len(unit) < 7:
        return None
    header, middle, sw = unit[:5], unit[5:-2], unit[-2:]
    interindustry = header[0] < 0x80
    from_card = len(middle) != header[4] or (interindustry and header[1] in FETCHING)
    command, data = (header, middle) if from_card or not middle else (header + middle, b"")
    return Heard(found.subslot, Exchange(Kind.APDU, Shown(command), Shown(data + sw)))


class UdpSink:
    """Sends the packets of each exchange; a context manager. Nobody need listen."""

    def __init__(self, host: str, port: int = PORT) -> None:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        self._address: tuple[Any, ...] = address
        self._socket = socket.socket(family, kind, protocol)

    def send(self, exchange: Exchange, reader: int = 0) -> None:
        """Send an exchange of the reader with this number."""
        for packet in packets(exchange, reader):
            # The kernel reports on one datagram that nobody listened to the one before.
            with contextlib.suppress(OSError):
                self._socket.sendto(packet, self._address)

    def __enter__(self) -> UdpSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, where: TracebackType | None
    ) -> None:
        self._socket.close()
