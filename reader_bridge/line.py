"""One connection to a reader: receive, decode, let the slot act, reply. One thread each.

Rules:
- vpcd 0.8 (Debian 12) sends length and payload of a message apart. With Nagle's algorithm on its side the
  payload leaves when the length is acknowledged, and a plain receiver delays that for 40 ms. `TCP_QUICKACK` makes
  the kernel acknowledge at once, but only until it next decides otherwise, so it is set anew before every receive.
- A thread and not the event loop: a card that generates a key for seconds must hold up no other reader, and the
  loop's turn is not free (measured through pcscd on two cores, p50 per APDU over runs taken in turn: 137 to 165 us
  in a thread, 168 to 208 us in a protocol of asyncio, while the machine was otherwise quiet).
- The slot is touched under its lock only, one request at a time. A reader that is gone gives no power.
- A card that does not answer a command says `vpcd.NO_ANSWER`, so the reader goes on. A card that cannot even tell
  its ATR is no card to the reader: the connection ends.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable

from reader_bridge import vpcd
from reader_bridge.slot import Slot

log = logging.getLogger(__name__)

RECEIVE = vpcd.LONGEST + 2
QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)

Tap = Callable[[str, vpcd.Request, bytes | None], None]
"""Told the slot's name, each request and its reply (None: no answer). Runs in the line's thread. APDUs may
hold PINs: whoever writes them down decides what to mask."""

_METHODS: dict[type[vpcd.Request], Callable[[Slot], bytes | None]] = {
    vpcd.PowerOn: Slot.power_on,
    vpcd.PowerOff: Slot.power_off,
    vpcd.Reset: Slot.reset,
    vpcd.GetAtr: Slot.atr,
}


class Line:
    """A connected socket to a reader and the slot that serves it."""

    def __init__(self, sock: socket.socket, slot: Slot, lock: threading.Lock, tap: Tap | None = None) -> None:
        self.requests = 0
        self._sock = sock
        self._slot = slot
        self._lock = lock
        self._tap = tap

    def serve(self) -> None:
        """Serve the reader until it leaves, the card falls silent or `hang_up`; then close the socket."""
        try:
            self._sock.setblocking(True)
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._exchange()
        except OSError as broken:
            log.debug("%s: the reader's connection broke: %s", self._slot.name, broken)
        finally:
            self._sock.close()
            with self._lock:
                self._slot.power_off()

    def hang_up(self) -> None:
        """End the connection from another thread.

        The reader learns it at once, even while the card works on a command; the thread, when it next turns to
        the connection. The thread closes the socket, so that its descriptor is never another's meanwhile.
        """
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _exchange(self) -> None:
        sock = self._sock
        feed = vpcd.RequestDecoder().feed
        while True:
            if QUICKACK is not None:
                sock.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
            data = sock.recv(RECEIVE)
            if not data:
                return
            for request in feed(data):
                self.requests += 1
                reply = self._obey(request)
                if reply is not None:
                    sock.sendall(reply)
                elif isinstance(request, vpcd.GetAtr):
                    log.warning("%s: the card has no ATR", self._slot.name)
                    return

    def _obey(self, request: vpcd.Request) -> bytes | None:
        """The framed reply to `request`, or None if none is due or there is no ATR to give."""
        with self._lock:
            if isinstance(request, vpcd.Apdu):
                reply = self._slot.transmit(request.command)
            else:
                reply = _METHODS[type(request)](self._slot)
        if self._tap is not None:
            self._tap(self._slot.name, request, reply)
        if isinstance(request, vpcd.Apdu):
            return self._framed(reply or vpcd.NO_ANSWER)
        return self._framed(reply) if reply and isinstance(request, vpcd.GetAtr) else None

    def _framed(self, reply: bytes) -> bytes:
        try:
            return vpcd.encode_reply(reply)
        except vpcd.FrameError as refused:
            log.error("%s: a reply cannot be sent: %s", self._slot.name, refused)
            return vpcd.encode_reply(vpcd.NO_ANSWER)
