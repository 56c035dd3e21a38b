"""ECDSA and ECDH on P-256 and P-384 with the `cryptography` package.

The nonce is that of RFC 6979, so a signature depends on nothing but key and digest and the card's entropy is
not consulted. RFC 6979 runs on the hash that made the digest: it is told by the digest's length, and a digest of
no known length is brought to the width of the curve first, which leaves the number it stands for unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simcard.crypto.cache import KeyCache
from simcard.hal.engine import CryptoFault, KeyKind

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

Draw = Callable[[int], bytes]
HASH_BY_LENGTH = {20: "SHA1", 28: "SHA224", 32: "SHA256", 48: "SHA384", 64: "SHA512"}


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve by its name in the library, the width of its field in bytes and its order."""

    library_name: str
    size: int
    order: int


CURVES = {
    KeyKind.P256: Curve("SECP256R1", 32, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551),
    KeyKind.P384: Curve(
        "SECP384R1",
        48,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    ),
}


def _curve(kind: KeyKind) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    return getattr(ec, CURVES[kind].library_name)()


def _prehashed(kind: KeyKind, digest: bytes) -> tuple[bytes, Any]:
    # The digest as RFC 6979 takes it, and the hash it is to be taken for.
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    if not 1 <= len(digest) <= 64:
        raise CryptoFault("ECDSA digest is not 1 to 64 bytes")
    if len(digest) not in HASH_BY_LENGTH:
        digest = digest[: CURVES[kind].size].rjust(CURVES[kind].size, b"\0")
    return digest, Prehashed(getattr(hashes, HASH_BY_LENGTH[len(digest)])())


def _load_private(kind: KeyKind) -> Callable[[bytes], ec.EllipticCurvePrivateKey]:
    def load(private: bytes) -> ec.EllipticCurvePrivateKey:
        from cryptography.hazmat.primitives.asymmetric import ec

        d = int.from_bytes(private, "big")
        if len(private) != CURVES[kind].size or not 1 <= d < CURVES[kind].order:
            raise CryptoFault(f"{kind} private key out of range")
        return ec.derive_private_key(d, _curve(kind))

    return load


def _load_public(kind: KeyKind) -> Callable[[bytes], ec.EllipticCurvePublicKey]:
    def load(public: bytes) -> ec.EllipticCurvePublicKey:
        from cryptography.hazmat.primitives.asymmetric import ec

        if len(public) != 1 + 2 * CURVES[kind].size or public[0] != 4:
            raise CryptoFault(f"{kind} point is not 04 || X || Y")
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(_curve(kind), public)
        except ValueError as error:
            raise CryptoFault(f"{kind} point is not on the curve") from error

    return load


class Nist:
    """The operations on one curve."""

    def __init__(self, kind: KeyKind) -> None:
        self._kind = kind
        self._size = CURVES[kind].size
        self._private = KeyCache(_load_private(kind))
        self._public = KeyCache(_load_public(kind))

    def generate(self, draw: Draw) -> tuple[bytes, bytes]:
        """A new pair; strings out of range are thrown away (FIPS 186-5, A.2.2)."""
        while not 1 <= int.from_bytes(private := draw(self._size), "big") < CURVES[self._kind].order:
            pass
        return private, self.public_of(private)

    def public_of(self, private: bytes) -> bytes:
        """04 || X || Y."""
        numbers = self._private.get(private).public_key().public_numbers()
        return b"\x04" + numbers.x.to_bytes(self._size, "big") + numbers.y.to_bytes(self._size, "big")

    def check_public(self, public: bytes) -> None:
        """Refuse what is not a point of the curve."""
        self._public.get(public)

    def sign(self, private: bytes, digest: bytes) -> bytes:
        """r || s."""
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        data, prehashed = _prehashed(self._kind, digest)
        encoded = self._private.get(private).sign(data, ec.ECDSA(prehashed, deterministic_signing=True))
        return b"".join(number.to_bytes(self._size, "big") for number in decode_dss_signature(encoded))

    def verify(self, public: bytes, digest: bytes, signature: bytes) -> None:
        """Raise unless r || s is right; r and s are 1 to n - 1."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        r, s = int.from_bytes(signature[: self._size], "big"), int.from_bytes(signature[self._size :], "big")
        order = CURVES[self._kind].order
        if len(signature) != 2 * self._size or not (0 < r < order and 0 < s < order):
            raise CryptoFault("ECDSA signature out of range")
        data, prehashed = _prehashed(self._kind, digest)
        try:
            self._public.get(public).verify(encode_dss_signature(r, s), data, ec.ECDSA(prehashed))
        except InvalidSignature as error:
            raise CryptoFault("ECDSA signature is wrong") from error

    def ecdh(self, private: bytes, peer_public: bytes) -> bytes:
        """The x coordinate of d * P."""
        from cryptography.hazmat.primitives.asymmetric import ec

        return self._private.get(private).exchange(ec.ECDH(), self._public.get(peer_public))
