"""What all groups of C functions have in common: handles, devices, and the caller's memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from host_tools.errors import HostError
from host_tools.skf.application import Application
from host_tools.skf.container import Container
from host_tools.skf.device import Device
from host_tools.skf.native.devices import Connection, Devices, Shared, forget, share, unshare
from host_tools.skf.native.events import Monitor
from host_tools.skf.native.handles import Entry, Handles, Kind
from host_tools.skf.native.memory import Memory
from host_tools.skf.native.pcsc import Pcsc
from host_tools.skf.sar import Sar, SkfError
from host_tools.skf.session import Run, SessionKey

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """What an application's or a container's handle stands for; others may stand for the same."""

    value: Application | Container
    key: Key


@dataclass(frozen=True, slots=True, eq=False)
class MacRun:
    """A MAC handle: its key's run."""

    key: SessionKey
    run: Run


class Library:
    """The state of the library in this process."""

    def __init__(self, ffi: Any, lib: Any) -> None:
        self.ffi = ffi
        self.memory = Memory(ffi)
        self.handles = Handles()
        pcsc = Pcsc(ffi, lib)
        self.devices = Devices(pcsc)
        self.monitor = Monitor(pcsc, self.devices)

    # -- from handles to what they stand for, in turn

    def connection(self, entry: Entry) -> Connection:
        """The connection a handle was opened through."""
        return self.handles.value(entry.seat, Kind.DEVICE, Connection)

    @contextmanager
    def use(self, handle: Any, *kinds: Kind) -> Iterator[Entry]:
        """The entry of a handle, while nobody has locked its device."""
        entry = self.handles.find(self.memory.number(handle), *kinds)
        with self.connection(entry).gate.turn(entry.seat):
            yield entry

    @contextmanager
    def device(self, handle: Any) -> Iterator[Device]:
        """The device of a handle."""
        with self.use(handle, Kind.DEVICE) as entry:
            yield self.connection(entry).device

    @contextmanager
    def application(self, handle: Any) -> Iterator[Application]:
        """The application of a handle."""
        with self.use(handle, Kind.APPLICATION) as entry:
            opened = entry.value
            assert isinstance(opened, Opened) and isinstance(opened.value, Application)
            yield opened.value

    @contextmanager
    def container(self, handle: Any) -> Iterator[Container]:
        """The container of a handle."""
        with self.use(handle, Kind.CONTAINER) as entry:
            opened = entry.value
            assert isinstance(opened, Opened) and isinstance(opened.value, Container)
            yield opened.value

    # -- opening and closing

    def open(self, parent: Entry, kind: Kind, key: Key, made: Application | Container | None) -> int:
        """A handle for an application or container: the one that is open already, or the one just made."""
        connection = self.connection(parent)
        with connection.lock:
            value = share(connection, key)
            if value is None:
                value = self._fresh(parent, key) if made is None else made
                connection.opened[key] = Shared(value)
        try:
            return self.handles.add(kind, Opened(value, key), parent.handle)
        except SkfError:
            self._let_go(connection, Opened(value, key))
            raise

    def _fresh(self, parent: Entry, key: Key) -> Application | Container:
        if len(key) == 1:
            return self.connection(parent).device.open_application(key[0])
        above = parent.value
        assert isinstance(above, Opened) and isinstance(above.value, Application)
        return above.value.open_container(key[1])

    def deleted(self, above: Entry, key: Key) -> None:
        """An application or container is gone from the token: its name opens nothing, whoever still has a handle."""
        connection = self.connection(above)
        with connection.lock:
            forget(connection, key)

    def _let_go(self, connection: Connection, opened: Opened) -> None:
        with connection.lock:
            if unshare(connection, opened.key, opened.value):
                # The token may be gone, or may have forgotten it; there is nothing to close then.
                with suppress(HostError):
                    opened.value.close()

    def close(self, handle: Any, *kinds: Kind) -> None:
        """Close a handle and all that was opened through it."""
        entry = self.handles.find(self.memory.number(handle), *kinds)
        connection = self.connection(entry)
        with connection.gate.turn(entry.seat):
            for gone in self.handles.remove(entry.handle, *kinds):
                self._end(connection, gone)

    def _end(self, connection: Connection, entry: Entry) -> None:
        match entry.value:
            case Opened() as opened:
                self._let_go(connection, opened)
            case SessionKey() as key:
                with suppress(SkfError):
                    key.destroy()
            case Connection():
                connection.gate.forget(entry.seat)
                self.devices.release(connection)
            case _:
                pass

    def session_key(self, container: Any, key: SessionKey, where: Any) -> None:
        """A handle for a new session key of a container."""
        parent = self.memory.number(container)
        self.memory.set_handle(where, self.handles.add(Kind.SESSION_KEY, key, parent))

    @staticmethod
    def running(key: SessionKey) -> Run:
        """The operation under a key; SAR_NOTINITIALIZEERR when there is none."""
        if key.running is None:
            raise SkfError(Sar.NOTINITIALIZEERR, "nothing was begun under this key")
        return key.running
