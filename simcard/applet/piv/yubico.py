"""The instructions that Yubico's tools need beside those of the standard; there only if the profile wants them.

NIST SP 800-73-4 leaves management of keys and counters to the issuer. What is here follows what a YubiKey answers
to `yubico-piv-tool` and `ykman`; all of it stands behind `yubico` in the options.
"""

from __future__ import annotations

from dataclasses import dataclass

from simcard.applet.base import Command, Context, expect
from simcard.applet.iso.keys import public_template
from simcard.applet.piv.attestation import attest
from simcard.applet.piv.authenticate import management_key
from simcard.applet.piv.keys import policy_of
from simcard.applet.piv.objects import holder_of
from simcard.applet.piv.options import PivOptions
from simcard.applet.piv.session import APPLICATION_PIN, PUK, pin_given, pin_of, require_management
from simcard.applet.piv.slots import (
    ATTESTATION,
    MANAGEMENT,
    SLOTS,
    SYMMETRIC,
    algorithm_of,
    home_of,
    pair_of,
    slot_of,
)
from simcard.hal.engine import Cipher
from simcard.key.secrets import Purpose, SecretKey
from simcard.wire import tlv
from simcard.wire.apdu import CommandApdu
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

DEFAULT_MANAGEMENT_KEY = bytes(range(1, 9)) * 3
"""Published by Yubico; triple DES before version 5.7, AES-192 from then on."""
AES_SINCE = (5, 7, 0)
DEFAULT_TRIES = 3
PIN_ALGORITHM = b"\xff"


def default_cipher(options: PivOptions) -> Cipher:
    """What kind of key the default management key is."""
    return Cipher.AES if options.version >= AES_SINCE else Cipher.TDES


def _expect_own(ctx: Context) -> None:
    """6A81 where the PINs and keys belong to another door, which this one must not reset."""
    expect(not ctx.session.options.container, SW.FUNCTION_NOT_SUPPORTED)


@dataclass(frozen=True, slots=True)
class GetVersion(Command):
    """GET VERSION (NIST SP 800-73-4 has none; this is Yubico's INS FD): three bytes."""

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1p2 == 0, SW.WRONG_P1P2)
        return cls()

    def run(self, ctx: Context) -> bytes:
        return bytes(ctx.session.options.version)


@dataclass(frozen=True, slots=True)
class GetSerial(Command):
    """GET SERIAL NUMBER (NIST SP 800-73-4 has none; this is Yubico's INS F8): four bytes."""

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1p2 == 0, SW.WRONG_P1P2)
        return cls()

    def run(self, ctx: Context) -> bytes:
        number: int = ctx.session.options.serial
        return number.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class GetMetadata(Command):
    """GET METADATA (NIST SP 800-73-4 has none; this is Yubico's INS F7): what may be told of a PIN or a key (P2).

    01 algorithm, 02 policies of PIN and touch, 03 origin, 04 public key, 05 whether it is the default, 06 tries in
    all and left.
    """

    reference: int

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 == 0, SW.WRONG_P1P2)
        return cls(apdu.p2)

    def run(self, ctx: Context) -> bytes:
        if self.reference in (APPLICATION_PIN, PUK):
            state = ctx.rooms.pins.state(pin_of(ctx, self.reference))
            tries = bytes((min(state.limit, 255), min(state.left, 255)))
            return tlv.build(((0x01, PIN_ALGORITHM), (0x05, bytes((state.default,))), (0x06, tries)))
        if self.reference == MANAGEMENT:
            return _management(ctx)
        return _pair(ctx, self.reference)


def _management(ctx: Context) -> bytes:
    key = management_key(ctx)
    kind = (Cipher(key.cipher), len(key.value))
    algorithm = next((number for number, each in SYMMETRIC.items() if each == kind and number), 0)
    default = key.value == Secret(DEFAULT_MANAGEMENT_KEY) and key.cipher == default_cipher(ctx.session.options)
    return tlv.build(((0x01, bytes((algorithm,))), (0x02, b"\0\1"), (0x05, bytes((default,)))))


