"""What a card says of itself: GET DATA 0100 (card), 0101 (PINs), 0102 (containers) and 0103 (file tree)."""

from __future__ import annotations

from dataclasses import dataclass

from host_tools.client.algorithms import Role
from host_tools.errors import BadResponse
from host_tools.pki.keys import Kind
from simcard.wire import tlv

PIN_ENTRY = 6
KINDS = {
    0x38: "directory",
    0x01: "transparent",
    0x02: "linear fixed",
    0x04: "linear variable",
    0x06: "cyclic",
    0x39: "BER-TLV",
}
LIFE_CYCLES = {0x01: "creation", 0x03: "initialisation", 0x04: "deactivated", 0x05: "activated", 0x0C: "terminated"}
ORIGINS = {1: "made on the card", 2: "imported"}


@dataclass(frozen=True, slots=True)
class CardInfo:
    """The card as a whole; memory in bytes."""

    name: str
    title: str
    capacity: int
    free: int
    engine: str
    backend: str


@dataclass(frozen=True, slots=True)
class PinInfo:
    """One reference; `scope` is the number of its directory, 0 for a global one."""

    scope: int
    reference: int
    limit: int
    left: int
    enabled: bool
    must_change: bool
    default: bool


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """One key pair; `certificate` is the length of its certificate, 0 if there is none."""

    reference: int
    role: Role
    kind: Kind
    bits: int
    origin: str
    certificate: int


@dataclass(frozen=True, slots=True)
class ContainerInfo:
    """A container and its keys."""

    number: int
    name: str
    keys: tuple[KeyInfo, ...]


@dataclass(frozen=True, slots=True)
class FileInfo:
    """One file of the tree; `depth` 0 is the MF. `size` is -1 where a file has none of its own."""

    depth: int
    fid: int
    kind: str
    name: str
    sfi: int
    size: int
    record_size: int
    record_count: int
    life_cycle: str


@dataclass(frozen=True, slots=True)
class Contents:
    """All of it."""

    card: CardInfo
    pins: tuple[PinInfo, ...]
    containers: tuple[ContainerInfo, ...]
    files: tuple[FileInfo, ...]


def card(value: bytes) -> CardInfo:
    """Read 0100."""
    found = _fields(value, "description")
    memory = found.get(0x82, bytes(8))
    return CardInfo(
        _text(found.get(0x80, b"")),
        _text(found.get(0x81, b"")),
        int.from_bytes(memory[:4], "big"),
        int.from_bytes(memory[4:], "big"),
        _text(found.get(0x83, b"")),
        _text(found.get(0x84, b"")),
    )


def pins(value: bytes) -> tuple[PinInfo, ...]:
    """Read 0101."""
    if len(value) % PIN_ENTRY:
        raise BadResponse("the card's list of PINs has the wrong length")
    entries = (value[at : at + PIN_ENTRY] for at in range(0, len(value), PIN_ENTRY))
    return tuple(
        PinInfo(int.from_bytes(e[:2], "big"), e[2], e[3], e[4], bool(e[5] & 1), bool(e[5] & 2), bool(e[5] & 4))
        for e in entries
    )


def containers(value: bytes) -> tuple[ContainerInfo, ...]:
    """Read 0102."""
    return tuple(_container(item.value) for item in _items(value, "list of containers"))


def _container(value: bytes) -> ContainerInfo:
    items = _items(value, "container")
    found = {item.tag: item.value for item in items}
    keys = tuple(_key(item.tag, item.value) for item in items if item.tag in (0xB6, 0xB8))
    return ContainerInfo(int.from_bytes(found.get(0x80, b""), "big"), _text(found.get(0x81, b"")), keys)


def _key(tag: int, value: bytes) -> KeyInfo:
    found = _fields(value, "key")
    try:
        kind = Kind(_text(found.get(0x80, b"")))
    except ValueError:
        raise BadResponse("the card has a key of a kind this program does not know") from None

    def number(tag: int) -> int:
        return int.from_bytes(found.get(tag, b""), "big")

    role = Role.SIGN if tag == 0xB6 else Role.EXCHANGE
    return KeyInfo(number(0x84), role, kind, number(0x82), ORIGINS.get(number(0x83), "unknown"), number(0x85))


def files(value: bytes) -> tuple[FileInfo, ...]:
    """Read 0103."""
    return tuple(_file(_fields(item.value, "file tree")) for item in _items(value, "file tree"))


def _file(entry: dict[int, bytes]) -> FileInfo:
    fcp = _fields(entry.get(0x62, b""), "file description")
    described = fcp.get(0x82, b"\0")
    size = fcp.get(0x80, fcp.get(0x81))
    sfi = fcp.get(0x88, b"")
    return FileInfo(
        depth=int.from_bytes(entry.get(0x80, b""), "big"),
        fid=int.from_bytes(fcp.get(0x83, b""), "big"),
        kind=KINDS.get(described[0] & 0x3F, f"structure {described[0]:02X}"),
        name=fcp.get(0x84, b"").hex().upper(),
        sfi=sfi[0] >> 3 if sfi else 0,
        size=-1 if size is None else int.from_bytes(size, "big"),
        record_size=int.from_bytes(described[2:4], "big"),
        record_count=int.from_bytes(described[4:], "big"),
        life_cycle=LIFE_CYCLES.get(int.from_bytes(fcp.get(0x8A, b""), "big"), "unknown"),
    )


def _items(value: bytes, what: str) -> tuple[tlv.Tlv, ...]:
    try:
        return tlv.parse(value)
    except tlv.TlvError as error:
        raise BadResponse(f"the card's {what} cannot be read: {error}") from None


def _fields(value: bytes, what: str) -> dict[int, bytes]:
    return {item.tag: item.value for item in reversed(_items(value, what))}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
