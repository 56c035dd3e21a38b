"""One client: its bytes in, its answers out, and what is left of it cleaned up when it goes.

Rules:
- A session runs in a thread of its own and blocks nobody else. What is sent under the engine's lock (the
  reader table and the end of a wait) never waits: a client that does not read loses its connection.
- A message that cannot be understood, a handle of somebody else or a call without a context ends the
  connection without an answer, as in pcscd.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

from reader_bridge.pcscd import grammar
from reader_bridge.pcscd.codes import MAX_ATTRIBUTE, NEWEST_MINOR, OLDEST_MINOR, VERSION_MAJOR, Rv
from reader_bridge.pcscd.engine import Closed, Engine
from reader_bridge.pcscd.grammar import BadMessage, Decoder, Request
from reader_bridge.pcscd.resources import Client

RECEIVE = 1 << 17
NOW = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL


class Rogue(Exception):
    """The client used what is not its own."""


class Session:
    """A connection of libpcsclite. `contexts` are those of all sessions, for SCardCancel."""

    def __init__(self, engine: Engine, connection: socket.socket, contexts: dict[int, Session]) -> None:
        self._engine = engine
        self._connection = connection
        self._contexts = contexts
        self.client = Client()

    def serve(self) -> None:
        """Answer until the client goes, or must go."""
        decoder, connection = Decoder(), self._connection
        try:
            with contextlib.suppress(OSError, BadMessage, Rogue, Closed):
                while data := connection.recv(RECEIVE):
                    for request in decoder.feed(data):
                        answer = HANDLERS[type(request)](self, request)
                        if answer:
                            connection.sendall(answer)
        finally:
            self._clean_up()

    def hang_up(self) -> None:
        """End the connection from another thread; `serve` then returns."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _clean_up(self) -> None:
        with self._engine.lock:
            self._engine.table.stop_waiting(self)
            if self._contexts.get(self.client.context) is self:
                del self._contexts[self.client.context]
        self._connection.close()
        self._engine.abandon(self.client)

    def _signal(self, rv: Rv) -> None:
        """The end of this client's wait; called under the engine's lock."""
        self._send_now(grammar.wait_reply(rv))

    def _send_now(self, data: bytes) -> None:
        try:
            complete = self._connection.send(data, NOW) == len(data)
        except OSError:
            complete = False
        if not complete:
            self.hang_up()

    def _own(self, card: int) -> int:
        if self.client.context == 0 or card not in self.client.handles:
            raise Rogue
        return card

    def version(self, ask: grammar.Version) -> bytes:
        """Speak what the client speaks, if it is known; 2.4.1 and later try again with what they are told."""
        if ask.major == VERSION_MAJOR and OLDEST_MINOR <= ask.minor <= NEWEST_MINOR:
            return grammar.reply(ask, Rv.SUCCESS)
        return grammar.reply(ask, Rv.SERVICE_STOPPED, major=VERSION_MAJOR, minor=NEWEST_MINOR)

    def establish(self, ask: grammar.Establish) -> bytes:
        """SCardEstablishContext."""
        with self._engine.lock:
            self._contexts.pop(self.client.context, None)
            rv, context = self._engine.resources.establish(self.client, ask.scope)
            if rv is Rv.SUCCESS:
                self._contexts[context] = self
        return grammar.reply(ask, rv, context=context)

    def release(self, ask: grammar.Release) -> bytes:
        """SCardReleaseContext."""
        rv = self._engine.resources.may_release(self.client, ask.context)
        if rv is Rv.SUCCESS:
            with self._engine.lock:
                self._contexts.pop(ask.context, None)
            self._engine.abandon(self.client)
        return grammar.reply(ask, rv)

    def connect(self, ask: grammar.Connect) -> bytes:
        """SCardConnect."""
        rv, handle, protocol = self._engine.connect(self.client, ask)
        return grammar.reply(ask, rv, card=handle, active_protocol=protocol)

    def reconnect(self, ask: grammar.Reconnect) -> bytes:
        """SCardReconnect."""
        self._own(ask.card)
        rv, protocol = self._engine.run(ask.card, lambda: self._engine.resources.reconnect(ask))
        return grammar.reply(ask, rv, active_protocol=protocol)

    def disconnect(self, ask: grammar.Disconnect) -> bytes:
        """SCardDisconnect."""
        self._own(ask.card)
        return grammar.reply(ask, self._engine.disconnect(self.client, ask))

    def begin(self, ask: grammar.Begin) -> bytes:
        """SCardBeginTransaction."""
        self._own(ask.card)
        return grammar.reply(ask, self._engine.begin(self.client, ask))

    def end(self, ask: grammar.End) -> bytes:
        """SCardEndTransaction."""
        self._own(ask.card)
        return grammar.reply(ask, self._engine.run(ask.card, lambda: self._engine.resources.end(ask)))

    def transmit(self, ask: grammar.Transmit) -> bytes:
        """SCardTransmit."""
        self._own(ask.card)
        rv, response = self._engine.transmit(ask)
        if len(response) > ask.receive_length:
            rv = Rv.INSUFFICIENT_BUFFER
        return grammar.transmit_reply(ask, rv, response)

    def control(self, ask: grammar.Control) -> bytes:
        """SCardControl."""
        self._own(ask.card)
        rv, answer = self._engine.run(ask.card, lambda: self._engine.resources.control(ask))
        if len(answer) > ask.receive_length:
            rv = Rv.INSUFFICIENT_BUFFER
        return grammar.control_reply(ask, rv, answer)

    def status(self, ask: grammar.Status) -> bytes:
        """SCardStatus."""
        self._own(ask.card)
        with self._engine.lock:
            return grammar.reply(ask, self._engine.resources.status(ask.card))

    def get_attribute(self, ask: grammar.GetAttribute) -> bytes:
        """SCardGetAttrib."""
        self._own(ask.card)
        with self._engine.lock:
            rv, value = self._engine.resources.get_attribute(ask)
        return grammar.attribute_reply(ask, rv, value[:MAX_ATTRIBUTE], len(value))

    def set_attribute(self, ask: grammar.SetAttribute) -> bytes:
        """SCardSetAttrib."""
        self._own(ask.card)
        with self._engine.lock:
            rv = self._engine.resources.set_attribute(ask.card)
        return grammar.attribute_reply(ask, rv, ask.value, ask.length)

    def cancel(self, ask: grammar.Cancel) -> bytes:
        """SCardCancel, which arrives on a connection of its own; a context that does not wait is no error."""
        with self._engine.lock:
            session = self._contexts.get(ask.context)
            if session is None:
                return grammar.reply(ask, Rv.INVALID_HANDLE)
            signal = self._engine.table.stop_waiting(session)
            if signal is not None:
                signal(Rv.CANCELLED)
        return grammar.reply(ask, Rv.SUCCESS)

    def readers_state(self, ask: grammar.ReadersState) -> bytes:
        """The reader table."""
        del ask
        with self._engine.lock:
            return self._engine.table.packed()

    def wait(self, ask: grammar.Wait) -> bytes:
        """Be told of the next change. The table goes out first, so that no change falls in between."""
        with self._engine.lock:
            if not ask.old:
                self._send_now(self._engine.table.packed())
            self._engine.table.wait(self, self._signal)
        return b""

    def stop_waiting(self, ask: grammar.StopWaiting) -> bytes:
        """Not wait any more. Who was told of a change already has that as the answer."""
        del ask
        with self._engine.lock:
            waited = self._engine.table.stop_waiting(self)
        return b"" if waited is None else grammar.wait_reply(Rv.SUCCESS)

    def reader_events(self, ask: grammar.ReaderEvents) -> bytes:
        """How often readers came and went."""
        del ask
        with self._engine.lock:
            return grammar.reader_events_reply(self._engine.table.reader_events)


HANDLERS: dict[type[Request], Callable[[Session, Any], bytes]] = {
    grammar.Version: Session.version,
    grammar.Establish: Session.establish,
    grammar.Release: Session.release,
    grammar.Connect: Session.connect,
    grammar.Reconnect: Session.reconnect,
    grammar.Disconnect: Session.disconnect,
    grammar.Begin: Session.begin,
    grammar.End: Session.end,
    grammar.Transmit: Session.transmit,
    grammar.Control: Session.control,
    grammar.Status: Session.status,
    grammar.Cancel: Session.cancel,
    grammar.GetAttribute: Session.get_attribute,
    grammar.SetAttribute: Session.set_attribute,
    grammar.ReadersState: Session.readers_state,
    grammar.Wait: Session.wait,
    grammar.StopWaiting: Session.stop_waiting,
    grammar.ReaderEvents: Session.reader_events,
}
