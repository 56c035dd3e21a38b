"""Tokens in PC/SC readers, by name, and the connections of this process to them.

A device is called by its serial number, as real tokens are; of two with the same one each gets `@` and its reader's
name behind it. SIMCARD_SKF_NAMES=reader calls devices by their readers' names instead. A token is found by its
answer to GetDevInfo: a SELECT would end what other programs have open on it.

All handles of one device share one connection, so closing one does not disturb the others.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from threading import Lock

from host_tools.errors import CardBusy, HostError, LinkError
from host_tools.skf.application import Application
from host_tools.skf.container import Container
from host_tools.skf.device import Device
from host_tools.skf.dialect import Dialect
from host_tools.skf.native.gate import Gate
from host_tools.skf.native.pcsc import PRESENT, Pcsc, WinscardLink
from host_tools.skf.sar import SkfError, SkfRemoved
from simcard.wire.secret import Secret

NAMES, DIALECT = "SIMCARD_SKF_NAMES", "SIMCARD_SKF_DIALECT"
COUNT_MASK = 0xFFFF0000
"""Where PC/SC Lite counts insertions and removals of a reader."""


@dataclass(frozen=True, slots=True)
class Found:
    """A token in a reader; `count` changes when it is taken out."""

    reader: str
    serial: str
    count: int


@dataclass(slots=True)
class Shared:
    """An object of a connection that several handles stand for, and how many."""

    value: Application | Container
    users: int = 1


@dataclass(slots=True, eq=False)
class Connection:
    """One connection, for all handles of its device. `challenge` and `device_key` serve ChangeDevAuthKey."""

    device: Device
    link: WinscardLink
    gate: Gate
    reader: str
    users: int = 0
    challenge: bytes = b""
    device_key: Secret | None = None
    opened: dict[tuple[str, ...], Shared] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


class Devices:
    """What is in the readers, and what is connected."""

    def __init__(self, pcsc: Pcsc) -> None:
        self._pcsc = pcsc
        self._lock = Lock()
        self._seen: dict[str, tuple[int, str | None]] = {}
        self._connections: dict[str, Connection] = {}
        self._dialect = Dialect.of(os.environ.get(DIALECT, ""))
        self._by_reader = os.environ.get(NAMES, "") == "reader"

    # -- looking

    def look(self, context: int) -> list[Found]:
        """All tokens, in the order of their readers."""
        readers = self._pcsc.readers(context)
        if not readers:
            return []
        states = self._pcsc.states(context, {reader.encode(): 0 for reader in readers}, 0)
        found = []
        for reader in readers:
            state = states.get(reader.encode(), 0)
            serial = self._serial(reader, state & COUNT_MASK) if state & PRESENT else None
            if serial is not None:
                found.append(Found(reader, serial, state & COUNT_MASK))
        return found

    def present(self) -> list[Found]:
        """The same with a context of its own; without a PC/SC service there is nothing."""
        try:
            with self._pcsc.context() as context:
                return self.look(context)
        except LinkError:
            return []

    def names(self, found: list[Found]) -> dict[str, Found]:
        """The tokens by the name they are called by."""
        if self._by_reader:
            return {each.reader: each for each in found}
        many = Counter(each.serial for each in found)
        return {each.serial if many[each.serial] == 1 else f"{each.serial}@{each.reader}": each for each in found}

    def find(self, name: str) -> Found | None:
        """The token of this name; its serial number or its reader's name do too, the first that fits."""
        found = self.present()
        named = self.names(found).get(name)
        return named or next((each for each in found if name in (each.serial, each.reader)), None)

    def _serial(self, reader: str, count: int) -> str | None:
        """The serial number of the card in a reader, asked once per insertion; None for a card that is no token."""
        with self._lock:
            known = self._seen.get(reader)
        if known is not None and known[0] == count:
            return known[1]
        try:
            serial = self._ask(reader)
        except CardBusy:
            return None
        except HostError:
            serial = None
        with self._lock:
            self._seen[reader] = count, serial
        return serial

    def _ask(self, reader: str) -> str:
        link = WinscardLink(self._pcsc, reader)
        try:
            serial = Device(link, self._dialect).info().serial
        finally:
            link.close()
        return serial.decode("utf-8", "replace") or reader

    # -- connecting

    def connect(self, name: str) -> Connection:
        """The connection to a device, one user more. SAR_DEVICE_REMOVED when it is not there."""
        found = self.find(name)
        if found is None:
            raise SkfRemoved(f"there is no device {name}")
        with self._lock:
            connection = self._connections.get(found.reader)
            if connection is not None and self._alive(connection):
                connection.users += 1
                return connection
            connection = self._made(found.reader)
            self._connections[found.reader] = connection
            return connection

    def _alive(self, connection: Connection) -> bool:
        """Whether it is still the same card. Asking costs one command, a mistake would cost the caller its device."""
        if connection.device.removed:
            return False
        try:
            connection.device.info()
        except SkfError:
            return not connection.device.removed
        return True

    def _made(self, reader: str) -> Connection:
        try:
            link = WinscardLink(self._pcsc, reader)
        except CardBusy:
            raise
        except LinkError as gone:
            raise SkfRemoved(str(gone)) from None
        return Connection(Device(link, self._dialect, link.exclusive), link, Gate(link), reader, users=1)

    def release(self, connection: Connection) -> None:
        """One user less; the last one closes the connection."""
        with self._lock:
            connection.users -= 1
            if connection.users:
                return
            if self._connections.get(connection.reader) is connection:
                del self._connections[connection.reader]
        connection.device.close()


def share(connection: Connection, key: tuple[str, ...]) -> Application | Container | None:
    """What is open already under this key, one user more."""
    shared = connection.opened.get(key)
    if shared is None:
        return None
    shared.users += 1
    return shared.value


def unshare(connection: Connection, key: tuple[str, ...], value: Application | Container) -> bool:
    """One user of this value less; whether it was the last. A deleted one is nobody's any more."""
    shared = connection.opened.get(key)
    if shared is None or shared.value is not value:
        return False
    shared.users -= 1
    if not shared.users:
        del connection.opened[key]
    return not shared.users


def forget(connection: Connection, key: tuple[str, ...]) -> None:
    """What was deleted on the token, with all that was in it, is not open under its name any more."""
    for known in [each for each in connection.opened if each[: len(key)] == key]:
        del connection.opened[known]
