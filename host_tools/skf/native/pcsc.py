"""PC/SC for the C library: through its own functions, so that no other package and no thread is waited for.

Every call lets other threads run while it waits. Codes a user can cause become the errors of `host_tools.errors`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from host_tools.errors import CardBusy, CardRemoved, HostError, LinkError, NoCard, NoReader, NoService

LARGEST_ANSWER = 65544
LONGEST_ATR = 33
FOREVER = 0xFFFFFFFF
NEW_READERS = b"\\\\?PnP?\\Notification"
"""The reader name under which changes of the list of readers are reported."""

PRESENT = 0x0020
SUCCESS, CANCELLED, TIMEOUT, NO_READERS, RESET = 0, 0x80100002, 0x8010000A, 0x8010002E, 0x80100068
UNKNOWN_READER = 0x80100009
BUSY = 0x8010000B

ERRORS: dict[int, tuple[type[HostError], str]] = {
    0x8010001D: (NoService, "no PC/SC service answers"),
    0x8010001E: (NoService, "the PC/SC service was stopped"),
    0x80100003: (NoService, "the PC/SC service has gone"),
    NO_READERS: (NoReader, "there is no reader"),
    UNKNOWN_READER: (NoReader, "the reader is gone"),
    0x80100017: (NoReader, "the reader is gone"),
    0x8010000C: (NoCard, "there is no card in the reader"),
    0x80100066: (NoCard, "the card does not answer the reset"),
    0x80100067: (NoCard, "the card has no power"),
    BUSY: (CardBusy, "another program holds the card for itself"),
    0x80100069: (CardRemoved, "the card was taken out"),
    0x80100016: (CardRemoved, "the card stopped answering"),
    0x80100001: (CardRemoved, "the reader failed"),
    0x80100014: (CardRemoved, "the reader failed"),
    0x8010002F: (NoService, "the PC/SC service does not answer"),
    0x80100013: (NoService, "the PC/SC service does not answer"),
}


def check(code: int, doing: str) -> None:
    """Raise the error a PC/SC code stands for."""
    unsigned = code & 0xFFFFFFFF
    if unsigned != SUCCESS:
        kind, text = ERRORS.get(unsigned, (LinkError, f"PC/SC says {unsigned:08X}"))
        raise kind(f"{doing}: {text}")


class Pcsc:
    """The library's PC/SC functions and its memory."""

    def __init__(self, ffi: Any, lib: Any) -> None:
        self.ffi = ffi
        self.lib = lib

    def establish(self) -> int:
        """A new context."""
        made = self.ffi.new("long *")
        check(self.lib.skfpc_establish(made), "reaching the PC/SC service")
        return int(made[0])

    @contextmanager
    def context(self) -> Iterator[int]:
        """A context for as long as the block lasts."""
        made = self.establish()
        try:
            yield made
        finally:
            self.lib.skfpc_release(made)

    def readers(self, context: int) -> list[str]:
        """Names of all readers."""
        size = self.ffi.new("unsigned long *", 0)
        code = self.lib.skfpc_readers(context, self.ffi.NULL, size) & 0xFFFFFFFF
        if code == NO_READERS:
            return []
        check(code, "listing readers")
        names = self.ffi.new("char[]", size[0])
        check(self.lib.skfpc_readers(context, names, size), "listing readers")
        raw = bytes(self.ffi.buffer(names, size[0]))
        return [name.decode("utf-8", "replace") for name in raw.split(b"\0") if name]

    def states(self, context: int, known: dict[bytes, int], milliseconds: int) -> dict[bytes, int]:
        """States of readers, once they differ from what is known, or the time is over; empty when cancelled."""
        keep = [self.ffi.new("char[]", name) for name in known]
        names = self.ffi.new("char *[]", keep)
        before = self.ffi.new("unsigned long[]", list(known.values()))
        now = self.ffi.new("unsigned long[]", len(known))
        code = self.lib.skfpc_wait(context, milliseconds, len(known), names, before, now) & 0xFFFFFFFF
        if code == CANCELLED:
            return {}
        if code != TIMEOUT:
            check(code, "watching readers")
        return dict(zip(known, (int(state) for state in now)))


class WinscardLink:
    """A `CardLink` to the card in a reader, shared with other programs and left as it is when the link is closed.

    A reset by another program is taken as it comes: the command goes out again, and the card tells what it forgot.
    """

    def __init__(self, pcsc: Pcsc, reader: str) -> None:
        self._pcsc = pcsc
        self._lib, ffi = pcsc.lib, pcsc.ffi
        self.reader = reader
        self._card: int | None = None
        self._context: int | None = pcsc.establish()
        self._protocol = ffi.new("unsigned long *")
        # One command at a time passes a link, so one buffer is enough for all answers.
        self._answer = ffi.new("unsigned char[]", LARGEST_ANSWER)
        self._view = ffi.buffer(self._answer)
        self._room = ffi.new("unsigned long *")
        self._atr = b""
        made = ffi.new("long *")
        code = self._lib.skfpc_connect(self._context, reader.encode(), made, self._protocol)
        if code:
            self.close()
        check(code, f"connecting to {reader}")
        self._card = int(made[0])

    @property
    def atr(self) -> bytes:
        if not self._atr:
            self._atr = self._read_atr()
        return self._atr

    def _read_atr(self) -> bytes:
        atr, size = self._pcsc.ffi.new("unsigned char[]", LONGEST_ATR), self._pcsc.ffi.new("unsigned long *")
        size[0] = LONGEST_ATR
        check(self._lib.skfpc_atr(self._handle(), atr, size), "asking for the ATR")
        return bytes(self._pcsc.ffi.buffer(atr, size[0]))

    def transmit(self, command: bytes) -> bytes:
        code = self._send(command)
        if code == RESET:
            self._reconnect(reset=False)
            code = self._send(command)
        if code == BUSY:
            # Another program is in the midst of a transaction; ours waits for its end.
            with self.exclusive():
                code = self._send(command)
        check(code, "sending a command")
        if self._room[0] < 2:
            # Some drivers say so when the card is pulled out in the midst of a command.
            raise CardRemoved("the card stopped in the midst of an answer")
        return bytes(self._view[: self._room[0]])

    def _send(self, command: bytes) -> int:
        self._room[0] = LARGEST_ANSWER
        code = self._lib.skfpc_transmit(
            self._handle(), self._protocol[0], command, len(command), self._answer, self._room
        )
        return int(code) & 0xFFFFFFFF

    def _reconnect(self, reset: bool) -> None:
        check(self._lib.skfpc_reconnect(self._handle(), reset, self._protocol), "connecting again")

    def reset(self) -> bytes:
        self._reconnect(reset=True)
        self._atr = b""
        return self.atr

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Other programs wait until the block ends."""
        self.begin()
        try:
            yield
        finally:
            # The card may be gone, and then there is nothing to end.
            self.end()

    def begin(self) -> None:
        """Begin a transaction; waits for the end of another one."""
        code = self._lib.skfpc_begin(self._handle()) & 0xFFFFFFFF
        if code == RESET:
            self._reconnect(reset=False)
            code = self._lib.skfpc_begin(self._handle())
        check(code, "beginning a transaction")

    def end(self) -> None:
        """End a transaction."""
        if self._card is not None:
            self._lib.skfpc_end(self._card)

    def _handle(self) -> int:
        if self._card is None:
            raise CardRemoved("the card was let go; connect to it again")
        return self._card

    def close(self) -> None:
        card, self._card = self._card, None
        if card is not None:
            self._lib.skfpc_disconnect(card)
        context, self._context = self._context, None
        if context is not None:
            self._lib.skfpc_release(context)
