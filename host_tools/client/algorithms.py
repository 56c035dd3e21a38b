"""How the ISO door codes keys and algorithms in its control reference templates.

An algorithm reference is one byte: the scheme in the high nibble, the hash in the low one. A key reference is one
byte too: 2 * container - 1 for the signing pair, one more for the exchange pair.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from host_tools.pki.keys import Hash, Kind, Scheme


class Template(IntEnum):
    """Tags of control reference templates."""

    HASH = 0xAA
    SIGNATURE = 0xB6
    CONFIDENTIALITY = 0xB8


class Role(StrEnum):
    """The two pairs of a container."""

    SIGN = "sign"
    EXCHANGE = "exchange"


class Padding(StrEnum):
    """How an RSA cryptogram was padded."""

    PKCS1 = "pkcs1"
    OAEP = "oaep"
    RAW = "raw"


SCHEME_CODES = {Scheme.PKCS1: 0x10, Scheme.PSS: 0x20, Scheme.ECDSA: 0x40, Scheme.SM2: 0x60}
PADDING_CODES = {Padding.PKCS1: 0x10, Padding.OAEP: 0x30, Padding.RAW: 0x50}
HASH_CODES = {Hash.SHA1: 1, Hash.SHA256: 2, Hash.SHA384: 3, Hash.SHA512: 4, Hash.SM3: 5, Hash.SHA224: 6}
MECHANISMS = {Kind.RSA: 1, Kind.P256: 2, Kind.P384: 3, Kind.SM2: 4}


def signature_algorithm(scheme: Scheme, hash_: Hash) -> bytes:
    """Algorithm reference of a signature."""
    return bytes((SCHEME_CODES[scheme] | HASH_CODES[hash_],))


def hash_algorithm(kind: Kind, hash_: Hash) -> bytes:
    """Algorithm reference for PSO HASH; for an SM2 key the card puts ZA before the message."""
    return bytes(((0x60 if kind is Kind.SM2 else 0) | HASH_CODES[hash_],))


def key_reference(container: int, role: Role) -> int:
    """The reference byte of a container's key."""
    return 2 * container - (role is Role.SIGN)


def role_of(reference: int) -> Role:
    """Which pair a key reference means."""
    return Role.SIGN if reference % 2 else Role.EXCHANGE


def template_of(reference: int) -> Template:
    """The template that names a key of this reference."""
    return Template.SIGNATURE if reference % 2 else Template.CONFIDENTIALITY
