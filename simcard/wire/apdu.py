"""Command and response APDUs (ISO/IEC 7816-3:2006, 12.1; ISO/IEC 7816-4:2013, 5.1).

All seven length forms are read: case 1, 2S, 2E, 3S, 3E, 4S and 4E. Ne is the number of response bytes the host
expects at most (256 for a short Le of 00, 65536 for an extended one), 0 when Le is absent.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from simcard.wire.status import SW

SHORT_NE = 256
EXTENDED_NE = 65536


class ApduError(ValueError):
    """The bytes are not a command APDU of any of the seven forms."""

    sw = SW.WRONG_LENGTH


class Ins(IntEnum):
    """Instruction codes of ISO/IEC 7816-4:2013 table 4, with parts 8 and 9."""

    DEACTIVATE_FILE = 0x04
    ERASE_RECORD = 0x0C
    ERASE_BINARY = 0x0E
    ERASE_BINARY_ODD = 0x0F
    VERIFY = 0x20
    VERIFY_ODD = 0x21
    MANAGE_SECURITY_ENVIRONMENT = 0x22
    CHANGE_REFERENCE_DATA = 0x24
    DISABLE_VERIFICATION = 0x26
    ENABLE_VERIFICATION = 0x28
    PERFORM_SECURITY_OPERATION = 0x2A
    RESET_RETRY_COUNTER = 0x2C
    ACTIVATE_FILE = 0x44
    GENERATE_KEY_PAIR = 0x46
    GENERATE_KEY_PAIR_ODD = 0x47
    MANAGE_CHANNEL = 0x70
    EXTERNAL_AUTHENTICATE = 0x82
    GET_CHALLENGE = 0x84
    GENERAL_AUTHENTICATE = 0x86
    GENERAL_AUTHENTICATE_ODD = 0x87
    INTERNAL_AUTHENTICATE = 0x88
    SEARCH_BINARY = 0xA0
    SEARCH_BINARY_ODD = 0xA1
    SEARCH_RECORD = 0xA2
    SELECT = 0xA4
    READ_BINARY = 0xB0
    READ_BINARY_ODD = 0xB1
    READ_RECORD = 0xB2
    READ_RECORD_ODD = 0xB3
    GET_RESPONSE = 0xC0
    ENVELOPE = 0xC2
    ENVELOPE_ODD = 0xC3
    GET_DATA = 0xCA
    GET_DATA_ODD = 0xCB
    WRITE_BINARY = 0xD0
    WRITE_BINARY_ODD = 0xD1
    WRITE_RECORD = 0xD2
    UPDATE_BINARY = 0xD6
    UPDATE_BINARY_ODD = 0xD7
    PUT_DATA = 0xDA
    PUT_DATA_ODD = 0xDB
    UPDATE_RECORD = 0xDC
    UPDATE_RECORD_ODD = 0xDD
    CREATE_FILE = 0xE0
    APPEND_RECORD = 0xE2
    DELETE_FILE = 0xE4
    TERMINATE_DF = 0xE6
    TERMINATE_EF = 0xE8
    TERMINATE_CARD = 0xFE


class CommandApdu(NamedTuple):
    """A command; `data` is its Nc bytes, `ne` the number of response bytes allowed.

    A named tuple, as every exchange makes one and a frozen dataclass takes four times as long.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    ne: int = 0
    extended: bool = False

    @property
    def p1p2(self) -> int:
        return self.p1 << 8 | self.p2

    @classmethod
    def parse(cls, raw: bytes) -> CommandApdu:
        """Read one command; raises `ApduError` when the length fields do not fit the bytes."""
        size = len(raw)
        if size < 4:
            raise ApduError(f"{size} bytes, a header has 4")
        if size == 4:
            return cls(*raw)
        cla, ins, p1, p2, lc = raw[:5]
        if size == 5:
            return cls(cla, ins, p1, p2, b"", lc or SHORT_NE)
        if not lc:
            return cls._extended(raw)
        end = 5 + lc
        if size == end:
            return cls(cla, ins, p1, p2, raw[5:])
        if size == end + 1:
            return cls(cla, ins, p1, p2, raw[5:end], raw[end] or SHORT_NE)
        raise ApduError(f"Lc says {lc}, {size - 5} bytes follow")

    @classmethod
    def _extended(cls, raw: bytes) -> CommandApdu:
        size = len(raw)
        if size < 7:
            raise ApduError("extended length field cut short")
        cla, ins, p1, p2 = raw[:4]
        value = int.from_bytes(raw[5:7], "big")
        if size == 7:
            return cls(cla, ins, p1, p2, ne=value or EXTENDED_NE, extended=True)
        end = 7 + value
        if not value:
            raise ApduError("extended Lc is 0 and data follow")
        if size == end:
            return cls(cla, ins, p1, p2, raw[7:], extended=True)
        if size == end + 2:
            ne = int.from_bytes(raw[end:], "big") or EXTENDED_NE
            return cls(cla, ins, p1, p2, raw[7:end], ne, extended=True)
        raise ApduError(f"Lc says {value}, {size - 7} bytes follow")

    def encode(self) -> bytes:
        """The shortest form that carries data and Ne (extended when `extended` is set)."""
        header = bytes((self.cla, self.ins, self.p1, self.p2))
        if self.extended or len(self.data) > 255 or self.ne > SHORT_NE:
            return header + self._extended_body()
        body = bytes((len(self.data),)) + self.data if self.data else b""
        return header + body + (bytes((self.ne & 0xFF,)) if self.ne else b"")

    def _extended_body(self) -> bytes:
        if len(self.data) > 0xFFFF:
            raise ApduError("more than 65535 bytes of data")
        body = b"\x00" if self.data or self.ne else b""
        if self.data:
            body += len(self.data).to_bytes(2, "big") + self.data
        return body + ((self.ne & 0xFFFF).to_bytes(2, "big") if self.ne else b"")


class ResponseApdu(NamedTuple):
    """A response: data and the status word."""

    data: bytes
    sw: int

    @classmethod
    def parse(cls, raw: bytes) -> ResponseApdu:
        if len(raw) < 2:
            raise ApduError(f"a response has 2 bytes or more, not {len(raw)}")
        return cls(raw[:-2], int.from_bytes(raw[-2:], "big"))

    def encode(self) -> bytes:
        return self.data + self.sw.to_bytes(2, "big")
