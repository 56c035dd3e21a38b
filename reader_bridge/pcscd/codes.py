"""Numbers of the PC/SC interface as pcsc-lite 1.9.9 and 2.x define them (pcsclite.h, reader.h, winscard_msg.h).

Rules: names are the header's without their common prefix; nothing here computes.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

MAX_READER_NAME = 128
MAX_ATR = 33
MAX_READERS = 16
MAX_ATTRIBUTE = 264
MAX_EXTENDED = 4 + 3 + (1 << 16) + 3 + 2
MAX_HANDLES = 200

EXCLUSIVE = -1
NO_CONTEXT = 0
LAST_CONTEXT = 1

VERSION_MAJOR = 4
OLDEST_MINOR = 2
NEWEST_MINOR = 5


class Rv(IntEnum):
    """Return codes that this service gives (pcsclite.h, SCARD_S_, SCARD_F_, SCARD_E_ and SCARD_W_)."""

    SUCCESS = 0x00000000
    INTERNAL_ERROR = 0x80100001
    CANCELLED = 0x80100002
    INVALID_HANDLE = 0x80100003
    INVALID_PARAMETER = 0x80100004
    NO_MEMORY = 0x80100006
    INSUFFICIENT_BUFFER = 0x80100008
    UNKNOWN_READER = 0x80100009
    SHARING_VIOLATION = 0x8010000B
    NO_SMARTCARD = 0x8010000C
    PROTO_MISMATCH = 0x8010000F
    INVALID_VALUE = 0x80100011
    NOT_TRANSACTED = 0x80100016
    READER_UNAVAILABLE = 0x80100017
    SERVICE_STOPPED = 0x8010001E
    UNSUPPORTED_FEATURE = 0x8010001F
    UNRESPONSIVE_CARD = 0x80100066
    UNPOWERED_CARD = 0x80100067
    RESET_CARD = 0x80100068
    REMOVED_CARD = 0x80100069


class Command(IntEnum):
    """Commands of the client/server protocol; 3, 0C and 0E are reserved and never sent."""

    ESTABLISH_CONTEXT = 0x01
    RELEASE_CONTEXT = 0x02
    CONNECT = 0x04
    RECONNECT = 0x05
    DISCONNECT = 0x06
    BEGIN_TRANSACTION = 0x07
    END_TRANSACTION = 0x08
    TRANSMIT = 0x09
    CONTROL = 0x0A
    STATUS = 0x0B
    CANCEL = 0x0D
    GET_ATTRIB = 0x0F
    SET_ATTRIB = 0x10
    VERSION = 0x11
    GET_READERS_STATE = 0x12
    WAIT_READER_STATE_CHANGE = 0x13
    STOP_WAITING_READER_STATE_CHANGE = 0x14
    GET_READER_EVENTS = 0x15


class Scope(IntEnum):
    """Scopes of a context; they make no difference."""

    USER = 0
    TERMINAL = 1
    SYSTEM = 2
    GLOBAL = 3


class Share(IntEnum):
    """How a connection shares its reader."""

    EXCLUSIVE = 1
    SHARED = 2
    DIRECT = 3


class Disposition(IntEnum):
    """What happens to the card when a connection or a transaction ends."""

    LEAVE = 0
    RESET = 1
    UNPOWER = 2
    EJECT = 3


class Protocol(IntFlag):
    """Transmission protocols; `ANY_OLD` is what very old programs ask for."""

    UNDEFINED = 0x0000
    T0 = 0x0001
    T1 = 0x0002
    RAW = 0x0004
    T15 = 0x0008
    ANY_OLD = 0x1000
    ASKABLE = 0x1007


class State(IntFlag):
    """State of a reader as clients read it."""

    UNKNOWN = 0x01
    ABSENT = 0x02
    PRESENT = 0x04
    SWALLOWED = 0x08
    POWERED = 0x10
    NEGOTIABLE = 0x20
    SPECIFIC = 0x40
    RUNNING = 0x34
    MUTE = 0x0C


class Attribute(IntEnum):
    """Tags of SCardGetAttrib; `IFD_ATR` is the tag IFD handlers use for the ATR."""

    IFD_ATR = 0x0303
    VENDOR_NAME = 0x00010100
    VENDOR_IFD_TYPE = 0x00010101
    VENDOR_IFD_VERSION = 0x00010102
    VENDOR_IFD_SERIAL_NO = 0x00010103
    CHANNEL_ID = 0x00020110
    MAX_IFSD = 0x00030125
    POWER_MGMT_SUPPORT = 0x00040131
    CHARACTERISTICS = 0x00060150
    MAXINPUT = 0x0007A007
    CURRENT_PROTOCOL_TYPE = 0x00080201
    ICC_PRESENCE = 0x00090300
    ICC_INTERFACE_STATUS = 0x00090301
    ATR_STRING = 0x00090303
    DEVICE_UNIT = 0x7FFF0001
    DEVICE_FRIENDLY_NAME = 0x7FFF0003
    DEVICE_SYSTEM_NAME = 0x7FFF0004
