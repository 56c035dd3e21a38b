"""The class byte (ISO/IEC 7816-4:2013, 5.4.1, tables 2 and 3).

`000x xxxx` first interindustry: bit 5 chaining, bits 4-3 secure messaging, bits 2-1 channel 0 to 3.
`01xx xxxx` further interindustry: bit 6 secure messaging, bit 5 chaining, bits 4-1 channel 4 to 19.
`1xxx xxxx` proprietary, read like the interindustry class with bit 8 clear; FF is invalid.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from simcard.wire.status import SW

MAX_CHANNELS = 20


class ClaError(ValueError):
    """The class byte is reserved (001x xxxx) or invalid (FF)."""

    sw = SW.CLA_NOT_SUPPORTED


class SecureMessaging(Enum):
    NONE = 0
    PROPRIETARY = 1
    HEADER_NOT_AUTHENTICATED = 2
    HEADER_AUTHENTICATED = 3


@dataclass(frozen=True, slots=True)
class Cla:
    proprietary: bool
    chaining: bool
    secure_messaging: SecureMessaging
    channel: int


@lru_cache(maxsize=256)
def decode(cla: int) -> Cla:
    """The meaning of a class byte; raises `ClaError`."""
    if cla == 0xFF:
        raise ClaError("CLA FF is invalid")
    proprietary, low = bool(cla & 0x80), cla & 0x7F
    if low & 0x40:
        messaging = SecureMessaging.HEADER_NOT_AUTHENTICATED if low & 0x20 else SecureMessaging.NONE
        return Cla(proprietary, bool(low & 0x10), messaging, 4 + (low & 0x0F))
    if low & 0x20:
        raise ClaError(f"CLA {cla:02X} is reserved")
    return Cla(proprietary, bool(low & 0x10), SecureMessaging(low >> 2 & 3), low & 3)


def encode(channel: int, chaining: bool = False, proprietary: bool = False) -> int:
    """The class byte for a channel without secure messaging."""
    if not 0 <= channel < MAX_CHANNELS:
        raise ClaError(f"channel {channel} is not 0 to {MAX_CHANNELS - 1}")
    base = channel if channel < 4 else 0x40 | (channel - 4)
    return base | (0x10 if chaining else 0) | (0x80 if proprietary else 0)
