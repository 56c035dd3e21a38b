"""Bytes of one client to typed requests, typed requests and results to reply bytes. No sockets.

Rules:
- `Decoder.feed` takes any slices, also of several messages or of a part of one.
- `BadMessage` means that nothing after this point can be understood: the connection ends, as in pcscd.
- A reply repeats the fields of its request, with results filled in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reader_bridge.pcscd import messages
from reader_bridge.pcscd.codes import MAX_ATTRIBUTE, MAX_EXTENDED, Command, Rv


class BadMessage(Exception):
    """What the client sent is no message of this protocol."""


@dataclass(frozen=True, slots=True)
class Version:
    """The protocol version that the client speaks."""

    major: int
    minor: int


@dataclass(frozen=True, slots=True)
class Establish:
    """SCardEstablishContext."""

    scope: int
    context: int


@dataclass(frozen=True, slots=True)
class Release:
    """SCardReleaseContext."""

    context: int


@dataclass(frozen=True, slots=True)
class Connect:
    """SCardConnect; `reader` is the whole name field, `protocols` a mask."""

    context: int
    reader: bytes
    share_mode: int
    protocols: int
    card: int
    active_protocol: int

    @property
    def name(self) -> bytes:
        """The reader's name: up to the first zero, at most 127 bytes."""
        return self.reader[:-1].split(b"\0", 1)[0]


@dataclass(frozen=True, slots=True)
class Reconnect:
    """SCardReconnect."""

    card: int
    share_mode: int
    protocols: int
    initialization: int
    active_protocol: int


@dataclass(frozen=True, slots=True)
class Disconnect:
    """SCardDisconnect."""

    card: int
    disposition: int


@dataclass(frozen=True, slots=True)
class Begin:
    """SCardBeginTransaction."""

    card: int


@dataclass(frozen=True, slots=True)
class End:
    """SCardEndTransaction."""

    card: int
    disposition: int


@dataclass(frozen=True, slots=True)
class Transmit:
    """SCardTransmit. `receive_length` is the size of the client's buffer; `command` may hold a PIN."""

    card: int
    send_protocol: int
    send_pci_length: int
    send_length: int
    receive_protocol: int
    receive_pci_length: int
    receive_length: int
    command: bytes

    def __repr__(self) -> str:
        return f"Transmit(card={self.card}, {self.send_length} bytes)"


@dataclass(frozen=True, slots=True)
class Control:
    """SCardControl; `data` is what goes to the reader."""

    card: int
    code: int
    send_length: int
    receive_length: int
    returned: int
    data: bytes

    def __repr__(self) -> str:
        return f"Control(card={self.card}, code={self.code:08X}, {self.send_length} bytes)"


@dataclass(frozen=True, slots=True)
class Status:
    """SCardStatus; the client takes everything but the return code from the reader table."""

    card: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """SCardCancel, sent on a connection of its own."""

    context: int


@dataclass(frozen=True, slots=True)
class GetAttribute:
    """SCardGetAttrib; `length` is the size of the client's buffer."""

    card: int
    attribute: int
    value: bytes
    length: int


@dataclass(frozen=True, slots=True)
class SetAttribute:
    """SCardSetAttrib; the first `length` bytes of `value` count."""

    card: int
    attribute: int
    value: bytes
    length: int


@dataclass(frozen=True, slots=True)
class ReadersState:
    """The client wants the reader table."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The client waits for a change. Since 4:4 it also gets the table; `old` clients got it before."""

    old: bool


@dataclass(frozen=True, slots=True)
class StopWaiting:
    """The client does not wait any more."""


@dataclass(frozen=True, slots=True)
class ReaderEvents:
    """The client wants the number of readers added and removed so far (4:5)."""


Request = (
    Version | Establish | Release | Connect | Reconnect | Disconnect | Begin | End | Transmit | Control
    | Status | Cancel | GetAttribute | SetAttribute | ReadersState | Wait | StopWaiting | ReaderEvents
)  # fmt: skip
Attributed = GetAttribute | SetAttribute

BODIED: dict[Command, Callable[..., Request]] = {
    Command.VERSION: Version,
    Command.ESTABLISH_CONTEXT: Establish,
    Command.RELEASE_CONTEXT: Release,
    Command.CONNECT: Connect,
    Command.RECONNECT: Reconnect,
    Command.DISCONNECT: Disconnect,
    Command.BEGIN_TRANSACTION: Begin,
    Command.END_TRANSACTION: End,
    Command.STATUS: Status,
    Command.CANCEL: Cancel,
    Command.GET_ATTRIB: GetAttribute,
    Command.SET_ATTRIB: SetAttribute,
}
COMMANDS: dict[type[Request], Command] = {
    Version: Command.VERSION,
    Establish: Command.ESTABLISH_CONTEXT,
    Release: Command.RELEASE_CONTEXT,
    Connect: Command.CONNECT,
    Reconnect: Command.RECONNECT,
    Disconnect: Command.DISCONNECT,
    Begin: Command.BEGIN_TRANSACTION,
    End: Command.END_TRANSACTION,
    Transmit: Command.TRANSMIT,
    Control: Command.CONTROL,
    Status: Command.STATUS,
    Cancel: Command.CANCEL,
    GetAttribute: Command.GET_ATTRIB,
    SetAttribute: Command.SET_ATTRIB,
    ReadersState: Command.GET_READERS_STATE,
    Wait: Command.WAIT_READER_STATE_CHANGE,
    StopWaiting: Command.STOP_WAITING_READER_STATE_CHANGE,
    ReaderEvents: Command.GET_READER_EVENTS,
}
SUCCESS = Rv.SUCCESS
HEADER_SIZE = messages.FAST_HEADER.size
TRANSMIT_END = HEADER_SIZE + messages.FAST_TRANSMIT.size
CONTROL_END = HEADER_SIZE + messages.CONTROL.sizeof()
# Plain numbers: looking a member of an enumeration up costs more than all the rest of a short message.
TRANSMIT, CONTROL = Command.TRANSMIT.value, Command.CONTROL.value
WITH_DATA = frozenset({TRANSMIT, CONTROL})
SIZES: dict[int, frozenset[int]]
SIZES = {command.value: frozenset({layout.sizeof()}) for command, layout in messages.BODIES.items()}
SIZES |= {command.value: sizes for command, sizes in messages.OPTIONAL_BODIES.items()}


