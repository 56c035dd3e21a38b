"""Public keys as the host knows them, and the digests that SM2 signatures are made over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256


class Kind(StrEnum):
    """Kinds of asymmetric key a card may hold."""

    SM2 = "sm2"
    RSA = "rsa"
    P256 = "p256"
    P384 = "p384"


class Hash(StrEnum):
    """Hash functions by the name the command line uses."""

    SHA1 = "sha1"
    SHA224 = "sha224"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"
    SM3 = "sm3"


class Scheme(StrEnum):
    """How a digest becomes a signature."""

    PKCS1 = "pkcs1"
    PSS = "pss"
    SM2 = "sm2"
    ECDSA = "ecdsa"


SCHEMES: dict[Kind, tuple[Scheme, ...]] = {
    Kind.SM2: (Scheme.SM2,),
    Kind.RSA: (Scheme.PKCS1, Scheme.PSS),
    Kind.P256: (Scheme.ECDSA,),
    Kind.P384: (Scheme.ECDSA,),
}
"""Schemes that fit a key; the first is the usual one."""

USUAL_HASH: dict[Kind, Hash] = {
    Kind.SM2: Hash.SM3,
    Kind.RSA: Hash.SHA256,
    Kind.P256: Hash.SHA256,
    Kind.P384: Hash.SHA384,
}

SM2_DEFAULT_ID = b"1234567812345678"
"""The signer's identifier where none is agreed (GM/T 0009-2012, 10)."""

_SM2_CURVE = bytes.fromhex(
    "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC"
    "28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"
    "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
    "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"
)
"""a, b and the coordinates of G of the curve (GM/T 0003.5-2012), 32 bytes each."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key: `point` (04 x y) for curves, `n` and `e` for RSA."""

    kind: Kind
    point: bytes = b""
    n: int = 0
    e: int = 0

    @property
    def bits(self) -> int:
        """Length of the modulus or of the curve's field."""
        return self.n.bit_length() if self.kind is Kind.RSA else len(self.point) // 2 * 8

    @property
    def material(self) -> bytes:
        """The point, or the modulus."""
        return self.point or self.n.to_bytes((self.bits + 7) // 8, "big")

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the point or the modulus."""
        return sha256(self.material).digest()


def digest(hash_: Hash, data: bytes) -> bytes:
    """The digest of `data`."""
    from cryptography.hazmat.primitives import hashes

    running = hashes.Hash(getattr(hashes, hash_.value.upper())())
    running.update(data)
    return running.finalize()


def sm2_digest(point: bytes, message: bytes, ident: bytes = SM2_DEFAULT_ID) -> bytes:
    """SM3(ZA || M), what an SM2 signature is made over (GM/T 0003.2-2012, 5.5; GM/T 0009-2012, 8.1)."""
    za = digest(Hash.SM3, (8 * len(ident)).to_bytes(2, "big") + ident + _SM2_CURVE + point[1:])
    return digest(Hash.SM3, za + message)


def signed_digest(key: PublicKey, hash_: Hash, message: bytes) -> bytes:
    """The digest that a signature of this key over `message` is made over."""
    if key.kind is Kind.SM2:
        return sm2_digest(key.point, message)
    return digest(hash_, message)
