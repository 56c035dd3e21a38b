"""Who signs: a certificate and a function that signs bytes with its key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from host_tools.client.algorithms import Role
from host_tools.eport_client.card import EportCard
from host_tools.eport_client.identity import Certificate


@dataclass(frozen=True, slots=True)
class Signer:
    """`sign` gives the RSA block over SHA-1, or r and s over SM3 of ZA and the message."""

    certificate: Certificate
    sign: Callable[[bytes], bytes]


def on_card(card: EportCard) -> Signer:
    """The signing key of a card whose password was verified."""
    return Signer(card.certificate(Role.SIGN), card.sign)
