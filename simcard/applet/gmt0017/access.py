"""Access control (GM/T 0017-2012, 9.2): the device key, the PINs, and forgetting what was proved.

A PIN never comes in clear: the host enciphers the last random number under a key made of the PIN. Every proof, also
the MAC under an old PIN's key, is paid for with a try before it is looked at, so no command lets a PIN be guessed
for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from simcard.applet.base import Context, expect
from simcard.applet.gmt0017.applications import Application
from simcard.applet.gmt0017.command import GmtCommand
from simcard.applet.gmt0017.fields import Fields
from simcard.applet.gmt0017.protection import (
    BLOCK,
    WIDE,
    answers,
    answers_device,
    authentic,
    pin_key,
    recover,
    take_challenge,
)
from simcard.applet.gmt0017.session import opened, require_login, session_of
from simcard.key.secrets import Purpose, SecretKey
from simcard.pin.reference import Flag, PinId
from simcard.wire.gmt0017 import DeviceCipher, PinType
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

CIPHERS = frozenset(DeviceCipher)


def device_key(ctx: Context) -> tuple[int, SecretKey]:
    """Reference and value of the device authentication key; 6A88 for a card without one."""
    label = f"key:{session_of(ctx).switches.device_key}"
    reference = ctx.rooms.sheet.labels.get(label, 0)
    return reference, ctx.rooms.secrets.require(reference, Purpose.EXTERNAL)


def require_device(ctx: Context) -> None:
    """6982 unless the device key has been proved in this channel."""
    reference, _ = device_key(ctx)
    expect(reference in ctx.channel.security.keys, SW.SECURITY_STATUS)


def _cipher(fields: Fields) -> None:
    """P1-P2 name the cipher of the device key; this token has SM4 only."""
    expect(fields.apdu.p1 == 0 and fields.apdu.p2 in CIPHERS, SW.WRONG_P1P2)
    expect(fields.apdu.p2 == DeviceCipher.SM4, SW.FUNCTION_NOT_SUPPORTED)


@dataclass(frozen=True, slots=True)
class DevAuth(GmtCommand):
    """DevAuth (GM/T 0017-2012, 9.2; INS 10): the host proves the device key by enciphering the last random."""

    cryptogram: bytes

    @classmethod
    def read(cls, fields: Fields) -> Self:
        _cipher(fields)
        expect(fields.left == BLOCK, SW.WRONG_LENGTH)
        return cls(fields.rest())

    def act(self, ctx: Context) -> bytes:
        reference, key = device_key(ctx)
        challenge = take_challenge(ctx)
        proved = ctx.channel.security.keys
        proved.discard(reference)
        ctx.rooms.secrets.prove(reference, lambda: answers_device(ctx, key.value, challenge, self.cryptogram))
        proved.add(reference)
        return b""


@dataclass(frozen=True, slots=True)
class ChangeDevAuthKey(GmtCommand):
    """ChangeDevAuthKey (GM/T 0017-2012, 9.2; INS 12): the new device key under the old one, and a MAC."""

    cryptogram: bytes
    protected = True

    @classmethod
    def read(cls, fields: Fields) -> Self:
        _cipher(fields)
        return cls(_wrapped(fields))

    def act(self, ctx: Context) -> bytes:
        require_device(ctx)
        reference, old = device_key(ctx)
        challenge = take_challenge(ctx)
        expect(authentic(ctx, old.value, challenge), SW.SM_OBJECT_WRONG)
        new = recover(ctx, old.value, self.cryptogram)
        expect(len(new) == BLOCK, SW.WRONG_DATA)
        tries = ctx.rooms.secrets.counter(reference).limit
        ctx.rooms.secrets.put(reference, SecretKey(old.cipher, old.purpose, Secret(new)), tries)
        return b""


def _wrapped(fields: Fields) -> bytes:
    """A wrapped new value of one or two blocks, before the MAC."""
    fields.mac()
    expect(fields.left in (BLOCK, WIDE), SW.WRONG_LENGTH)
    return fields.rest()


def _type(fields: Fields) -> PinType:
    expect(fields.apdu.p1p2 in (PinType.ADMIN, PinType.USER), SW.WRONG_P1P2)
    return PinType(fields.apdu.p2)


def pin_of(application: Application, kind: PinType) -> PinId:
    return application.user if kind is PinType.USER else application.admin


@dataclass(frozen=True, slots=True)
class GetPinInfo(GmtCommand):
    """GetPINInfo (GM/T 0017-2012, 9.2; INS 14): tries in all, tries left, and whether the PIN is as delivered."""

    kind: PinType
    application: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        kind, application = _type(fields), fields.u2()
        fields.end()
        return cls(kind, application)

    def act(self, ctx: Context) -> bytes:
        state = ctx.rooms.pins.state(pin_of(opened(ctx, self.application), self.kind))
        return bytes((min(state.limit, 255), min(state.left, 255), state.default))


@dataclass(frozen=True, slots=True)
class VerifyPin(GmtCommand):
    """VerifyPIN (GM/T 0017-2012, 9.2; INS 18): the last random number enciphered under the PIN's key."""

    kind: PinType
    application: int
    cryptogram: bytes
    secret_data = True  # with the random number it would let a PIN be guessed at leisure

    @classmethod
    def read(cls, fields: Fields) -> Self:
        kind, application = _type(fields), fields.u2()
        expect(fields.left == BLOCK, SW.WRONG_LENGTH)
        return cls(kind, application, fields.rest())

    def act(self, ctx: Context) -> bytes:
        pin = pin_of(opened(ctx, self.application), self.kind)
        challenge = take_challenge(ctx)
        forms = session_of(ctx).switches.challenge_forms
        proved = ctx.channel.security.pins
        expect(Flag.ENABLED in ctx.rooms.pins.read(pin).flags, SW.REFERENCE_DATA_UNUSABLE)
        proved.discard(pin)
        reference = ctx.rooms.pins.prove(
            pin, lambda known: answers(ctx, pin_key(ctx, known.value), challenge, self.cryptogram, forms)
        )
        # A value that must be changed opens nothing but its own change.
        expect(Flag.MUST_CHANGE not in reference.flags, SW.CONDITIONS)
        proved.add(pin)
        return b""


