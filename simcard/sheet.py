"""The tables of a build sheet, and the rules people write in them.

Types and bounds stand here; what no type can say is checked by `simcard.profile_checks`. `simcard.profile` reads
a sheet from TOML.
"""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta, Struct

from simcard.wire import access
from simcard.wire.access import Condition, Right

Hex = Annotated[str, Meta(pattern=r"^([0-9A-Fa-f]{2}\s*)*$", description="bytes as hexadecimal digits")]
Rule = Annotated[str, Meta(min_length=1)]
Byte = Annotated[int, Meta(ge=0, le=255)]
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$")]
Tries = Annotated[int, Meta(ge=1, le=15)]

MEMORY_SIZES = tuple(kib * 1024 for kib in (64, 96, 128, 192, 256, 384, 512))


USUAL_BITS = {"sm2": 256, "p256": 256, "p384": 384, "rsa": 2048}


class ProfileError(ValueError):
    """A profile that cannot be built; the text names source and line and says what was expected."""


class Sheet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all tables: immutable, unknown keys refused."""


class KeyRules(Sheet, frozen=True):
    """Conditions for one key: use of the private half, generation and import, export of the public half."""

    use: Rule = "user"
    replace: Rule = "user"
    export: Rule = "always"

    def conditions(self, labels: dict[str, int]) -> dict[int, Condition]:
        return {
            Right.USE: parse_rule(self.use, labels),
            Right.REPLACE: parse_rule(self.replace, labels),
            Right.EXPORT_PUBLIC: parse_rule(self.export, labels),
        }


class Card(Sheet, frozen=True):
    """`[card]`: what the card is, kept in its memory."""

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$", max_length=64)]
    title: Annotated[str, Meta(max_length=256)]
    atr: Hex
    applets: Annotated[tuple[Name, ...], Meta(min_length=1)] = ("iso",)
    channels: Annotated[int, Meta(ge=1, le=20)] = 20
    aid: Hex = ""
    """Name under which SELECT finds the ISO applet's MF, beside its file identifier."""
    new_keys: KeyRules = KeyRules()
    """Rules of keys that come into being in a slot that was empty."""
    pin_per_signature: bool = False
    """Each signature ends the login that allowed it, at whichever door it was made (GM/T 0027-2014, 9.2)."""
    options: dict[str, dict[str, str | int | bool]] = {}
    """Switches of the applets, one table each."""

    labels: dict[str, int] = {}
    """Reference bytes by label, for rules that are read later; filled in from the other tables."""

    @property
    def atr_bytes(self) -> bytes:
        return bytes.fromhex(self.atr)


class Pin(Sheet, frozen=True):
    """`[[pin]]`: one piece of reference data."""

    label: Name
    number: Annotated[int, Meta(ge=1, le=31)]
    value: Annotated[str, Meta(min_length=1, max_length=64)]
    df: str = ""
    """Path of the DF it is local to, such as "3F00/DF01"; empty for a global one."""
    tries: Tries = 3
    min_length: Annotated[int, Meta(ge=1, le=64)] = 6
    max_length: Annotated[int, Meta(ge=1, le=64)] = 16
    characters: Annotated[str, Meta(pattern="^(any|digits|printable)$")] = "any"
    history: Annotated[int, Meta(ge=0, le=8)] = 0
    pad: Byte | None = None
    unblock: str = ""
    """Label of the reference that unblocks this one."""
    must_change: bool = False
    enabled: bool = True


class File(Sheet, frozen=True):
    """`[[file]]`: one file; parents come before their children."""

    path: Annotated[str, Meta(pattern=r"^[0-9A-F]{4}(/[0-9A-F]{4})*$")]
    kind: Annotated[str, Meta(pattern="^(df|transparent|fixed|variable|cyclic|ber-tlv)$")]
    name: Hex = ""
    label: str = ""
    sfi: Annotated[int, Meta(ge=0, le=30)] = 0
    size: Annotated[int, Meta(ge=0, le=65535)] = 0
    record_size: Annotated[int, Meta(ge=0, le=65535)] = 0
    record_count: Annotated[int, Meta(ge=0, le=254)] = 0
    rules: dict[str, Rule] = {}
    compact: Hex = ""
    arr: Hex = ""
    """Rules by reference: identifier of EF.ARR and record number, 3 bytes."""
    data: Hex = ""
    text: str = ""
    """Body as text; `{holder.name}` and the like are filled in from `[holder]` and `[enterprise]`."""
    encoding: Annotated[str, Meta(pattern="^(utf-8|gbk|ascii)$")] = "utf-8"
    records: tuple[Hex, ...] = ()
    certificate: str = ""
    """Not a body of its own but a view of a certificate: "CONTAINER/sign" or "CONTAINER/exchange"."""


class Pair(Sheet, frozen=True):
    """A key pair to be generated at personalisation."""

    kind: Annotated[str, Meta(pattern="^(sm2|rsa|p256|p384)$")]
    bits: int | None = None
    """Not given: what the curve has, for RSA 2048."""
    rules: KeyRules | None = None

    @property
    def size(self) -> int:
        return self.bits if self.bits is not None else USUAL_BITS[self.kind]


