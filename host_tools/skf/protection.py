"""How a host proves a PIN and wraps a new one (GM/T 0016-2012, 8.2; GM/T 0017-2012, 9.2).

The key of a PIN is SHA-1 over the PIN, padded with zeros to 16 bytes, cut to 16 bytes; the cipher is SM4.
"""

from __future__ import annotations

import hashlib

from simcard.wire.gmt0017 import CHALLENGE, MAC_LENGTH, challenge_block, mac_input
from simcard.wire.secret import Secret

BLOCK = 16


def pin_key(pin: Secret, pad: str = "zero16") -> Secret:
    """The SM4 key a PIN stands for."""
    raw = pin.reveal()
    padded = raw.ljust(BLOCK, b"\0") if pad == "zero16" else raw
    return Secret(hashlib.sha1(padded, usedforsecurity=False).digest()[:BLOCK])


def sm4_ecb(key: Secret, data: bytes) -> bytes:
    """Whole blocks under SM4 in ECB."""
    # Loaded at the first PIN: a program that only lists devices does not wait for it.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    run = Cipher(algorithms.SM4(key.reveal()), modes.ECB()).encryptor()
    return run.update(data) + run.finalize()


def sm4_mac(key: Secret, challenge: bytes, padded: bytes) -> bytes:
    """First 4 bytes of the last block of SM4-CBC; the IV is the challenge and zeros."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    iv = challenge[:CHALLENGE].ljust(BLOCK, b"\0")
    run = Cipher(algorithms.SM4(key.reveal()), modes.CBC(iv)).encryptor()
    return (run.update(padded) + run.finalize())[-BLOCK:][:MAC_LENGTH]


def answer(key: Secret, challenge: bytes, form: str) -> bytes:
    """The cryptogram that answers a challenge, in one of the `CHALLENGE_FORMS`."""
    return sm4_ecb(key, challenge_block(form, challenge))


def wrapped(key: Secret, value: Secret) -> bytes:
    """A new PIN or key (at most 16 bytes), padded with zeros and enciphered."""
    return sm4_ecb(key, value.reveal().ljust(BLOCK, b"\0"))


def sealed(key: Secret, challenge: bytes, header: bytes, data: bytes, form: str) -> bytes:
    """The data of a protected command with their MAC behind; `header` is CLA INS P1 P2."""
    return data + sm4_mac(key, challenge, mac_input(form, header, data))
