"""Wiring: SM2 with public keys for the host's tools, from a crypto engine of the card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from host_tools.cli.cards import EngineChoice, make_engine
from host_tools.errors import BadSignature

if TYPE_CHECKING:
    from simcard.hal.engine import CryptoEngine


class EngineSm2:
    """`NationalCrypto` by a card's engine."""

    def __init__(self, choice: EngineChoice) -> None:
        self._choice = choice
        self._made: CryptoEngine | None = None

    @property
    def _engine(self) -> CryptoEngine:
        if self._made is None:
            self._made = make_engine(self._choice)
        return self._made

    def check(self, point: bytes, digest: bytes, signature: bytes) -> None:
        """Check r and s over a digest; `BadSignature`."""
        from simcard.hal.engine import CryptoFault

        try:
            self._engine.sm2_verify(point, digest, signature)
        except CryptoFault:
            raise BadSignature("the signature does not belong to these data and this certificate") from None

    def encrypt(self, point: bytes, plaintext: bytes) -> bytes:
        """C1, C3 and C2."""
        from simcard.hal.system import SystemEntropy

        return self._engine.sm2_encrypt(point, plaintext, SystemEntropy())
