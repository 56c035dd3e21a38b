"""The C API of libpcsclite through ctypes, as far as tests need it. Every function gives names of codes.

libpcsclite reads `PCSCLITE_CSOCK_NAME` once per process, so each world needs a process of its own.
"""

from __future__ import annotations

import ctypes as c
from dataclasses import dataclass

DWORD, LONG = c.c_ulong, c.c_long
AUTOALLOCATE = c.c_ulong(-1).value
INFINITE = 0xFFFFFFFF
SHARED, EXCLUSIVE, DIRECT = 2, 1, 3
T0, T1, ANY, RAW, ANY_OLD = 1, 2, 3, 4, 0x1000
LEAVE, RESET, UNPOWER, EJECT = 0, 1, 2, 3
UNAWARE, IGNORE, CHANGED, EMPTY, PRESENT = 0x00, 0x01, 0x02, 0x10, 0x20

NAMES = {
    0x00000000: "SUCCESS",
    0x80100001: "F_INTERNAL_ERROR",
    0x80100002: "E_CANCELLED",
    0x80100003: "E_INVALID_HANDLE",
    0x80100004: "E_INVALID_PARAMETER",
    0x80100006: "E_NO_MEMORY",
    0x80100008: "E_INSUFFICIENT_BUFFER",
    0x80100009: "E_UNKNOWN_READER",
    0x8010000A: "E_TIMEOUT",
    0x8010000B: "E_SHARING_VIOLATION",
    0x8010000C: "E_NO_SMARTCARD",
    0x8010000F: "E_PROTO_MISMATCH",
    0x80100011: "E_INVALID_VALUE",
    0x80100013: "F_COMM_ERROR",
    0x80100016: "E_NOT_TRANSACTED",
    0x80100017: "E_READER_UNAVAILABLE",
    0x8010001D: "E_NO_SERVICE",
    0x8010001E: "E_SERVICE_STOPPED",
    0x8010001F: "E_UNSUPPORTED_FEATURE",
    0x8010002E: "E_NO_READERS_AVAILABLE",
    0x80100066: "W_UNRESPONSIVE_CARD",
    0x80100067: "W_UNPOWERED_CARD",
    0x80100068: "W_RESET_CARD",
    0x80100069: "W_REMOVED_CARD",
    0x8010006A: "W_SECURITY_VIOLATION",
}


def name(rv: int) -> str:
    """The header's name of a return code without SCARD_."""
    return NAMES.get(rv & 0xFFFFFFFF, f"{rv & 0xFFFFFFFF:08X}")


class Pci(c.Structure):
    """SCARD_IO_REQUEST."""

    _fields_ = (("protocol", c.c_ulong), ("length", c.c_ulong))


