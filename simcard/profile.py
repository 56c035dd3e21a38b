"""A card's build sheet: a TOML file that fixes ATR, applets, files, PINs, containers and holder data.

`parse` reads and checks one; everything wrong is a `ProfileError` with source, line and what was expected. A sheet
may extend a built-in one: its tables are laid over those of the base key by key, its lists (`[[pin]]` and so on)
replace the base's, and `[[change]]` alters single files by their path.
`simcard.personalise` builds the card from it. The `[card]` table is also kept in the card's memory, because
the card needs it at every power-up; the rest is used once.
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from simcard.wire import access, atr
from simcard.wire.access import Condition, Right

Hex = Annotated[str, Meta(pattern=r"^([0-9A-Fa-f]{2}\s*)*$", description="bytes as hexadecimal digits")]
Rule = Annotated[str, Meta(min_length=1)]
Byte = Annotated[int, Meta(ge=0, le=255)]
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$")]
Tries = Annotated[int, Meta(ge=1, le=15)]

MEMORY_SIZES = tuple(kib * 1024 for kib in (64, 96, 128, 192, 256, 384, 512))


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

    name: Name
    title: str
    atr: Hex
    applets: Annotated[tuple[Name, ...], Meta(min_length=1)] = ("iso",)
    channels: Annotated[int, Meta(ge=1, le=20)] = 20
    aid: Hex = ""
    """Name under which SELECT finds the ISO applet's MF, beside its file identifier."""
    new_keys: KeyRules = KeyRules()
    """Rules of keys that come into being in a slot that was empty."""
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
    bits: Annotated[int, Meta(ge=256, le=4096)] = 256
    rules: KeyRules | None = None


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


# -- reading --------------------------------------------------------------------------------------------------


