"""Commands for the PINs of PIV: 80 the application's PIN, 81 the PUK, 00 the global PIN.

On the wire a value is eight bytes, padded with FF (NIST SP 800-73-4 part 1, 2.4.3). A PIN that belongs to another
door may be longer; it is taken as it comes. What is presented is compared first, and a new value of a form no PIN has
is 6A80 only then: `ykman` blocks the PUK with such values.
"""

from __future__ import annotations

from dataclasses import dataclass

from simcard.applet.base import Command, Context, expect
from simcard.applet.iso.pins import verify
from simcard.applet.piv.session import APPLICATION_PIN, GLOBAL_PIN, PUK, pin_of
from simcard.pin.reference import PinId
from simcard.wire.apdu import CommandApdu
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused, tries_left

SIZE = 8
PAD = b"\xff"


def _value(raw: bytes) -> Secret:
    """A value without its padding."""
    return Secret(raw.rstrip(PAD))


def _halves(data: bytes) -> tuple[Secret, Secret]:
    expect(len(data) == 2 * SIZE, SW.WRONG_LENGTH)
    return _value(data[:SIZE]), _value(data[SIZE:])


@dataclass(frozen=True, slots=True)
class Verify(Command):
    """VERIFY (NIST SP 800-73-4 part 2, 3.2.1): compare (P1 00), ask for the tries left (no data), end (P1 FF)."""

    reference: int
    presented: Secret | None
    """The value, None to ask for the state."""
    size: int
    """Bytes it came in."""
    logout: bool
    secret_data = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 in (0x00, 0xFF), SW.WRONG_P1P2)
        expect(apdu.p2 in (APPLICATION_PIN, GLOBAL_PIN), SW.REFERENCE_NOT_FOUND)
        expect(not (apdu.data and apdu.p1), SW.WRONG_LENGTH)
        expect(not apdu.data or len(apdu.data) >= SIZE, SW.WRONG_LENGTH)
        return cls(apdu.p2, _value(apdu.data) if apdu.data else None, len(apdu.data), apdu.p1 == 0xFF)

    def run(self, ctx: Context) -> bytes:
        pin = pin_of(ctx, self.reference)
        if self.logout:
            ctx.channel.security.pins.discard(pin)
            ctx.session.fresh = False
            return b""
        if self.presented is None:
            return _state(ctx, pin)
        expect(self.size <= max(SIZE, ctx.rooms.pins.read(pin).policy.max_length), SW.WRONG_LENGTH)
        ctx.session.fresh = False
        verify(ctx, pin, self.presented)
        ctx.session.fresh = True
        return b""


def _state(ctx: Context, pin: PinId) -> bytes:
    state = ctx.rooms.pins.state(pin)
    if pin in ctx.channel.security.pins or not state.enabled:
        return b""
    raise Refused(tries_left(state.left) if state.left else SW.BLOCKED)


@dataclass(frozen=True, slots=True)
class ChangeReferenceData(Command):
    """CHANGE REFERENCE DATA (NIST SP 800-73-4 part 2, 3.2.2): the old value and the new one, eight bytes each."""

    reference: int
    old: Secret
    new: Secret
    secret_data = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 == 0x00, SW.WRONG_P1P2)
        expect(apdu.p2 in (APPLICATION_PIN, GLOBAL_PIN, PUK), SW.REFERENCE_NOT_FOUND)
        return cls(apdu.p2, *_halves(apdu.data))

    def run(self, ctx: Context) -> bytes:
        pin = pin_of(ctx, self.reference)
        ctx.channel.security.pins.discard(pin)
        ctx.session.fresh = False
        ctx.rooms.pins.verify(pin, self.old)
        ctx.rooms.pins.change(pin, self.new)
        ctx.card.expire(pin)
        if self.reference != PUK:
            ctx.channel.security.pins.add(pin)
        return b""


@dataclass(frozen=True, slots=True)
class ResetRetryCounter(Command):
    """RESET RETRY COUNTER (NIST SP 800-73-4 part 2, 3.2.3): the PUK and a new PIN, eight bytes each."""

    puk: Secret
    new: Secret
    secret_data = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 == 0x00, SW.WRONG_P1P2)
        expect(apdu.p2 == APPLICATION_PIN, SW.REFERENCE_NOT_FOUND)
        return cls(*_halves(apdu.data))

    def run(self, ctx: Context) -> bytes:
        pin, puk = pin_of(ctx, APPLICATION_PIN), pin_of(ctx, PUK)
        ctx.rooms.pins.verify(puk, self.puk)
        ctx.rooms.pins.unblock(pin, self.new)
        ctx.card.expire(pin)
        ctx.session.fresh = False
        return b""
