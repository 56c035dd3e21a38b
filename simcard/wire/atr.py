"""Answer to reset (ISO/IEC 7816-3:2006, 8.2) and historical bytes (ISO/IEC 7816-4:2013, 12.1.1).

`Atr.parse` reads the interface bytes into (TA, TB, TC) rows per level; `build` writes one. TCK is present unless
T=0 is the only protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import xor

MAX_ATR = 33


class AtrError(ValueError):
    """The bytes are not an answer to reset."""


@dataclass(frozen=True, slots=True)
class Level:
    """Interface bytes of one level; None where absent. `protocol` is T of the TD byte that announced it."""

    protocol: int | None
    ta: int | None = None
    tb: int | None = None
    tc: int | None = None


@dataclass(frozen=True, slots=True)
class Atr:
    ts: int
    levels: tuple[Level, ...]
    historical: bytes

    @property
    def protocols(self) -> tuple[int, ...]:
        """Offered protocols in order; T=0 when no TD byte says otherwise (8.2.3)."""
        offered = [level.protocol for level in self.levels if level.protocol not in (None, 15)]
        return tuple(dict.fromkeys(p for p in offered if p is not None)) or (0,)

    @classmethod
    def parse(cls, raw: bytes) -> Atr:
        if not 2 <= len(raw) <= MAX_ATR:
            raise AtrError(f"{len(raw)} bytes, an ATR has 2 to {MAX_ATR}")
        if raw[0] not in (0x3B, 0x3F):
            raise AtrError(f"TS is {raw[0]:02X}, not 3B or 3F")
        levels, at = _levels(raw)
        end = at + (raw[1] & 0x0F)
        atr = cls(raw[0], levels, raw[at:end])
        check = any(level.protocol not in (None, 0) for level in levels)
        if len(raw) != end + check:
            raise AtrError(f"{len(raw)} bytes where {end + check} are announced")
        if check and reduce(xor, raw[1:]):
            raise AtrError("TCK does not match")
        return atr


def _levels(raw: bytes) -> tuple[tuple[Level, ...], int]:
    levels: list[Level] = []
    protocol: int | None = None
    present, at = raw[1] >> 4, 2
    while True:
        values: list[int | None] = []
        for bit in (1, 2, 4, 8):
            if present & bit:
                if at >= len(raw):
                    raise AtrError("interface bytes cut short")
                values.append(raw[at])
                at += 1
            else:
                values.append(None)
        levels.append(Level(protocol, *values[:3]))
        following = values[3]
        if following is None:
            return tuple(levels), at
        protocol, present = following & 0x0F, following >> 4


def build(levels: tuple[Level, ...], historical: bytes, ts: int = 0x3B) -> bytes:
    """An ATR with these levels; the first level's `protocol` is ignored (it has no TD before it)."""
    if len(historical) > 15:
        raise AtrError("more than 15 historical bytes")
    body = bytearray()
    for number, level in enumerate(levels):
        following = levels[number + 1] if number + 1 < len(levels) else None
        row = (level.ta, level.tb, level.tc)
        mask = sum(1 << i for i, value in enumerate(row) if value is not None) | (8 if following else 0)
        if number:
            body[-1] |= mask << 4
        else:
            body.append(mask << 4 | len(historical))
        body += bytes(value for value in row if value is not None)
        if following:
            body.append((following.protocol or 0) & 0x0F)
    body += historical
    if any(level.protocol not in (None, 0) for level in levels):
        body.append(reduce(xor, body))
    return bytes((ts,)) + bytes(body)
