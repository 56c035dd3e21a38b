"""The answer to reset as a judge reads it (ISO/IEC 7816-3:2006, 8.2): apart from the card's own reader of it.

Every check answers 01 for yes and 00 for no; of bytes that cannot be read every check says no.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import xor

YES, NO = b"\x01", b"\x00"

RESERVED_FI = frozenset((7, 8, 14, 15))
RESERVED_DI = frozenset((0, 10, 11, 12, 13, 14, 15))
FIRST_OFFER = 15
"""T=15 qualifies global bytes and is no protocol."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Interface bytes by name (TA1, TB1, ...), protocols in the order of the TD bytes, and the rest."""

    interface: dict[str, int]
    protocols: tuple[int, ...]
    historical: bytes
    after: bytes
    """What stands behind the historical bytes: TCK, or nothing."""
    whole: bool


def read(atr: bytes) -> Reading:
    """What the bytes say; `whole` is false when fewer are there than are announced."""
    if len(atr) < 2:
        return Reading({}, (), b"", b"", False)
    interface: dict[str, int] = {}
    protocols: list[int] = []
    at, present, level = 2, atr[1] >> 4, 1
    while present:
        for bit, letter in enumerate("ABCD"):
            if present >> bit & 1:
                if at >= len(atr):
                    return Reading(interface, tuple(protocols), b"", b"", False)
                interface[f"T{letter}{level}"] = atr[at]
                at += 1
        following = interface.get(f"TD{level}")
        if following is None:
            break
        protocols.append(following & 0x0F)
        present, level = following >> 4, level + 1
    end = at + (atr[1] & 0x0F)
    return Reading(interface, tuple(protocols), atr[at:end], atr[end:], len(atr) >= end)


def _checks_itself(found: Reading) -> bool:
    """Whether TCK must be there: not when T=0 is all that is offered."""
    return any(protocol != 0 for protocol in found.protocols)


def _complete(atr: bytes) -> bool:
    found = read(atr)
    return found.whole and len(found.after) == int(_checks_itself(found))


def _tck(atr: bytes) -> bool:
    return _complete(atr) and (not _checks_itself(read(atr)) or reduce(xor, atr[1:]) == 0)


def _ascending(atr: bytes) -> bool:
    offered = [protocol for protocol in read(atr).protocols if protocol != FIRST_OFFER]
    return offered == sorted(offered)


def _ta1(atr: bytes) -> bool:
    value = read(atr).interface.get("TA1", 0x11)
    return value >> 4 not in RESERVED_FI and value & 0x0F not in RESERVED_DI


def _ifsc(atr: bytes) -> bool:
    """The first TA for T=1 from level 3 on (11.4.2)."""
    found = read(atr)
    for level, protocol in enumerate(found.protocols, 2):
        if protocol == 1 and level > 2 and f"TA{level}" in found.interface:
            return 1 <= found.interface[f"TA{level}"] <= 0xFE
    return True


def _historical(atr: bytes) -> bool:
    """COMPACT-TLV after category indicator 80 (ISO/IEC 7816-4:2013, 12.1.1); other categories are free."""
    found = read(atr).historical
    if not found or found[0] != 0x80:
        return True
    at = 1
    while at < len(found):
        at += 1 + (found[at] & 0x0F)
    return at == len(found)


def _checked(check: Callable[[bytes], bool]) -> Callable[[bytes], bytes]:
    return lambda atr: YES if check(atr) else NO


CHECKS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "atr_convention": (_checked(lambda atr: atr[:1] in (b"\x3b", b"\x3f")), "TS is 3B or 3F"),
    "atr_complete": (_checked(_complete), "as many characters as are announced"),
    "atr_tck": (_checked(_tck), "TCK is there if it must be, and right"),
    "atr_ascending": (_checked(_ascending), "protocols in ascending order"),
    "atr_ta1": (_checked(_ta1), "TA1 codes no reserved Fi or Di"),
    "atr_ifsc": (_checked(_ifsc), "the information field size for T=1 is 01 to FE"),
    "atr_historical": (_checked(_historical), "historical bytes of category 80 are COMPACT-TLV"),
    "atr_first_protocol": (lambda atr: bytes(read(atr).protocols[:1]) or NO, "number of the first protocol"),
}
