"""Who may use a token now: everybody, or the one device handle that locked it (GM/T 0016-2012, 7.1.10)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Thread

from host_tools.errors import HostError
from host_tools.skf.native.pcsc import FOREVER, WinscardLink
from host_tools.skf.sar import Sar, SkfError


class Gate:
    """The lock of one token in this process; other processes are kept out by a PC/SC transaction."""

    def __init__(self, link: WinscardLink) -> None:
        self._link = link
        self._free = Condition()
        self._owner = 0
        self._busy = 0

    @contextmanager
    def turn(self, seat: int) -> Iterator[None]:
        """Wait while another handle has the lock, then be counted as busy."""
        with self._free:
            self._free.wait_for(lambda: self._owner in (0, seat))
            self._busy += 1
        try:
            yield
        finally:
            with self._free:
                self._busy -= 1
                self._free.notify_all()

    def lock(self, seat: int, milliseconds: int) -> None:
        """Take the lock for a device handle; SAR_TIMEOUTERR when the time is over before."""
        seconds = None if milliseconds == FOREVER else milliseconds / 1000
        with self._free:
            if self._owner == seat:
                return
            if not self._free.wait_for(lambda: not self._owner and not self._busy, seconds):
                raise SkfError(Sar.TIMEOUTERR, "another handle has locked the device")
            self._owner = seat
        if not self._begin(seconds):
            with self._free:
                self._owner = 0
                self._free.notify_all()
            raise SkfError(Sar.TIMEOUTERR, "another program has locked the device")

    def _begin(self, seconds: float | None) -> bool:
        """A transaction within this time. PC/SC cannot be told one, so a thread waits, and gives back what is late."""
        if seconds is None:
            self._link.begin()
            return True
        waiting = _Waiting(self._link)
        Thread(target=waiting.run, daemon=True, name="SKF_LockDev").start()
        return waiting.taken_within(seconds)

    def unlock(self, seat: int) -> None:
        """Give the lock back; SAR_FAIL when this handle has none."""
        with self._free:
            if self._owner != seat:
                raise SkfError(Sar.FAIL, "this handle has not locked the device")
            self._owner = 0
            self._link.end()
            self._free.notify_all()

    def forget(self, seat: int) -> None:
        """A device handle is closed, and with it its lock."""
        with self._free:
            if self._owner == seat:
                self._owner = 0
                self._link.end()
                self._free.notify_all()


class _Waiting:
    """Waits for a transaction in a thread of its own, and ends it at once when nobody wants it any more."""

    def __init__(self, link: WinscardLink) -> None:
        self._link = link
        self._state = Condition()
        self._taken = False
        self._given_up = False
        self._failure: HostError | None = None

    def run(self) -> None:
        try:
            self._link.begin()
        except HostError as failed:
            with self._state:
                self._failure = failed
                self._state.notify_all()
            return
        with self._state:
            self._taken = not self._given_up
            self._state.notify_all()
            if self._given_up:
                self._link.end()

    def taken_within(self, seconds: float) -> bool:
        """Whether the transaction was there in time."""
        with self._state:
            self._state.wait_for(lambda: self._taken or self._failure is not None, seconds)
            if self._failure is not None:
                raise self._failure
            self._given_up = not self._taken
            return self._taken
