"""SM4, AES and (T)DES in ECB, CBC, CFB, OFB, CTR and GCM, and the MACs built on them.

The `cryptography` package does the work. CFB and OFB come from its `decrepit` modules, where they moved; TDES
too. Imports happen at first use, because they cost 20 ms.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from simcard.hal.engine import Cipher, CryptoFault, Mode

KEY_LENGTHS = {Cipher.SM4: (16,), Cipher.AES: (16, 24, 32), Cipher.TDES: (8, 16, 24)}
PRIMITIVES = "cryptography.hazmat.primitives.ciphers"
DECREPIT = "cryptography.hazmat.decrepit.ciphers"
ALGORITHMS = {
    Cipher.SM4: (f"{PRIMITIVES}.algorithms", "SM4"),
    Cipher.AES: (f"{PRIMITIVES}.algorithms", "AES"),
    Cipher.TDES: (f"{DECREPIT}.algorithms", "TripleDES"),
}
MODES = {
    Mode.ECB: (f"{PRIMITIVES}.modes", "ECB"),
    Mode.CBC: (f"{PRIMITIVES}.modes", "CBC"),
    Mode.CFB: (f"{DECREPIT}.modes", "CFB"),
    Mode.OFB: (f"{DECREPIT}.modes", "OFB"),
    Mode.CTR: (f"{PRIMITIVES}.modes", "CTR"),
    Mode.GCM: (f"{PRIMITIVES}.modes", "GCM"),
}
WHOLE_BLOCKS = (Mode.ECB, Mode.CBC)
TAG = 16
GCM_IV = range(8, 129)


@cache
def _named(where: tuple[str, str]) -> Any:
    return getattr(import_module(where[0]), where[1])


def algorithm(cipher: Cipher, key: bytes) -> Any:
    """The key bound to its cipher; refuses a wrong length."""
    if len(key) not in KEY_LENGTHS[cipher]:
        raise CryptoFault(f"{cipher} key of a wrong length")
    if cipher is Cipher.TDES:
        # One and two DES keys are the same cipher with keys repeated (K1 K1 K1 and K1 K2 K1).
        key = (key + key[:8])[:24] if len(key) == 16 else (key * 3)[:24]
    return _named(ALGORITHMS[cipher])(key)


def mode_object(cipher: Cipher, mode: Mode, iv: bytes, tag: bytes | None = None, tag_length: int = TAG) -> Any:
    """The mode with its initial value; refuses an initial value of a wrong length."""
    if cipher is Cipher.TDES and mode in (Mode.CTR, Mode.GCM):
        raise CryptoFault("TDES has neither CTR nor GCM")
    if mode is Mode.GCM:
        if len(iv) not in GCM_IV or not 12 <= tag_length <= TAG:
            raise CryptoFault("GCM needs an initial value of 8 to 128 bytes and a tag of 12 to 16")
        return _named(MODES[mode])(iv, tag, tag_length)
    if len(iv) != (0 if mode is Mode.ECB else cipher.block):
        raise CryptoFault("initial value of a wrong length")
    return _named(MODES[mode])() if mode is Mode.ECB else _named(MODES[mode])(iv)


def context(cipher: Cipher, mode: Mode, key: bytes, iv: bytes, aad: bytes, *, encrypt: bool) -> Any:
    """A running encryptor or decryptor of the library."""
    if aad and mode is not Mode.GCM:
        raise CryptoFault("additional data outside GCM")
    made = _named((PRIMITIVES, "Cipher"))(algorithm(cipher, key), mode_object(cipher, mode, iv))
    running = made.encryptor() if encrypt else made.decryptor()
    if mode is Mode.GCM:
        running.authenticate_additional_data(aad)
    return running


class Stream:
    """`CipherStream` over the library's context."""

    def __init__(self, cipher: Cipher, mode: Mode, key: bytes, iv: bytes, aad: bytes, *, encrypt: bool) -> None:
        self._context = context(cipher, mode, key, iv, aad, encrypt=encrypt)
        self._gcm = mode is Mode.GCM
        self._encrypt = encrypt

    def update(self, data: bytes, /) -> bytes:
        """Absorb `data`, give what is ready."""
        ready: bytes = self._context.update(data)
        return ready

    def finalize(self, tag: bytes = b"") -> bytes:
        """End: the tag of GCM encryption, else nothing; `CryptoFault` on a wrong tag or an incomplete block."""
        if self._gcm and not self._encrypt:
            _finish(self._context, tag)
            return b""
        try:
            rest: bytes = self._context.finalize()
        except ValueError as error:
            raise CryptoFault("data is not whole blocks") from error
        return bytes(self._context.tag) if self._gcm else rest


