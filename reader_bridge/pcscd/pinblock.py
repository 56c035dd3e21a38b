"""Where and how a PIN goes into the template of a command (PC/SC part 10, 2.5.2; USB CCID 1.1, 6.1.11).

`bmFormatString`: bit 7 units of the position (1 bytes, 0 bits), bits 6-3 position after the command header,
bit 2 justification (1 right), bits 1-0 the type: 0 binary, 1 BCD, 2 ASCII.
`bmPINBlockString`: bits 7-4 size of the PIN length field in bits, bits 3-0 size of the PIN block in bytes.
`bmPINLengthFormat`: bit 4 units of the length field's position (1 bytes), bits 3-0 that position.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from simcard.wire.secret import Secret

HEADER = 5
PAD = 0xFF


class TemplateError(ValueError):
    """The structure describes a place that a command does not have."""


class Coding(Enum):
    """How the digits are written."""

    BINARY = 0
    BCD = 1
    ASCII = 2


@dataclass(frozen=True, slots=True)
class PinFormat:
    """Positions in bits after the command header; `block` in bytes, 0 for as long as the PIN."""

    position: int
    right: bool
    coding: Coding
    block: int
    length_bits: int
    length_position: int

    @classmethod
    def parse(cls, form: int, block: int, length: int) -> PinFormat:
        """From bmFormatString, bmPINBlockString and bmPINLengthFormat."""
        if form & 3 == 3:
            raise TemplateError("PIN type 3 is reserved")
        return cls(
            position=(form >> 3 & 0x0F) * (8 if form & 0x80 else 1),
            right=bool(form & 4),
            coding=Coding(form & 3),
            block=block & 0x0F,
            length_bits=block >> 4,
            length_position=(length & 0x0F) * (8 if length & 0x10 else 1),
        )


def digits(pin: Secret, coding: Coding) -> bytes:
    """The PIN as it is written; BCD fills the last half byte with F."""
    value = pin.reveal()
    if coding is not Coding.BCD:
        return value
    if not value.isdigit():
        raise TemplateError("a PIN in BCD has digits only")
    return bytes.fromhex((value + b"F" * (len(value) % 2)).decode())


def place(form: PinFormat, template: bytes, pin: Secret, offset: int = 0) -> bytes:
    """The command with the PIN in it.

    `offset` (bytes after the header) is added to the position. Without a block size the template's data grow
    by the PIN and Lc is set; with one, the template's own bytes around the PIN stay, FF where it has none.
    """
    if len(template) < HEADER - 1:
        raise TemplateError("no command header")
    command = bytearray(template[: HEADER - 1])
    data = bytearray(template[HEADER:])
    written = digits(pin, form.coding)
    block = form.block or len(written)
    if len(written) > block:
        raise TemplateError("the PIN is longer than its block")
    start = form.position + 8 * offset
    end = -(-start // 8) + block if start % 8 == 0 else start // 8 + 1 + block
    data.extend(bytes((PAD,)) * (end - len(data)))
    shift = 8 * (block - len(written)) if form.right else 0
    _write(data, start + shift, written, 8 * len(written))
    if form.length_bits:
        _write_number(data, form.length_position, len(pin), form.length_bits)
    return bytes(command + bytes((len(data),)) + data)


def _write(data: bytearray, position: int, value: bytes, bits: int) -> None:
    _write_number(data, position, int.from_bytes(value, "big"), bits)


def _write_number(data: bytearray, position: int, value: int, bits: int) -> None:
    """Write `bits` bits at a bit position, most significant first."""
    room = 8 * len(data) - position - bits
    if room < 0 or value >> bits:
        raise TemplateError("the field is outside the command")
    mask = ((1 << bits) - 1) << room
    whole = int.from_bytes(data, "big") & ~mask | value << room
    data[:] = whole.to_bytes(len(data), "big")
