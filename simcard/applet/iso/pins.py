"""Commands for reference data: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, ENABLE and DISABLE."""

from __future__ import annotations

from dataclasses import dataclass

from simcard.applet.base import Command, Context, expect
from simcard.applet.iso.session import current_df
from simcard.pin.reference import Flag, PinId
from simcard.wire import tlv
from simcard.wire.apdu import CommandApdu, Ins
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused, tries_left

IMPLICIT = 0x01
"""The reference P2 = 00, "no information given", stands for."""


def _reference(apdu: CommandApdu) -> int:
    expect(apdu.p2 & 0x60 == 0, SW.WRONG_P1P2)
    return apdu.p2 or IMPLICIT


def resolve(ctx: Context, reference: int) -> PinId:
    """The reference a P2 byte means in the current DF."""
    return ctx.rooms.pins.resolve(reference, ctx.rooms.files.tree.ancestry(current_df(ctx).number))


def verify(ctx: Context, pin: PinId, presented: Secret) -> None:
    """Compare and note success; a wrong value also ends a success noted earlier (11.5.6)."""
    ctx.channel.security.pins.discard(pin)
    reference = ctx.rooms.pins.verify(pin, presented)
    # A value that must be changed opens nothing but its own change.
    expect(Flag.MUST_CHANGE not in reference.flags, SW.CONDITIONS)
    ctx.channel.security.pins.add(pin)


VERIFICATION_DATA, BIOMETRIC_TEMPLATE, EXTENDED_HEADERS = 0x5F2E, 0x7F2E, 0x4D


def _verification_data(data: bytes) -> Secret:
    """The value of the one verification data object in the data of VERIFY with INS 21.

    6A81 for what this card has no reference data or no sensor for: biometric templates, and the extended header list
    that comes with an empty object when a sensor on the card is to be read. 6A80 for anything else.
    """
    expect(bool(data), SW.WRONG_LENGTH)
    try:
        found = tlv.parse(data)
    except tlv.TlvError:
        raise Refused(SW.WRONG_DATA) from None
    foreign = any(item.tag in (BIOMETRIC_TEMPLATE, EXTENDED_HEADERS) for item in found)
    expect(not foreign, SW.FUNCTION_NOT_SUPPORTED)
    expect(len(found) == 1 and found[0].tag == VERIFICATION_DATA and bool(found[0].value), SW.WRONG_DATA)
    return Secret(found[0].value)


@dataclass(frozen=True, slots=True)
class Verify(Command):
    """VERIFY (ISO/IEC 7816-4:2013, 11.5.6): compare (P1 00), ask for the state (no data), or log out (P1 FF).

    INS 20 brings the value itself, INS 21 a verification data object, which is never a question or a log-out.
    """

    reference: int
    presented: Secret
    logout: bool
    secret_data = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        if apdu.ins == Ins.VERIFY_ODD:
            expect(apdu.p1 == 0x00, SW.WRONG_P1P2)
            return cls(_reference(apdu), _verification_data(apdu.data), False)
        expect(apdu.p1 in (0x00, 0xFF), SW.WRONG_P1P2)
        expect(apdu.p1 == 0x00 or not apdu.data, SW.WRONG_LENGTH)
        return cls(_reference(apdu), Secret(apdu.data), apdu.p1 == 0xFF)

    def run(self, ctx: Context) -> bytes:
        pin = resolve(ctx, self.reference)
        if self.logout:
            ctx.channel.security.pins.discard(pin)
            return b""
        if not self.presented.reveal():
            return self._tell(ctx, pin)
        expect(Flag.ENABLED in ctx.rooms.pins.read(pin).flags, SW.REFERENCE_DATA_UNUSABLE)
        verify(ctx, pin, self.presented)
        return b""

    @staticmethod
    def _tell(ctx: Context, pin: PinId) -> bytes:
        state = ctx.rooms.pins.state(pin)
        if pin in ctx.channel.security.pins or not state.enabled:
            return b""
        raise Refused(tries_left(state.left) if state.left else SW.BLOCKED)


