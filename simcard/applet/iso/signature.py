"""Signing and checking with the algorithm a template names, or the one that fits the key.

Algorithm reference byte (tag 80 of a template): the high nibble is the scheme, the low nibble the hash.
The data to sign are always a ready digest, a DigestInfo or a block: the card hashes only by PSO HASH.
Where no algorithm is named, RSA takes a block as long as the modulus as it is and pads anything shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from simcard.applet.access import end_of_signature
from simcard.applet.base import Context, expect
from simcard.applet.iso.session import Template
from simcard.hal.engine import CryptoFault, Hash, KeyKind, RsaEncryption, RsaSignature
from simcard.key.pair import KeyPair
from simcard.wire.status import SW, Refused

ALGORITHM_TAG = 0x80
SM2_DEFAULT_ID = b"1234567812345678"
"""GM/T 0009-2012, 10."""


class Scheme(IntEnum):
    """High nibble of an algorithm reference."""

    DEFAULT = 0
    PKCS1 = 1
    PSS = 2
    OAEP = 3
    ECDSA = 4
    RAW = 5
    SM2 = 6


HASHES: dict[int, Hash] = {
    1: Hash.SHA1,
    2: Hash.SHA256,
    3: Hash.SHA384,
    4: Hash.SHA512,
    5: Hash.SM3,
    6: Hash.SHA224,
}
"""Low nibble of an algorithm reference; 0: the digest comes ready and nobody says which it is."""

SCHEMES: dict[str, frozenset[Scheme]] = {
    "rsa": frozenset((Scheme.DEFAULT, Scheme.PKCS1, Scheme.PSS, Scheme.OAEP, Scheme.RAW)),
    "sm2": frozenset((Scheme.DEFAULT, Scheme.SM2)),
    "p256": frozenset((Scheme.DEFAULT, Scheme.ECDSA)),
    "p384": frozenset((Scheme.DEFAULT, Scheme.ECDSA)),
}


@dataclass(frozen=True, slots=True)
class Algorithm:
    scheme: Scheme
    hash: Hash | None

    @classmethod
    def of(cls, template: Template, kind: str) -> Algorithm:
        """The algorithm a template names for a key of this kind; 6A80 for one that does not fit it."""
        return _algorithm(template.get(ALGORITHM_TAG, b"\0"), kind)

    def rsa(self) -> RsaSignature:
        expect(self.scheme is not Scheme.OAEP, SW.WRONG_DATA)
        if self.scheme is Scheme.PSS:
            expect(self.hash is not None, SW.WRONG_DATA)
            return RsaSignature.PSS
        if self.scheme is Scheme.RAW:
            return RsaSignature.RAW
        return RsaSignature.PKCS1 if self.hash else RsaSignature.PKCS1_DATA

    def rsa_encryption(self) -> RsaEncryption:
        expect(self.scheme is not Scheme.PSS, SW.WRONG_DATA)
        if self.scheme is Scheme.OAEP:
            return RsaEncryption.OAEP
        return RsaEncryption.RAW if self.scheme is Scheme.RAW else RsaEncryption.PKCS1


BY_THE_DATA = Algorithm(Scheme.DEFAULT, None)
"""What a template says that names no algorithm."""


@lru_cache(maxsize=256)
def _algorithm(coded: bytes, kind: str) -> Algorithm:
    expect(len(coded) == 1, SW.WRONG_DATA)
    scheme, hash_ = coded[0] >> 4, coded[0] & 0x0F
    expect(scheme in SCHEMES[kind] and (hash_ == 0 or hash_ in HASHES), SW.WRONG_DATA)
    return Algorithm(Scheme(scheme), HASHES.get(hash_))


def sign(ctx: Context, pair: KeyPair, template: Template, data: bytes, hash_: Hash | None = None) -> bytes:
    """A signature over a digest, DigestInfo or block; `hash_` is known when the card made the digest itself.

    The caller has asked whether the key may be used; the login that allowed it may end with the signature.
    """
    signature = _signature(ctx, pair, template, data, hash_)
    end_of_signature(ctx, pair)
    return signature


def _signature(ctx: Context, pair: KeyPair, template: Template, data: bytes, hash_: Hash | None) -> bytes:
    algorithm = Algorithm.of(template, pair.kind)
    if hash_ is not None and algorithm.hash is None:
        algorithm = Algorithm(algorithm.scheme, hash_)
    elif pair.kind == "rsa" and algorithm == BY_THE_DATA and len(data) * 8 == pair.bits:
        algorithm = Algorithm(Scheme.RAW, None)
    hash_ = algorithm.hash
    if hash_ is not None and len(data) != hash_.size:
        raise Refused(SW.WRONG_DATA)
    crypto, nonce = ctx.rooms.crypto, ctx.rooms.noise.nonce
    try:
        if pair.kind == "sm2":
            return crypto.sm2_sign(pair.private, data, nonce)
        if pair.kind == "rsa":
            scheme = algorithm.rsa()
            named = hash_ if scheme in (RsaSignature.PKCS1, RsaSignature.PSS) else None
            return crypto.rsa_sign(pair.private, scheme, named, data, nonce)
        return crypto.ecdsa_sign(KeyKind(pair.kind), pair.private, data, nonce)
    except CryptoFault:
        raise Refused(SW.WRONG_DATA) from None


def check(ctx: Context, kind: str, public: bytes, template: Template, data: bytes, signature: bytes) -> None:
    """6300 unless the signature is good."""
    algorithm = Algorithm.of(template, kind)
    crypto = ctx.rooms.crypto
    try:
        match KeyKind(kind):
            case KeyKind.RSA:
                scheme = algorithm.rsa()
                named = algorithm.hash if scheme in (RsaSignature.PKCS1, RsaSignature.PSS) else None
                crypto.rsa_verify(public, scheme, named, data, signature)
            case KeyKind.SM2:
                crypto.sm2_verify(public, data, signature)
            case curve:
                crypto.ecdsa_verify(curve, public, data, signature)
    except CryptoFault:
        raise Refused(SW.FAILED) from None
