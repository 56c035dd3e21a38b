"""Signatures of both generations of Electronic Port cards, checked and encrypted for on the host.

RSA (PKCS #1 v1.5 over SHA-1) is `cryptography`'s. SM2 comes from outside as a `NationalCrypto`: the wiring passes one.
"""

from __future__ import annotations

from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from host_tools.errors import BadSignature
from host_tools.pki.keys import Hash, Kind, PublicKey, digest, sm2_digest

SM2_SIGNATURE = 64
DIGEST_SIZES = {Kind.RSA: 20, Kind.SM2: 32}
_BAD = "the signature does not belong to these data and this certificate"


class NationalCrypto(Protocol):
    """SM2 with public keys."""

    def check(self, point: bytes, digest: bytes, signature: bytes) -> None:
        """Check r and s over a digest; `BadSignature`."""
        ...

    def encrypt(self, point: bytes, plaintext: bytes) -> bytes:
        """C1, C3 and C2."""
        ...


def signed_digest(key: PublicKey, message: bytes) -> bytes:
    """What a signature over `message` is made over: SHA-1, or SM3 of ZA and the message."""
    return sm2_digest(key.point, message) if key.kind is Kind.SM2 else digest(Hash.SHA1, message)


def plain_digest(kind: Kind, message: bytes) -> bytes:
    """The hash of a message by itself: SHA-1, or SM3."""
    return digest(Hash.SM3 if kind is Kind.SM2 else Hash.SHA1, message)


def check(key: PublicKey, message: bytes, signature: bytes, sm2: NationalCrypto) -> None:
    """Check a signature over a message; `BadSignature`."""
    check_digest(key, signed_digest(key, message), signature, sm2)


def check_digest(key: PublicKey, made_over: bytes, signature: bytes, sm2: NationalCrypto) -> None:
    """Check a signature over a ready digest; `BadSignature`."""
    if len(made_over) != DIGEST_SIZES.get(key.kind):
        raise BadSignature("a digest of this length cannot be signed by a key of this kind")
    if key.kind is Kind.SM2:
        if len(signature) != SM2_SIGNATURE:
            raise BadSignature("an SM2 signature is r and s in 64 bytes")
        sm2.check(key.point, made_over, signature)
        return
    try:
        rsa_key(key).verify(signature, made_over, padding.PKCS1v15(), utils.Prehashed(hashes.SHA1()))
    except InvalidSignature:
        raise BadSignature(_BAD) from None


def encrypt(key: PublicKey, plaintext: bytes, sm2: NationalCrypto) -> bytes:
    """Encrypt for a certificate's key: PKCS #1 v1.5, or SM2. ValueError when it is too long."""
    if key.kind is Kind.SM2:
        return sm2.encrypt(key.point, plaintext)
    return rsa_key(key).encrypt(plaintext, padding.PKCS1v15())


def rsa_key(key: PublicKey) -> rsa.RSAPublicKey:
    """The key as `cryptography` has it."""
    return rsa.RSAPublicNumbers(key.e, key.n).public_key()