def _prove_by_mac(ctx: Context, pin: PinId) -> Secret:
    """The MAC of this command proves a PIN; its key. A wrong one costs a try and the login."""
    challenge = take_challenge(ctx)
    held = pin in ctx.channel.security.pins
    ctx.channel.security.pins.discard(pin)
    known = ctx.rooms.pins.prove(pin, lambda known: authentic(ctx, pin_key(ctx, known.value), challenge))
    if held:
        ctx.channel.security.pins.add(pin)
    return pin_key(ctx, known.value)


def _new_pin(ctx: Context, key: Secret, cryptogram: bytes) -> Secret:
    return Secret(recover(ctx, key, cryptogram).rstrip(b"\0"))


@dataclass(frozen=True, slots=True)
class ChangePin(GmtCommand):
    """ChangePIN (GM/T 0017-2012, 9.2; INS 16): the new PIN under the old one's key, and a MAC with it."""

    kind: PinType
    application: int
    cryptogram: bytes
    protected = True
    secret_data = True

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(_type(fields), fields.u2(), _wrapped(fields))

    def act(self, ctx: Context) -> bytes:
        application = opened(ctx, self.application)
        pin = pin_of(application, self.kind)
        if session_of(ctx).switches.changepin_requires_login:
            require_login(ctx, pin, application.admin)
        held = pin in ctx.channel.security.pins
        key = _prove_by_mac(ctx, pin)
        ctx.rooms.pins.change(pin, _new_pin(ctx, key, self.cryptogram))
        ctx.card.expire(pin)
        if held:
            ctx.channel.security.pins.add(pin)
        return b""


@dataclass(frozen=True, slots=True)
class UnblockPin(GmtCommand):
    """UnblockPIN (GM/T 0017-2012, 9.2; INS 1A): a new user PIN under the administrator PIN's key, and a MAC."""

    application: int
    cryptogram: bytes
    protected = True
    secret_data = True

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        return cls(fields.u2(), _wrapped(fields))

    def act(self, ctx: Context) -> bytes:
        application = opened(ctx, self.application)
        if session_of(ctx).switches.changepin_requires_login:
            require_login(ctx, application.admin)
        key = _prove_by_mac(ctx, application.admin)
        ctx.rooms.pins.unblock(application.user, _new_pin(ctx, key, self.cryptogram))
        ctx.card.expire(application.user)
        return b""


@dataclass(frozen=True, slots=True)
class ClearSecureState(GmtCommand):
    """ClearSecureState (GM/T 0017-2012, 9.2; INS 1C): end the logins of an application; without data, all there is."""

    application: int | None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        application = fields.u2() if fields.left else None
        fields.end()
        return cls(application)

    def act(self, ctx: Context) -> bytes:
        if self.application is None:
            ctx.channel.security.clear()
            return b""
        application = opened(ctx, self.application)
        ctx.channel.security.pins -= {application.user, application.admin}
        return b""


def limits(value: int) -> int:
    """A retry limit of CreateApplication: 1 to 15, the most that 63Cx can tell."""
    if not 1 <= value <= 15:
        raise Refused(SW.WRONG_DATA)
    return value