@dataclass(frozen=True, slots=True)
class ChangeReferenceData(Command):
    """CHANGE REFERENCE DATA (ISO/IEC 7816-4:2013, 11.5.7): old and new value (P1 00), or the new one (P1 01).

    The old value is as long as the reference's own, or padded to the full length where its policy pads. With P1 01
    the reference must have been verified in this channel.
    """

    reference: int
    with_old: bool
    data: Secret
    secret_data = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 in (0x00, 0x01), SW.WRONG_P1P2)
        expect(bool(apdu.data), SW.WRONG_LENGTH)
        return cls(_reference(apdu), apdu.p1 == 0x00, Secret(apdu.data))

    def run(self, ctx: Context) -> bytes:
        pin = resolve(ctx, self.reference)
        new = self.data
        if self.with_old:
            old, new = split(ctx, pin, self.data)
            ctx.channel.security.pins.discard(pin)
            ctx.rooms.pins.verify(pin, old)
        else:
            expect(pin in ctx.channel.security.pins, SW.SECURITY_STATUS)
        ctx.rooms.pins.change(pin, new)
        ctx.card.expire(pin)
        ctx.channel.security.pins.add(pin)
        return b""


def split(ctx: Context, pin: PinId, data: Secret) -> tuple[Secret, Secret]:
    """First and second value of a concatenation, the first belonging to `pin`."""
    reference, raw = ctx.rooms.pins.read(pin), data.reveal()
    padded = reference.policy.pad is not None
    size = reference.policy.max_length if padded else len(reference.value)
    return Secret(raw[:size]), Secret(raw[size:])


@dataclass(frozen=True, slots=True)
class ResetRetryCounter(Command):
    """RESET RETRY COUNTER (ISO/IEC 7816-4:2013, 11.5.10).

    P1 00 unblock key and new value, 01 unblock key, 02 new value, 03 nothing; without the unblock key in the
    data it must have been verified in this channel.
    """

    reference: int
    with_code: bool
    with_new: bool
    data: Secret
    secret_data = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 <= 0x03, SW.WRONG_P1P2)
        expect(bool(apdu.data) == (apdu.p1 != 0x03), SW.WRONG_LENGTH)
        return cls(_reference(apdu), apdu.p1 in (0, 1), apdu.p1 in (0, 2), Secret(apdu.data))

    def run(self, ctx: Context) -> bytes:
        pins = ctx.rooms.pins
        pin = resolve(ctx, self.reference)
        unblock = pins.read(pin).unblock
        expect(unblock != 0, SW.FUNCTION_NOT_SUPPORTED)
        key = PinId(pin.scope, unblock)
        new = self.data
        if self.with_code:
            code, new = split(ctx, key, self.data)
            expect(self.with_new or not new.reveal(), SW.WRONG_LENGTH)
            pins.verify(key, code)
        else:
            expect(key in ctx.channel.security.pins, SW.SECURITY_STATUS)
        pins.unblock(pin, new if self.with_new else None)
        ctx.card.expire(pin)
        return b""


@dataclass(frozen=True, slots=True)
class SwitchVerification(Command):
    """ENABLE and DISABLE VERIFICATION REQUIREMENT (ISO/IEC 7816-4:2013, 11.5.8 and 11.5.9).

    P1 00 with the value in the data, 01 without: then it must have been verified in this channel.
    """

    reference: int
    on: bool
    presented: Secret
    secret_data = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 in (0x00, 0x01), SW.WRONG_P1P2)
        expect(bool(apdu.data) == (apdu.p1 == 0), SW.WRONG_LENGTH)
        return cls(_reference(apdu), apdu.ins == Ins.ENABLE_VERIFICATION, Secret(apdu.data))

    def run(self, ctx: Context) -> bytes:
        pin = resolve(ctx, self.reference)
        enabled = ctx.rooms.pins.state(pin).enabled
        expect(enabled != self.on, SW.CONDITIONS)
        # A value that must be changed opens nothing, so it cannot be done without either.
        expect(self.on or Flag.MUST_CHANGE not in ctx.rooms.pins.read(pin).flags, SW.CONDITIONS)
        if self.presented.reveal():
            ctx.rooms.pins.verify(pin, self.presented)
        else:
            expect(pin in ctx.channel.security.pins, SW.SECURITY_STATUS)
        ctx.rooms.pins.set_flag(pin, Flag.ENABLED, self.on)
        return b""
