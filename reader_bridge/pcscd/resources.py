"""What pcscd does when a client asks: contexts, connections, transactions, resets and their notices.

Order of checks and return codes are those of winscard.c and winscard_svc.c of pcsc-lite 1.9.9. Rules:
- No I/O, no time, no threads. Work with the card is yielded as a callable (`Steps`); the driver runs it
  where it likes and sends the result back. Between two yields nothing else may change the reader table
  except hot plug, and one driver at a time runs steps of the same reader.
- `MustWait` says that the lock of a reader is in the way; the driver queues and then tries again with the
  same key. Nothing has been done when it is raised.
- A client that holds the lock never waits for itself, where pcscd would hang for ever.
"""

from __future__ import annotations

from collections.abc import Callable

from reader_bridge.pcscd import attributes, protocols
from reader_bridge.pcscd.codes import (
    EXCLUSIVE,
    LAST_CONTEXT,
    MAX_ATTRIBUTE,
    MAX_HANDLES,
    NO_CONTEXT,
    Disposition,
    Protocol,
    Rv,
    Scope,
    Share,
    State,
)
from reader_bridge.pcscd.grammar import Connect, Control, End, GetAttribute, Reconnect, Transmit
from reader_bridge.pcscd.readers import Power, Reader
from reader_bridge.pcscd.table import ReaderTable, Steps
from reader_bridge.slot import SlotError

# Names of their own for what every APDU looks at: members of an enumeration are slow to look up.
SUCCESS, ABSENT, RAW, ANY_OLD = Rv.SUCCESS, State.ABSENT, Protocol.RAW.value, Protocol.ANY_OLD.value


