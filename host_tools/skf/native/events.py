"""Waiting for tokens to come and go (GM/T 0016-2012, 7.1.1).

What happens between two waits is not lost: each wait begins with what the last one, or the first enumeration, saw.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from threading import Event, Lock

from host_tools.errors import LinkError
from host_tools.skf.native.devices import Devices, Found
from host_tools.skf.native.pcsc import NEW_READERS, Pcsc
from host_tools.skf.sar import Sar, SkfError

PATIENCE = 500
"""Milliseconds after which the readers are looked at again: one that is plugged in just before the wait begins wakes
nobody, because PC/SC tells of new readers only those who wait already."""
INSISTENCE = 0.02
"""Seconds between two attempts to wake a waiter: one that has not begun to wait yet cannot be woken."""


class DeviceEvent(IntEnum):
    """What happened."""

    INSERTED = 1
    REMOVED = 2


@dataclass(slots=True, eq=False)
class _Waiter:
    context: int
    cancelled: bool = False
    done: Event = field(default_factory=Event)


class Monitor:
    """Knows which tokens there were, and wakes who waits."""

    def __init__(self, pcsc: Pcsc, devices: Devices) -> None:
        self._pcsc = pcsc
        self._devices = devices
        self._lock = Lock()
        self._known: dict[str, Found] | None = None
        self._waiters: list[_Waiter] = []

    def saw(self, names: dict[str, Found]) -> None:
        """The program has seen this list; the first one is where waiting begins."""
        with self._lock:
            if self._known is None:
                self._known = dict(names)

    def wait(self) -> tuple[str, DeviceEvent]:
        """The next device that comes or goes; SAR_NOT_EVENTERR when cancelled."""
        try:
            with self._pcsc.context() as context:
                return self._wait(_Waiter(context))
        except LinkError as failed:
            raise SkfError(Sar.FAIL, str(failed)) from None

    def _wait(self, waiter: _Waiter) -> tuple[str, DeviceEvent]:
        with self._lock:
            self._waiters.append(waiter)
        try:
            states: dict[bytes, int] = {}
            while not waiter.cancelled:
                # States first, then the look: what changes after it differs from these states.
                states = self._states(waiter.context)
                event = self._difference(self._devices.names(self._devices.look(waiter.context)))
                if event is not None:
                    return event
                self._pcsc.states(waiter.context, states, PATIENCE)
            raise SkfError(Sar.NOT_EVENTERR, "the wait was cancelled")
        finally:
            with self._lock:
                self._waiters.remove(waiter)
            waiter.done.set()

    def _states(self, context: int) -> dict[bytes, int]:
        """Every reader and the list of readers, with their present states."""
        readers = [reader.encode() for reader in self._pcsc.readers(context)]
        now = self._pcsc.states(context, dict.fromkeys(readers, 0), 0) if readers else {}
        return {**now, NEW_READERS: len(readers) << 16}

    def _difference(self, now: dict[str, Found]) -> tuple[str, DeviceEvent] | None:
        """One change since the last time; the others are left for the next call."""
        with self._lock:
            known = self._known
            if known is None:
                self._known = dict(now)
                return None
            for name, found in known.items():
                if now.get(name) != found:
                    del known[name]
                    return name, DeviceEvent.REMOVED
            for name, found in now.items():
                if name not in known:
                    known[name] = found
                    return name, DeviceEvent.INSERTED
        return None

    def cancel(self) -> None:
        """Wake all who wait now."""
        with self._lock:
            waiters = list(self._waiters)
            for waiter in waiters:
                waiter.cancelled = True
        for waiter in waiters:
            while not waiter.done.wait(INSISTENCE):
                self._pcsc.lib.skfpc_cancel(waiter.context)
