"""GENERAL AUTHENTICATE: everything PIV does with a key (NIST SP 800-73-4 part 2, 3.2.4 and appendix A).

The dynamic authentication template (7C) says what is wanted by which of its objects are there and empty:
80 witness, 81 challenge, 82 response, 85 exponentiation. A witness and a challenge are good for one try.
"""

from __future__ import annotations

from dataclasses import dataclass

from simcard.applet.access import require_key
from simcard.applet.base import Command, Context, expect
from simcard.applet.iso.signature import ALGORITHM_TAG, Scheme, sign
from simcard.applet.piv.der import ecdsa_der
from simcard.applet.piv.keys import policy_of, rule_here
from simcard.applet.piv.slots import ASYMMETRIC, MANAGEMENT, SYMMETRIC, PinPolicy, algorithm_of, pair_of, slot_of
from simcard.hal.engine import Cipher, CryptoFault, KeyKind, Mode
from simcard.key.pair import KeyPair, Usage
from simcard.key.secrets import Purpose, SecretKey
from simcard.wire import tlv
from simcard.wire.access import Right
from simcard.wire.apdu import CommandApdu
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

TEMPLATE, WITNESS, CHALLENGE, RESPONSE, EXPONENTIATION = 0x7C, 0x80, 0x81, 0x82, 0x85
RAW = bytes((Scheme.RAW << 4,))
ANY = 0x00
"""The algorithm identifier of a host that does not say which."""


def _answer(tag: int, value: bytes) -> bytes:
    return tlv.tlv(TEMPLATE, tlv.tlv(tag, value))


@dataclass(frozen=True, slots=True)
class GeneralAuthenticate(Command):
    """GENERAL AUTHENTICATE (NIST SP 800-73-4 part 2, 3.2.4): P1 algorithm, P2 key; one class for each use."""

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        known = SYMMETRIC if apdu.p2 == MANAGEMENT else ASYMMETRIC
        expect(apdu.p1 in known, SW.WRONG_P1P2)
        try:
            found = tlv.fields(tlv.find(apdu.data, TEMPLATE) or b"")
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None
        made = _management(apdu, found) if apdu.p2 == MANAGEMENT else _private(apdu, found)
        if made is None:
            raise Refused(SW.WRONG_DATA)
        return made

    def run(self, ctx: Context) -> bytes:  # pragma: no cover - parse gives one of the classes below
        raise AssertionError("parse chooses what to run")


def _management(apdu: CommandApdu, found: dict[int, bytes]) -> Command | None:
    """Which step of an authentication with the management key this is."""
    if found.get(WITNESS) and found.get(CHALLENGE):
        return MutualAnswer(apdu.p1, Secret(found[WITNESS]), found[CHALLENGE])
    if found.get(WITNESS) == b"" and not found.get(CHALLENGE):
        return AskWitness(apdu.p1)
    if found.get(RESPONSE) and not found.get(CHALLENGE):
        return SingleAnswer(apdu.p1, found[RESPONSE])
    return AskChallenge(apdu.p1) if found.get(CHALLENGE) == b"" else None


def _private(apdu: CommandApdu, found: dict[int, bytes]) -> Command | None:
    """Use of a private key; an empty response object asks for the result."""
    if found.get(RESPONSE) != b"":
        return None
    if found.get(EXPONENTIATION):
        return Agree(apdu.p1, apdu.p2, found[EXPONENTIATION])
    return UsePrivateKey(apdu.p1, apdu.p2, found[CHALLENGE]) if found.get(CHALLENGE) else None


# -- the card management key -----------------------------------------------------------------------------------


def management_key(ctx: Context, algorithm: int | None = None) -> SecretKey:
    """The management key, if it is one for this algorithm: 6A88 when there is none, 6A80 for another kind."""
    reference = ctx.session.options.management
    if not reference:
        raise Refused(SW.REFERENCE_NOT_FOUND)
    key = ctx.rooms.secrets.require(reference, Purpose.EXTERNAL)
    expect(algorithm is None or SYMMETRIC[algorithm] == (key.cipher, len(key.value)), SW.WRONG_DATA)
    return key


def _block(ctx: Context, key: SecretKey, data: bytes, *, encrypt: bool) -> bytes:
    return ctx.rooms.crypto.cipher(Cipher(key.cipher), Mode.ECB, key.value, b"", data, encrypt=encrypt)


def _proved(ctx: Context, *, ok: bool) -> None:
    """Note what came out; 6982 for a wrong proof. The key is long enough to need no retry counter (table 4)."""
    reference = ctx.session.options.management
    ctx.channel.security.keys.discard(reference)
    expect(ok, SW.SECURITY_STATUS)
    ctx.channel.security.keys.add(reference)