def _pair(ctx: Context, reference: int) -> bytes:
    slot = slot_of(reference, ctx.session.options)
    pair = pair_of(ctx, slot, ctx.session.options)
    algorithm = None if pair is None else algorithm_of(pair)
    if pair is None or algorithm is None:
        raise Refused(SW.REFERENCE_NOT_FOUND)
    policy = policy_of(ctx, slot)
    public = tlv.parse(public_template(ctx, pair))[0].value
    policies = bytes((policy.pin, policy.touch))
    return tlv.build(((0x01, bytes((algorithm,))), (0x02, policies), (0x03, bytes((pair.origin,))), (0x04, public)))


@dataclass(frozen=True, slots=True)
class Attest(Command):
    """ATTEST (NIST SP 800-73-4 has none; this is Yubico's INS F9): a certificate for the key in slot P1."""

    reference: int

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p2 == 0 and apdu.p1 != ATTESTATION, SW.WRONG_P1P2)
        return cls(apdu.p1)

    def run(self, ctx: Context) -> bytes:
        return attest(ctx, slot_of(self.reference, ctx.session.options))


@dataclass(frozen=True, slots=True)
class SetManagementKey(Command):
    """SET MANAGEMENT KEY (NIST SP 800-73-4 has none; this is Yubico's INS FF): algorithm, 9B, length, key."""

    algorithm: int
    value: Secret
    secret_data = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 == 0xFF and apdu.p2 in (0xFF, 0xFE, 0xFD), SW.WRONG_P1P2)
        expect(len(apdu.data) > 3, SW.WRONG_LENGTH)
        algorithm, reference, length = apdu.data[:3]
        expect(algorithm in SYMMETRIC and reference == MANAGEMENT, SW.WRONG_DATA)
        expect(length == len(apdu.data) - 3 == SYMMETRIC[algorithm][1], SW.WRONG_LENGTH)
        return cls(algorithm, Secret(apdu.data[3:]))

    def run(self, ctx: Context) -> bytes:
        require_management(ctx)
        _set_management(ctx, SYMMETRIC[self.algorithm][0], self.value)
        return b""


def _set_management(ctx: Context, cipher: Cipher, value: Secret) -> None:
    reference = ctx.session.options.management
    tries = ctx.rooms.secrets.counter(reference).limit
    # For proofs by the host only: what another door enciphers for anybody would answer this door's challenge.
    ctx.rooms.secrets.put(reference, SecretKey(cipher, Purpose.EXTERNAL, value), tries)


@dataclass(frozen=True, slots=True)
class SetPinRetries(Command):
    """SET PIN RETRIES (NIST SP 800-73-4 has none; this is Yubico's INS FA): P1 for the PIN, P2 for the PUK.

    Needs the management key and the PIN; both values become what they were when the card was made.
    """

    pin: int
    puk: int

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 > 0 and apdu.p2 > 0, SW.WRONG_P1P2)
        return cls(apdu.p1, apdu.p2)

    def run(self, ctx: Context) -> bytes:
        _expect_own(ctx)
        require_management(ctx)
        expect(pin_given(ctx), SW.SECURITY_STATUS)
        for reference, tries in ((APPLICATION_PIN, self.pin), (PUK, self.puk)):
            pin = pin_of(ctx, reference)
            ctx.rooms.pins.reset(pin, tries)
            ctx.card.expire(pin)
        return b""


@dataclass(frozen=True, slots=True)
class Reset(Command):
    """RESET (NIST SP 800-73-4 has none; this is Yubico's INS FB): an empty application, once PIN and PUK are blocked.

    The attestation key stays, as do the keys of other doors.
    """

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1p2 == 0, SW.WRONG_P1P2)
        return cls()

    def run(self, ctx: Context) -> bytes:
        _expect_own(ctx)
        pins = [pin_of(ctx, reference) for reference in (APPLICATION_PIN, PUK)]
        expect(not any(ctx.rooms.pins.state(pin).left for pin in pins), SW.CONDITIONS)
        for pin in pins:
            ctx.rooms.pins.reset(pin, DEFAULT_TRIES)
        options: PivOptions = ctx.session.options
        for slot in SLOTS.values():
            home = home_of(ctx, slot, options)
            if home is not None and slot.reference != ATTESTATION:
                ctx.rooms.containers.delete(home.container)
        holder = holder_of(ctx)
        if holder is not None:
            ctx.rooms.files.objects.free(holder)
        if options.management:
            _set_management(ctx, default_cipher(options), Secret(DEFAULT_MANAGEMENT_KEY))
        # Whoever proved the old values, in whichever channel, has proved nothing about the new ones.
        ctx.card.distrust()
        return b""
