"""What SCardGetAttrib tells of a reader.

vpcd gives the ATR under its IFD tag and nothing else, and pcscd adds the reader's name. The further attributes
here are those that CCID readers give and that programs ask for; integers are four bytes in host byte order.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from reader_bridge.pcscd.codes import MAX_EXTENDED, Attribute, Rv, State
from reader_bridge.pcscd.readers import Reader

VENDOR = b"simcard\0"
MODEL = b"simcard virtual reader\0"
VERSION = 0x01000000
INSERTED_AND_POWERABLE = 2
VIRTUAL_CHANNEL = 0x00F00000


def number(value: int) -> bytes:
    """A DWORD of an attribute."""
    return value.to_bytes(4, sys.byteorder)


def _atr(reader: Reader) -> bytes:
    return reader.atr if reader.state is not State.ABSENT else b""


def _presence(reader: Reader) -> bytes:
    return bytes((INSERTED_AND_POWERABLE if reader.state & State.PRESENT else 0,))


def _contacts(reader: Reader) -> bytes:
    return bytes((1 if reader.state & State.POWERED else 0,))


CONSTANTS: dict[int, bytes] = {
    Attribute.VENDOR_NAME: VENDOR,
    Attribute.VENDOR_IFD_TYPE: MODEL,
    Attribute.VENDOR_IFD_VERSION: number(VERSION),
    Attribute.MAX_IFSD: number(254),
    Attribute.POWER_MGMT_SUPPORT: number(0),
    Attribute.CHARACTERISTICS: number(0),
    Attribute.MAXINPUT: number(MAX_EXTENDED),
}
VALUES: dict[int, Callable[[Reader], bytes]] = {
    Attribute.IFD_ATR: _atr,
    Attribute.ATR_STRING: _atr,
    Attribute.VENDOR_IFD_SERIAL_NO: lambda reader: b"%08X\0" % reader.index,
    Attribute.CHANNEL_ID: lambda reader: number(VIRTUAL_CHANNEL | reader.index),
    Attribute.CURRENT_PROTOCOL_TYPE: lambda reader: number(reader.protocol),
    Attribute.ICC_PRESENCE: _presence,
    Attribute.ICC_INTERFACE_STATUS: _contacts,
    Attribute.DEVICE_UNIT: lambda reader: number(reader.index),
    Attribute.DEVICE_FRIENDLY_NAME: lambda reader: reader.name + b"\0",
    Attribute.DEVICE_SYSTEM_NAME: lambda reader: reader.name + b"\0",
}
NEEDS_CARD = frozenset({Attribute.IFD_ATR, Attribute.ATR_STRING})


def get(reader: Reader, tag: int) -> tuple[Rv, bytes]:
    """The code and the value of an attribute."""
    if tag in CONSTANTS:
        return Rv.SUCCESS, CONSTANTS[tag]
    if tag not in VALUES:
        return Rv.UNSUPPORTED_FEATURE, b""
    value = VALUES[tag](reader)
    if tag in NEEDS_CARD and not value:
        return Rv.NOT_TRANSACTED, b""
    return Rv.SUCCESS, value
