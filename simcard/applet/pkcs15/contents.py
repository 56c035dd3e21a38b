"""What a card holds, described for PKCS#15: PINs, keys, certificates, holder data and the token itself.

Labels are for people: a key and its certificate are called by their container and role, a PIN by its name in the
card's profile. Identifiers stay the same for the life of the card: a key's and a certificate's is the key
reference of their slot, a PIN's its reference byte.

The profile says more in `[card.options.pkcs15]`: `label` and `manufacturer` of the token, `serial` the path of the
file with its serial number, `application` the name its data objects bear, and for each data object a path such as
"3F00/DF01/0011" with the label of the object.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simcard.applet.access import file_rules
from simcard.applet.base import Context, Rooms
from simcard.applet.pkcs15 import der, directory
from simcard.applet.pkcs15.directory import KeyUsage, Path, PinFlag, PinType, TokenFlag
from simcard.applet.view import body_of, file_at
from simcard.hal.engine import KeyKind
from simcard.key.containers import Slot
from simcard.key.pair import KeyPair, Origin, Role, Usage
from simcard.pin.reference import Characters, PinId
from simcard.wire.access import ALWAYS, AllOf, AnyOf, Condition, Right, UserAuth

CURVES = {
    KeyKind.P256: "1.2.840.10045.3.1.7",
    KeyKind.P384: "1.3.132.0.34",
    KeyKind.SM2: "1.2.156.10197.1.301",
}
"""Object identifiers of the named curves (RFC 5480, 2.1.1.1; GM/T 0006-2012)."""

EC_PUBLIC_KEY = "1.2.840.10045.2.1"
ROLE_WORDS = {Role.SIGN: "signing", Role.EXCHANGE: "exchange"}

PRIVATE_USE = {
    Usage.SIGN: (KeyUsage.SIGN,),
    Usage.DECIPHER: (KeyUsage.DECRYPT, KeyUsage.UNWRAP),
    Usage.AGREE: (KeyUsage.DERIVE,),
}
PUBLIC_USE = {
    Usage.SIGN: (KeyUsage.VERIFY,),
    Usage.DECIPHER: (KeyUsage.ENCRYPT, KeyUsage.WRAP),
    Usage.AGREE: (KeyUsage.DERIVE,),
}


@dataclass(frozen=True, slots=True)
class Key:
    """A pair in its slot, with the words for it."""

    slot: Slot
    pair: KeyPair
    label: str

    @property
    def identifier(self) -> bytes:
        return bytes((self.slot.reference,))

    @property
    def kind(self) -> KeyKind:
        return KeyKind(self.pair.kind)

    @property
    def possible(self) -> Usage:
        """What the key may do and its kind can: an RSA key agrees on nothing, an ECDSA key deciphers nothing."""
        cannot = {KeyKind.RSA: Usage.AGREE, KeyKind.SM2: Usage(0)}.get(self.kind, Usage.DECIPHER)
        return self.pair.usage & ~cannot

    def private(self, path: Path) -> directory.PrivateKey:
        pair = self.pair
        return directory.PrivateKey(
            identifier=self.identifier,
            label=self.label,
            curve=CURVES.get(self.kind, ""),
            bits=pair.bits,
            reference=self.slot.reference,
            usage=tuple(bit for use, bits in PRIVATE_USE.items() if use in self.possible for bit in bits),
            made_here=pair.origin is Origin.GENERATED,
            pin=asked_for(pair.rules.of(Right.USE)),
            path=path,
        )

    def public(self, path: Path) -> directory.PublicKey:
        return directory.PublicKey(
            identifier=self.identifier,
            label=self.label,
            curve=CURVES.get(self.kind, ""),
            bits=self.pair.bits,
            reference=self.slot.reference,
            usage=tuple(bit for use, bits in PUBLIC_USE.items() if use in self.possible for bit in bits),
            path=path,
        )

    @property
    def encoded(self) -> bytes:
        """The public key as its file holds it: RSAPublicKey, or SubjectPublicKeyInfo of a curve (RFC 5480, 2).

        For SM2 it is the bare ECPoint, and the curve stands in the directory: OpenSC refuses a
        SubjectPublicKeyInfo with a curve it does not know, and with it all public keys of the card.
        """
        if self.kind is KeyKind.RSA:
            return self.pair.public
        if self.kind is KeyKind.SM2:
            return der.octets(self.pair.public)
        algorithm = der.sequence(der.oid(EC_PUBLIC_KEY), der.oid(CURVES[self.kind]))
        return der.sequence(algorithm, der.bit_string(self.pair.public))


@dataclass(frozen=True, slots=True)
class Document:
    """A transparent file of the card that is shown as a data object."""

    label: str
    application: str
    body: bytes
    readable: Condition


def keys(rooms: Rooms) -> list[Key]:
    containers = rooms.containers
    found: list[Key] = []
    for slot in containers.slots():
        if containers.is_staged(slot.container):
            continue
        name = containers.name(slot.container).decode(errors="replace")
        found.append(Key(slot, containers.require(slot), f"{name} {ROLE_WORDS[slot.role]}"))
    return found


def asked_for(condition: Condition) -> bytes:
    """Identifier of the first PIN a condition asks for; empty when it asks for none."""
    match condition:
        case UserAuth(reference):
            return bytes((reference,))
        case AnyOf(parts) | AllOf(parts):
            return next((found for found in map(asked_for, parts) if found), b"")
        case _:
            return b""


def pins(rooms: Rooms) -> list[directory.Pin]:
    """The global references; local ones belong to a DF that this door does not show."""
    names = {number: label for label, number in rooms.sheet.labels.items() if not label.startswith("key:")}
    numbers = [pin.number for pin in rooms.pins.all() if not pin.scope]
    unblocking = {rooms.pins.read(PinId(0, number)).unblock for number in numbers}
    return [_pin(rooms, number, names.get(number, str(number)), number in unblocking) for number in numbers]


def _pin(rooms: Rooms, number: int, name: str, unblocks: bool) -> directory.Pin:
    reference = rooms.pins.read(PinId(0, number))
    policy = reference.policy
    flags = [PinFlag.CASE_SENSITIVE, PinFlag.INITIALISED]
    if policy.pad is not None:
        flags.append(PinFlag.NEEDS_PADDING)
    if unblocks:
        flags += [PinFlag.UNBLOCKING, PinFlag.SO_PIN]
    if not reference.unblock:
        flags.append(PinFlag.UNBLOCK_DISABLED)
    return directory.Pin(
        identifier=bytes((number,)),
        label=name.upper() if len(name) <= 3 else f"{name.capitalize()} PIN",
        reference=number,
        type=PinType.ASCII_NUMERIC if policy.characters is Characters.DIGITS else PinType.UTF8,
        flags=tuple(flags),
        min_length=policy.min_length,
        stored_length=policy.max_length,
        max_length=policy.max_length,
        pad=policy.pad,
        unblock=bytes((reference.unblock,)) if reference.unblock else b"",
    )


def option(rooms: Rooms, name: str, default: str = "") -> str:
    """A word of `[card.options.pkcs15]`."""
    return str(rooms.sheet.options.get("pkcs15", {}).get(name, default))


def application(rooms: Rooms) -> str:
    """Which application the data objects belong to, as they say themselves."""
    return option(rooms, "application", "CHINAEPORT")


def documents(ctx: Context) -> Iterator[Document]:
    """The holder's and the enterprise's data, as the profile names them."""
    options = ctx.rooms.sheet.options.get("pkcs15", {})
    for path, label in options.items():
        file = file_at(ctx.rooms, path) if path.startswith("3F00/") else None
        if file is None:
            continue
        rules = file_rules(ctx, file)
        readable = ALWAYS if rules is None else rules.of(Right.READ)
        yield Document(str(label), application(ctx.rooms), body_of(ctx, file), readable)


def token(ctx: Context) -> directory.Token:
    rooms = ctx.rooms
    file = file_at(rooms, option(rooms, "serial")) if option(rooms, "serial") else None
    return directory.Token(
        serial=body_of(ctx, file) if file is not None else b"\0",
        manufacturer=option(rooms, "manufacturer", "simcard"),
        label=option(rooms, "label", rooms.sheet.title),
        flags=(TokenFlag.READ_ONLY, TokenFlag.LOGIN_REQUIRED, TokenFlag.RANDOM),
    )
