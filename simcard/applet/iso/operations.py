"""PERFORM SECURITY OPERATION (ISO/IEC 7816-8:2021, 5.2): one class for each P1-P2.

Keys and algorithms come from the current security environment: the signature template (B6) for signatures, the
confidentiality template (B8) for ciphering, the checksum template (B4), the hash template (AA). A padding
indicator byte stands before every cryptogram: 00 none said, 01 padded with 80 00.., 02 not padded.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import ClassVar

from simcard.applet.access import require_key
from simcard.applet.base import Command, Context, Shelf, expect
from simcard.applet.iso.certificate import VerifyCertificate, public_key
from simcard.applet.iso.environment import ALGORITHM, CCT, CT, DST, HT, IV, PRIVATE, PUBLIC, template
from simcard.applet.iso.session import Template
from simcard.applet.iso.signature import HASHES, SM2_DEFAULT_ID, Algorithm, check, sign
from simcard.hal.engine import Cipher, CryptoFault, Hash, KeyKind, Mode
from simcard.key.containers import Slot
from simcard.key.pair import KeyPair, Usage
from simcard.key.secrets import Purpose, SecretKey
from simcard.wire import tlv
from simcard.wire.access import Right
from simcard.wire.apdu import CommandApdu
from simcard.wire.status import SW, Refused

NO_PADDING_SAID, PADDED, NOT_PADDED = 0x00, 0x01, 0x02
WITH_ZA = 0x6
"""High nibble of a hash algorithm reference: prefix ZA of the signing key with the default ID (GM/T 0009, 8.1)."""


def _usable(ctx: Context, tag: int, usage: Usage) -> KeyPair:
    """The pair whose private half the template names, if it may be used for this now."""
    reference = template(ctx, tag).get(PRIVATE)
    if not reference:
        raise Refused(SW.REFERENCE_NOT_FOUND)
    pair = ctx.rooms.containers.require(Slot.of_reference(reference[-1]))
    if not pair.may(usage):
        raise Refused(SW.CONDITIONS)
    require_key(ctx, pair, Right.USE)
    return pair


def _secret(ctx: Context, tag: int, purpose: Purpose) -> SecretKey | None:
    """The secret key the template names by tag 83, None when it names a private key."""
    reference = template(ctx, tag).get(PUBLIC)
    if not reference or reference[-1] not in ctx.rooms.secrets.references():
        return None
    key = ctx.rooms.secrets.require(reference[-1], purpose)
    # Whoever had the card's challenge enciphered here would prove the key without knowing it.
    expect(purpose is not Purpose.CIPHER or Purpose.EXTERNAL not in key.purpose, SW.REFERENCE_DATA_UNUSABLE)
    return key


@dataclass(frozen=True, slots=True)
class Hashing(Command):
    """PSO HASH (ISO/IEC 7816-8:2021, 5.2.7), P1-P2 90 80: hash the data; 90 A0: the data are templates.

    The template form takes 80 (data to hash) or 90 (a hash made outside). The result stays for the next
    signature and is returned only if Le asks for it.
    """

    data: bytes
    ready: bool
    tell: bool

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        if apdu.p2 == 0x80:
            return cls(apdu.data, False, apdu.ne > 0)
        try:
            found = tlv.fields(apdu.data)
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None
        expect((0x80 in found) != (0x90 in found), SW.WRONG_DATA)
        return cls(found.get(0x80, found.get(0x90, b"")), 0x90 in found, apdu.ne > 0)

    def run(self, ctx: Context) -> bytes:
        hash_, prefix = hash_of(ctx)
        expect(not self.ready or len(self.data) == hash_.size, SW.WRONG_DATA)
        ctx.session.hashed = self.data if self.ready else ctx.rooms.crypto.digest(hash_, prefix + self.data)
        return ctx.session.hashed if self.tell else b""


def hash_of(ctx: Context) -> tuple[Hash, bytes]:
    """The hash the current SE names, and what comes before the message: ZA for SM2, else nothing.

    An SE that names none means SM3 with ZA where the signing key is an SM2 key, else SHA-256.
    """
    reference = template(ctx, DST).get(PRIVATE)
    pair = ctx.rooms.containers.pair(Slot.of_reference(reference[-1])) if reference else None
    usual = 0x65 if pair is not None and pair.kind == KeyKind.SM2 else 0x02
    coded = (template(ctx, HT).get(ALGORITHM) or template(ctx, DST).get(ALGORITHM) or bytes((usual,)))[0]
    hash_ = HASHES.get(coded & 0x0F)
    if hash_ is None:
        raise Refused(SW.CONDITIONS)
    if coded >> 4 != WITH_ZA:
        return hash_, b""
    if pair is None:
        raise Refused(SW.REFERENCE_NOT_FOUND)
    expect(pair.kind == KeyKind.SM2, SW.CONDITIONS)
    return hash_, ctx.rooms.crypto.sm2_za(pair.public, SM2_DEFAULT_ID)


@dataclass(frozen=True, slots=True)
class ComputeSignature(Command):
    """PSO COMPUTE DIGITAL SIGNATURE (ISO/IEC 7816-8:2021, 5.2.4), P1-P2 9E 9A.

    Data: a digest, a DigestInfo or a block, as the algorithm wants; none: the result of the last PSO HASH.
    SM2 and ECDSA signatures are r || s in the width of the curve.
    """

    data: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        return cls(apdu.data)

    def run(self, ctx: Context) -> bytes:
        pair = _usable(ctx, DST, Usage.SIGN)
        hashed, ctx.session.hashed = ctx.session.hashed, b""
        expect(bool(self.data or hashed), SW.CONDITIONS)
        made_here = hash_of(ctx)[0] if not self.data else None
        return sign(ctx, pair, template(ctx, DST), self.data or hashed, made_here)


@dataclass(frozen=True, slots=True)
class VerifySignature(Command):
    """PSO VERIFY DIGITAL SIGNATURE (ISO/IEC 7816-8:2021, 5.2.5), P1-P2 00 A8.

    Data: 9A what was signed (or nothing: the result of the last PSO HASH), 9E the signature. A bad one is 6300.
    """

    signed: bytes
    signature: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        try:
            found = tlv.fields(apdu.data)
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None
        expect(0x9E in found, SW.WRONG_DATA)
        return cls(found.get(0x9A, found.get(0x90, b"")), found[0x9E])

    def run(self, ctx: Context) -> bytes:
        kind, public = public_key(ctx, DST)
        hashed, ctx.session.hashed = ctx.session.hashed, b""
        expect(bool(self.signed or hashed), SW.CONDITIONS)
        check(ctx, kind, public, template(ctx, DST), self.signed or hashed, self.signature)
        return b""


@dataclass(frozen=True, slots=True)
class Decipher(Command):
    """PSO DECIPHER (ISO/IEC 7816-8:2021, 5.2.9), P1-P2 80 86: padding indicator and cryptogram.

    RSA and SM2 decrypt (SM2: C1 || C3 || C2); a point of the key's curve gives the shared x coordinate; with a
    secret key (tag 83) the cryptogram is CBC. The indicator may be missing before an asymmetric cryptogram.
    """

    data: bytes
    secret_reply = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(len(apdu.data) > 1, SW.WRONG_LENGTH)
        return cls(apdu.data)

    def run(self, ctx: Context) -> bytes:
        key = _secret(ctx, CT, Purpose.CIPHER)
        if key is not None:
            require_secret(ctx)
            return _decipher_symmetric(ctx, key, self.data)
        pair = _usable(ctx, CT, Usage.DECIPHER | Usage.AGREE)
        try:
            return _decipher_asymmetric(ctx, pair, self.data)
        except CryptoFault:
            raise Refused(SW.WRONG_DATA) from None


def require_secret(ctx: Context) -> None:
    """Secret keys are used by whoever has verified or proved anything at all in this channel."""
    expect(bool(ctx.channel.security.pins or ctx.channel.security.keys), SW.SECURITY_STATUS)


def _decipher_asymmetric(ctx: Context, pair: KeyPair, data: bytes) -> bytes:
    crypto = ctx.rooms.crypto
    kind = KeyKind(pair.kind)
    if kind is KeyKind.RSA:
        size = pair.bits // 8
        expect(len(data) in (size, size + 1), SW.WRONG_LENGTH)
        algorithm = Algorithm.of(template(ctx, CT), pair.kind)
        hash_ = algorithm.hash or Hash.SHA1
        return crypto.rsa_decrypt(pair.private, algorithm.rsa_encryption(), data[-size:], hash_).reveal()
    point = data[1:] if data[0] == NO_PADDING_SAID else data
    if kind is KeyKind.SM2 and len(point) > 65:
        expect(Usage.DECIPHER in pair.usage, SW.CONDITIONS)
        return crypto.sm2_decrypt(pair.private, point).reveal()
    expect(Usage.AGREE in pair.usage, SW.CONDITIONS)
    return crypto.ecdh(kind, pair.private, point).reveal()


def _iv(values: Template, cipher: Cipher) -> bytes:
    iv = values.get(IV, bytes(cipher.block))
    expect(len(iv) == cipher.block, SW.WRONG_DATA)
    return iv


def _decipher_symmetric(ctx: Context, key: SecretKey, data: bytes) -> bytes:
    cipher, indicator, cryptogram = Cipher(key.cipher), data[0], data[1:]
    expect(indicator in (PADDED, NOT_PADDED) and len(cryptogram) % cipher.block == 0, SW.WRONG_DATA)
    iv = _iv(template(ctx, CT), cipher)
    plain = ctx.rooms.crypto.cipher(cipher, Mode.CBC, key.value, iv, cryptogram, encrypt=False)
    if indicator == NOT_PADDED:
        return plain
    stripped = plain.rstrip(b"\0")
    expect(stripped.endswith(b"\x80"), SW.WRONG_DATA)
    return stripped[:-1]


@dataclass(frozen=True, slots=True)
class Encipher(Command):
    """PSO ENCIPHER (ISO/IEC 7816-8:2021, 5.2.8), P1-P2 86 80: plain data in, padding indicator and cryptogram out.

    With a public key (tag 83) RSA or SM2; with a secret key CBC, padded with 80 00...
    """

    data: bytes
    secret_data = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(bool(apdu.data), SW.WRONG_LENGTH)
        return cls(apdu.data)

    def run(self, ctx: Context) -> bytes:
        crypto, nonce = ctx.rooms.crypto, ctx.rooms.noise.nonce
        key = _secret(ctx, CT, Purpose.CIPHER)
        if key is not None:
            require_secret(ctx)
            cipher = Cipher(key.cipher)
            padded = pad(self.data, cipher.block)
            iv = _iv(template(ctx, CT), cipher)
            done = crypto.cipher(cipher, Mode.CBC, key.value, iv, padded, encrypt=True)
            return bytes((PADDED,)) + done
        kind, public = public_key(ctx, CT)
        algorithm = Algorithm.of(template(ctx, CT), kind)
        try:
            if kind == KeyKind.RSA:
                hash_ = algorithm.hash or Hash.SHA1
                done = crypto.rsa_encrypt(public, algorithm.rsa_encryption(), self.data, nonce, hash_)
            else:
                expect(kind == KeyKind.SM2, SW.CONDITIONS)
                done = crypto.sm2_encrypt(public, self.data, nonce)
        except CryptoFault:
            raise Refused(SW.WRONG_DATA) from None
        return bytes((NO_PADDING_SAID,)) + done


def pad(data: bytes, block: int) -> bytes:
    """ISO/IEC 9797-1 padding method 2."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def checksum(ctx: Context, data: bytes) -> bytes:
    """CMAC under the secret key of the checksum template."""
    key = _secret(ctx, CCT, Purpose.MAC)
    if key is None:
        raise Refused(SW.REFERENCE_NOT_FOUND)
    require_secret(ctx)
    return ctx.rooms.crypto.cmac(Cipher(key.cipher), key.value, data)


