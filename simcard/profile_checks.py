"""What the types of a build sheet cannot say: every mistake that would show only while the card is made, or later.

`problems` gives (path, complaint) pairs, a path as in `.file[2].rules`, a complaint that begins with what was
expected. Each check looks at one table and trusts no other to be right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from simcard.sheet import (
    MEMORY_SIZES,
    Container,
    File,
    KeyRules,
    Pair,
    Pin,
    Profile,
    SecretKey,
    file_conditions,
    parse_rule,
)
from simcard.wire import access, atr, tlv

Problem = tuple[str, str]
Found = Iterator[Problem]

RECORD_FILES = ("fixed", "variable", "cyclic")
RESERVED = ("3F00", "3FFF", "FFFF", "0000")
MAX_DEPTH = 8
KEY_LENGTHS = {"sm4": (16,), "aes": (16, 24, 32), "tdes": (8, 16, 24)}
BITS = {"sm2": (256,), "p256": (256,), "p384": (384,), "rsa": tuple(range(1024, 4097, 64))}
FILE_PATH = re.compile(r"3F00(/[0-9A-F]{4})*")
MAX_APPLICATIONS = 255
OPTIONS = ("gmt0017", "piv", "pkcs15")
"""Doors that have switches. A sheet may keep those of a door it leaves out, as one that extends another does."""
PKCS15_WORDS = ("label", "manufacturer", "pin_tries", "puk_tries", "serial", "writable")
MAX_NAME = 16
"""Bytes of a DF name (ISO/IEC 7816-4:2013, 7.4)."""


def problems(profile: Profile) -> list[Problem]:
    """Everything wrong with a sheet, in the order of its tables."""
    return [problem for check in CHECKS for problem in check(profile)]


def expect(path: str, ok: bool, what: str) -> Found:
    if not ok:
        yield path, f"expected {what}"


def _twice(values: list[str]) -> set[str]:
    return {value for value, count in Counter(values).items() if count > 1}


def _card(profile: Profile) -> Found:
    sizes = ", ".join(map(str, MEMORY_SIZES))
    yield from expect(".memory", profile.memory in MEMORY_SIZES, f"a flash size of {sizes}")
    try:
        atr.Atr.parse(bytes.fromhex(profile.card.atr))
    except atr.AtrError as error:
        yield ".card.atr", f"expected an answer to reset, got one where {error}"
    first = profile.card.applets[0]
    yield from expect(".card.applets", first == "iso", f"iso, which owns the files, as the first one, got {first}")
    long = len(bytes.fromhex(profile.card.aid))
    yield from expect(".card.aid", long <= MAX_NAME, f"at most {MAX_NAME} bytes, got {long}")
    yield from _key_rules(".card.new_keys", profile.card.new_keys, profile)
    for table in profile.card.options:
        yield from expect(f".card.options.{table}", table in OPTIONS, f"one of {', '.join(OPTIONS)}, got {table}")
    yield from _pkcs15(profile.card.options.get("pkcs15", {}))


def _pkcs15(options: dict[str, str | int | bool]) -> Found:
    """What that door reads only when it is asked: tries, words, and paths of files."""
    path = ".card.options.pkcs15"
    for key, value in options.items():
        known = key in PKCS15_WORDS or "/" in key
        yield from expect(f"{path}.{key}", known, f"one of {', '.join(PKCS15_WORDS)}, or the path of a file")
        if key in ("pin_tries", "puk_tries"):
            good = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 15
            yield from expect(f"{path}.{key}", good, "a number 1 to 15")
        elif key == "writable":
            yield from expect(f"{path}.{key}", isinstance(value, bool), "true or false")
        else:
            good = isinstance(value, str) and len(value.encode()) <= 255
            yield from expect(f"{path}.{key}", good, "a text of at most 255 bytes")
        where = value if key == "serial" else key if "/" in key else ""
        good = not where or bool(FILE_PATH.fullmatch(str(where)))
        yield from expect(f"{path}.{key}", good, "the path of a file, such as 3F00/2F02")


def _environments(profile: Profile) -> Found:
    for number in profile.environments:
        good = number.isascii() and number.isdecimal() and len(number) <= 2 and 1 <= int(number) <= 14
        yield from expect(f".environments.{number}", good, "a number 1 to 14")
    yield from _rules(".environments", profile.environments, profile)


def _labels(profile: Profile) -> Found:
    labels = [pin.label for pin in profile.pin]
    keys = [secret.label for secret in profile.secret]
    for table, twice in ((".pin", _twice(labels)), (".secret", _twice(keys))):
        yield from expect(table, not twice, f"labels that differ, got {', '.join(sorted(twice))} twice")


def _pins(profile: Profile) -> Found:
    seen: set[tuple[str, int]] = set()
    for i, pin in enumerate(profile.pin):
        path = f".pin[{i}]"
        yield from expect(f"{path}.number", (pin.df, pin.number) not in seen, "a number no other PIN of its DF has")
        seen.add((pin.df, pin.number))
        known = [file.path for file in profile.file if file.kind == "df"]
        yield from expect(f"{path}.df", not pin.df or pin.df in known, f"one of {', '.join(known)}")
        others = [other.label for other in profile.pin if other.df == pin.df]
        good = not pin.unblock or pin.unblock in others
        yield from expect(f"{path}.unblock", good, f"one of {', '.join(others)}")
        yield from _pin_value(path, pin)


CHARACTERS: dict[str, Callable[[bytes], bool]] = {
    "any": lambda _: True,
    "digits": bytes.isdigit,
    "printable": lambda value: all(0x20 <= byte < 0x7F for byte in value),
}


def _pin_value(path: str, pin: Pin) -> Found:
    value = pin.value.encode()
    fits = pin.min_length <= len(value) <= pin.max_length
    yield from expect(
        f"{path}.value", fits, f"{pin.min_length} to {pin.max_length} bytes, as min_length and max_length say, got "
        f"{len(value)}",
    )  # fmt: skip
    yield from expect(f"{path}.value", CHARACTERS[pin.characters](value), f"{pin.characters} as characters says")
    padded = pin.pad is not None and value.endswith(bytes((pin.pad,)))
    yield from expect(f"{path}.value", not padded, "a value that does not end in its own padding")


def _secrets(profile: Profile) -> Found:
    seen: set[int] = set()
    containers = range(1, 2 * len(profile.container) + 1)
    for i, secret in enumerate(profile.secret):
        yield from expect(f".secret[{i}].reference", secret.reference not in seen, "a reference no other key has")
        seen.add(secret.reference)
        yield from _secret_value(f".secret[{i}]", secret)
        # A confidentiality template names both kinds by tag 83.
        good = "cipher" not in secret.purpose or secret.reference not in containers
        yield from expect(f".secret[{i}].reference", good, "for a cipher key a reference that is no container's key's")


def _secret_value(path: str, secret: SecretKey) -> Found:
    length, lengths = len(bytes.fromhex(secret.value)), KEY_LENGTHS[secret.cipher]
    wanted = " or ".join(map(str, lengths))
    yield from expect(f"{path}.value", length in lengths, f"{wanted} bytes for {secret.cipher}, got {length}")


def _containers(profile: Profile) -> Found:
    twice = _twice([container.name for container in profile.container])
    yield from expect(".container", not twice, f"names that differ, got {', '.join(sorted(twice))} twice")
    yield from expect(".container", len(profile.container) <= 63, "at most 63 containers")
    for i, container in enumerate(profile.container):
        length = len(container.name.encode())
        yield from expect(f".container[{i}].name", length <= 64, f"at most 64 bytes, got {length}")
        for role, pair in _pairs(container):
            yield from _pair(f".container[{i}].{role}", pair, profile)


def _pairs(container: Container) -> list[tuple[str, Pair]]:
    both = (("sign", container.sign), ("exchange", container.exchange))
    return [(role, pair) for role, pair in both if pair is not None]


def _pair(path: str, pair: Pair, profile: Profile) -> Found:
    allowed = BITS[pair.kind]
    wanted = f"{allowed[0]} to {allowed[-1]} in steps of 64" if len(allowed) > 1 else str(allowed[0])
    yield from expect(f"{path}.bits", pair.size in allowed, f"{wanted} for {pair.kind}, got {pair.size}")
    if pair.rules is not None:
        yield from _key_rules(f"{path}.rules", pair.rules, profile)


def _key_rules(path: str, rules: KeyRules, profile: Profile) -> Found:
    yield from _rules(path, {"use": rules.use, "replace": rules.replace, "export": rules.export}, profile)


def _rules(path: str, rules: dict[str, str], profile: Profile) -> Found:
    for key, rule in rules.items():
        try:
            parse_rule(rule, profile.labels)
        except ValueError as error:
            yield f"{path}.{key}", str(error)


def _tree(profile: Profile) -> Found:
    """The files as a tree: every parent a DF that stands before its children, and nothing named twice."""
    paths = [file.path for file in profile.file]
    yield from expect(".file", bool(paths) and paths[0] == "3F00", "the MF, 3F00, as the first file")
    dfs: set[str] = set()
    seen: set[tuple[str, object]] = set()
    for i, file in enumerate(profile.file):
        parent, _, fid = file.path.rpartition("/")
        path = f".file[{i}]"
        if parent:
            yield from expect(f"{path}.path", parent in dfs, f"{parent} to stand before it as a df")
            good = fid not in RESERVED and fid != parent[-4:]
            yield from expect(f"{path}.path", good, "a file identifier that is not reserved and not its parent's")
        else:
            yield from expect(f"{path}.path", i == 0, "a path that begins with 3F00/")
        dfs |= {file.path} if file.kind == "df" else set()
        names = [("path", file.path)]
        names += [("name", bytes.fromhex(file.name).hex())] if file.name else []
        names += [("sfi", f"{parent} {file.sfi}")] if file.sfi else []
        for key, name in names:
            yield from expect(f"{path}.{key}", (key, name) not in seen, "one that no other file has")
            seen.add((key, name))


def _files(profile: Profile) -> Found:
    for i, file in enumerate(profile.file):
        path = f".file[{i}]"
        yield from _shape(path, file)
        yield from _security(path, file, profile)
        yield from _body(path, file, profile)
        yield from _view(path, file, profile)


def _shape(path: str, file: File) -> Found:
    is_df, has_records = file.kind == "df", file.kind in RECORD_FILES
    yield from expect(f"{path}.kind", is_df or file.path != "3F00", "df for the MF")
    yield from expect(f"{path}.path", file.path.count("/") < MAX_DEPTH + (not is_df), f"at most {MAX_DEPTH} levels")
    yield from expect(f"{path}.name", is_df or not file.name, "no name: only a DF has one")
    length = len(bytes.fromhex(file.name))
    yield from expect(f"{path}.name", length <= MAX_NAME, f"at most {MAX_NAME} bytes, got {length}")
    yield from expect(f"{path}.sfi", not (is_df and file.sfi), "no short identifier: only an EF has one")
    counted = file.record_size > 0 and file.record_count > 0
    yield from expect(f"{path}.record_size", counted or not has_records, "record_size and record_count of 1 or more")
    yield from expect(f"{path}.records", has_records or not file.records, f"no records in a file of kind {file.kind}")


def _security(path: str, file: File, profile: Profile) -> Found:
    try:
        file_conditions(file, profile.labels)
    except ValueError as error:
        yield f"{path}.rules", str(error)
    if file.compact:
        try:
            access.parse_compact(bytes.fromhex(file.compact))
        except access.AccessError as error:
            yield f"{path}.compact", f"expected compact security attributes, got some where {error}"
    length = len(bytes.fromhex(file.arr))
    yield from expect(f"{path}.arr", length in (0, 3), f"a file identifier and a record number, 3 bytes, got {length}")


def _body(path: str, file: File, profile: Profile) -> Found:
    body = bytes.fromhex(file.data)
    yield from expect(f"{path}.text", not (body and file.text), "data or text, not both")
    key = "data" if body else "text"
    try:
        body = body or profile.fill(file.text).encode(file.encoding)
    except KeyError as error:
        yield f"{path}.text", f"expected a key of [holder] or [enterprise], got {error.args[0]}"
    except UnicodeEncodeError as error:
        yield f"{path}.text", f"expected text that {file.encoding} can write, got {error.object[error.start]!r}"
    room = file.size if file.kind == "transparent" else 0
    yield from expect(f"{path}.{key}", len(body) <= room, f"at most {room} bytes as size says, got {len(body)}")
    limit = file.record_count
    yield from expect(f"{path}.records", len(file.records) <= limit or not limit, f"at most {limit} records")
    for record in file.records if file.kind in RECORD_FILES else ():
        length, most = len(bytes.fromhex(record)), file.record_size
        good = length <= most if file.kind == "variable" else length == most
        exactly = "at most" if file.kind == "variable" else "exactly"
        yield from expect(f"{path}.records", good, f"records of {exactly} {most} bytes, got one of {length}")


def _view(path: str, file: File, profile: Profile) -> Found:
    if not file.certificate:
        return
    slots = [f"{container.name}/{role}" for container in profile.container for role in ("sign", "exchange")]
    found = file.certificate in slots
    yield from expect(f"{path}.certificate", found, f"CONTAINER/sign or CONTAINER/exchange: {', '.join(slots)}")
    good = file.kind == "transparent"
    yield from expect(f"{path}.certificate", good, f"a transparent file for a certificate, not one of kind {file.kind}")


def _objects(profile: Profile) -> Found:
    known = [file.path for file in profile.file if file.kind in ("df", "ber-tlv")]
    for i, item in enumerate(profile.object):
        path = f".object[{i}]"
        yield from expect(f"{path}.df", item.df in known, f"one of {', '.join(known)}, got {item.df}")
        yield from expect(f"{path}.tag", _is_tag(bytes.fromhex(item.tag)), "a BER-TLV tag of 1 to 3 bytes")
        yield from expect(f"{path}.text", not (item.data and item.text), "data or text, not both")
        try:
            profile.fill(item.text)
        except KeyError as error:
            yield f"{path}.text", f"expected a key of [holder] or [enterprise], got {error.args[0]}"


def _applications(profile: Profile) -> Found:
    """Applications name a DF, two PINs that hold there, files of that DF, and containers."""
    yield from expect(".application", len(profile.application) <= MAX_APPLICATIONS, f"at most {MAX_APPLICATIONS}")
    twice = _twice([application.name for application in profile.application])
    yield from expect(".application", not twice, f"names that differ, got {', '.join(sorted(twice))} twice")
    for i, item in enumerate(profile.application):
        path = f".application[{i}]"
        dfs = [file.path for file in profile.file if file.kind == "df"]
        yield from expect(f"{path}.df", item.df in dfs, f"one of {', '.join(dfs)}, got {item.df}")
        yield from expect(f"{path}.name", len(item.name.encode()) <= 32, "at most 32 bytes")
        here = [pin.label for pin in profile.pin if pin.df in ("", item.df)]
        for key, label in (("user", item.user), ("admin", item.admin)):
            yield from expect(f"{path}.{key}", label in here, f"one of {', '.join(here)}, got {label}")
        known = {file.label for file in profile.file if file.path.rpartition("/")[0] == item.df}
        for label in item.files:
            good = label in known and len(label.encode()) <= 32
            yield from expect(f"{path}.files", good, f"labels of EFs in {item.df}, got {label}")
        names = {container.name for container in profile.container}
        for name in item.containers:
            yield from expect(f"{path}.containers", name in names, f"names of containers, got {name}")


def _is_tag(raw: bytes) -> bool:
    try:
        return raw[0] not in (0x00, 0xFF) and tlv.read_tag(raw, 0)[1] == len(raw)
    except tlv.TlvError:
        return False


CHECKS: tuple[Callable[[Profile], Found], ...] = (
    _card,
    _environments,
    _labels,
    _pins,
    _secrets,
    _containers,
    _tree,
    _files,
    _objects,
    _applications,
)