class Decoder:
    """Requests out of the bytes of one client."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Request]:
        """The requests that `data` completes, in order. `BadMessage` as soon as a header or a field is wrong."""
        self._buffer += data
        requests: list[Request] = []
        while (request := self._next()) is not None:
            requests.append(request)
        return requests

    @property
    def incomplete(self) -> bool:
        """Whether a part of a message has come and the rest has not."""
        return bool(self._buffer)

    def _next(self) -> Request | None:
        buffer = self._buffer
        if len(buffer) < HEADER_SIZE:
            return None
        size, command = messages.FAST_HEADER.unpack_from(buffer)
        if size not in SIZES.get(command, ()):
            raise BadMessage(f"command {command} with a body of {size} bytes")
        end: int = HEADER_SIZE + size
        if len(buffer) < end:
            return None
        if command in WITH_DATA:
            return self._transmit() if command == TRANSMIT else self._control()
        body = bytes(buffer[HEADER_SIZE:end])
        request = parse(Command(command), body)
        del buffer[:end]
        return request

    def _transmit(self) -> Transmit | None:
        fields = messages.FAST_TRANSMIT.unpack_from(self._buffer, HEADER_SIZE)
        card, protocol, pci, length, receive_protocol, receive_pci, room, _ = fields
        data = self._data(TRANSMIT_END, length)
        if data is None:
            return None
        return Transmit(card, protocol, pci, length, receive_protocol, receive_pci, room, data)

    def _control(self) -> Control | None:
        fields = messages.CONTROL.parse(self._buffer[HEADER_SIZE:CONTROL_END])
        data = self._data(CONTROL_END, fields.send_length)
        if data is None:
            return None
        return Control(fields.card, fields.code, fields.send_length, fields.receive_length, fields.returned, data)

    def _data(self, start: int, length: int) -> bytes | None:
        """The bytes that follow a body; takes the whole message out of the buffer when they are there."""
        if length > MAX_EXTENDED:
            raise BadMessage(f"{length} bytes for the card, {MAX_EXTENDED} are allowed")
        if len(self._buffer) < start + length:
            return None
        data = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return data


def parse(command: Command, body: bytes) -> Request:
    """The request that a complete body of the right size holds."""
    if command is Command.GET_READERS_STATE:
        return ReadersState()
    if command is Command.WAIT_READER_STATE_CHANGE:
        return Wait(old=bool(body))
    if command is Command.STOP_WAITING_READER_STATE_CHANGE:
        return StopWaiting()
    if command is Command.GET_READER_EVENTS:
        return ReaderEvents()
    fields = dict(messages.BODIES[command].parse(body))
    del fields["_io"], fields["rv"]
    if fields.get("length", 0) > MAX_ATTRIBUTE:
        raise BadMessage(f"an attribute of {fields['length']} bytes")
    return BODIED[command](**fields)


def fields_of(request: Request) -> dict[str, object]:
    """The fields of a request by name."""
    return {name: getattr(request, name) for name in request.__dataclass_fields__}


def encode(request: Request) -> bytes:
    """The bytes a client sends for `request`; what tests and tools speak to the service with."""
    command = COMMANDS[type(request)]
    fields = fields_of(request)
    if command in messages.BODIES:
        body = messages.BODIES[command].build(fields | {"rv": 0})
    else:
        body = bytes(messages.FAST_WAIT.size) if isinstance(request, Wait) and request.old else b""
    data = getattr(request, "command", b"") or getattr(request, "data", b"")
    return messages.FAST_HEADER.pack(len(body), command) + body + data


def reply(request: Request, rv: Rv, **results: object) -> bytes:
    """The reply to a request with a body: its own fields, then `results`, then the return code."""
    layout = messages.BODIES[COMMANDS[type(request)]]
    return layout.build(fields_of(request) | results | {"rv": rv})


def transmit_reply(request: Transmit, rv: Rv, response: bytes) -> bytes:
    """The reply to a transmit. The response goes along only on success, its length in any case."""
    success = rv is SUCCESS
    head = messages.FAST_TRANSMIT.pack(
        request.card,
        request.send_protocol,
        request.send_pci_length,
        request.send_length,
        1 if success else request.receive_protocol,
        request.receive_pci_length,
        len(response),
        rv,
    )
    return head + response if success else head


def control_reply(request: Control, rv: Rv, response: bytes) -> bytes:
    """The reply to a control. The response goes along only on success, its length in any case."""
    head = reply(request, rv, returned=len(response))
    return head + response if rv is Rv.SUCCESS else head


def attribute_reply(request: Attributed, rv: Rv, value: bytes, length: int) -> bytes:
    """The reply to get or set attribute; `length` may tell a size that did not fit."""
    return reply(request, rv, value=value.ljust(MAX_ATTRIBUTE, b"\0"), length=length)


def wait_reply(rv: Rv) -> bytes:
    """The end of a wait: an event, a cancellation, or the client's own wish."""
    return messages.FAST_WAIT.pack(0, rv)


def reader_events_reply(events: int) -> bytes:
    """How often readers came and went."""
    return messages.READER_EVENTS.build({"events": events, "rv": Rv.SUCCESS})
