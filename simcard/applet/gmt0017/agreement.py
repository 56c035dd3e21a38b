"""Key agreement by SM2 (GM/T 0003.3; GM/T 0017-2012, 9.6), with the exchange keys of two containers.

The side that begins makes an offer (82), which waits under a handle; the other side answers it and has the key at
once (84); the first side completes with what came back (86). Both get the same session key of 16 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from simcard.applet.base import Context, expect
from simcard.applet.gmt0017.cipher import KEY_SIZE, keep_session_key, session_algorithm
from simcard.applet.gmt0017.command import GmtCommand
from simcard.applet.gmt0017.digest import identity
from simcard.applet.gmt0017.fields import Fields
from simcard.applet.gmt0017.session import MAX_AGREEMENTS, Offer, place, private_of, session_of
from simcard.hal.engine import KeyKind
from simcard.key.pair import KeyPair, Role, Usage
from simcard.wire.gmt0017 import SM2_BITS, GmtSW
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused


def _agreeing(ctx: Context, application: int, container: int) -> tuple[KeyPair, int]:
    """The exchange pair of a container, which may be used now, and the container's number."""
    where = place(ctx, application, container)
    pair = private_of(ctx, where, Role.EXCHANGE, KeyKind.SM2)
    expect(Usage.AGREE in pair.usage, SW.CONDITIONS)
    return pair, where.number


@dataclass(frozen=True, slots=True)
class Peer:
    """The other side: its key, its temporary key, its identity."""

    public: bytes
    temporary: bytes
    ident: bytes

    @classmethod
    def read(cls, fields: Fields) -> Peer:
        return cls(fields.point(), fields.point(), identity(fields))


@dataclass(frozen=True, slots=True)
class GenerateAgreementData(GmtCommand):
    """GenerateAgreementDataWithECC (GM/T 0017-2012, 9.6; INS 82): bits (4), temporary X, Y, handle (4)."""

    application: int
    container: int
    algorithm: int
    ident: bytes
    fault = GmtSW.AGREEMENT_DATA_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        read = cls(fields.u2(), fields.u2(), fields.u4(), identity(fields))
        fields.end()
        return read

    def act(self, ctx: Context) -> bytes:
        session = session_of(ctx)
        _, number = _agreeing(ctx, self.application, self.container)
        session_algorithm(self.algorithm)
        expect(len(session.offers) < MAX_AGREEMENTS, SW.NO_SPACE)
        private, public = ctx.rooms.crypto.generate(KeyKind.SM2, SM2_BITS, ctx.rooms.noise.nonce)
        session.last_offer += 1
        session.offers[session.last_offer] = Offer(number, self.algorithm, private, public, self.ident)
        u4 = session.switches.u4
        return u4(SM2_BITS) + public[1:] + u4(session.last_offer)


@dataclass(frozen=True, slots=True)
class GenerateAgreementDataAndKey(GmtCommand):
    """GenerateAgreementDataAndKeyWithECC (GM/T 0017-2012, 9.6; INS 84): bits (4), temporary X, Y, KeyID (4)."""

    application: int
    container: int
    algorithm: int
    sponsor: Peer
    ident: bytes
    fault = GmtSW.AGREEMENT_KEY_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        read = cls(fields.u2(), fields.u2(), fields.u4(), Peer.read(fields), identity(fields))
        fields.end()
        return read

    def act(self, ctx: Context) -> bytes:
        pair, _ = _agreeing(ctx, self.application, self.container)
        session_algorithm(self.algorithm)
        own, public = ctx.rooms.crypto.generate(KeyKind.SM2, SM2_BITS, ctx.rooms.noise.nonce)
        key = _agree(ctx, pair, own, self.ident, self.sponsor, initiator=False)
        where = place(ctx, self.application, self.container)
        u4 = session_of(ctx).switches.u4
        return u4(SM2_BITS) + public[1:] + u4(keep_session_key(ctx, where, key))


@dataclass(frozen=True, slots=True)
class GenerateKey(GmtCommand):
    """GenerateKeyWithECC (GM/T 0017-2012, 9.6; INS 86): complete an offer with the other side's half; KeyID (4)."""

    application: int
    container: int
    offer: int
    peer: Peer
    fault = GmtSW.AGREEMENT_KEY_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        read = cls(fields.u2(), fields.u2(), fields.u4(), Peer.read(fields))
        fields.end()
        return read

    def act(self, ctx: Context) -> bytes:
        session = session_of(ctx)
        pair, number = _agreeing(ctx, self.application, self.container)
        offer = session.offers.get(self.offer)
        if offer is None or offer.container != number:
            raise Refused(GmtSW.AGREEMENT_KEY_FAILED)
        # A temporary key serves one agreement, whatever comes of it.
        del session.offers[self.offer]
        key = _agree(ctx, pair, offer.private, offer.ident, self.peer, initiator=True)
        where = place(ctx, self.application, self.container)
        return session.switches.u4(keep_session_key(ctx, where, key))


def _agree(ctx: Context, pair: KeyPair, own: Secret, ident: bytes, peer: Peer, *, initiator: bool) -> Secret:
    crypto = ctx.rooms.crypto
    for point in (peer.public, peer.temporary):
        crypto.check_public(KeyKind.SM2, point)
    done = crypto.sm2_agree(
        pair.private, own, ident, peer.public, peer.temporary, peer.ident, KEY_SIZE, initiator=initiator
    )
    return done.key
