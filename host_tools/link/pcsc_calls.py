"""PC/SC calls one by one, on several connections, with their codes as they come.

For programs that look at the service itself: `PcscLink` is for those that only want a card. Each connection has a
name and a thread of its own, as two programs would, so a call that waits for another connection can be seen to wait.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TimedOut
from dataclasses import dataclass, field
from typing import Any

from smartcard import scard  # type: ignore[import-untyped]  # pyscard has no types

from host_tools.errors import LinkError
from host_tools.link.pcsc import PROTOCOLS, choose, reader_names

WAITS = "WAITS"
"""Instead of a code: the call has not come back after `PATIENCE` seconds."""
PATIENCE = 0.5
LONGEST_WAIT = 30.0

Answer = tuple[str, bytes]
"""The name of a code without `SCARD_`, and what the call gave: an ATR, an attribute, a response."""

SHARES = {
    "shared": scard.SCARD_SHARE_SHARED,
    "exclusive": scard.SCARD_SHARE_EXCLUSIVE,
    "direct": scard.SCARD_SHARE_DIRECT,
}
DISPOSITIONS = {
    "leave": scard.SCARD_LEAVE_CARD,
    "reset": scard.SCARD_RESET_CARD,
    "unpower": scard.SCARD_UNPOWER_CARD,
}
WANTED = {"": PROTOCOLS, "t0": scard.SCARD_PROTOCOL_T0, "t1": scard.SCARD_PROTOCOL_T1}
CODES = {
    getattr(scard, name) & 0xFFFFFFFF: name.removeprefix("SCARD_").removeprefix("S_")
    for name in dir(scard)
    if name.startswith(("SCARD_E_", "SCARD_W_", "SCARD_S_", "SCARD_F_"))
}


def name_of(code: int) -> str:
    """`SUCCESS`, `E_SHARING_VIOLATION`, or the number of a code without a name."""
    unsigned = code & 0xFFFFFFFF
    return CODES.get(unsigned, f"0x{unsigned:08X}")


@dataclass(slots=True)
class _Connection:
    """One program's view: its context, its handle, and the call that has not come back."""

    context: Any = None
    card: Any = 0
    protocol: int = 0
    worker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    waiting: Future[Answer] | None = None


class PcscCalls:
    """Any number of connections to one reader. A call is words: `connect shared`, `end leave`, `transmit`, ..."""

    def __init__(self, wanted: str) -> None:
        self.reader = choose(reader_names(), wanted)
        self._connections: dict[str, _Connection] = {}

    def call(self, by: str, words: str, data: bytes = b"") -> Answer:
        """Make a call; `WAITS` when it does not come back soon, and then `wait` gives its answer."""
        connection = self._connections.setdefault(by, _Connection())
        action, *rest = words.split()
        if action == "wait":
            return self._awaited(connection, LONGEST_WAIT)
        if action not in CALLS:
            raise LinkError(f"{words}: no PC/SC call of that name; there are {', '.join((*CALLS, 'wait'))}")
        connection.waiting = connection.worker.submit(CALLS[action], self, connection, rest, data)
        return self._awaited(connection, PATIENCE)

    @staticmethod
    def _awaited(connection: _Connection, seconds: float) -> Answer:
        if connection.waiting is None:
            raise LinkError("wait: no call is waiting on this connection")
        try:
            return connection.waiting.result(seconds)
        except TimedOut:
            return WAITS, b""

    def close(self) -> None:
        """Release every connection; cards are reset."""
        for connection in self._connections.values():
            if connection.context is not None:
                scard.SCardCancel(connection.context)
            connection.worker.submit(_release, connection)
            connection.worker.shutdown(wait=False)
        for connection in self._connections.values():
            connection.worker.shutdown(wait=True)
        self._connections.clear()

    # -- the calls, each in its connection's thread

    def _connect(self, to: _Connection, words: list[str], data: bytes) -> Answer:
        if to.context is None:
            code, to.context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
            if code != scard.SCARD_S_SUCCESS:
                return name_of(code), b""
        share, protocols = SHARES[words[0]], WANTED[words[1] if len(words) > 1 else ""]
        code, to.card, to.protocol = scard.SCardConnect(to.context, self.reader, share, protocols)
        return name_of(code), b""

    def _reconnect(self, to: _Connection, words: list[str], data: bytes) -> Answer:
        code, to.protocol = scard.SCardReconnect(to.card, SHARES[words[0]], PROTOCOLS, DISPOSITIONS[words[1]])
        return name_of(code), b""

    def _disconnect(self, to: _Connection, words: list[str], data: bytes) -> Answer:
        return name_of(scard.SCardDisconnect(to.card, DISPOSITIONS[words[0]])), b""

    def _begin(self, to: _Connection, words: list[str], data: bytes) -> Answer:
        return name_of(scard.SCardBeginTransaction(to.card)), b""

    def _end(self, to: _Connection, words: list[str], data: bytes) -> Answer:
        return name_of(scard.SCardEndTransaction(to.card, DISPOSITIONS[words[0]])), b""

    def _status(self, to: _Connection, words: list[str], data: bytes) -> Answer:
        code, _, _, _, atr = scard.SCardStatus(to.card)
        return name_of(code), bytes(atr or b"") if code == scard.SCARD_S_SUCCESS else b""

    def _attribute(self, to: _Connection, words: list[str], data: bytes) -> Answer:
        code, value = scard.SCardGetAttrib(to.card, scard.SCARD_ATTR_ATR_STRING)
        return name_of(code), bytes(value or b"") if code == scard.SCARD_S_SUCCESS else b""

    def _transmit(self, to: _Connection, words: list[str], data: bytes) -> Answer:
        header = scard.SCARD_PCI_T1 if to.protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0
        if words:
            header = scard.SCARD_PCI_T1 if words[0] == "t1" else scard.SCARD_PCI_T0
        code, response = scard.SCardTransmit(to.card, header, list(data))
        return name_of(code), bytes(response or b"") if code == scard.SCARD_S_SUCCESS else b""

    def _state(self, to: _Connection, words: list[str], data: bytes) -> Answer:
        """The event state of the reader, two bytes, as SCardGetStatusChange gives it at once."""
        code, states = scard.SCardGetStatusChange(to.context, 0, [(self.reader, scard.SCARD_STATE_UNAWARE)])
        state = states[0][1] & 0xFFFF if code == scard.SCARD_S_SUCCESS else 0
        return name_of(code), state.to_bytes(2, "big")


Call = Callable[[PcscCalls, _Connection, list[str], bytes], Answer]

CALLS: dict[str, Call] = {
    "connect": PcscCalls._connect,
    "reconnect": PcscCalls._reconnect,
    "disconnect": PcscCalls._disconnect,
    "begin": PcscCalls._begin,
    "end": PcscCalls._end,
    "status": PcscCalls._status,
    "attribute": PcscCalls._attribute,
    "transmit": PcscCalls._transmit,
    "state": PcscCalls._state,
}


def _release(connection: _Connection) -> None:
    if connection.card:
        scard.SCardDisconnect(connection.card, scard.SCARD_RESET_CARD)
    if connection.context is not None:
        scard.SCardReleaseContext(connection.context)