@dataclass(frozen=True, slots=True)
class AskChallenge(Command):
    """A challenge for the host to encipher (NIST SP 800-73-4 part 2, A.2, step 1).

    Asked for with algorithm 00 it is there for every key, and even without one: OpenSC takes its random numbers so.
    """

    algorithm: int

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        return GeneralAuthenticate.parse(apdu)

    def run(self, ctx: Context) -> bytes:
        if self.algorithm == ANY and not ctx.session.options.management:
            return _answer(CHALLENGE, ctx.rooms.noise.challenge.read(Cipher.TDES.block))
        key = management_key(ctx, None if self.algorithm == ANY else self.algorithm)
        ctx.session.witness = b""
        ctx.session.challenge = ctx.rooms.noise.challenge.read(Cipher(key.cipher).block)
        return _answer(CHALLENGE, ctx.session.challenge)


@dataclass(frozen=True, slots=True)
class SingleAnswer(Command):
    """The host's proof: the challenge, enciphered (NIST SP 800-73-4 part 2, A.2, step 2)."""

    algorithm: int
    response: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        return GeneralAuthenticate.parse(apdu)

    def run(self, ctx: Context) -> bytes:
        key = management_key(ctx, self.algorithm)
        challenge, ctx.session.challenge = ctx.session.challenge, b""
        expect(bool(challenge), SW.CONDITIONS)
        _proved(ctx, ok=Secret(_block(ctx, key, challenge, encrypt=True)) == Secret(self.response))
        return b""


@dataclass(frozen=True, slots=True)
class AskWitness(Command):
    """A witness, enciphered, for the host to decipher (NIST SP 800-73-4 part 2, A.1, step 1)."""

    algorithm: int

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        return GeneralAuthenticate.parse(apdu)

    def run(self, ctx: Context) -> bytes:
        key = management_key(ctx, self.algorithm)
        ctx.session.challenge = b""
        ctx.session.witness = ctx.rooms.noise.challenge.read(Cipher(key.cipher).block)
        return _answer(WITNESS, _block(ctx, key, ctx.session.witness, encrypt=True))


@dataclass(frozen=True, slots=True)
class MutualAnswer(Command):
    """The host's proof and its own challenge, which the card enciphers (NIST SP 800-73-4 part 2, A.1, step 2)."""

    algorithm: int
    witness: Secret
    challenge: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        return GeneralAuthenticate.parse(apdu)

    def run(self, ctx: Context) -> bytes:
        key = management_key(ctx, self.algorithm)
        witness, ctx.session.witness = ctx.session.witness, b""
        expect(bool(witness), SW.CONDITIONS)
        expect(len(self.challenge) == len(witness), SW.WRONG_DATA)
        _proved(ctx, ok=Secret(witness) == self.witness)
        return _answer(RESPONSE, _block(ctx, key, self.challenge, encrypt=True))


# -- private keys ----------------------------------------------------------------------------------------------


def _usable(ctx: Context, algorithm: int, reference: int) -> KeyPair:
    """The pair in a slot, if it has this algorithm and may be used now; spends a PIN that is good for one use."""
    options = ctx.session.options
    slot = slot_of(reference, options)
    pair = pair_of(ctx, slot, options)
    if pair is None:
        raise Refused(SW.REFERENCE_NOT_FOUND)
    expect(algorithm == algorithm_of(pair), SW.WRONG_DATA)
    policy = policy_of(ctx, slot)
    require_key(ctx, rule_here(pair, policy), Right.USE)
    if policy.pin is PinPolicy.ALWAYS:
        fresh, ctx.session.fresh = ctx.session.fresh, False
        expect(fresh, SW.SECURITY_STATUS)
    return pair


@dataclass(frozen=True, slots=True)
class UsePrivateKey(Command):
    """Sign, decipher or prove possession with a private key (NIST SP 800-73-4 part 2, A.3 to A.5).

    RSA: one block as long as the modulus, padded by the host, in raw form. Curves: a digest; the answer is an
    ECDSA signature in DER.
    """

    algorithm: int
    reference: int
    data: bytes
    secret_reply = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        return GeneralAuthenticate.parse(apdu)

    def run(self, ctx: Context) -> bytes:
        pair = _usable(ctx, self.algorithm, self.reference)
        if pair.kind == KeyKind.RSA:
            return _answer(RESPONSE, sign(ctx, pair, {ALGORITHM_TAG: RAW}, self.data))
        expect(bool(pair.usage & (Usage.SIGN | Usage.AUTHENTICATE)), SW.CONDITIONS)
        return _answer(RESPONSE, ecdsa_der(sign(ctx, pair, {}, self.data)))


@dataclass(frozen=True, slots=True)
class Agree(Command):
    """The shared x coordinate with a point of the host's (NIST SP 800-73-4 part 2, A.6)."""

    algorithm: int
    reference: int
    point: bytes
    secret_reply = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        return GeneralAuthenticate.parse(apdu)

    def run(self, ctx: Context) -> bytes:
        pair = _usable(ctx, self.algorithm, self.reference)
        expect(Usage.AGREE in pair.usage and pair.kind != KeyKind.RSA, SW.CONDITIONS)
        try:
            shared = ctx.rooms.crypto.ecdh(KeyKind(pair.kind), pair.private, self.point)
        except CryptoFault:
            raise Refused(SW.WRONG_DATA) from None
        return _answer(RESPONSE, shared.reveal())
