"""Which transmission protocol a connection gets: pcscd's reading of the ATR and its choice.

Rules:
- pcscd reads interface bytes only: no check byte, no length of the historical bytes. An ATR that the card
  grammar would refuse may still give a protocol here, as it does with pcscd.
- Choice: T=1 if the card and the program both allow it, else T=0 (prothandler.c).
"""

from __future__ import annotations

from reader_bridge.pcscd.codes import MAX_ATR, Protocol

BY_NUMBER = {0: Protocol.T0, 1: Protocol.T1, 15: Protocol.T15}


def offered(atr: bytes) -> Protocol:
    """The protocols an ATR offers (ISO/IEC 7816-3:2006, 8.2.3); UNDEFINED if it cannot be read.

    T=0 when no TD byte names one. TA2 (specific mode) leaves only the protocol it names.
    """
    if len(atr) < 2 or atr[0] not in (0x3B, 0x3F):
        return Protocol.UNDEFINED
    found, present, at, level = Protocol.UNDEFINED, atr[1] >> 4, 2, 1
    while present:
        row, at = _row(atr, present, at)
        if at > MAX_ATR:
            return Protocol.UNDEFINED
        ta, td = row[0], row[3]
        present = 0 if td is None else td >> 4
        if td is not None:
            if level == 1 and td & 0x0F not in (0, 1):
                return Protocol.UNDEFINED
            found |= BY_NUMBER.get(td & 0x0F, Protocol.UNDEFINED)
        if level == 2 and ta is not None:
            found = BY_NUMBER.get(ta & 0x0F, Protocol.UNDEFINED) & (Protocol.T0 | Protocol.T1)
            if not found:
                return found
        level += 1
    return found or Protocol.T0


def _row(atr: bytes, present: int, at: int) -> tuple[list[int | None], int]:
    """TA, TB, TC and TD of one level, and where the next one starts. Bytes beyond the end read as zero."""
    row: list[int | None] = []
    for bit in (1, 2, 4, 8):
        if not present & bit:
            row.append(None)
            continue
        row.append(atr[at] if at < len(atr) else 0)
        at += 1
    return row, at


def choose(preferred: int, available: Protocol) -> Protocol:
    """The protocol to use, UNDEFINED if none suits."""
    if preferred & Protocol.ANY_OLD:
        preferred = Protocol.T0 | Protocol.T1
    for protocol in (Protocol.T1, Protocol.T0):
        if preferred & available & protocol:
            return protocol
    return Protocol.UNDEFINED
