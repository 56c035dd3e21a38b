"""Wiring: a crypto engine of the card's house does the SM2 arithmetic of the host's certificates and messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from host_tools.errors import BadEncoding, BadSignature, CannotOpen, HostError
from simcard.hal.engine import CryptoEngine, CryptoFault, KeyKind
from simcard.hal.entropy import Entropy
from simcard.hal.system import SystemEntropy
from simcard.wire.secret import Secret

BITS = 256


@contextmanager
def _faults(error: HostError) -> Iterator[None]:
    try:
        yield
    except CryptoFault:
        raise error from None


class EngineSm2:
    """`host_tools.pki.sm2.Sm2` over a `CryptoEngine`; the noise is the operating system's unless a test gives its."""

    def __init__(self, engine: CryptoEngine, entropy: Entropy | None = None) -> None:
        self._engine = engine
        self._entropy = entropy or SystemEntropy()

    def generate(self) -> tuple[Secret, bytes]:
        return self._engine.generate(KeyKind.SM2, BITS, self._entropy)

    def public_of(self, private: Secret) -> bytes:
        with _faults(BadEncoding("the SM2 private key is out of range")):
            return self._engine.public_of(KeyKind.SM2, private)

    def sign(self, private: Secret, digest: bytes) -> bytes:
        return self._engine.sm2_sign(private, digest, self._entropy)

    def verify(self, point: bytes, digest: bytes, signature: bytes) -> None:
        with _faults(BadSignature("the signature does not belong to this message and key")):
            self._engine.sm2_verify(point, digest, signature)

    def encrypt(self, point: bytes, plaintext: bytes) -> bytes:
        with _faults(BadEncoding("the SM2 public key is not on the curve")):
            return self._engine.sm2_encrypt(point, plaintext, self._entropy)

    def decrypt(self, private: Secret, cryptogram: bytes) -> Secret:
        with _faults(CannotOpen("the SM2 cryptogram is for another key, or was changed")):
            return self._engine.sm2_decrypt(private, cryptogram)
