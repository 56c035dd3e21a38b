"""RSA services (GM/T 0017-2012, 9.6). A public key is bits (4), modulus, exponent (4).

An external private key is that, and then d, p, q, dp, dq, 1/q mod p in their natural widths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from simcard.applet.access import end_of_signature
from simcard.applet.base import Context, expect
from simcard.applet.gmt0017.cipher import ecb_key, new_session_key, session_algorithm
from simcard.applet.gmt0017.command import GmtCommand
from simcard.applet.gmt0017.digest import HASHES
from simcard.applet.gmt0017.fields import Fields
from simcard.applet.gmt0017.keys import RSA_BITS, admit, generate, install
from simcard.applet.gmt0017.session import pair_of, place, private_of, session_key, session_of
from simcard.hal.engine import Hash, KeyKind, Mode, RsaEncryption, RsaPrivateParts, RsaSignature
from simcard.key.pair import Role
from simcard.wire.gmt0017 import GmtSW
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

MESSAGE, DIGEST = 0x01, 0x02
"""P1 of signing commands: the data are a message, or a digest."""
DER_SEQUENCE = 0x30


def _bits(fields: Fields) -> int:
    """A modulus length at the end of the data, of 2 bytes or (some hosts) 4."""
    bits = fields.u4() if fields.left == 4 else fields.u2()
    fields.end()
    expect(bits in RSA_BITS, SW.WRONG_DATA)
    return bits


def _four(exponent: bytes) -> bytes:
    return exponent.rjust(4, b"\0")


@dataclass(frozen=True, slots=True)
class PublicKey:
    bits: int
    n: bytes
    e: bytes

    @classmethod
    def read(cls, fields: Fields) -> PublicKey:
        bits = fields.u4()
        expect(bits in RSA_BITS, SW.WRONG_DATA)
        return cls(bits, fields.take(bits // 8), fields.take(4))

    def encoded(self, ctx: Context) -> bytes:
        """As the engine wants it; raises `CryptoFault` for one that is none."""
        public = ctx.rooms.crypto.rsa_public_from(self.n, self.e)
        ctx.rooms.crypto.check_public(KeyKind.RSA, public)
        return public


@dataclass(frozen=True, slots=True)
class GenExtRsaKey(GmtCommand):
    """GenExtRSAKey (GM/T 0017-2012, 9.6; INS 52): a pair for use outside: n, e, d, p, q, dp, dq, 1/q."""

    bits: int
    secret_reply = True
    fault = GmtSW.RSA_GENERATION_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        return cls(_bits(fields))

    def act(self, ctx: Context) -> bytes:
        private, _ = ctx.rooms.crypto.generate(KeyKind.RSA, self.bits, ctx.rooms.noise.key)
        return _private_blob(ctx.rooms.crypto.rsa_private_parts(private))


def _private_blob(parts: RsaPrivateParts) -> bytes:
    secrets = (parts.d, parts.p, parts.q, parts.dp, parts.dq, parts.qinv)
    return parts.n + _four(parts.e) + b"".join(secret.reveal() for secret in secrets)


@dataclass(frozen=True, slots=True)
class GenRsaKeyPair(GmtCommand):
    """GenRSAKeyPair (GM/T 0017-2012, 9.6; INS 54): the signing pair of a container; n and e."""

    application: int
    container: int
    bits: int
    durable = True
    fault = GmtSW.RSA_GENERATION_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        return cls(fields.u2(), fields.u2(), _bits(fields))

    def act(self, ctx: Context) -> bytes:
        pair = generate(ctx, place(ctx, self.application, self.container), KeyKind.RSA, self.bits)
        n, e = ctx.rooms.crypto.rsa_public_parts(pair.public)
        return n + _four(e)


@dataclass(frozen=True, slots=True)
class ImportRsaKeyPair(GmtCommand):
    """ImportRSAKeyPair (GM/T 0017-2012, 9.6; INS 56): the exchange pair, made outside (GM/T 0016-2012, 7.6.4).

    A symmetric key comes wrapped under the container's signing key (PKCS#1 v1.5), the private key (RSAPrivateKey,
    DER) comes under that key in ECB, with whatever padding behind it.
    """

    application: int
    container: int
    algorithm: int
    wrapped: bytes
    bits: int
    encrypted: bytes
    fault = GmtSW.DECRYPTION_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        where = fields.u2(), fields.u2()
        read = cls(*where, fields.u4(), fields.counted(), fields.u4(), fields.counted())
        fields.end()
        expect(bool(read.encrypted) and len(read.encrypted) % 16 == 0, SW.WRONG_LENGTH)
        return read

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        cipher = ecb_key(self.algorithm)
        signing = pair_of(ctx, where, Role.SIGN)
        expanded = admit(ctx, where, Role.EXCHANGE, KeyKind.RSA)
        crypto = ctx.rooms.crypto
        key = crypto.rsa_decrypt(signing.private, RsaEncryption.PKCS1, self.wrapped)
        plain = crypto.cipher(cipher, Mode.ECB, key, b"", self.encrypted, encrypt=False)
        private = Secret(_der(plain))
        public = crypto.public_of(KeyKind.RSA, private)
        expect(crypto.bits_of(KeyKind.RSA, public) == self.bits, SW.WRONG_DATA)
        install(ctx, where, KeyKind.RSA, private, public, expanded)
        return b""


def _der(plain: bytes) -> bytes:
    """The SEQUENCE at the front of the plain text, without its padding; 6A9B when there is none."""
    count = plain[1] - 0x80 if plain[1] > 0x80 else 0
    length = int.from_bytes(plain[2 : 2 + count], "big") if count else plain[1]
    end = 2 + count + length
    if plain[0] != DER_SEQUENCE or count > 2 or end > len(plain):
        raise Refused(GmtSW.DECRYPTION_FAILED)
    return plain[:end]


def _mode(fields: Fields) -> tuple[bool, Hash | None]:
    """P1: message or digest. P2: the hash; 00 with a digest: the data are signed as they are."""
    apdu = fields.apdu
    expect(apdu.p1 in (MESSAGE, DIGEST), SW.WRONG_P1P2)
    hash_ = HASHES.get(apdu.p2)
    expect(hash_ is not None or (apdu.p1 == DIGEST and apdu.p2 == 0), GmtSW.HASH_ALGORITHM)
    return apdu.p1 == MESSAGE, hash_


def _prepared(ctx: Context, message: bool, hash_: Hash | None, data: bytes) -> tuple[RsaSignature, bytes]:
    """What is signed, and how it is padded."""
    if hash_ is None:
        return RsaSignature.PKCS1_DATA, data
    if message:
        data = ctx.rooms.crypto.digest(hash_, data)
    expect(len(data) == hash_.size, SW.WRONG_LENGTH)
    return RsaSignature.PKCS1, data


@dataclass(frozen=True, slots=True)
class RsaSignData(GmtCommand):
    """RSASignData (GM/T 0017-2012, 9.6; INS 58): a PKCS#1 v1.5 signature by the signing key."""

    application: int
    container: int
    message: bool
    hash: Hash | None
    data: bytes
    fault = GmtSW.SIGNATURE_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        mode = _mode(fields)
        return cls(fields.u2(), fields.u2(), *mode, fields.rest())

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        pair = private_of(ctx, where, Role.SIGN, KeyKind.RSA)
        scheme, data = _prepared(ctx, self.message, self.hash, self.data)
        signature = ctx.rooms.crypto.rsa_sign(pair.private, scheme, self.hash, data, ctx.rooms.noise.nonce)
        end_of_signature(ctx, pair, where.application.df)
        return signature