def _finish(running: Any, tag: bytes) -> None:
    from cryptography.exceptions import InvalidTag

    try:
        running.finalize_with_tag(tag)
    except (InvalidTag, ValueError) as error:
        raise CryptoFault("GCM tag is wrong") from error


def crypt(cipher: Cipher, mode: Mode, key: bytes, iv: bytes, data: bytes, *, encrypt: bool) -> bytes:
    """All of `data` in one go, modes other than GCM."""
    if mode in WHOLE_BLOCKS and len(data) % cipher.block:
        raise CryptoFault("data is not whole blocks")
    running = context(cipher, mode, key, iv, b"", encrypt=encrypt)
    result: bytes = running.update(data) + running.finalize()
    return result


def seal(cipher: Cipher, key: bytes, iv: bytes, data: bytes, aad: bytes, tag_length: int) -> bytes:
    """GCM encryption: ciphertext || tag."""
    mode_object(cipher, Mode.GCM, iv, None, tag_length)
    running = context(cipher, Mode.GCM, key, iv, aad, encrypt=True)
    sealed: bytes = running.update(data) + running.finalize()
    return sealed + bytes(running.tag[:tag_length])


def open_sealed(cipher: Cipher, key: bytes, iv: bytes, data: bytes, aad: bytes, tag_length: int) -> bytes:
    """GCM decryption of ciphertext || tag; nothing leaves when the tag is wrong."""
    body, tag = data[:-tag_length], data[-tag_length:]
    mode = mode_object(cipher, Mode.GCM, iv, None, tag_length)
    if len(tag) != tag_length:
        raise CryptoFault("GCM tag is missing")
    running = _named((PRIMITIVES, "Cipher"))(algorithm(cipher, key), mode).decryptor()
    running.authenticate_additional_data(aad)
    opened: bytes = running.update(body)
    _finish(running, tag)
    return opened


def cbc_mac(cipher: Cipher, key: bytes, iv: bytes, data: bytes) -> bytes:
    """The last block of the CBC encryption; no data has no last block and is refused."""
    if not data:
        raise CryptoFault("CBC-MAC of no data")
    return crypt(cipher, Mode.CBC, key, iv, data, encrypt=True)[-cipher.block :]


def cmac(cipher: Cipher, key: bytes, data: bytes) -> bytes:
    """CMAC (NIST SP 800-38B), a full block."""
    running = _named(("cryptography.hazmat.primitives.cmac", "CMAC"))(algorithm(cipher, key))
    running.update(data)
    result: bytes = running.finalize()
    return result


def retail_mac(key: bytes, iv: bytes, data: bytes) -> bytes:
    """ISO/IEC 9797-1 algorithm 3: single DES in CBC under the left half, then D(right) and E(left)."""
    if len(key) != 16:
        raise CryptoFault("retail MAC key is not 16 bytes")
    left, right = key[:8], key[8:]
    block = cbc_mac(Cipher.TDES, left, iv, data)
    block = crypt(Cipher.TDES, Mode.ECB, right, b"", block, encrypt=False)
    return crypt(Cipher.TDES, Mode.ECB, left, b"", block, encrypt=True)
