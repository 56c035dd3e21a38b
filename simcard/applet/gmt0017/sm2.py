"""SM2 services (GM/T 0017-2012, 9.6). A key is bits (4), X, Y; a cryptogram X, Y, hash, length (4), cipher text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from simcard.applet.access import end_of_signature, require_key
from simcard.applet.base import Context, expect
from simcard.applet.gmt0017.cipher import (
    ecb_key,
    keep_session_key,
    new_session_key,
    session_algorithm,
)
from simcard.applet.gmt0017.command import GmtCommand
from simcard.applet.gmt0017.digest import identity
from simcard.applet.gmt0017.fields import POINT, Fields
from simcard.applet.gmt0017.keys import admit, generate, install
from simcard.applet.gmt0017.session import Place, pair_of, place, private_of, session_key, session_of
from simcard.hal.engine import Hash, KeyKind, Mode, RsaEncryption
from simcard.key.pair import Role
from simcard.wire.access import Right
from simcard.wire.gmt0017 import SM2_BITS, GmtSW
from simcard.wire.secret import Secret
from simcard.wire.status import SW

MESSAGE, DIGEST = 0x01, 0x02
DIGEST_SIZE = 32
SIGNATURE_SIZE = 64
DEFAULT_ID = b"1234567812345678"
"""GM/T 0009-2012, 10."""


def cryptogram_out(ctx: Context, cryptogram: bytes) -> bytes:
    """C1 || C3 || C2 as X, Y, hash, counted cipher text."""
    c1c3, c2 = cryptogram[1 : 1 + 3 * POINT], cryptogram[1 + 3 * POINT :]
    return c1c3 + session_of(ctx).switches.u4(len(c2)) + c2


def encrypt(ctx: Context, public: bytes, plain: bytes) -> bytes:
    return cryptogram_out(ctx, ctx.rooms.crypto.sm2_encrypt(public, plain, ctx.rooms.noise.nonce))


def message_digest(ctx: Context, public: bytes, ident: bytes, message: bytes) -> bytes:
    """SM3 over Z_A and the message (GM/T 0009-2012, 8)."""
    crypto = ctx.rooms.crypto
    return crypto.digest(Hash.SM3, crypto.sm2_za(public, ident) + message)


@dataclass(frozen=True, slots=True)
class GenEccKeyPair(GmtCommand):
    """GenECCKeyPair (GM/T 0017-2012, 9.6; INS 70): the signing pair of a container; X and Y."""

    application: int
    container: int
    durable = True

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        read = cls(fields.u2(), fields.u2())
        fields.bits()
        fields.end()
        return read

    def act(self, ctx: Context) -> bytes:
        pair = generate(ctx, place(ctx, self.application, self.container), KeyKind.SM2, SM2_BITS)
        switches = session_of(ctx).switches
        bits = switches.u4(SM2_BITS) if switches.gen_ecc_bits else b""
        return bits + pair.public[1:]


@dataclass(frozen=True, slots=True)
class ImportEccKeyPair(GmtCommand):
    """ImportECCKeyPair (GM/T 0017-2012, 9.6; INS 72): the exchange pair in an envelope (GM/T 0016-2012, 6.4.10).

    The envelope holds a symmetric key under the container's signing key, and the private key under that symmetric
    key in ECB. The private key has 32 bytes, or 64 of which the last 32 count; it must belong to the public key.
    """

    application: int
    container: int
    algorithm: int
    encrypted: bytes
    public: bytes
    envelope: bytes
    fault = GmtSW.DECRYPTION_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        application, container, version = fields.u2(), fields.u2(), fields.u4()
        expect(version == 1, SW.WRONG_DATA)
        algorithm = fields.u4()
        fields.bits()
        if fields.switches.import_ecc_order == "std":
            encrypted, public = fields.counted(), fields.bare_point()
            fields.bits()
            envelope = fields.cryptogram()
        else:
            envelope, public = fields.cryptogram(), fields.point()
            encrypted = fields.counted()
        fields.end()
        expect(len(encrypted) in (POINT, 2 * POINT), SW.WRONG_LENGTH)
        return cls(application, container, algorithm, encrypted, public, envelope)

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        cipher, crypto = ecb_key(self.algorithm), ctx.rooms.crypto
        # What the envelope is for: the exchange key. The signing key only opens it, here on board.
        signing = pair_of(ctx, where, Role.SIGN)
        expect(signing.kind == KeyKind.SM2, SW.CONDITIONS)
        expanded = admit(ctx, where, Role.EXCHANGE, KeyKind.SM2)
        key = crypto.sm2_decrypt(signing.private, self.envelope)
        expect(len(key) == 16, GmtSW.DECRYPTION_FAILED)
        plain = crypto.cipher(cipher, Mode.ECB, key, b"", self.encrypted, encrypt=False)
        install(ctx, where, KeyKind.SM2, Secret(plain[-POINT:]), self.public, expanded)
        return b""


@dataclass(frozen=True, slots=True)
class EccSignData(GmtCommand):
    """ECCSignData (GM/T 0017-2012, 9.6; INS 74): bits (4), r, s by the signing key.

    P1 02: a digest of 32 bytes. P1 01: counted ID and a message, which the card digests with Z_A.
    """

    application: int
    container: int
    ident: bytes | None
    data: bytes
    fault = GmtSW.SIGNATURE_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        expect(fields.apdu.p1 in (MESSAGE, DIGEST) and fields.apdu.p2 == 0, SW.WRONG_P1P2)
        where = fields.u2(), fields.u2()
        ident = identity(fields) if fields.apdu.p1 == MESSAGE else None
        data = fields.rest()
        expect(ident is not None or len(data) == DIGEST_SIZE, SW.WRONG_LENGTH)
        return cls(*where, ident, data)

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        pair = private_of(ctx, where, Role.SIGN, KeyKind.SM2)
        digest = self.data if self.ident is None else message_digest(ctx, pair.public, self.ident, self.data)
        signature = ctx.rooms.crypto.sm2_sign(pair.private, digest, ctx.rooms.noise.nonce)
        end_of_signature(ctx, pair, where.application.df)
        return session_of(ctx).switches.u4(SM2_BITS) + signature


@dataclass(frozen=True, slots=True)
class EccVerify(GmtCommand):
    """ECCVerify, ExtECCVerify (GM/T 0017-2012, 9.6; INS 76, 80 or 7F): public key, counted data, r, s.

    P1 02 or 00: the data are a digest. P1 01: they are a message, signed with the default ID.
    """

    public: bytes
    message: bool
    data: bytes
    signature: bytes
    fault = GmtSW.VERIFY_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        expect(fields.apdu.p1 in (0, MESSAGE, DIGEST) and fields.apdu.p2 == 0, SW.WRONG_P1P2)
        message = fields.apdu.p1 == MESSAGE
        public, data, signature = fields.point(), fields.counted(), fields.take(SIGNATURE_SIZE)
        fields.end()
        expect(message or len(data) == DIGEST_SIZE, SW.WRONG_LENGTH)
        return cls(public, message, data, signature)

    def act(self, ctx: Context) -> bytes:
        digest = message_digest(ctx, self.public, DEFAULT_ID, self.data) if self.message else self.data
        ctx.rooms.crypto.sm2_verify(self.public, digest, self.signature)
        return b""


@dataclass(frozen=True, slots=True)
class EccExportSessionKey(GmtCommand):
    """ECCExportSessionKey (GM/T 0017-2012, 9.6; INS 78): a new session key under a public key, and its KeyID."""

    application: int
    container: int
    public: bytes
    algorithm: int
    fault = GmtSW.ENCRYPTION_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        read = cls(fields.u2(), fields.u2(), fields.point(), fields.u4())
        fields.end()
        return read

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        session_algorithm(self.algorithm)
        ctx.rooms.crypto.check_public(KeyKind.SM2, self.public)
        handle, value = new_session_key(ctx, where)
        switches = session_of(ctx).switches
        return switches.u4(SM2_BITS) + encrypt(ctx, self.public, value.reveal()) + switches.u2(handle)


@dataclass(frozen=True, slots=True)
class EccExportSessionKeyEx(GmtCommand):
    """ECCExportSessionKeyEx (GM/T 0017-2012, as vendors extend it; INS 80): an existing session key wrapped."""

    application: int
    container: int
    handle: int
    public: bytes
    fault = GmtSW.ENCRYPTION_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        read = cls(fields.u2(), fields.u2(), fields.u2(), fields.point())
        fields.end()
        return read

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        value = session_key(ctx, where, self.handle).value
        return session_of(ctx).switches.u4(SM2_BITS) + encrypt(ctx, self.public, value.reveal())


@dataclass(frozen=True, slots=True)
class ImportSessionKey(GmtCommand):
    """ImportSessionKey (GM/T 0017-2012, 9.6; INS A0): a session key under the container's exchange key; its KeyID.

    Algorithm (4), counted wrapped key: for SM2 bits (4) and a cryptogram, for RSA a block of PKCS#1 v1.5.
    """

    application: int
    container: int
    algorithm: int
    wrapped: bytes
    fault = GmtSW.DECRYPTION_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        read = cls(fields.u2(), fields.u2(), fields.u4(), fields.counted())
        fields.end()
        return read

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        session_algorithm(self.algorithm)
        value = self._unwrap(ctx, where)
        expect(len(value) == 16, GmtSW.DECRYPTION_FAILED)
        return session_of(ctx).switches.u2(keep_session_key(ctx, where, value))

    def _unwrap(self, ctx: Context, where: Place) -> Secret:
        pair = pair_of(ctx, where, Role.EXCHANGE)
        require_key(ctx, pair, Right.USE, where.application.df)
        crypto = ctx.rooms.crypto
        if pair.kind == KeyKind.RSA:
            return crypto.rsa_decrypt(pair.private, RsaEncryption.PKCS1, self.wrapped)
        expect(pair.kind == KeyKind.SM2, SW.CONDITIONS)
        fields = _inside(ctx, self.wrapped)
        fields.bits()
        cryptogram = fields.cryptogram()
        fields.end()
        return crypto.sm2_decrypt(pair.private, cryptogram)


@dataclass(frozen=True, slots=True)
class EccDecrypt(GmtCommand):
    """ECCDecrypt (ours; INS F2): bits (4) and a cryptogram for the container's exchange key; the plain text, counted.

    GM/T 0017-2012 opens nothing but session keys with that key, and keeps those; hosts know the function from drafts
    of GM/T 0016, and tokens answer it by codes of their own.
    """

    application: int
    container: int
    cryptogram: bytes
    secret_reply = True
    fault = GmtSW.DECRYPTION_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        where = fields.u2(), fields.u2()
        fields.bits()
        read = cls(*where, fields.cryptogram())
        fields.end()
        return read

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        pair = private_of(ctx, where, Role.EXCHANGE, KeyKind.SM2)
        plain = ctx.rooms.crypto.sm2_decrypt(pair.private, self.cryptogram).reveal()
        return session_of(ctx).switches.u4(len(plain)) + plain


def _inside(ctx: Context, data: bytes) -> Fields:
    """Fields of a structure inside the data, in the token's byte order."""
    session = session_of(ctx)
    return Fields(session.apdu._replace(data=data), session.switches)