@dataclass(frozen=True, slots=True)
class RsaVerify(GmtCommand):
    """RSAVerify (GM/T 0017-2012, 9.6; INS 5E): a public key, the data with their length, and the signature."""

    message: bool
    hash: Hash | None
    key: PublicKey
    data: bytes
    signature: bytes
    fault = GmtSW.VERIFY_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        mode, key = _mode(fields), PublicKey.read(fields)
        data, signature = fields.counted(), fields.take(key.bits // 8)
        fields.end()
        return cls(*mode, key, data, signature)

    def act(self, ctx: Context) -> bytes:
        scheme, data = _prepared(ctx, self.message, self.hash, self.data)
        ctx.rooms.crypto.rsa_verify(self.key.encoded(ctx), scheme, self.hash, data, self.signature)
        return b""


@dataclass(frozen=True, slots=True)
class RsaExportSessionKey(GmtCommand):
    """RSAExportSessionKey (GM/T 0017-2012, 9.6; INS 5A): a new session key; its KeyID, and it under a public key."""

    application: int
    container: int
    algorithm: int
    key: PublicKey
    fault = GmtSW.ENCRYPTION_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        read = cls(fields.u2(), fields.u2(), fields.u4(), PublicKey.read(fields))
        fields.end()
        return read

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        session_algorithm(self.algorithm)
        handle, value = new_session_key(ctx, where)
        return session_of(ctx).switches.u2(handle) + _wrap(ctx, self.key, value)


def _wrap(ctx: Context, key: PublicKey, value: Secret) -> bytes:
    crypto = ctx.rooms.crypto
    return crypto.rsa_encrypt(key.encoded(ctx), RsaEncryption.PKCS1, value.reveal(), ctx.rooms.noise.nonce)


@dataclass(frozen=True, slots=True)
class RsaExportSessionKeyEx(GmtCommand):
    """RSAExportSessionKeyEx (GM/T 0017-2012, as vendors extend it; INS 5C): an existing session key wrapped."""

    application: int
    container: int
    handle: int
    key: PublicKey
    fault = GmtSW.ENCRYPTION_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        read = cls(fields.u2(), fields.u2(), fields.u2(), PublicKey.read(fields))
        fields.end()
        return read

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        return _wrap(ctx, self.key, session_key(ctx, where, self.handle).value)


@dataclass(frozen=True, slots=True)
class ExtRsaKeyOperation(GmtCommand):
    """ExtRSAPubKeyOperation, ExtRSAPriKeyOperation (GM/T 0017-2012, as vendors extend it; INS 5C, 60).

    P2 01: a public key and a block; 00: a private key and a block. The bare operation, a block as long as the modulus.
    """

    key: PublicKey
    private: tuple[Secret, Secret] | None
    block: bytes
    secret_data = True
    secret_reply = True
    fault = GmtSW.ENCRYPTION_FAILED

    @classmethod
    def read(cls, fields: Fields) -> Self:
        expect(fields.apdu.p1 in (0, 1) and fields.apdu.p2 in (0, 1), SW.WRONG_P1P2)
        key = PublicKey.read(fields)
        primes = None
        if fields.apdu.p2 == 0:
            half = key.bits // 16
            fields.take(2 * half)
            primes = Secret(fields.take(half)), Secret(fields.take(half))
            fields.take(3 * half)
        block = fields.rest()
        expect(len(block) == key.bits // 8, SW.WRONG_LENGTH)
        return cls(key, primes, block)

    def act(self, ctx: Context) -> bytes:
        crypto, nonce = ctx.rooms.crypto, ctx.rooms.noise.nonce
        public = self.key.encoded(ctx)
        if self.private is None:
            return crypto.rsa_encrypt(public, RsaEncryption.RAW, self.block, nonce)
        private = crypto.rsa_private_from(*self.private, self.key.e)
        crypto.check_pair(KeyKind.RSA, private, public)
        return crypto.rsa_sign(private, RsaSignature.RAW, None, self.block, nonce)
