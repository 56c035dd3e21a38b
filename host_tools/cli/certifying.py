"""Certificates for the keys of a fresh card, signed by the card itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from host_tools.client.algorithms import Role
from host_tools.client.info import ContainerInfo, KeyInfo
from host_tools.client.iso import IsoCard
from host_tools.errors import NotAllowed, ProfileProblem, WrongState
from host_tools.pki import certificate
from host_tools.pki.certificate import Holder, Issuer, Use
from host_tools.pki.keys import USUAL_HASH, Hash, Kind, PublicKey

Step = Callable[[str], None]
NUMBER = re.compile("[0-9A-Fa-f]{1,40}")
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
                serial = _serial(number) if number and not made else None
                public = card.public_key(key.reference)
                der = _made(public, holder, USES[key.role], start, issuer, serial)
                card.put_certificate(key.reference, der)
                made += 1
        except (NotAllowed, WrongState):
            continue
    return made


def _serial(number: str) -> int:
    """The certificate number of a profile: 1 to 40 hexadecimal digits (RFC 5280, 4.1.2.2)."""
    if not NUMBER.fullmatch(number):
        raise ProfileProblem("holder.certificate_number: expected 1 to 40 hexadecimal digits")
    return int(number, 16)


def _made(key: PublicKey, holder: Holder, use: Use, start: date, issuer: Issuer, serial: int | None) -> bytes:
    """The certificate; `ProfileProblem` for a holder no certificate can name."""
    try:
        return certificate.make(key, holder, use, start, issuer, serial)
    except ValueError as error:
        raise ProfileProblem(f"holder.name, enterprise.name: expected names for a certificate: {error}") from None


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