class ReaderState(c.Structure):
    """SCARD_READERSTATE."""

    _fields_ = (
        ("reader", c.c_char_p),
        ("user", c.c_void_p),
        ("current", DWORD),
        ("event", DWORD),
        ("atr_length", DWORD),
        ("atr", c.c_ubyte * 33),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """A code's name and, of the output parameters, what a test may want."""

    code: str
    value: int = 0
    data: bytes = b""

    def __str__(self) -> str:
        return self.code


class Winscard:
    """libpcsclite."""

    def __init__(self) -> None:
        self.lib = c.CDLL("libpcsclite.so.1")
        for function in ("SCardCancel", "SCardReleaseContext", "SCardIsValidContext", "SCardBeginTransaction"):
            getattr(self.lib, function).argtypes = (LONG,)
        for function in ("SCardDisconnect", "SCardEndTransaction"):
            getattr(self.lib, function).argtypes = (LONG, DWORD)

    def _call(self, function: str, *arguments: object) -> str:
        call = getattr(self.lib, function)
        call.restype = LONG
        return name(call(*arguments))

    def establish(self, scope: int = 2) -> Answer:
        """SCardEstablishContext; the value is the context."""
        context = LONG()
        return Answer(self._call("SCardEstablishContext", DWORD(scope), None, None, c.byref(context)), context.value)

    def context(self) -> int:
        """A new context, which must be possible."""
        answer = self.establish()
        assert answer.code == "SUCCESS", answer.code
        return answer.value

    def release(self, context: int) -> str:
        """SCardReleaseContext."""
        return self._call("SCardReleaseContext", context)

    def valid(self, context: int) -> str:
        """SCardIsValidContext."""
        return self._call("SCardIsValidContext", context)

    def list_readers(self, context: int, room: int | None = 4096) -> Answer:
        """SCardListReaders into `room` bytes, or with None for the length only."""
        length = DWORD(room or 0)
        buffer = c.create_string_buffer(max(room or 0, 1))
        target = None if room is None else buffer
        code = self._call("SCardListReaders", LONG(context), None, target, c.byref(length))
        return Answer(code, length.value, buffer.raw[: length.value] if code == "SUCCESS" else b"")

    def list_groups(self, context: int, room: int = 100) -> Answer:
        """SCardListReaderGroups."""
        length, buffer = DWORD(room), c.create_string_buffer(max(room, 1))
        code = self._call("SCardListReaderGroups", LONG(context), buffer, c.byref(length))
        return Answer(code, length.value)

    def list_allocated(self, context: int) -> tuple[str, str]:
        """SCardListReaders that allocates, and SCardFreeMemory of what it gave."""
        pointer, length = c.c_void_p(), DWORD(AUTOALLOCATE)
        code = self._call("SCardListReaders", LONG(context), None, c.byref(pointer), c.byref(length))
        return code, self._call("SCardFreeMemory", LONG(context), pointer)

    def connect(self, context: int, reader: str | None, share: int = SHARED, protocols: int = ANY) -> Answer:
        """SCardConnect; the value is the handle, the data one byte with the active protocol."""
        handle, protocol = LONG(), DWORD()
        code = self._call(
            "SCardConnect",
            LONG(context),
            None if reader is None else reader.encode(),
            DWORD(share),
            DWORD(protocols),
            c.byref(handle),
            c.byref(protocol),
        )
        return Answer(code, handle.value, bytes((protocol.value & 0xFF,)))

    def reconnect(self, card: int, share: int = SHARED, protocols: int = ANY, initialization: int = LEAVE) -> Answer:
        """SCardReconnect; the value is the active protocol."""
        protocol = DWORD()
        code = self._call(
            "SCardReconnect", LONG(card), DWORD(share), DWORD(protocols), DWORD(initialization), c.byref(protocol)
        )
        return Answer(code, protocol.value)

    def disconnect(self, card: int, disposition: int = LEAVE) -> str:
        """SCardDisconnect."""
        return self._call("SCardDisconnect", card, disposition)

    def begin(self, card: int) -> str:
        """SCardBeginTransaction."""
        return self._call("SCardBeginTransaction", card)

    def end(self, card: int, disposition: int = LEAVE) -> str:
        """SCardEndTransaction."""
        return self._call("SCardEndTransaction", card, disposition)

    def transmit(self, card: int, command: bytes, protocol: int = T1, room: int = 65548) -> Answer:
        """SCardTransmit; the value is the response's length, on success the data the response."""
        send, receive = Pci(protocol, c.sizeof(Pci)), Pci(0, c.sizeof(Pci))
        buffer, length = c.create_string_buffer(max(room, 1)), DWORD(room)
        code = self._call(
            "SCardTransmit",
            LONG(card),
            c.byref(send),
            command,
            DWORD(len(command)),
            c.byref(receive),
            buffer,
            c.byref(length),
        )
        return Answer(code, length.value, buffer.raw[: length.value] if code == "SUCCESS" else b"")

    def transmit_nothing(self, card: int) -> str:
        """SCardTransmit without any buffer."""
        return self._call("SCardTransmit", LONG(card), None, None, DWORD(0), None, None, None)

    def control(self, card: int, code: int, data: bytes = b"", room: int = 1000) -> Answer:
        """SCardControl; the data are the reader's answer."""
        buffer, length = c.create_string_buffer(max(room, 1)), DWORD()
        rv = self._call(
            "SCardControl",
            LONG(card),
            DWORD(code),
            data,
            DWORD(len(data)),
            buffer,
            DWORD(room),
            c.byref(length),
        )
        return Answer(rv, length.value, buffer.raw[: length.value] if rv == "SUCCESS" else b"")

    def status(self, card: int, room: int = 200, atr_room: int = 33) -> Answer:
        """SCardStatus; the value is the state without the event counter, the data the ATR."""
        reader, atr = c.create_string_buffer(max(room, 1)), c.create_string_buffer(max(atr_room, 1))
        reader_length, atr_length, state, protocol = DWORD(room), DWORD(atr_room), DWORD(), DWORD()
        code = self._call(
            "SCardStatus",
            LONG(card),
            reader,
            c.byref(reader_length),
            c.byref(state),
            c.byref(protocol),
            atr,
            c.byref(atr_length),
        )
        return Answer(code, state.value & 0xFFFF, atr.raw[: atr_length.value])

    def get_attribute(self, card: int, tag: int, room: int | None = 264) -> Answer:
        """SCardGetAttrib into `room` bytes, or with None for the length only."""
        buffer, length = c.create_string_buffer(max(room or 0, 1)), DWORD(room or 0)
        code = self._call("SCardGetAttrib", LONG(card), DWORD(tag), None if room is None else buffer, c.byref(length))
        return Answer(code, length.value, buffer.raw[: length.value] if code == "SUCCESS" else b"")

    def set_attribute(self, card: int, tag: int, value: bytes) -> str:
        """SCardSetAttrib."""
        return self._call("SCardSetAttrib", LONG(card), DWORD(tag), value, DWORD(len(value)))

    def status_change(self, context: int, milliseconds: int, *readers: tuple[str, int]) -> Answer:
        """SCardGetStatusChange; the value is the first reader's new state without the event counter."""
        states = (ReaderState * max(len(readers), 1))()
        for state, (reader, current) in zip(states, readers):
            state.reader, state.current = reader.encode(), current
        count = DWORD(len(readers))
        code = self._call("SCardGetStatusChange", LONG(context), DWORD(milliseconds), states, count)
        return Answer(code, states[0].event & 0xFFFF, bytes(states[0].atr[: states[0].atr_length]))

    def cancel(self, context: int) -> str:
        """SCardCancel."""
        return self._call("SCardCancel", context)
