"""GET CHALLENGE, INTERNAL, EXTERNAL and MUTUAL AUTHENTICATE."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from simcard.applet.access import require_key
from simcard.applet.base import Command, Context, expect
from simcard.applet.iso.environment import AT, PRIVATE, PUBLIC, template
from simcard.applet.iso.signature import sign
from simcard.hal.engine import Cipher, Mode
from simcard.key.containers import Slot
from simcard.key.pair import Usage
from simcard.key.secrets import Purpose, SecretKey
from simcard.wire.access import Right
from simcard.wire.apdu import CommandApdu
from simcard.wire.status import SW, Refused, tries_left

MAX_CHALLENGE = 256
ASYMMETRIC = 0x80
"""Bit 8 of a key reference in P2: the low bits name the private key of a container, not a secret key."""


@dataclass(frozen=True, slots=True)
class GetChallenge(Command):
    """GET CHALLENGE (ISO/IEC 7816-4:2013, 11.5.3): Ne random bytes, good for one authentication."""

    length: int

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p2 == 0 and apdu.p1 == 0, SW.WRONG_P1P2)
        expect(not apdu.data and 1 <= apdu.ne <= MAX_CHALLENGE, SW.WRONG_LENGTH)
        return cls(apdu.ne)

    def run(self, ctx: Context) -> bytes:
        ctx.channel.challenge = ctx.rooms.noise.challenge.read(self.length)
        return ctx.channel.challenge


def _secret_reference(ctx: Context, p2: int) -> int:
    """A secret key from P2, or from the authentication template when P2 is 00."""
    return p2 or template(ctx, AT).get(PUBLIC, b"\0")[-1]


@dataclass(frozen=True, slots=True)
class InternalAuthenticate(Command):
    """INTERNAL AUTHENTICATE (ISO/IEC 7816-4:2013, 11.5.2): the card proves a secret or a private key.

    A secret key enciphers the challenge (whole blocks, ECB); a private key signs it as PSO COMPUTE DIGITAL
    SIGNATURE would. A secret key that also proves the host does not answer here (6984): whoever sent it the
    card's own challenge would get the proof from the card. Such a key is for MUTUAL AUTHENTICATE.
    """

    reference: int
    challenge: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 == 0, SW.WRONG_P1P2)
        expect(bool(apdu.data), SW.WRONG_LENGTH)
        return cls(apdu.p2, apdu.data)

    def run(self, ctx: Context) -> bytes:
        private = template(ctx, AT).get(PRIVATE) if not self.reference else None
        if self.reference & ASYMMETRIC or private:
            slot = Slot.of_reference(private[-1] if private else self.reference & 0x7F)
            pair = ctx.rooms.containers.require(slot)
            expect(Usage.AUTHENTICATE in pair.usage, SW.REFERENCE_DATA_UNUSABLE)
            require_key(ctx, pair, Right.USE)
            return sign(ctx, pair, template(ctx, AT), self.challenge)
        key = ctx.rooms.secrets.require(_secret_reference(ctx, self.reference), Purpose.INTERNAL)
        expect(Purpose.EXTERNAL not in key.purpose, SW.REFERENCE_DATA_UNUSABLE)
        return _ecb(ctx, key, self.challenge, encrypt=True)


def _ecb(ctx: Context, key: SecretKey, data: bytes, *, encrypt: bool) -> bytes:
    cipher = Cipher(key.cipher)
    expect(bool(data) and len(data) % cipher.block == 0, SW.WRONG_LENGTH)
    return ctx.rooms.crypto.cipher(cipher, Mode.ECB, key.value, b"", data, encrypt=encrypt)


@dataclass(frozen=True, slots=True)
class ExternalAuthenticate(Command):
    """EXTERNAL AUTHENTICATE (ISO/IEC 7816-4:2013, 11.5.4): the host proves a secret key.

    The data are the last challenge, a whole number of blocks, enciphered in ECB. Without data: the tries left.
    """

    reference: int
    proof: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 == 0, SW.WRONG_P1P2)
        if apdu.ne and apdu.data:
            return MutualAuthenticate(apdu.p2, apdu.data)
        return cls(apdu.p2, apdu.data)

    def run(self, ctx: Context) -> bytes:
        reference = _secret_reference(ctx, self.reference)
        key = ctx.rooms.secrets.require(reference, Purpose.EXTERNAL)
        proved = ctx.channel.security.keys
        if not self.proof:
            if reference in proved:
                return b""
            left = ctx.rooms.secrets.counter(reference).value
            raise Refused(tries_left(left) if left else SW.BLOCKED)
        challenge = ctx.channel.take_challenge()
        expected = _ecb(ctx, key, challenge, encrypt=True)
        proved.discard(reference)
        ctx.rooms.secrets.prove(reference, lambda: hmac.compare_digest(expected, self.proof))
        proved.add(reference)
        return b""


@dataclass(frozen=True, slots=True)
class MutualAuthenticate(Command):
    """MUTUAL AUTHENTICATE (ISO/IEC 7816-4:2013, 11.5.5; ISO/IEC 9798-2, three passes).

    The host sends e_K(its random || the card's challenge), both one cipher block, in CBC from a zero IV; the
    card answers e_K(the challenge || the host's random).
    """

    reference: int
    token: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        return ExternalAuthenticate.parse(apdu)

    def run(self, ctx: Context) -> bytes:
        reference = _secret_reference(ctx, self.reference)
        secrets, crypto = ctx.rooms.secrets, ctx.rooms.crypto
        key = secrets.require(reference, Purpose.EXTERNAL)
        cipher = Cipher(secrets.require(reference, Purpose.INTERNAL).cipher)
        challenge = ctx.channel.take_challenge()
        expect(len(self.token) == 2 * cipher.block, SW.WRONG_LENGTH)
        expect(len(challenge) == cipher.block, SW.CONDITIONS)
        iv = bytes(cipher.block)
        plain = crypto.cipher(cipher, Mode.CBC, key.value, iv, self.token, encrypt=False)
        host, echoed = plain[: cipher.block], plain[cipher.block :]
        ctx.channel.security.keys.discard(reference)
        secrets.prove(reference, lambda: hmac.compare_digest(echoed, challenge))
        ctx.channel.security.keys.add(reference)
        return crypto.cipher(cipher, Mode.CBC, key.value, iv, challenge + host, encrypt=True)