class Container(Sheet, frozen=True):
    """`[[container]]`: a key container."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    sign: Pair | None = None
    exchange: Pair | None = None


class SecretKey(Sheet, frozen=True):
    """`[[secret]]`: a symmetric key."""

    label: Name
    reference: Annotated[int, Meta(ge=1, le=127)]
    cipher: Annotated[str, Meta(pattern="^(sm4|aes|tdes)$")]
    value: Hex
    purpose: tuple[Annotated[str, Meta(pattern="^(external|internal|cipher|mac)$")], ...]
    tries: Tries = 10


class Object(Sheet, frozen=True):
    """`[[object]]`: a data object of a DF, for GET DATA."""

    tag: Annotated[str, Meta(pattern=r"^[0-9A-F]{2}([0-9A-F]{2}){0,2}$")]
    df: str = "3F00"
    data: Hex = ""
    text: str = ""


class Application(Sheet, frozen=True):
    """`[[application]]`: a DF as the application of a GM/T 0017 token."""

    name: Annotated[str, Meta(min_length=1, max_length=32)]
    df: str
    """Path of the DF, such as "3F00/DF01"."""
    user: str = "user"
    """Label of the user's PIN."""
    admin: str = "admin"
    """Label of the administrator's PIN."""
    files: tuple[str, ...] = ()
    """Labels of the EFs in the DF that are its files, by these names."""
    containers: tuple[str, ...] = ()
    """Names of its containers; those no application names belong to the first application."""
    max_containers: Annotated[int, Meta(ge=1, le=63)] = 10
    max_certificates: Annotated[int, Meta(ge=1, le=126)] = 20
    max_files: Annotated[int, Meta(ge=1, le=1024)] = 32


class Profile(Sheet, frozen=True):
    """The whole sheet."""

    card: Card
    memory: int = 131072
    life_cycle: Annotated[str, Meta(pattern="^(initialisation|activated)$")] = "activated"
    holder: dict[str, str] = {}
    enterprise: dict[str, str] = {}
    environments: dict[str, str] = {}
    """Security environments by number for compact security conditions: the rule that environment stands for."""
    pin: tuple[Pin, ...] = ()
    file: tuple[File, ...] = ()
    container: tuple[Container, ...] = ()
    secret: tuple[SecretKey, ...] = ()
    object: tuple[Object, ...] = ()
    application: tuple[Application, ...] = ()

    @property
    def labels(self) -> dict[str, int]:
        """Reference bytes by label: PINs as in P2 of VERIFY; secret keys are written `key:label` in rules."""
        pins = {pin.label: pin.number | (0x80 if pin.df else 0) for pin in self.pin}
        return pins | {f"key:{secret.label}": secret.reference for secret in self.secret}

    def fill(self, text: str) -> str:
        """`text` with the places in braces filled in."""
        places = {f"holder.{k}": v for k, v in self.holder.items()}
        places |= {f"enterprise.{k}": v for k, v in self.enterprise.items()}
        return _PLACE.sub(lambda match: places[match[1]], text)


_PLACE = re.compile(r"\{([a-z0-9_.]+)\}")


def parse_rule(text: str, labels: dict[str, int]) -> Condition:
    """A rule as people write it: `always`, `never`, a PIN label, `key:label`, joined by `&` and `|`."""
    alternatives = [part.strip() for part in text.split("|")]
    if len(alternatives) > 1:
        return access.AnyOf(tuple(parse_rule(part, labels) for part in alternatives))
    needed = [part.strip() for part in text.split("&")]
    if len(needed) > 1:
        return access.AllOf(tuple(parse_rule(part, labels) for part in needed))
    word = needed[0]
    if word in ("always", "never"):
        return access.ALWAYS if word == "always" else access.NEVER
    if word not in labels:
        known = ", ".join(["always", "never", *sorted(labels)])
        raise ValueError(f"expected one of {known}, joined by & and |, got {word!r}")
    reference = labels[word]
    return access.KeyAuth(reference) if word.startswith("key:") else access.UserAuth(reference)


FILE_RIGHTS = {
    "df": {"create-df": Right.CREATE_DF, "create-ef": Right.CREATE_EF, "delete-child": Right.DELETE_CHILD},
    "ef": {"write": Right.WRITE, "update": Right.UPDATE, "read": Right.READ},
    "any": {
        "delete": Right.DELETE,
        "terminate": Right.TERMINATE,
        "activate": Right.ACTIVATE,
        "deactivate": Right.DEACTIVATE,
    },
}


def file_conditions(file: File, labels: dict[str, int]) -> dict[int, Condition]:
    """The rules of a file by right; raises ValueError for a right such a file does not have."""
    rights = FILE_RIGHTS["df" if file.kind == "df" else "ef"] | FILE_RIGHTS["any"]
    found: dict[int, Condition] = {}
    for word, rule in file.rules.items():
        if word not in rights:
            raise ValueError(f"expected a right of {', '.join(sorted(rights))}, got {word!r}")
        found[rights[word]] = parse_rule(rule, labels)
    return found
