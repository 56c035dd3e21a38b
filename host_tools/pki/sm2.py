"""SM2 for the host: the engine it needs, and the DER that SM2 values travel in (GM/T 0009-2012).

The host has no SM2 arithmetic of its own. Whoever wires a program passes an engine that follows `Sm2`.
"""

from __future__ import annotations

from typing import Protocol

from host_tools.errors import BadEncoding
from host_tools.pki import der, tree
from host_tools.pki.tree import Reader
from simcard.wire.secret import Secret

SIZE = 32
POINT = 1 + 2 * SIZE
SHORTEST = POINT + SIZE
"""C1 || C3, the part of a cryptogram that is always there."""


class Sm2(Protocol):
    """SM2 arithmetic. Keys are d (32 bytes) and 04 || x || y; signatures r || s; cryptograms C1 || C3 || C2."""

    def generate(self) -> tuple[Secret, bytes]:
        """A new pair: d and the point."""

    def public_of(self, private: Secret) -> bytes:
        """The point of d; `BadEncoding` for a d out of range."""

    def sign(self, private: Secret, digest: bytes) -> bytes:
        """r || s over SM3(ZA || M)."""

    def verify(self, point: bytes, digest: bytes, signature: bytes) -> None:
        """Raise `BadSignature` unless r || s is good for SM3(ZA || M)."""

    def encrypt(self, point: bytes, plaintext: bytes) -> bytes:
        """C1 (04 || x || y) || C3 || C2; `BadEncoding` for a point that is none."""

    def decrypt(self, private: Secret, cryptogram: bytes) -> Secret:
        """The plaintext; `CannotOpen` unless C3 is right."""


def cipher_der(cryptogram: bytes) -> bytes:
    """SM2Cipher (GM/T 0009-2012, 7.2) from C1 || C3 || C2."""
    if len(cryptogram) < SHORTEST or cryptogram[0] != 0x04:
        raise BadEncoding("this is no SM2 cryptogram: it begins with no point, or is too short")
    x, y = cryptogram[1 : 1 + SIZE], cryptogram[1 + SIZE : POINT]
    numbers = (der.integer(int.from_bytes(each, "big")) for each in (x, y))
    return tree.sequence(*numbers, tree.octets(cryptogram[POINT:SHORTEST]), tree.octets(cryptogram[SHORTEST:]))


def cipher_of(reader: Reader) -> bytes:
    """C1 || C3 || C2 from the elements of an SM2Cipher."""
    x, y = reader.integer(), reader.integer()
    hash_, body = reader.octets(), reader.octets()
    reader.end()
    if not (0 <= x < 1 << 8 * SIZE and 0 <= y < 1 << 8 * SIZE and len(hash_) == SIZE):
        raise reader.wrong("a coordinate or the hash has not 32 bytes")
    return b"\x04" + x.to_bytes(SIZE, "big") + y.to_bytes(SIZE, "big") + hash_ + body


def cipher_from_der(encoded: bytes) -> bytes:
    """C1 || C3 || C2 from an SM2Cipher; `BadEncoding` for anything else."""
    return cipher_of(Reader.of(encoded, "SM2Cipher"))
