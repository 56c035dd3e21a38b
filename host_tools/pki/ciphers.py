"""Block ciphers of messages and key files: CBC with the padding of PKCS#7, and ECB of whole blocks for SKF."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from host_tools.errors import CannotOpen
from host_tools.pki import oids
from simcard.wire.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm


@dataclass(frozen=True, slots=True)
class Cipher:
    """A cipher in CBC: the class of `cryptography` it is, key and block length in bytes."""

    name: str
    key: int
    block: int


CBC = {
    oids.SM4_CBC: Cipher("SM4", 16, 16),
    oids.SM4: Cipher("SM4", 16, 16),
    oids.AES_128_CBC: Cipher("AES", 16, 16),
    oids.AES_192_CBC: Cipher("AES", 24, 16),
    oids.AES_256_CBC: Cipher("AES", 32, 16),
    oids.TDES_CBC: Cipher("TripleDES", 24, 8),
}
"""By object identifier. Some programs write SM4 without a mode and mean CBC when there is an IV."""


def _algorithm(cipher: Cipher, key: bytes) -> BlockCipherAlgorithm:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4

    makers: dict[str, Callable[[bytes], BlockCipherAlgorithm]] = {"SM4": SM4, "AES": AES, "TripleDES": TripleDES}
    return makers[cipher.name](key)


def encrypt(oid: str, key: Secret, iv: bytes, plain: bytes) -> bytes:
    """CBC with padding; `iv` is one block."""
    from cryptography.hazmat.primitives.ciphers import Cipher as Running
    from cryptography.hazmat.primitives.ciphers import modes
    from cryptography.hazmat.primitives.padding import PKCS7

    cipher = CBC[oid]
    padder = PKCS7(8 * cipher.block).padder()
    running = Running(_algorithm(cipher, key.reveal()), modes.CBC(iv)).encryptor()
    return running.update(padder.update(plain) + padder.finalize()) + running.finalize()


def decrypt(oid: str, key: Secret, iv: bytes, data: bytes) -> bytes:
    """The plaintext; `CannotOpen` for a wrong key, a wrong length, or padding that is none."""
    from cryptography.hazmat.primitives.ciphers import Cipher as Running
    from cryptography.hazmat.primitives.ciphers import modes
    from cryptography.hazmat.primitives.padding import PKCS7

    cipher = CBC[oid]
    if len(key) != cipher.key or len(iv) != cipher.block:
        raise CannotOpen("the key in the envelope does not fit its cipher: it is for somebody else, or damaged")
    try:
        running = Running(_algorithm(cipher, key.reveal()), modes.CBC(iv)).decryptor()
        unpadder = PKCS7(8 * cipher.block).unpadder()
        return unpadder.update(running.update(data) + running.finalize()) + unpadder.finalize()
    except ValueError:
        raise CannotOpen("the content of the envelope does not open with this key") from None


def sm4_ecb(key: Secret, data: bytes, *, encrypt: bool) -> bytes:
    """SM4 over whole blocks, each alone: how GM/T 0009 and GM/T 0016 wrap private keys."""
    from cryptography.hazmat.primitives.ciphers import Cipher as Running
    from cryptography.hazmat.primitives.ciphers import modes
    from cryptography.hazmat.primitives.ciphers.algorithms import SM4

    whole = Running(SM4(key.reveal()), modes.ECB())
    running = whole.encryptor() if encrypt else whole.decryptor()
    return running.update(data) + running.finalize()