def parse(text: str, source: str = "profile") -> Profile:
    """Read and check a profile; raises `ProfileError`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{source}: not TOML: {error}") from None
    try:
        raw = _extended(raw)
    except ProfileError as error:
        raise ProfileError(f"{source}:{_line(text, '.extends')}: extends: {error}") from None
    except KeyError as error:
        raise ProfileError(
            f"{source}:{_line(text, '.change')}: change: expected the path of a file, got {error}"
        ) from None
    try:
        profile = msgspec.convert(raw, Profile)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        path = path.rstrip("`")
        raise ProfileError(f"{source}:{_line(text, path)}: {path.lstrip('.') or 'profile'}: {what}") from None
    for path, what in _problems(profile):
        raise ProfileError(f"{source}:{_line(text, path)}: {path.lstrip('.')}: {what}")
    return profile


def _extended(raw: dict[str, Any]) -> dict[str, Any]:
    """The sheet laid over the built-in one it extends; raises KeyError for a change of a file that is not there."""
    changes = raw.pop("change", [])
    base = raw.pop("extends", None)
    if base is not None:
        raw = _laid_over(_extended(tomllib.loads(builtin_text(str(base)))), raw)
    files = {file["path"]: file for file in raw.get("file", []) if "path" in file}
    for change in changes:
        files[change.get("path", "")].update(change)
    return raw


def _laid_over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in top.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _laid_over(base[key], value) if both else value
    return merged


def builtin_names() -> list[str]:
    """Names of the profiles that come with the package."""
    folder = resources.files("simcard") / "profiles"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def builtin_text(name: str) -> str:
    """The text of a profile that comes with the package; raises `ProfileError` for an unknown name."""
    if name not in builtin_names():
        raise ProfileError(f"no profile is called {name!r}; there are {', '.join(builtin_names())}")
    return (resources.files("simcard") / "profiles" / f"{name}.toml").read_text(encoding="utf-8")


def builtin(name: str) -> Profile:
    return parse(builtin_text(name), f"{name}.toml")


def _problems(profile: Profile) -> list[tuple[str, str]]:
    """What the types cannot say, as (path, complaint)."""
    found: list[tuple[str, str]] = []

    def check(path: str, ok: bool, what: str) -> None:
        if not ok:
            found.append((path, what))

    check(".memory", profile.memory in MEMORY_SIZES, f"expected a flash size of {', '.join(map(str, MEMORY_SIZES))}")
    try:
        atr.Atr.parse(bytes.fromhex(profile.card.atr))
    except atr.AtrError as error:
        check(".card.atr", False, f"expected an answer to reset, got one where {error}")
    labels = profile.labels
    check(".pin", len(labels) == len(profile.pin) + len(profile.secret), "expected labels that differ")
    for i, pin in enumerate(profile.pin):
        known = [other.label for other in profile.pin if other.df == pin.df]
        check(f".pin[{i}].unblock", not pin.unblock or pin.unblock in known, f"expected one of {', '.join(known)}")
        length = len(pin.value.encode())
        fits = pin.min_length <= length <= pin.max_length
        check(f".pin[{i}].value", fits, f"expected {pin.min_length} to {pin.max_length} bytes, got {length}")
    paths = [file.path for file in profile.file]
    check(".file", bool(paths) and paths[0] == "3F00", "expected the MF, 3F00, as the first file")
    for i, file in enumerate(profile.file):
        parent = file.path.rpartition("/")[0]
        check(f".file[{i}].path", not parent or parent in paths[:i], f"expected {parent} to stand before it")
        found.extend(_file_problems(profile, f".file[{i}]", file))
    for rules, path in [(profile.card.new_keys, ".card.new_keys")]:
        found.extend(_rule_problems(path, {"use": rules.use, "replace": rules.replace, "export": rules.export}, labels))
    found.extend(_rule_problems(".environments", profile.environments, labels))
    for number in profile.environments:
        check(f".environments.{number}", number.isdigit() and 1 <= int(number) <= 14, "expected a number 1 to 14")
    return found


def _rule_problems(path: str, rules: dict[str, str], labels: dict[str, int]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, rule in rules.items():
        try:
            parse_rule(rule, labels)
        except ValueError as error:
            found.append((f"{path}.{key}", str(error)))
    return found


def _file_problems(profile: Profile, path: str, file: File) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    try:
        file_conditions(file, profile.labels)
    except ValueError as error:
        found.append((f"{path}.rules", str(error)))
    try:
        length = len(profile.fill(file.text).encode(file.encoding))
        if length > file.size and file.kind == "transparent":
            found.append((f"{path}.text", f"expected at most {file.size} bytes as size says, got {length}"))
    except KeyError as error:
        found.append((f"{path}.text", f"expected a key of [holder] or [enterprise], got {error.args[0]}"))
    if file.certificate:
        name, _, role = file.certificate.rpartition("/")
        if name not in [c.name for c in profile.container] or role not in ("sign", "exchange"):
            found.append((f"{path}.certificate", "expected CONTAINER/sign or CONTAINER/exchange"))
    if file.kind in ("fixed", "variable", "cyclic") and not (file.record_size and file.record_count):
        found.append((f"{path}.record_size", "expected record_size and record_count of 1 or more"))
    return found


_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]")


def _line(text: str, path: str) -> int:
    """The line where the value at a path such as `.file[2].rules.read` stands, or the nearest above it."""
    steps = [(m[1], None) if m[1] else (None, int(m[2])) for m in _STEP.finditer(path)]
    names = [name for name, _ in steps if name]
    index = next((i for name, i in steps if i is not None), 0)
    best, table, seen = 1, "", -1
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            table = header[2]
            seen += header[1] == "[[" and bool(names) and table == names[0]
            inside = bool(names) and table.split(".")[0] == names[0] and (header[1] == "[" or seen == index)
            best = number if inside and ".".join(names).startswith(table) else best
            continue
        key = line.split("=", 1)[0].strip()
        here = [*table.split("."), key] if table else [key]
        if "=" in line and names[: len(here)] == here and seen in (-1, index):
            best = number
    return best
