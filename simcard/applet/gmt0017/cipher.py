"""Session keys, ciphering and MACs (GM/T 0017-2012, 9.6). The cipher is SM4, in ECB, CBC, CFB, OFB and CBC-MAC.

CFB and OFB take any length and are never padded. In ECB and CBC whole blocks leave at once; without padding the input
must come to whole blocks (6700 otherwise), with PKCS#5 padding the last block waits for the end. The MAC is the last
CBC block, nothing is padded (GM/T 0016-2012, 7.6.31).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from simcard.applet.base import Context, expect
from simcard.applet.gmt0017.command import GmtCommand
from simcard.applet.gmt0017.fields import Fields
from simcard.applet.gmt0017.session import Place, Running, place, session_key, session_of
from simcard.hal.engine import Cipher, Mode
from simcard.key.session import SessionKey
from simcard.wire.gmt0017 import PKCS5_PADDING, SM4_FAMILY, CipherMode, GmtSW
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

BLOCK = 16
KEY_SIZE = 16
MODES = {
    CipherMode.ECB: Mode.ECB,
    CipherMode.CBC: Mode.CBC,
    CipherMode.CFB: Mode.CFB,
    CipherMode.OFB: Mode.OFB,
    CipherMode.MAC: Mode.CBC,
}
BLOCKWISE = frozenset((Mode.ECB, Mode.CBC))
FEEDBACK_BITS = frozenset(range(0, 8 * BLOCK + 1, 8))
"""Bits that CFB and OFB take in a step; 0: a whole block."""


def session_algorithm(identifier: int) -> tuple[Cipher, CipherMode]:
    """Cipher and mode of an SGD identifier; 6A99 for one this token does not have."""
    try:
        mode = CipherMode(identifier & 0xFF)
    except ValueError:
        raise Refused(GmtSW.SESSION_ALGORITHM) from None
    expect(identifier & ~0xFF == SM4_FAMILY, GmtSW.SESSION_ALGORITHM)
    return Cipher.SM4, mode


def ecb_key(identifier: int) -> Cipher:
    """The cipher that wraps a private key: ECB only (GM/T 0016-2012, 6.4.10)."""
    cipher, mode = session_algorithm(identifier)
    expect(mode is CipherMode.ECB, GmtSW.SESSION_ALGORITHM)
    return cipher


def keep_session_key(ctx: Context, where: Place, value: Secret) -> int:
    """A handle for a session key of this container; 6A80 for a value that is no SM4 key."""
    expect(len(value) == KEY_SIZE, SW.WRONG_DATA)
    return session_of(ctx).keys.add(SessionKey(Cipher.SM4, value, where.number))


def new_session_key(ctx: Context, where: Place) -> tuple[int, Secret]:
    """A random session key of this container, and its handle."""
    value = Secret(ctx.rooms.noise.key.read(KEY_SIZE))
    return keep_session_key(ctx, where, value), value


@dataclass(frozen=True, slots=True)
class SetSymmKey(GmtCommand):
    """SetSymmKey (GM/T 0017-2012, 9.6; INS A2): a session key in clear: algorithm (4), length (2), key."""

    application: int
    container: int
    algorithm: int
    key: Secret
    secret_data = True

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        read = cls(fields.u2(), fields.u2(), fields.u4(), Secret(fields.take(fields.u2())))
        fields.end()
        return read

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        session_algorithm(self.algorithm)
        return session_of(ctx).switches.u2(keep_session_key(ctx, where, self.key))


class _OnKey(GmtCommand):
    """A command whose data begin with AppID, ContainerID and KeyID."""

    def __init__(self, application: int, container: int, handle: int, data: bytes) -> None:
        self.application = application
        self.container = container
        self.handle = handle
        self.data = data

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        return cls(fields.u2(), fields.u2(), fields.u2(), fields.rest())

    def key(self, ctx: Context) -> SessionKey:
        return session_key(ctx, place(ctx, self.application, self.container), self.handle)


class DestroySessionKey(_OnKey):
    """DestroySessionKey (GM/T 0017-2012, 9.6; INS C4): forget a session key and what runs under it."""

    def act(self, ctx: Context) -> bytes:
        self.key(ctx)
        expect(not self.data, SW.WRONG_LENGTH)
        session = session_of(ctx)
        session.keys.remove(self.handle)
        session.running.pop(self.handle, None)
        return b""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What EncryptInit and its like say: algorithm, IV, padding, bits fed back."""

    cipher: Cipher
    mode: CipherMode
    iv: bytes
    padded: bool
    step: int
    """Bytes that CFB and OFB take at a time; 0: a whole block."""

    @classmethod
    def read(cls, fields: Fields) -> Parameters:
        cipher, mode = session_algorithm(fields.u4())
        iv = fields.take(fields.u2())
        padding, feedback = fields.u4(), fields.u4()
        fields.end()
        expect(padding in (0, PKCS5_PADDING), SW.WRONG_DATA)
        if mode not in (CipherMode.CFB, CipherMode.OFB):
            feedback = 0
        expect(feedback in FEEDBACK_BITS, GmtSW.SESSION_ALGORITHM)
        # ECB has no IV; hosts that fill the field all the same are not refused.
        if mode is CipherMode.ECB:
            return cls(cipher, mode, b"", padding == PKCS5_PADDING, 0)
        if mode is CipherMode.MAC:
            iv = iv or bytes(BLOCK)
        expect(len(iv) == BLOCK, SW.WRONG_DATA)
        return cls(cipher, mode, iv, padding == PKCS5_PADDING, feedback // 8)


class Init(_OnKey):
    """EncryptInit, DecryptInit, MacInit (GM/T 0017-2012, 9.6; INS A4, AC, BC): begin under a session key.

    Algorithm (4), length of the IV (2), IV, padding (4; 1: PKCS#5), bits fed back (4; whole bytes).
    """

    purpose: ClassVar[str]
    parameters: Parameters

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        read = cls(fields.u2(), fields.u2(), fields.u2(), b"")
        read.parameters = Parameters.read(fields)
        return read

    def act(self, ctx: Context) -> bytes:
        key, asked = self.key(ctx), self.parameters
        mac = self.purpose == MAC
        # A MAC is CBC; a host may name it by the MAC identifier or by the CBC one, and nothing else is a MAC.
        allowed = (CipherMode.MAC, CipherMode.CBC) if mac else set(CipherMode) - {CipherMode.MAC}
        expect(asked.mode in allowed, GmtSW.SESSION_ALGORITHM)
        mode = MODES[asked.mode]
        stream = ctx.rooms.crypto.cipher_stream(
            asked.cipher, mode, key.value, asked.iv, encrypt=self.purpose != DECRYPT, step=asked.step
        )
        blockwise = mode in BLOCKWISE
        padded = asked.padded and blockwise and not mac
        session_of(ctx).running[self.handle] = Running(self.purpose, stream, padded, blockwise)
        return b""


ENCRYPT, DECRYPT, MAC = "encrypt", "decrypt", "mac"


class EncryptInit(Init):
    """EncryptInit (GM/T 0017-2012, 9.6; INS A4)."""

    purpose = ENCRYPT


class DecryptInit(Init):
    """DecryptInit (GM/T 0017-2012, 9.6; INS AC)."""

    purpose = DECRYPT


class MacInit(Init):
    """MacInit (GM/T 0017-2012, 9.6; INS BC)."""

    purpose = MAC


class Step(_OnKey):
    """One step of a running operation; after a step that fails the operation is over."""

    purpose: ClassVar[str]
    last: ClassVar[bool] = False

    def act(self, ctx: Context) -> bytes:
        self.key(ctx)
        running = session_of(ctx).running.pop(self.handle, None)
        if running is None or running.purpose != self.purpose:
            raise Refused(SW.CONDITIONS)
        out = self._advance(running)
        if not self.last:
            session_of(ctx).running[self.handle] = running
        return out

    def _advance(self, running: Running) -> bytes:
        if self.purpose == MAC:
            return self._mac(running)
        if not running.padded:
            return self._plain(running)
        return self._encrypt(running) if self.purpose == ENCRYPT else self._decrypt(running)

    def _plain(self, running: Running) -> bytes:
        data = running.held + self.data
        ready = len(data) - len(data) % BLOCK if running.whole_blocks else len(data)
        running.held = data[ready:]
        expect(not (self.last and running.held), SW.WRONG_LENGTH)
        return running.stream.update(data[:ready])

    def _encrypt(self, running: Running) -> bytes:
        data = running.held + self.data
        if self.last:
            count = BLOCK - len(data) % BLOCK
            return running.stream.update(data + bytes((count,)) * count)
        ready = len(data) - len(data) % BLOCK
        running.held = data[ready:]
        return running.stream.update(data[:ready])

    def _decrypt(self, running: Running) -> bytes:
        data = running.held + self.data
        if not self.last:
            # The last block may be padding; it waits until more comes or the end is said.
            ready = max(0, (len(data) - 1) // BLOCK * BLOCK)
            running.held = data[ready:]
            return running.stream.update(data[:ready])
        expect(bool(data) and len(data) % BLOCK == 0, SW.WRONG_LENGTH)
        return _unpad(running.stream.update(data))

    def _mac(self, running: Running) -> bytes:
        data = self.data
        expect(len(data) % BLOCK == 0, SW.WRONG_LENGTH)
        if data:
            running.held = running.stream.update(data)[-BLOCK:]
        expect(not self.last or bool(running.held), SW.WRONG_LENGTH)
        return running.held if self.last else b""


def _unpad(plain: bytes) -> bytes:
    """Without PKCS#5 padding; 6A80 when that is wrong."""
    count = plain[-1]
    good = 1 <= count <= BLOCK and plain.endswith(bytes((count,)) * count)
    expect(good, SW.WRONG_DATA)
    return plain[:-count]


class EncryptUpdate(Step):
    """EncryptUpdate (GM/T 0017-2012, 9.6; INS A8): a piece; the blocks that are ready."""

    purpose, secret_data = ENCRYPT, True


class EncryptFinal(Step):
    """Encrypt and EncryptFinal (GM/T 0017-2012, 9.6; INS A6, AA): the last piece, if any, and the rest."""

    purpose, last, secret_data = ENCRYPT, True, True


class DecryptUpdate(Step):
    """DecryptUpdate (GM/T 0017-2012, 9.6; INS B0): a piece; the blocks that are ready."""

    purpose, secret_reply = DECRYPT, True


class DecryptFinal(Step):
    """Decrypt and DecryptFinal (GM/T 0017-2012, 9.6; INS AE, B2): the last piece, if any, and the rest."""

    purpose, last, secret_reply = DECRYPT, True, True


class MacUpdate(Step):
    """MacUpdate (GM/T 0017-2012, 9.6; INS C0): whole blocks; no data."""

    purpose = MAC


class MacFinal(Step):
    """Mac and MacFinal (GM/T 0017-2012, 9.6; INS BE, C2): the last blocks, if any, and the MAC of 16 bytes."""

    purpose, last = MAC, True
