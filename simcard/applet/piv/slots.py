"""The key slots of PIV and where each of them lives in this card (NIST SP 800-73-4 part 1, tables 4 and 5).

A slot's pair and certificate are those of a container. On a card made for PIV each slot has a container of its
own, "PIV 9A" and so on, which comes into being with its first key or certificate. On a card whose keys belong to
another door (`container` in the options) 9A and 9C are its signing pair and 9D is its exchange pair, so that what
is renewed through one door is seen through all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from simcard.applet.base import Context
from simcard.applet.piv.options import PivOptions
from simcard.hal.engine import Cipher, KeyKind
from simcard.key.containers import Slot
from simcard.key.pair import KeyPair, Role
from simcard.wire.status import SW, Refused

MANAGEMENT = 0x9B
ATTESTATION = 0xF9

Asymmetric = tuple[KeyKind, int]

ASYMMETRIC: dict[int, Asymmetric] = {
    0x05: (KeyKind.RSA, 3072),
    0x06: (KeyKind.RSA, 1024),
    0x07: (KeyKind.RSA, 2048),
    0x11: (KeyKind.P256, 256),
    0x14: (KeyKind.P384, 384),
    0x16: (KeyKind.RSA, 4096),
}
"""Kind and bits by algorithm identifier (NIST SP 800-78-5, table 6-2); 16 is Yubico's number for RSA-4096."""

SYMMETRIC: dict[int, tuple[Cipher, int]] = {
    0x00: (Cipher.TDES, 24),
    0x03: (Cipher.TDES, 24),
    0x08: (Cipher.AES, 16),
    0x0A: (Cipher.AES, 24),
    0x0C: (Cipher.AES, 32),
}
"""Cipher and key length in bytes by algorithm identifier; 00 also stands for three-key triple DES."""


class PinPolicy(IntEnum):
    """When the PIN must be given before the private key is used; the values are Yubico's."""

    DEFAULT = 0
    NEVER = 1
    ONCE = 2
    ALWAYS = 3


@dataclass(frozen=True, slots=True)
class PivSlot:
    """One slot: its key reference, the data object that shows its certificate, and its usual PIN policy."""

    reference: int
    role: Role
    certificate: int
    policy: PinPolicy = PinPolicy.ONCE

    @property
    def container(self) -> bytes:
        return b"PIV %02X" % self.reference


FIRST_RETIRED, LAST_RETIRED = 0x82, 0x95
FIRST_RETIRED_CERTIFICATE = 0x5FC10D

_ROWS = (
    PivSlot(0x9A, Role.SIGN, 0x5FC105),
    PivSlot(0x9C, Role.SIGN, 0x5FC10A, PinPolicy.ALWAYS),
    PivSlot(0x9D, Role.EXCHANGE, 0x5FC10B),
    PivSlot(0x9E, Role.SIGN, 0x5FC101, PinPolicy.NEVER),
    *(
        PivSlot(reference, Role.EXCHANGE, FIRST_RETIRED_CERTIFICATE + reference - FIRST_RETIRED)
        for reference in range(FIRST_RETIRED, LAST_RETIRED + 1)
    ),
    PivSlot(ATTESTATION, Role.SIGN, 0x5FFF01, PinPolicy.NEVER),
)

SLOTS: dict[int, PivSlot] = {slot.reference: slot for slot in _ROWS}
"""All slots by key reference. F9, the attestation key, is there only with Yubico's extensions."""

BY_CERTIFICATE: dict[int, PivSlot] = {slot.certificate: slot for slot in _ROWS}

VIEWED: dict[int, Role] = {0x9A: Role.SIGN, 0x9C: Role.SIGN, 0x9D: Role.EXCHANGE}
"""The slots that show the pairs of another door's container."""


def slot_of(reference: int, options: PivOptions) -> PivSlot:
    """The slot with this key reference; 6A86 for none."""
    slot = SLOTS.get(reference)
    if slot is None or (reference == ATTESTATION and not options.yubico):
        raise Refused(SW.WRONG_P1P2)
    return slot


def home_of(ctx: Context, slot: PivSlot, options: PivOptions) -> Slot | None:
    """Where the slot's pair and certificate live, None while its container does not exist."""
    viewed = bool(options.container) and slot.reference in VIEWED
    number = ctx.rooms.containers.by_name(options.container if viewed else slot.container)
    return None if number is None else Slot(number, slot.role)


def make_home(ctx: Context, slot: PivSlot, options: PivOptions) -> Slot:
    """The same, the container made if need be."""
    found = home_of(ctx, slot, options)
    return found or Slot(ctx.rooms.containers.create(slot.container), slot.role)


def pair_of(ctx: Context, slot: PivSlot, options: PivOptions) -> KeyPair | None:
    """The pair in the slot, None for an empty one."""
    home = home_of(ctx, slot, options)
    return None if home is None else ctx.rooms.containers.pair(home)


def certificate_of(ctx: Context, slot: PivSlot, options: PivOptions) -> bytes | None:
    """The certificate in the slot, DER."""
    home = home_of(ctx, slot, options)
    return None if home is None else ctx.rooms.containers.certificate(home)


def algorithm_of(pair: KeyPair) -> int | None:
    """The algorithm identifier of a pair; None for a kind PIV does not know, such as SM2."""
    wanted = (pair.kind, pair.bits)
    return next((number for number, (kind, bits) in ASYMMETRIC.items() if (kind.value, bits) == wanted), None)