@dataclass(frozen=True, slots=True)
class ComputeChecksum(Command):
    """PSO COMPUTE CRYPTOGRAPHIC CHECKSUM (ISO/IEC 7816-8:2021, 5.2.2), P1-P2 8E 80: CMAC, one full block."""

    data: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        return cls(apdu.data)

    def run(self, ctx: Context) -> bytes:
        return checksum(ctx, self.data)


@dataclass(frozen=True, slots=True)
class VerifyChecksum(Command):
    """PSO VERIFY CRYPTOGRAPHIC CHECKSUM (ISO/IEC 7816-8:2021, 5.2.3), P1-P2 00 A2: 80 data, 8E checksum."""

    data: bytes
    checksum: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        try:
            found = tlv.fields(apdu.data)
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None
        expect(len(found.get(0x8E, b"")) >= 4, SW.WRONG_DATA)
        return cls(found.get(0x80, b""), found[0x8E])

    def run(self, ctx: Context) -> bytes:
        expected = checksum(ctx, self.data)
        expect(hmac.compare_digest(expected[: len(self.checksum)], self.checksum), SW.FAILED)
        return b""


class PerformSecurityOperation(Shelf):
    """PERFORM SECURITY OPERATION (ISO/IEC 7816-8:2021, 5.2): P1-P2 say what comes out and what goes in."""

    choices: ClassVar = {
        0x9E9A: ComputeSignature,
        0x00A8: VerifySignature,
        0x9080: Hashing,
        0x90A0: Hashing,
        0x8086: Decipher,
        0x8680: Encipher,
        0x8E80: ComputeChecksum,
        0x00A2: VerifyChecksum,
        0x00BE: VerifyCertificate,
        0x00AE: VerifyCertificate,
    }
