"""Digest services (GM/T 0017-2012, 9.6): one running digest in a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from simcard.applet.base import Context, expect
from simcard.applet.gmt0017.command import GmtCommand
from simcard.applet.gmt0017.fields import Fields
from simcard.applet.gmt0017.session import session_of
from simcard.hal.engine import Hash, Hasher
from simcard.wire.gmt0017 import MAX_ID, GmtSW, HashId
from simcard.wire.status import SW, Refused

HASHES: dict[int, Hash] = {
    HashId.SM3: Hash.SM3,
    HashId.SHA1: Hash.SHA1,
    HashId.SHA256: Hash.SHA256,
    HashId.SHA384: Hash.SHA384,
    HashId.SHA512: Hash.SHA512,
}


def identity(fields: Fields) -> bytes:
    """A counted user identity."""
    ident = fields.counted()
    expect(len(ident) <= MAX_ID, SW.WRONG_LENGTH)
    return ident


@dataclass(frozen=True, slots=True)
class DigestInit(GmtCommand):
    """DigestInit (GM/T 0017-2012, 9.6; INS B4): P2 names the hash; a key and an ID put Z_A before the message."""

    hash: Hash
    signer: tuple[bytes, bytes] | None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        expect(fields.apdu.p1 == 0, SW.WRONG_P1P2)
        hash_ = HASHES.get(fields.apdu.p2)
        if hash_ is None:
            raise Refused(GmtSW.HASH_ALGORITHM)
        signer = (fields.point(), identity(fields)) if fields.left else None
        fields.end()
        expect(signer is None or hash_ is Hash.SM3, SW.WRONG_DATA)
        return cls(hash_, signer)

    def act(self, ctx: Context) -> bytes:
        crypto = ctx.rooms.crypto
        hasher = crypto.hasher(self.hash)
        if self.signer is not None:
            hasher.update(crypto.sm2_za(*self.signer))
        session_of(ctx).digest = hasher
        return b""


def _running(ctx: Context) -> Hasher:
    hasher = session_of(ctx).digest
    if hasher is None:
        raise Refused(SW.CONDITIONS)
    return hasher


@dataclass(frozen=True, slots=True)
class DigestUpdate(GmtCommand):
    """DigestUpdate (GM/T 0017-2012, 9.6; INS B8): a piece of the message."""

    data: bytes

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        return cls(fields.rest())

    def act(self, ctx: Context) -> bytes:
        _running(ctx).update(self.data)
        return b""


@dataclass(frozen=True, slots=True)
class DigestFinal(DigestUpdate):
    """Digest and DigestFinal (GM/T 0017-2012, 9.6; INS B6, BA): the last piece, if any, and the digest."""

    def act(self, ctx: Context) -> bytes:
        hasher = _running(ctx)
        session = session_of(ctx)
        session.digest = None
        hasher.update(self.data)
        digest = hasher.digest()
        return session.switches.u4(len(digest)) + digest if session.switches.digest_len_prefix else digest
