"""Session keys, ciphering and MACs under them (GM/T 0016-2012, 7.6.18 to 7.6.33).

A key runs one operation at a time: beginning another ends the one before, whose next step then says
SAR_NOTINITIALIZEERR. Lengths of results are known beforehand, so a host can ask for them without doing anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from host_tools.skf.algorithms import BLOCK, mac_algorithm, mode_of
from host_tools.skf.door import Ask, Door
from host_tools.skf.sar import Sar, SkfError
from simcard.wire.gmt0017 import PKCS5_PADDING, CipherMode, GmtIns
from simcard.wire.status import SW

BLOCKWISE = frozenset((CipherMode.ECB, CipherMode.CBC))
HEAD = 6
"""Bytes of AppID, ContainerID and KeyID."""
MAC_SIZE = 16
STEP_SAR: dict[int, Sar] = {SW.CONDITIONS: Sar.NOTINITIALIZEERR}
FINAL_SAR: dict[int, Sar] = {**STEP_SAR, SW.WRONG_DATA: Sar.DECRYPTPADERR}


class Purpose(Enum):
    """What an operation does, and its commands: begin, piece, end."""

    ENCRYPT = (GmtIns.ENCRYPT_INIT, GmtIns.ENCRYPT_UPDATE, GmtIns.ENCRYPT_FINAL)
    DECRYPT = (GmtIns.DECRYPT_INIT, GmtIns.DECRYPT_UPDATE, GmtIns.DECRYPT_FINAL)
    MAC = (GmtIns.MAC_INIT, GmtIns.MAC_UPDATE, GmtIns.MAC_FINAL)


@dataclass(frozen=True, slots=True)
class BlockCipher:
    """BLOCKCIPHERPARAM: IV, padding (0 none, 1 PKCS#5), bits fed back in CFB and OFB."""

    iv: bytes = b""
    padding: int = 0
    feedback: int = 0


class Owner(Protocol):
    """The container a key is in."""

    door: Door

    def ask(self, build: Callable[[bytes], Ask]) -> bytes:
        """A command built around AppID and ContainerID."""


class Run:
    """One running operation. Sizes are in bytes; `kept` holds a result the caller had no room for yet."""

    def __init__(self, key: SessionKey, purpose: Purpose, cipher: BlockCipher, blockwise: bool) -> None:
        self._key = key
        self.purpose = purpose
        self.ended = False
        self._padded = blockwise and cipher.padding == PKCS5_PADDING and purpose is not Purpose.MAC
        self._blockwise = blockwise
        self._held = 0
        self.kept: bytes | None = None

    # -- lengths, without doing anything

    def update_size(self, size: int) -> int:
        """Bytes that come out when so many go in."""
        whole = self._held + size
        if not self._blockwise:
            return size
        if self._padded and self.purpose is Purpose.DECRYPT:
            return max(0, (whole - 1) // BLOCK * BLOCK)
        return whole // BLOCK * BLOCK

    def final_size(self, size: int = 0) -> int:
        """Bytes that come out at the end, at most; decryption with padding gives up to a block less."""
        if self.purpose is Purpose.MAC:
            return MAC_SIZE
        whole = self._held + size
        if self._padded and self.purpose is Purpose.ENCRYPT:
            return (whole // BLOCK + 1) * BLOCK
        return whole

    def least_final(self, size: int = 0) -> int:
        """Bytes that come out at the end, at least."""
        most = self.final_size(size)
        return max(0, most - BLOCK) if self._padded and self.purpose is Purpose.DECRYPT else most

    # -- steps

    def update(self, data: bytes) -> bytes:
        """A piece; what is ready."""
        self._check()
        out = b""
        room = (self._key.door.room - HEAD) // BLOCK * BLOCK
        for at in range(0, len(data), room):
            piece = data[at : at + room]
            size = 0 if self.purpose is Purpose.MAC else self.update_size(len(piece))
            out += self._step(1, piece, size)
            self._held += len(piece) - size if self.purpose is not Purpose.MAC else 0
        return out

    def final(self, data: bytes = b"") -> bytes:
        """The last piece, if any, and the end; the key may begin something else."""
        self._check()
        room = (self._key.door.room - HEAD) // BLOCK * BLOCK
        at = max(0, (len(data) - 1) // room * room)
        out = self.update(data[:at])
        size = self.final_size(len(data) - at)
        out += self._step(2, data[at:], size)
        self.ended = True
        self._key.running = None
        return out

    def _check(self) -> None:
        if self._key.running is not self:
            raise SkfError(Sar.NOTINITIALIZEERR, "no such operation runs under this key")

    def _step(self, which: int, data: bytes, ne: int) -> bytes:
        better = FINAL_SAR if which == 2 and self.purpose is Purpose.DECRYPT else STEP_SAR
        try:
            return self._key.ask(self.purpose.value[which], self.purpose.name.lower(), data, ne, better)
        except SkfError:
            self._key.running = None  # the token has ended it too
            raise


class SessionKey:
    """A session key in a token, good until it is destroyed, its application closed, or the card reset."""

    def __init__(self, container: Owner, handle: int, algorithm: int) -> None:
        self.container = container
        self.door = container.door
        self.algorithm = algorithm
        self.running: Run | None = None
        self._handle = handle

    def ask(self, ins: GmtIns, doing: str, data: bytes, ne: int, better: dict[int, Sar] | None = None) -> bytes:
        """A command on this key."""
        body = self.door.u2(self._handle) + data
        long = ne > BLOCK * BLOCK
        return self.container.ask(lambda where: Ask(ins, doing, where + body, ne=ne, better=better, long=long))

    def begin(self, purpose: Purpose, cipher: BlockCipher) -> Run:
        """Begin to encrypt, decrypt or MAC."""
        algorithm = mac_algorithm(self.algorithm) if purpose is Purpose.MAC else self.algorithm
        u2, u4 = self.door.u2, self.door.u4
        data = u4(algorithm) + u2(len(cipher.iv)) + cipher.iv + u4(cipher.padding) + u4(cipher.feedback)
        self.running = None
        self.ask(purpose.value[0], "beginning to " + purpose.name.lower(), data, 0)
        self.running = Run(self, purpose, cipher, mode_of(algorithm) in BLOCKWISE)
        return self.running

    def encrypt(self, data: bytes, cipher: BlockCipher) -> bytes:
        """Encrypt in one go."""
        return self.begin(Purpose.ENCRYPT, cipher).final(data)

    def decrypt(self, data: bytes, cipher: BlockCipher) -> bytes:
        """Decrypt in one go."""
        return self.begin(Purpose.DECRYPT, cipher).final(data)

    def mac(self, data: bytes, iv: bytes = b"") -> bytes:
        """CBC-MAC over whole blocks (GM/T 0016-2012, 7.6.31)."""
        return self.begin(Purpose.MAC, BlockCipher(iv)).final(data)

    def destroy(self) -> None:
        """Forget the key."""
        self.ask(GmtIns.DESTROY_SESSION_KEY, "destroying a session key", b"", 0)
