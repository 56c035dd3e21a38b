"""Access rules: security attributes in compact and expanded form (ISO/IEC 7816-4:2013, 9.3).

A rule set says for each right (a bit of the access mode byte) which condition must hold. Conditions are a small
tree of data; `holds` evaluates one against the facts the caller knows, so this module neither knows PINs nor
keys. Rules may also be named per instruction code (access mode data object 84).

Compact: access mode byte, then one security condition byte per set bit, bit 7 first.
Expanded: access mode data objects (80 byte, 84 INS), each followed by its security condition data objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntFlag
from functools import lru_cache
from types import MappingProxyType

from simcard.wire import tlv
from simcard.wire.tlv import Tlv, TlvError


class AccessError(ValueError):
    """Security attributes that cannot be read, or ask for something this card does not know."""


class Right(IntFlag):
    """Bits of the access mode byte. The low three depend on what is protected (tables 16 to 18)."""

    DELETE = 0x40
    TERMINATE = 0x20
    ACTIVATE = 0x10
    DEACTIVATE = 0x08
    # elementary files
    WRITE = 0x04
    UPDATE = 0x02
    READ = 0x01
    # dedicated files
    CREATE_DF = 0x04
    CREATE_EF = 0x02
    DELETE_CHILD = 0x01
    # keys: 04 use of the private part, 02 generation and import, 01 export of the public part
    USE = 0x04
    REPLACE = 0x02
    EXPORT_PUBLIC = 0x01


RIGHT_BITS = (0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01)


@dataclass(frozen=True, slots=True)
class Always:
    pass


@dataclass(frozen=True, slots=True)
class Never:
    pass


@dataclass(frozen=True, slots=True)
class UserAuth:
    """A PIN or biometric reference must have been verified; the number is coded as P2 of VERIFY."""

    reference: int


@dataclass(frozen=True, slots=True)
class KeyAuth:
    """The host must have proved a key by EXTERNAL or MUTUAL AUTHENTICATE."""

    reference: int


@dataclass(frozen=True, slots=True)
class Environment:
    """A compact condition byte: what is asked, by reference to security environment `number`."""

    number: int
    every: bool
    user: bool
    external: bool
    messaging: bool


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


Leaf = UserAuth | KeyAuth | Environment
Condition = Always | Never | UserAuth | KeyAuth | Environment | AllOf | AnyOf | Not

ALWAYS = Always()
NEVER = Never()


def holds(condition: Condition, fact: Callable[[Leaf], bool]) -> bool:
    """Does the condition hold, given what `fact` says of its leaves?"""
    if isinstance(condition, Leaf):
        return fact(condition)
    match condition:
        case Always():
            return True
        case Never():
            return False
        case AllOf(parts):
            return all(holds(part, fact) for part in parts)
        case AnyOf(parts):
            return any(holds(part, fact) for part in parts)
        case Not(part):
            return not holds(part, fact)


@dataclass(frozen=True, slots=True)
class Rules:
    """Conditions per right, and per instruction code where a rule names one. What no rule names uses `default`."""

    by_right: Mapping[int, Condition] = field(default_factory=lambda: MappingProxyType({}))
    by_ins: Mapping[int, Condition] = field(default_factory=lambda: MappingProxyType({}))
    default: Condition = NEVER

    def of(self, right: int) -> Condition:
        return self.by_right.get(right, self.default)


def _condition_byte(sc: int) -> Condition:
    if sc == 0x00:
        return ALWAYS
    if sc == 0xFF:
        return NEVER
    number = sc & 0x0F
    if number in (0, 15):
        raise AccessError(f"security condition byte {sc:02X} names no security environment 1 to 14")
    return Environment(number, bool(sc & 0x80), bool(sc & 0x10), bool(sc & 0x20), bool(sc & 0x40))


@lru_cache(maxsize=256)
def parse_compact(value: bytes) -> Rules:
    """The value of tag 8C; raises `AccessError`."""
    if not value or value[0] & 0x80:
        raise AccessError("compact attributes need an access mode byte with bit 8 clear")
    rights = [bit for bit in RIGHT_BITS if value[0] & bit]
    if len(value) != 1 + len(rights):
        raise AccessError(f"{len(rights)} rights are named and {len(value) - 1} conditions given")
    return Rules(MappingProxyType({bit: _condition_byte(sc) for bit, sc in zip(rights, value[1:])}))


def _reference(crt: bytes) -> Condition:
    """Control reference template for authentication (tag A4): 83 or 84 reference, 95 usage qualifier."""
    found = tlv.fields(crt)
    reference = found.get(0x83, found.get(0x84, b""))
    qualifier = found.get(0x95, b"\x08")
    if len(reference) != 1 or len(qualifier) != 1:
        raise AccessError("an authentication template needs one reference byte and one usage byte")
    return UserAuth(reference[0]) if qualifier[0] & 0x08 else KeyAuth(reference[0])


MAX_DEPTH = 8
"""How deep conditions may stand in each other."""


def _condition(item: Tlv, depth: int = 0) -> Condition:
    if depth > MAX_DEPTH:
        raise AccessError(f"conditions stand more than {MAX_DEPTH} deep in each other")
    match item.tag:
        case 0x90:
            return ALWAYS
        case 0x97:
            return NEVER
        case 0x9E if len(item.value) == 1:
            return _condition_byte(item.value[0])
        case 0xA4:
            return _reference(item.value)
        case 0xA0:
            return AnyOf(_conditions(item, depth))
        case 0xAF:
            return AllOf(_conditions(item, depth))
        case 0xA7:
            parts = tlv.parse(item.value)
            if len(parts) == 1:
                return Not(_condition(parts[0], depth + 1))
    raise AccessError(f"security condition {item.tag:02X} is not known")


def _conditions(template: Tlv, depth: int) -> tuple[Condition, ...]:
    return tuple(_condition(item, depth + 1) for item in tlv.parse(template.value))


@lru_cache(maxsize=256)
def parse_expanded(value: bytes) -> Rules:
    """The value of tag AB (or of a record of EF.ARR); raises `AccessError`."""
    try:
        return _expanded(tlv.parse(value))
    except TlvError as error:
        raise AccessError(str(error)) from None


def _expanded(items: tuple[Tlv, ...]) -> Rules:
    by_right: dict[int, Condition] = {}
    by_ins: dict[int, Condition] = {}
    at = 0
    while at < len(items):
        mode, at = items[at], at + 1
        conditions: list[Condition] = []
        # Data objects 80 to 8F describe access modes; what follows, up to the next of them, are the
        # alternatives that allow them.
        while at < len(items) and not 0x80 <= items[at].tag <= 0x8F:
            conditions.append(_condition(items[at]))
            at += 1
        if not conditions or len(mode.value) != 1:
            raise AccessError("an access mode of one byte and at least one condition belong together")
        condition = conditions[0] if len(conditions) == 1 else AnyOf(tuple(conditions))
        if mode.tag == 0x80:
            by_right |= {bit: condition for bit in RIGHT_BITS if mode.value[0] & bit}
        elif mode.tag == 0x84:
            by_ins[mode.value[0]] = condition
        else:
            raise AccessError(f"access mode data object {mode.tag:02X} is not known")
    return Rules(MappingProxyType(by_right), MappingProxyType(by_ins))


def encode_condition(condition: Condition) -> bytes:
    """A condition as security condition data object."""
    match condition:
        case Always():
            return tlv.tlv(0x90)
        case Never():
            return tlv.tlv(0x97)
        case UserAuth(reference):
            return tlv.tlv(0xA4, tlv.tlv(0x83, bytes((reference,))), tlv.tlv(0x95, b"\x08"))
        case KeyAuth(reference):
            return tlv.tlv(0xA4, tlv.tlv(0x83, bytes((reference,))), tlv.tlv(0x95, b"\x80"))
        case AnyOf(parts):
            return tlv.tlv(0xA0, *map(encode_condition, parts))
        case AllOf(parts):
            return tlv.tlv(0xAF, *map(encode_condition, parts))
        case Not(part):
            return tlv.tlv(0xA7, encode_condition(part))
        case Environment(number, every, user, external, messaging):
            flags = every << 7 | messaging << 6 | external << 5 | user << 4
            return tlv.tlv(0x9E, bytes((flags | number,)))


def encode_expanded(rules: Mapping[int, Condition]) -> bytes:
    """Rights to conditions as the value of tag AB; equal conditions share one access mode byte."""
    grouped: dict[Condition, int] = {}
    for right, condition in rules.items():
        grouped[condition] = grouped.get(condition, 0) | right
    return b"".join(
        tlv.tlv(0x80, bytes((rights,))) + encode_condition(condition) for condition, rights in grouped.items()
    )


def decode_condition(value: bytes) -> Condition:
    """One security condition data object; raises `AccessError`."""
    try:
        (item,) = tlv.parse(value)
        return _condition(item)
    except AccessError:
        raise
    except ValueError:
        raise AccessError("expected one security condition data object") from None
