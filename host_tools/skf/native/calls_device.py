"""SKF functions for devices, access control and applications (GM/T 0016-2012, 7.1 to 7.3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from host_tools.skf.native.devices import Connection
from host_tools.skf.native.handles import Kind
from host_tools.skf.native.library import Library
from host_tools.skf.protection import BLOCK, answer
from host_tools.skf.sar import Sar, SkfError
from simcard.wire.gmt0017 import CHALLENGE, PinType
from simcard.wire.secret import Secret

ABSENT, PRESENT = 0, 1
FACTORY_KEY = b"1234567812345678"
"""The device key of blank tokens; tried against a proof the program made itself, never sent."""


def pin_type(number: int) -> PinType:
    """ADMIN_TYPE or USER_TYPE."""
    try:
        return PinType(number)
    except ValueError:
        raise SkfError(Sar.INVALIDPARAMERR, f"there is no PIN of type {number}") from None


class DeviceCalls:
    """Methods are called like the functions, in small letters."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._memory = library.memory

    # -- 7.1 devices

    def wait_for_dev_event(self, name: Any, length: Any, event: Any) -> None:
        # The name comes with the event, so its length cannot be asked for beforehand.
        self._memory.need(name, length, event)
        found, what = self._library.monitor.wait()
        event[0] = what
        self._memory.give(name, length, found.encode() + b"\0")

    def cancel_wait_for_dev_event(self) -> None:
        self._library.monitor.cancel()

    def enum_dev(self, present: int, names: Any, size: Any) -> None:
        # A device that is absent has no serial number to be called by, so both lists are those present.
        self._memory.need(size)
        found = self._library.devices.names(self._library.devices.present())
        self._library.monitor.saw(found)
        self._memory.names(names, size, list(found))

    def connect_dev(self, name: Any, where: Any) -> None:
        self._memory.need(where)
        connection = self._library.devices.connect(self._memory.text(name))
        self._memory.set_handle(where, self._library.handles.add(Kind.DEVICE, connection))

    def dis_connect_dev(self, handle: Any) -> None:
        self._library.close(handle, Kind.DEVICE)

    def get_dev_state(self, name: Any, state: Any) -> None:
        self._memory.need(state)
        state[0] = ABSENT if self._library.devices.find(self._memory.text(name)) is None else PRESENT

    def set_label(self, handle: Any, label: Any) -> None:
        with self._library.device(handle) as device:
            device.set_label(self._memory.text(label))

    def get_dev_info(self, handle: Any, info: Any) -> None:
        self._memory.need(info)
        with self._library.device(handle) as device:
            self._memory.set_devinfo(info, device.info())

    def lock_dev(self, handle: Any, milliseconds: int) -> None:
        entry = self._library.handles.find(self._memory.number(handle), Kind.DEVICE)
        self._library.connection(entry).gate.lock(entry.seat, milliseconds)

    def unlock_dev(self, handle: Any) -> None:
        entry = self._library.handles.find(self._memory.number(handle), Kind.DEVICE)
        self._library.connection(entry).gate.unlock(entry.seat)

    def transmit(self, handle: Any, command: Any, size: int, answer: Any, room: Any) -> None:
        self._memory.need(room, answer)
        raw = self._memory.data(command, size)
        with self._library.device(handle) as device:
            self._memory.give(answer, room, device.transmit(raw))

    # -- 7.2 access control

    @contextmanager
    def _connection(self, handle: Any) -> Iterator[Connection]:
        with self._library.use(handle, Kind.DEVICE) as entry:
            yield self._library.connection(entry)

    def gen_random(self, handle: Any, out: Any, size: int) -> None:
        self._memory.need(out)
        with self._connection(handle) as connection:
            made = connection.device.random(size)
            connection.challenge = made[:CHALLENGE]
            self._memory.ffi.memmove(out, made, size)

    def dev_auth(self, handle: Any, data: Any, size: int) -> None:
        proof = self._memory.data(data, size)
        with self._connection(handle) as connection:
            connection.device.authenticate_raw(proof)
            # The program does not tell the key, but a key we know is recognised by what it made of the challenge.
            for known in filter(None, (connection.device_key, Secret(FACTORY_KEY))):
                if answer(known, connection.challenge, "ZERO") == proof:
                    connection.device_key = known

    def change_dev_auth_key(self, handle: Any, value: Any, size: int) -> None:
        """16 bytes are the new key in clear, which needs the old one; more are that key wrapped by the program."""
        raw = self._memory.data(value, size)
        with self._connection(handle) as connection:
            if size != BLOCK:
                connection.device.change_key_raw(raw)
                return
            if connection.device_key is None:
                raise SkfError(Sar.NOTSUPPORTYETERR, "the old device key is not known; wrap the new one under it")
            connection.device.change_key(Secret(raw), connection.device_key)
            connection.device_key = Secret(raw)

    @contextmanager
    def _counting(self, tries: Any) -> Iterator[None]:
        """What is wrong with a PIN also tells the tries left."""
        self._memory.need(tries)
        try:
            yield
        except SkfError as failed:
            if failed.tries is not None:
                tries[0] = failed.tries
            raise

    def verify_pin(self, handle: Any, kind: int, pin: Any, tries: Any) -> None:
        which, value = pin_type(kind), self._memory.secret(pin)
        with self._counting(tries), self._library.application(handle) as application:
            application.verify_pin(which, value)

    def change_pin(self, handle: Any, kind: int, old: Any, new: Any, tries: Any) -> None:
        which, before, after = pin_type(kind), self._memory.secret(old), self._memory.secret(new)
        with self._counting(tries), self._library.application(handle) as application:
            application.change_pin(which, before, after)

    def unblock_pin(self, handle: Any, admin: Any, new: Any, tries: Any) -> None:
        proof, value = self._memory.secret(admin), self._memory.secret(new)
        with self._counting(tries), self._library.application(handle) as application:
            application.unblock_pin(proof, value)

    def get_pin_info(self, handle: Any, kind: int, limit: Any, left: Any, default: Any) -> None:
        self._memory.need(limit, left, default)
        which = pin_type(kind)
        with self._library.application(handle) as application:
            info = application.pin_info(which)
        limit[0], left[0], default[0] = info.limit, info.left, info.default

    def clear_secure_state(self, handle: Any) -> None:
        with self._library.application(handle) as application:
            application.clear()

    # -- 7.3 applications

    def create_application(
        self, handle: Any, name: Any, admin: Any, admin_tries: int, user: Any, user_tries: int, rights: int, where: Any
    ) -> None:
        self._memory.need(where)
        called, pins = self._memory.text(name), (self._memory.secret(admin), self._memory.secret(user))
        with self._library.use(handle, Kind.DEVICE) as entry:
            device = self._library.connection(entry).device
            made = device.create_application(called, *pins, (admin_tries, user_tries), rights)
            self._memory.set_handle(where, self._library.open(entry, Kind.APPLICATION, (called,), made))

    def enum_application(self, handle: Any, names: Any, size: Any) -> None:
        with self._library.device(handle) as device:
            self._memory.names(names, size, device.applications())

    def delete_application(self, handle: Any, name: Any) -> None:
        called = self._memory.text(name)
        with self._library.use(handle, Kind.DEVICE) as entry:
            self._library.connection(entry).device.delete_application(called)
            self._library.deleted(entry, (called,))

    def open_application(self, handle: Any, name: Any, where: Any) -> None:
        self._memory.need(where)
        called = self._memory.text(name)
        with self._library.use(handle, Kind.DEVICE) as entry:
            self._memory.set_handle(where, self._library.open(entry, Kind.APPLICATION, (called,), None))

    def close_application(self, handle: Any) -> None:
        self._library.close(handle, Kind.APPLICATION)
