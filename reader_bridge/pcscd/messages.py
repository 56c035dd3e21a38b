"""The messages between libpcsclite and its service, protocol versions 4:2 to 4:5, as byte layouts.

Source: winscard_msg.h and eventhandler.h of pcsc-lite 1.9.9 and 2.3.3. Rules:
- Integers are in host byte order and every structure is padded as C pads it. The widths are fixed by the
  protocol, so 32-bit clients of a 64-bit service work.
- Every request is a header and a body; a reply is the body alone, with its fields filled in.
- `construct` defines every layout. Header, transmit, status and the reader table also have `struct` twins
  (`FAST_*`), because those travel with every APDU.
- 4:2 stands for pcsc-lite 1.8.4 to 1.8.8. Releases before 1.8.4 announce 4:2 too, with reader names of
  100 bytes, and nothing tells them apart before it is too late; they are not served.
"""

from __future__ import annotations

import struct
from typing import Any

from construct import Bytes, Construct, Int32sn, Int32un, Padding
from construct import Struct as Layout

from reader_bridge.pcscd.codes import MAX_ATR, MAX_ATTRIBUTE, MAX_READER_NAME, Command

HEADER = Layout("size" / Int32un, "command" / Int32un)
FAST_HEADER = struct.Struct("=II")

VERSION = Layout("major" / Int32sn, "minor" / Int32sn, "rv" / Int32un)
ESTABLISH = Layout("scope" / Int32un, "context" / Int32un, "rv" / Int32un)
RELEASE = Layout("context" / Int32un, "rv" / Int32un)
CONNECT = Layout(
    "context" / Int32un,
    "reader" / Bytes(MAX_READER_NAME),
    "share_mode" / Int32un,
    "protocols" / Int32un,
    "card" / Int32sn,
    "active_protocol" / Int32un,
    "rv" / Int32un,
)
RECONNECT = Layout(
    "card" / Int32sn,
    "share_mode" / Int32un,
    "protocols" / Int32un,
    "initialization" / Int32un,
    "active_protocol" / Int32un,
    "rv" / Int32un,
)
DISCONNECT = Layout("card" / Int32sn, "disposition" / Int32un, "rv" / Int32un)
BEGIN = Layout("card" / Int32sn, "rv" / Int32un)
END = Layout("card" / Int32sn, "disposition" / Int32un, "rv" / Int32un)
TRANSMIT = Layout(
    "card" / Int32sn,
    "send_protocol" / Int32un,
    "send_pci_length" / Int32un,
    "send_length" / Int32un,
    "receive_protocol" / Int32un,
    "receive_pci_length" / Int32un,
    "receive_length" / Int32un,
    "rv" / Int32un,
)
FAST_TRANSMIT = struct.Struct("=iIIIIIII")
CONTROL = Layout(
    "card" / Int32sn,
    "code" / Int32un,
    "send_length" / Int32un,
    "receive_length" / Int32un,
    "returned" / Int32un,
    "rv" / Int32un,
)
STATUS = Layout("card" / Int32sn, "rv" / Int32un)
CANCEL = Layout("context" / Int32un, "rv" / Int32un)
ATTRIBUTE = Layout(
    "card" / Int32sn,
    "attribute" / Int32un,
    "value" / Bytes(MAX_ATTRIBUTE),
    "length" / Int32un,
    "rv" / Int32un,
)
WAIT = Layout("timeout" / Int32un, "rv" / Int32un)
FAST_WAIT = struct.Struct("=II")
READER_EVENTS = Layout("events" / Int32un, "rv" / Int32un)
READER_STATE = Layout(
    "name" / Bytes(MAX_READER_NAME),
    "event_counter" / Int32un,
    "state" / Int32un,
    "sharing" / Int32sn,
    "atr" / Bytes(MAX_ATR),
    Padding(3),
    "atr_length" / Int32un,
    "protocol" / Int32un,
)
FAST_READER_STATE = struct.Struct("=128sIIi33s3xII")

BODIES: dict[Command, Construct[Any, Any]] = {
    Command.ESTABLISH_CONTEXT: ESTABLISH,
    Command.RELEASE_CONTEXT: RELEASE,
    Command.CONNECT: CONNECT,
    Command.RECONNECT: RECONNECT,
    Command.DISCONNECT: DISCONNECT,
    Command.BEGIN_TRANSACTION: BEGIN,
    Command.END_TRANSACTION: END,
    Command.TRANSMIT: TRANSMIT,
    Command.CONTROL: CONTROL,
    Command.STATUS: STATUS,
    Command.CANCEL: CANCEL,
    Command.GET_ATTRIB: ATTRIBUTE,
    Command.SET_ATTRIB: ATTRIBUTE,
    Command.VERSION: VERSION,
}
"""Commands whose body is always there; the others have none, or from clients older than 4:4 a `WAIT`."""

OPTIONAL_BODIES: dict[Command, frozenset[int]] = {
    Command.GET_READERS_STATE: frozenset({0}),
    Command.WAIT_READER_STATE_CHANGE: frozenset({0, FAST_WAIT.size}),
    Command.STOP_WAITING_READER_STATE_CHANGE: frozenset({0, FAST_WAIT.size}),
    Command.GET_READER_EVENTS: frozenset({0}),
}
"""Body sizes of commands that need no body."""
