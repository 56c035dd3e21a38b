"""One piece of reference data: its value, its policy and how it is written in memory.

Policy and value share a record; the retry counter lives in a record of its own (`simcard.nvm.counter`) because it
is written before the comparison, whatever becomes of the command.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from enum import IntEnum, IntFlag
from typing import NamedTuple

from simcard.wire.secret import Secret

LOCAL = 0x80
"""Bit 8 of the reference byte: specific to a DF (ISO/IEC 7816-4:2013, table 70)."""

NUMBER = 0x1F

FORMAT = 1
_HEAD = struct.Struct(">BBBBBBBBB")


class Characters(IntEnum):
    """Which bytes a PIN may be made of."""

    ANY = 0
    DIGITS = 1
    PRINTABLE = 2


class Flag(IntFlag):
    """State of a reference that survives a reset."""

    ENABLED = 0x01
    MUST_CHANGE = 0x02


class PinId(NamedTuple):
    """Where a reference lives: the identifier of its DF (0 for global ones) and its number, 1 to 31.

    A named tuple, as each access rule looks one up.
    """

    scope: int
    number: int

    @property
    def key(self) -> bytes:
        return b"p" + struct.pack(">HB", self.scope, self.number)

    @property
    def counter_key(self) -> bytes:
        return b"q" + struct.pack(">HB", self.scope, self.number)

    @property
    def reference(self) -> int:
        """The reference byte as in P2 of VERIFY."""
        return self.number | (LOCAL if self.scope else 0)


GLOBAL = {number: PinId(0, number) for number in range(1, NUMBER + 1)}
"""The global references by their byte."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a value must look like. `pad` given: values are padded with it to `max_length`, on the wire too."""

    min_length: int = 4
    max_length: int = 16
    characters: Characters = Characters.ANY
    history: int = 0
    """How many former values a new one must differ from, the present one included."""
    pad: int | None = None

    def normalise(self, value: Secret) -> bytes:
        """The value without its padding."""
        raw = value.reveal()
        return raw if self.pad is None else raw.rstrip(bytes((self.pad,)))

    def allows(self, value: Secret) -> bool:
        """Length and characters of a new value fit."""
        raw = self.normalise(value)
        if not self.min_length <= len(raw) <= self.max_length:
            return False
        if self.characters is Characters.DIGITS:
            return raw.isdigit()
        if self.characters is Characters.PRINTABLE:
            return all(0x20 <= byte < 0x7F for byte in raw)
        return True


@dataclass(frozen=True, slots=True)
class Reference:
    """A record of reference data.

    `initial` is the value the card was made with; `unblock` is the number of the reference (of the same scope)
    that unblocks this one, 0 for none; `former` are earlier values, latest first.
    """

    value: Secret
    initial: Secret
    policy: Policy
    flags: Flag = Flag.ENABLED
    unblock: int = 0
    former: tuple[Secret, ...] = field(default=())

    def encode(self) -> bytes:
        policy = self.policy
        head = _HEAD.pack(
            FORMAT,
            self.flags,
            self.unblock,
            policy.min_length,
            policy.max_length,
            policy.characters,
            policy.history,
            policy.pad is not None,
            policy.pad or 0,
        )
        return head + b"".join(bytes((len(s),)) + s.reveal() for s in (self.value, self.initial, *self.former))

    @classmethod
    def decode(cls, record: bytes) -> Reference:
        version, flags, unblock, low, high, characters, history, padded, pad = _HEAD.unpack_from(record)
        if version != FORMAT:
            raise ValueError(f"reference data record of unknown version {version}")
        values: list[Secret] = []
        at = _HEAD.size
        while at < len(record):
            end = at + 1 + record[at]
            values.append(Secret(record[at + 1 : end]))
            at = end
        policy = Policy(low, high, Characters(characters), history, pad if padded else None)
        return cls(values[0], values[1], policy, Flag(flags), unblock, tuple(values[2:]))

    @property
    def is_default(self) -> bool:
        return self.value == self.initial

    def changed(self, value: Secret) -> Reference:
        """This record with a new value; the old one joins the history as far as the policy keeps it."""
        normal = Secret(self.policy.normalise(value))
        former = (self.value, *self.former)[: max(0, self.policy.history - 1)]
        return replace(self, value=normal, flags=self.flags & ~Flag.MUST_CHANGE, former=former)
