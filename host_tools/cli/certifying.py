"""Certificates for the keys of a fresh card, signed by the card itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from host_tools.client.algorithms import Role
from host_tools.client.info import ContainerInfo, KeyInfo
from host_tools.client.iso import IsoCard
from host_tools.errors import NotAllowed, WrongState
from host_tools.pki import certificate
from host_tools.pki.certificate import Holder, Issuer, Use
from host_tools.pki.keys import USUAL_HASH, Hash, Kind

Step = Callable[[str], None]
OLD_RSA_BITS = 1024
"""Keys of the old generation are of this size, and its certificates are signed with SHA-1."""

USES = {Role.SIGN: Use.SIGN, Role.EXCHANGE: Use.EXCHANGE}


def certify_keys(card: IsoCard, holder: Holder, number: str, start: date, step: Step) -> int:
    """Put a certificate beside every key of a container that has a signing key; how many were made.

    `number` is the certificate number of the first signing key, hexadecimal; the others have numbers of their own.
    A container whose signing key may not be used by this door with the PINs verified so far stays without: keys
    of another door, or a PIN that its holder must change first.
    """
    made = 0
    for container in card.containers():
        issuer = _issuer(card, container)
        if issuer is None:
            continue
        try:
            for key in container.keys:
                step(f"{key.role.value} certificate of {container.name}")
                serial = int(number, 16) if number and not made else None
                public = card.public_key(key.reference)
                der = certificate.make(public, holder, USES[key.role], start, issuer, serial)
                card.put_certificate(key.reference, der)
                made += 1
        except (NotAllowed, WrongState):
            continue
    return made


def _issuer(card: IsoCard, container: ContainerInfo) -> Issuer | None:
    """The signing key of a container, None when it has none."""
    key = next((key for key in container.keys if key.role is Role.SIGN), None)
    if key is None:
        return None
    hash_, reference = hash_of(key), key.reference
    return Issuer(card.public_key(reference), hash_, lambda message: card.sign(reference, message, hash_))


def hash_of(key: KeyInfo) -> Hash:
    """The hash of certificates that this key signs."""
    old = key.kind is Kind.RSA and key.bits <= OLD_RSA_BITS
    return Hash.SHA1 if old else USUAL_HASH[key.kind]