@dataclass(frozen=True, slots=True)
class ExtEccEncrypt(GmtCommand):
    """ExtECCEncrypt (GM/T 0017-2012, 9.6; INS 7A): public key and counted plain text; the cryptogram."""

    public: bytes
    plain: bytes
    secret_data = True
    fault = GmtSW.ENCRYPTION_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        read = cls(fields.point(), fields.counted())
        fields.end()
        expect(bool(read.plain), SW.WRONG_LENGTH)
        return read

    def act(self, ctx: Context) -> bytes:
        switches = session_of(ctx).switches
        bits = switches.u4(SM2_BITS) if switches.ext_cipher_bits else b""
        return bits + encrypt(ctx, self.public, self.plain)


@dataclass(frozen=True, slots=True)
class ExtEccDecrypt(GmtCommand):
    """ExtECCDecrypt (GM/T 0017-2012, 9.6; INS 7C): bits (4), private key, cryptogram; the plain text, counted."""

    private: Secret
    cryptogram: bytes
    secret_data = True
    secret_reply = True
    fault = GmtSW.DECRYPTION_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        fields.bits()
        read = cls(Secret(fields.take(POINT)), fields.cryptogram())
        fields.end()
        return read

    def act(self, ctx: Context) -> bytes:
        plain = ctx.rooms.crypto.sm2_decrypt(self.private, self.cryptogram).reveal()
        return session_of(ctx).switches.u4(len(plain)) + plain


@dataclass(frozen=True, slots=True)
class ExtEccSign(GmtCommand):
    """ExtECCSign (GM/T 0017-2012, 9.6; INS 7E): bits (4), private key, counted digest; r and s."""

    private: Secret
    digest: bytes
    secret_data = True
    fault = GmtSW.SIGNATURE_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        fields.bits()
        read = cls(Secret(fields.take(POINT)), fields.counted())
        fields.end()
        expect(len(read.digest) == DIGEST_SIZE, SW.WRONG_LENGTH)
        return read

    def act(self, ctx: Context) -> bytes:
        return ctx.rooms.crypto.sm2_sign(self.private, self.digest, ctx.rooms.noise.nonce)