class MustWait(Exception):
    """The reader's lock is held by somebody else and this call waits for it."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader


class Client:
    """One connection of libpcsclite: at most one context, and its card handles."""

    __slots__ = ("context", "handles")

    def __init__(self) -> None:
        self.context = 0
        self.handles: list[int] = []


class Resources:
    """The resource manager: every SCard function that reaches the service."""

    def __init__(self, table: ReaderTable, new_id: Callable[[], int]) -> None:
        self.table = table
        self._new_id = new_id

    def establish(self, client: Client, scope: int) -> tuple[Rv, int]:
        """SCardEstablishContext: the code and the new context. A second one replaces the first."""
        if scope not in set(Scope):
            return Rv.INVALID_VALUE, 0
        client.context = self._new_id()
        return Rv.SUCCESS, client.context

    def may_release(self, client: Client, context: int) -> Rv:
        """Whether SCardReleaseContext names the client's context; the driver then abandons each handle."""
        if client.context == 0:
            return Rv.INVALID_HANDLE
        return Rv.SUCCESS if client.context == context else Rv.INVALID_VALUE

    def abandon(self, client: Client, handle: int) -> Steps[None]:
        """End a connection that its client left open. A card whose lock it holds is reset."""
        reader = self.table.of(handle)
        if reader is not None:
            locked = reader.owner == handle and reader.handles[handle] is Rv.SUCCESS
            yield from self.disconnect(client, handle, Disposition.RESET if locked else Disposition.LEAVE)
        client.handles.remove(handle)

    def connect(self, client: Client, ask: Connect, key: int) -> Steps[tuple[Rv, int, int]]:
        """SCardConnect: the code, the handle and the active protocol."""
        rv = _connect_arguments(ask.share_mode, ask.protocols)
        if rv is not Rv.SUCCESS:
            return rv, 0, ask.active_protocol
        reader = self.table.named(ask.name)
        if reader is None:
            return Rv.UNKNOWN_READER, 0, ask.active_protocol
        if reader.sharing == EXCLUSIVE:
            return Rv.SHARING_VIOLATION, 0, ask.active_protocol
        if reader.owner not in (0, key, *client.handles):
            raise MustWait(reader)
        rv = yield from self._make_usable(reader, ask)
        if rv is not Rv.SUCCESS:
            return rv, 0, ask.active_protocol
        rv, handle = self._add_handle(reader, ask.share_mode, key)
        if rv is Rv.SUCCESS:
            rv = yield from self._adopt(client, ask.context, handle)
        return rv, handle if rv is Rv.SUCCESS else 0, reader.protocol

    def _make_usable(self, reader: Reader, ask: Connect) -> Steps[Rv]:
        """Power the card if the connection needs one, and agree on a protocol."""
        if ask.share_mode != Share.DIRECT:
            if not reader.state & State.PRESENT:
                return Rv.NO_SMARTCARD
            if reader.power is Power.UNPOWERED:
                yield from self._power_up(reader)
            if not reader.state & State.POWERED:
                return Rv.UNPOWERED_CARD
            reader.power = Power.IN_USE
        return _negotiate(reader, ask.share_mode, ask.protocols)

    def _power_up(self, reader: Reader) -> Steps[None]:
        rv, atr = yield from self.table.start(reader, reader.slot.power_on)
        if rv is Rv.SUCCESS:
            reader.atr, reader.state = atr, State.RUNNING
        elif rv is Rv.NOT_TRANSACTED:
            reader.atr = b""

    def _add_handle(self, reader: Reader, share: int, key: int) -> tuple[Rv, int]:
        handle = self.table.new_handle(self._new_id)
        if share == Share.EXCLUSIVE:
            if reader.sharing != NO_CONTEXT:
                return Rv.SHARING_VIOLATION, 0
            if reader.owner == key:
                reader.owner = 0
        if len(reader.handles) >= MAX_HANDLES:
            return Rv.INTERNAL_ERROR, 0
        self.table.add_handle(reader, handle)
        if share == Share.EXCLUSIVE:
            reader.sharing = EXCLUSIVE
            reader.lock(handle)
        else:
            reader.sharing += 1
        self.table.changed()
        return Rv.SUCCESS, handle

    def _adopt(self, client: Client, context: int, handle: int) -> Steps[Rv]:
        """Note the handle for its client, or drop it again."""
        if client.context == 0:
            rv = Rv.INVALID_HANDLE
        elif client.context != context:
            rv = Rv.INVALID_VALUE
        elif len(client.handles) >= MAX_HANDLES:
            rv = Rv.NO_MEMORY
        else:
            client.handles.append(handle)
            return Rv.SUCCESS
        yield from self.disconnect(client, handle, Disposition.LEAVE)
        return rv

    def reconnect(self, ask: Reconnect) -> Steps[tuple[Rv, int]]:
        """SCardReconnect: the code and the active protocol."""
        if ask.initialization not in (Disposition.LEAVE, Disposition.RESET, Disposition.UNPOWER):
            return Rv.INVALID_VALUE, 0
        if ask.share_mode not in set(Share):
            return Rv.INVALID_VALUE, 0
        rv = _connect_arguments(ask.share_mode, ask.protocols)
        if rv is not Rv.SUCCESS:
            return rv, 0
        reader = self.table.of(ask.card)
        if reader is None:
            return Rv.INVALID_VALUE, 0
        rv = reader.check(ask.card)
        if rv is Rv.SUCCESS:
            rv = yield from self._reinitialize(reader, Disposition(ask.initialization))
        if rv is Rv.SUCCESS:
            rv = _negotiate(reader, ask.share_mode, ask.protocols)
        if rv is not Rv.SUCCESS:
            return rv, 0
        if ask.share_mode != Share.DIRECT and not ask.protocols & Protocol.RAW:
            reader.power = Power.IN_USE
        rv = self._reshare(reader, ask.card, ask.share_mode)
        if rv is Rv.SUCCESS:
            reader.handles[ask.card] = Rv.SUCCESS
        return rv, reader.protocol

    def _reinitialize(self, reader: Reader, initialization: Disposition) -> Steps[Rv]:
        if initialization is Disposition.LEAVE:
            if reader.state & State.ABSENT:
                return Rv.NO_SMARTCARD
            return Rv.UNRESPONSIVE_CARD if reader.state & State.SWALLOWED else Rv.SUCCESS
        reader.notify(Rv.RESET_CARD)
        rv = yield from self._restart(reader, initialization)
        return {Rv.REMOVED_CARD: Rv.NO_SMARTCARD, Rv.NOT_TRANSACTED: Rv.UNRESPONSIVE_CARD}.get(rv, rv)

    def _restart(self, reader: Reader, how: Disposition) -> Steps[Rv]:
        """Warm reset, or power down and up, and what it leaves in the reader table."""
        act = reader.slot.reset if how is Disposition.RESET else reader.slot.power_on
        rv, atr = yield from self.table.start(reader, act)
        self.table.restarted(reader, rv, atr)
        return rv

    def _reshare(self, reader: Reader, handle: int, share: int) -> Rv:
        before = reader.sharing
        if share == Share.EXCLUSIVE and reader.sharing != EXCLUSIVE:
            if reader.sharing != LAST_CONTEXT:
                return Rv.SHARING_VIOLATION
            reader.sharing = EXCLUSIVE
            reader.lock(handle)
        elif share != Share.EXCLUSIVE and reader.sharing == EXCLUSIVE:
            # Giving the lock back while the reader still counts as exclusive keeps it, in pcscd too.
            reader.unlock(handle)
            reader.sharing = LAST_CONTEXT
        if reader.sharing != before:
            self.table.changed()
        return Rv.SUCCESS

    def disconnect(self, client: Client, handle: int, disposition: int) -> Steps[Rv]:
        """SCardDisconnect."""
        if disposition not in set(Disposition):
            return Rv.INVALID_VALUE
        reader = self.table.of(handle)
        if reader is None:
            return Rv.SUCCESS
        leave = disposition == Disposition.LEAVE
        if not leave and reader.owner not in (0, handle, *client.handles):
            raise MustWait(reader)
        rv = reader.check(handle)
        if rv is not Rv.SUCCESS and not leave:
            return rv
        yield from self._dispose(reader, Disposition(disposition))
        reader.unlock_all(handle)
        self.table.drop_handle(reader, handle)
        reader.sharing = NO_CONTEXT if reader.sharing == EXCLUSIVE else max(0, reader.sharing - 1)
        if reader.sharing == NO_CONTEXT and reader.power >= Power.POWERED:
            reader.power = Power.GRACE
        self.table.changed()
        return Rv.SUCCESS

    def _dispose(self, reader: Reader, disposition: Disposition) -> Steps[None]:
        """What a disconnection does to the card; ejecting does nothing, as with readers that have no motor."""
        if disposition is Disposition.RESET:
            reader.notify(Rv.RESET_CARD)
            yield from self._restart(reader, disposition)
        elif disposition is Disposition.UNPOWER:
            reader.notify(Rv.RESET_CARD)
            yield from self.table.power_down(reader)
            if reader.state is not State.ABSENT:
                reader.state = State.PRESENT

    def reset_by_another(self, reader: Reader) -> Steps[None]:
        """What SCardDisconnect with SCARD_RESET_CARD does to everybody else. `SlotError` where it would wait."""
        if reader.owner != 0:
            raise SlotError(f"{reader.slot.name} is locked by a transaction or an exclusive connection")
        if reader.pulled or not reader.slot.present:
            raise SlotError(f"{reader.slot.name} holds no card")
        yield from self._dispose(reader, Disposition.RESET)

    def begin(self, client: Client, handle: int) -> Rv:
        """SCardBeginTransaction."""
        reader = self.table.of(handle)
        if reader is None:
            return Rv.INVALID_VALUE
        rv = reader.handles[handle]
        if rv is not Rv.SUCCESS:
            return rv
        if reader.owner not in (0, *client.handles):
            raise MustWait(reader)
        return reader.lock(handle)

    def end(self, ask: End) -> Steps[Rv]:
        """SCardEndTransaction. After a notice the lock stays until the client reconnects or goes, as in pcscd."""
        if ask.disposition not in set(Disposition):
            return Rv.INVALID_VALUE
        reader = self.table.of(ask.card)
        if reader is None:
            return Rv.INVALID_VALUE
        rv = reader.handles[ask.card]
        if rv is not Rv.SUCCESS:
            return rv
        if ask.disposition != Disposition.LEAVE and reader.check(ask.card) is not Rv.SUCCESS:
            return Rv.SHARING_VIOLATION
        if ask.disposition in (Disposition.RESET, Disposition.UNPOWER):
            rv = yield from self._restart(reader, Disposition(ask.disposition))
            reader.notify(Rv.RESET_CARD)
        elif ask.disposition == Disposition.EJECT:
            rv = Rv.UNSUPPORTED_FEATURE
        released = reader.unlock(ask.card)
        return released if rv is Rv.SUCCESS else rv

    def status(self, handle: int) -> Rv:
        """SCardStatus."""
        reader = self.table.of(handle)
        if reader is None:
            return Rv.INVALID_VALUE
        rv = reader.check(handle)
        return reader.handles[handle] if rv is Rv.SUCCESS else rv

    def may_transmit(self, ask: Transmit) -> tuple[Rv, Reader | None]:
        """Whether SCardTransmit may go to the card now, and whose."""
        reader = self.table.of(ask.card)
        if reader is None:
            return Rv.INVALID_VALUE, None
        if reader.owner not in (0, ask.card):
            return Rv.SHARING_VIOLATION, None
        event = reader.handles[ask.card]
        if event is not SUCCESS:
            return event, None
        protocol = ask.send_protocol
        if protocol != RAW:
            if reader.state is ABSENT:
                return Rv.NO_SMARTCARD, None
            if protocol not in (reader.protocol, ANY_OLD):
                return Rv.PROTO_MISMATCH, None
        return SUCCESS, reader

    def transmitted(self, reader: Reader, response: bytes | None) -> tuple[Rv, bytes]:
        """What SCardTransmit answers when the card has answered, or kept silent."""
        if not reader.alive:
            return Rv.READER_UNAVAILABLE, b""
        if reader.state is ABSENT:
            return Rv.NO_SMARTCARD, b""
        return (Rv.NOT_TRANSACTED, b"") if response is None else (SUCCESS, response)

    def control(self, ask: Control) -> Steps[tuple[Rv, bytes]]:
        """SCardControl: the code and what the reader answered."""
        reader = self.table.of(ask.card)
        if reader is None:
            return Rv.INVALID_VALUE, b""
        rv = reader.check(ask.card)
        if rv is not Rv.SUCCESS:
            return rv, b""
        if reader.pinpad is None:
            return Rv.UNSUPPORTED_FEATURE, b""
        pinpad, slot = reader.pinpad, reader.slot
        answer = yield lambda: pinpad.control(ask.code, ask.data, slot.transmit)
        return (Rv.UNSUPPORTED_FEATURE, b"") if answer is None else (Rv.SUCCESS, answer)

    def get_attribute(self, ask: GetAttribute) -> tuple[Rv, bytes]:
        """SCardGetAttrib: the code and the value."""
        rv, reader = self._for_attribute(ask.card)
        if reader is None:
            return rv, b""
        rv, value = attributes.get(reader, ask.attribute)
        if len(value) > min(ask.length, MAX_ATTRIBUTE):
            return Rv.INSUFFICIENT_BUFFER, value
        return rv, value

    def set_attribute(self, card: int) -> Rv:
        """SCardSetAttrib: no attribute can be set, and vpcd's way to say so is this code."""
        rv, reader = self._for_attribute(card)
        return rv if reader is None else Rv.NOT_TRANSACTED

    def _for_attribute(self, card: int) -> tuple[Rv, Reader | None]:
        reader = self.table.of(card)
        rv = self.status(card)
        return rv, reader if rv is Rv.SUCCESS else None


def _connect_arguments(share: int, preferred: int) -> Rv:
    if share != Share.DIRECT and not preferred & Protocol.ASKABLE:
        return Rv.PROTO_MISMATCH
    return Rv.SUCCESS if share in set(Share) else Rv.INVALID_VALUE


def _negotiate(reader: Reader, share: int, preferred: int) -> Rv:
    """Set the reader's protocol if it has none; else the one it has must be among the preferred."""
    if preferred & Protocol.RAW:
        reader.protocol = Protocol.RAW
    elif share != Share.DIRECT and reader.protocol is Protocol.UNDEFINED:
        reader.protocol = protocols.choose(preferred, protocols.offered(reader.atr))
        return Rv.PROTO_MISMATCH if reader.protocol is Protocol.UNDEFINED else Rv.SUCCESS
    elif share != Share.DIRECT and not preferred & reader.protocol:
        return Rv.PROTO_MISMATCH
    return Rv.SUCCESS
