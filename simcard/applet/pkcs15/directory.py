"""Entries of PKCS#15 object directories, in DER (ISO/IEC 7816-15:2016, 8; the modules of its annex A).

Plain descriptions in, bytes out: what is on the card is found out in `contents`. Paths are file identifiers from the
MF, or one identifier alone for a file of the application (8.2.5). Bits are numbered as in the standard.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from simcard.applet.pkcs15 import der
from simcard.wire.tlv import tlv

Path = tuple[int, ...]


class Flags(IntEnum):
    """CommonObjectFlags."""

    PRIVATE = 0
    MODIFIABLE = 1


class KeyUsage(IntEnum):
    """KeyUsageFlags."""

    ENCRYPT = 0
    DECRYPT = 1
    SIGN = 2
    SIGN_RECOVER = 3
    WRAP = 4
    UNWRAP = 5
    VERIFY = 6
    VERIFY_RECOVER = 7
    DERIVE = 8
    NON_REPUDIATION = 9


class KeyAccess(IntEnum):
    """KeyAccessFlags."""

    SENSITIVE = 0
    EXTRACTABLE = 1
    ALWAYS_SENSITIVE = 2
    NEVER_EXTRACTABLE = 3
    LOCAL = 4


class PinFlag(IntEnum):
    """PasswordFlags."""

    CASE_SENSITIVE = 0
    LOCAL = 1
    CHANGE_DISABLED = 2
    UNBLOCK_DISABLED = 3
    INITIALISED = 4
    NEEDS_PADDING = 5
    UNBLOCKING = 6
    SO_PIN = 7


class PinType(IntEnum):
    """PasswordType."""

    ASCII_NUMERIC = 1
    UTF8 = 2


class TokenFlag(IntEnum):
    """TokenFlags."""

    READ_ONLY = 0
    LOGIN_REQUIRED = 1
    RANDOM = 2


@dataclass(frozen=True, slots=True)
class Pin:
    """An authentication object; `unblock` is the `identifier` of the one that unblocks it, empty for none."""

    identifier: bytes
    label: str
    reference: int
    type: PinType
    flags: tuple[PinFlag, ...]
    min_length: int
    stored_length: int
    max_length: int
    pad: int | None
    unblock: bytes = b""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key; `curve` is the object identifier of its curve, empty for RSA; `bits`: modulus or field.

    Commands name the key by its reference. The file at `path` stands for it and shows nothing: GnuPG passes over a
    key without a path, and OpenSC selects the path before it uses the key.
    """

    identifier: bytes
    label: str
    curve: str
    bits: int
    reference: int
    usage: tuple[KeyUsage, ...]
    made_here: bool
    pin: bytes
    path: Path


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half, in the file at `path`."""

    identifier: bytes
    label: str
    curve: str
    bits: int
    reference: int
    usage: tuple[KeyUsage, ...]
    path: Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """An X.509 certificate, in the file at `path`."""

    identifier: bytes
    label: str
    path: Path


@dataclass(frozen=True, slots=True)
class Data:
    """A data object, in the file at `path`; `pin` must have been verified to read it, empty for none."""

    label: str
    application: str
    path: Path
    pin: bytes = b""


@dataclass(frozen=True, slots=True)
class Token:
    """What TokenInfo says."""

    serial: bytes
    manufacturer: str
    label: str
    flags: tuple[TokenFlag, ...]


def path_of(path: Path) -> bytes:
    """A Path: efidOrPath alone, the whole file."""
    return der.sequence(der.octets(b"".join(fid.to_bytes(2, "big") for fid in path)))


def _common(label: str, flags: tuple[Flags, ...], pin: bytes) -> bytes:
    """CommonObjectAttributes."""
    return der.sequence(der.text(label), der.bits(*flags), der.octets(pin) if pin else b"")


def _parameters(curve: str) -> bytes:
    """KeyInfo by value: the named curve."""
    return der.sequence(der.oid(curve)) if curve else b""


def private_key(key: PrivateKey) -> bytes:
    """A PrivateKeyType."""
    history = (KeyAccess.ALWAYS_SENSITIVE, KeyAccess.NEVER_EXTRACTABLE, KeyAccess.LOCAL) if key.made_here else ()
    attributes = der.sequence(
        der.octets(key.identifier),
        der.bits(*key.usage),
        der.bits(KeyAccess.SENSITIVE, *history),
        der.integer(key.reference),
    )
    special = der.sequence(path_of(key.path), der.integer(key.bits), _parameters(key.curve))
    whole = _common(key.label, (Flags.PRIVATE,), key.pin), attributes, der.context(1, special)
    return der.context(0, *whole) if key.curve else der.sequence(*whole)


def public_key(key: PublicKey) -> bytes:
    """A PublicKeyType, its value by reference."""
    attributes = der.sequence(
        der.octets(key.identifier), der.bits(*key.usage), der.bits(KeyAccess.EXTRACTABLE), der.integer(key.reference)
    )
    special = der.sequence(path_of(key.path), der.integer(key.bits), _parameters(key.curve))
    whole = _common(key.label, (), b""), attributes, der.context(1, special)
    return der.context(0, *whole) if key.curve else der.sequence(*whole)


def certificate(item: Certificate) -> bytes:
    """A CertificateType, its value by reference."""
    return der.sequence(
        _common(item.label, (), b""),
        der.sequence(der.octets(item.identifier)),
        der.context(1, der.sequence(path_of(item.path))),
    )


def data(item: Data) -> bytes:
    """A DataType of opaque content."""
    flags = (Flags.PRIVATE,) if item.pin else ()
    return der.sequence(
        _common(item.label, flags, item.pin),
        der.sequence(der.text(item.application)),
        der.context(1, path_of(item.path)),
    )


def pin(item: Pin) -> bytes:
    """An AuthenticationType of password attributes."""
    attributes = der.sequence(
        der.bits(*item.flags),
        tlv(der.ENUMERATED, bytes((item.type,))),
        der.integer(item.min_length),
        der.integer(item.stored_length),
        der.integer(item.max_length),
        tlv(0x80, bytes((item.reference,))),
        der.octets(bytes((item.pad,))) if item.pad is not None else b"",
    )
    return der.sequence(
        _common(item.label, (), item.unblock),
        der.sequence(der.octets(item.identifier)),
        der.context(1, attributes),
    )


def token(item: Token) -> bytes:
    """The content of EF.TokenInfo (8.11), version v1."""
    return der.sequence(
        der.integer(0),
        der.octets(item.serial),
        der.text(item.manufacturer),
        tlv(0x80, item.label.encode()),
        der.bits(*item.flags),
    )


def index(paths: dict[int, Path]) -> bytes:
    """The content of EF.OD (8.2): object directories by the tag of their kind."""
    return b"".join(der.context(number, path_of(path)) for number, path in paths.items())


def application(aid: bytes, label: str, path: Path) -> bytes:
    """A record of EF.DIR (8.1; ISO/IEC 7816-4:2013, 12.2.2); an empty path leaves the AID to find it."""
    where = b"".join(fid.to_bytes(2, "big") for fid in path)
    return tlv(0x61, tlv(0x4F, aid), tlv(0x50, label.encode()), tlv(0x51, where) if path else b"")
