"""One flipped bit, found from the CRC it broke.

A last group that does not check is normally a commit that the power cut tore, and is then ignored. But if it
is one bit away from whole, it may as well be an acknowledged commit that a failing cell hit, and to ignore
that would give a PIN try back. Taking it as written is right in both cases: an unacknowledged commit may
have happened. CRC-32 tells the place of one flipped bit exactly; but garbage is the more likely to look one
bit away from something the longer it is, so only short groups (every counter, every PIN) are mended.
"""

from __future__ import annotations

from zlib import crc32

from simcard.nvm.layout import (
    GROUP_HEAD,
    GROUP_OVERHEAD,
    CorruptMemory,
    Group,
    align,
    apply_records,
    decode_group,
    decode_head,
)

MENDABLE = 256  # bytes of records

_ALL = 0xFFFFFFFF


def _after_zero(register: int) -> int:
    """The CRC register, without its complements, after one more byte of zero."""
    return crc32(b"\0", register ^ _ALL) ^ _ALL


_STEP = tuple(_after_zero(low) for low in range(256))
_LOW_BYTE = {step >> 24: low for low, step in enumerate(_STEP)}
_LAST_BYTE = {_STEP[1 << bit]: bit for bit in range(8)}


def flipped_bit(syndrome: int, length: int) -> tuple[int, int] | None:
    """(byte, bit) of the single flipped bit in `length` bytes that changes their CRC by `syndrome`.

    Walks from the last byte to the first, undoing one byte of the CRC register at a time.
    """
    for at in range(length - 1, -1, -1):
        bit = _LAST_BYTE.get(syndrome)
        if bit is not None:
            return at, bit
        low = _LOW_BYTE[syndrome >> 24]
        syndrome = (syndrome ^ _STEP[low]) << 8 & _ALL | low
    return None


def mend(bank: bytes, start: int) -> Group | None:
    """The group at `start` if it is whole but for one bit, in its head or in a short body, else None."""
    head = decode_head(bank[start : start + GROUP_HEAD])
    group = _mend_head(bank, start) if head is None else _mend_body(bank, start, *head)
    if group is None:
        return None
    try:
        apply_records(group.records, {})
    except CorruptMemory:
        return None
    return group


def _mend_body(bank: bytes, start: int, length: int, sequence: int) -> Group | None:
    end = start + GROUP_OVERHEAD + length
    if length > MENDABLE or end > len(bank):
        return None
    body = bank[start + GROUP_HEAD : end - 4]
    syndrome = crc32(body, crc32(bank[start : start + 8])) ^ int.from_bytes(bank[end - 4 : end], "big")
    if syndrome.bit_count() == 1:  # the flipped bit is in the CRC itself
        return Group(sequence, body, align(end))
    place = flipped_bit(syndrome, length)
    return None if place is None else Group(sequence, _flip(body, *place), align(end))


def _mend_head(bank: bytes, start: int) -> Group | None:
    raw = bank[start : start + GROUP_HEAD]
    if len(raw) < GROUP_HEAD:
        return None
    syndrome = crc32(raw[:8]) ^ int.from_bytes(raw[8:], "big")
    if syndrome.bit_count() == 1:
        mended = raw[:8] + crc32(raw[:8]).to_bytes(4, "big")
    else:
        place = flipped_bit(syndrome, 8)
        if place is None:
            return None
        mended = _flip(raw, *place)
    return decode_group(bank[:start] + mended + bank[start + GROUP_HEAD :], start)


def _flip(data: bytes, byte: int, bit: int) -> bytes:
    return data[:byte] + bytes((data[byte] ^ 1 << bit,)) + data[byte + 1 :]
