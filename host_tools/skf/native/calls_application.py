"""SKF functions for files and containers (GM/T 0016-2012, 7.4 and 7.5)."""

from __future__ import annotations

from typing import Any

from host_tools.skf.application import Application
from host_tools.skf.native.handles import Kind
from host_tools.skf.native.library import Key, Library, Opened
from host_tools.skf.values import RsaPublic

NAME_FIELD = 32
LARGEST_FILE = 0xFFFF


class ApplicationCalls:
    """Methods are called like the functions, in small letters."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._memory = library.memory

    # -- 7.4 files

    def create_file(self, handle: Any, name: Any, size: int, reading: int, writing: int) -> None:
        called = self._memory.text(name)
        with self._library.application(handle) as application:
            application.create_file(called, size, reading, writing)

    def delete_file(self, handle: Any, name: Any) -> None:
        called = self._memory.text(name)
        with self._library.application(handle) as application:
            application.delete_file(called)

    def enum_files(self, handle: Any, names: Any, size: Any) -> None:
        with self._library.application(handle) as application:
            self._memory.names(names, size, application.files())

    def get_file_info(self, handle: Any, name: Any, info: Any) -> None:
        self._memory.need(info)
        called = self._memory.text(name)
        with self._library.application(handle) as application:
            found = application.file_info(called)
        self._memory.ffi.buffer(info.FileName)[:] = called.encode().ljust(NAME_FIELD, b"\0")
        info.FileSize, info.ReadRights, info.WriteRights = found.size, found.reading, found.writing

    def read_file(self, handle: Any, name: Any, offset: int, size: int, out: Any, length: Any) -> None:
        """With NULL for the buffer the length asked for, cut at the end of the file."""
        self._memory.need(length)
        called = self._memory.text(name)
        with self._library.application(handle) as application:
            if out == self._memory.ffi.NULL:
                length[0] = max(0, min(size, application.file_info(called).size - offset))
                return
            # Callers that set no length mean the size they ask for.
            room = min(size, length[0]) if length[0] else size
            made = application.read_file(called, offset, min(room, LARGEST_FILE))
            self._memory.ffi.memmove(out, made, len(made))
            length[0] = len(made)

    def write_file(self, handle: Any, name: Any, offset: int, data: Any, size: int) -> None:
        called, raw = self._memory.text(name), self._memory.data(data, size)
        with self._library.application(handle) as application:
            application.write_file(called, offset, raw)

    # -- 7.5 containers

    @staticmethod
    def _key(above: object, name: str) -> Key:
        assert isinstance(above, Opened)
        return (above.key[0], name)

    def create_container(self, handle: Any, name: Any, where: Any) -> None:
        self._memory.need(where)
        called = self._memory.text(name)
        with self._library.application(handle) as application:
            made = application.create_container(called)
        self._give(handle, called, where, made)

    def open_container(self, handle: Any, name: Any, where: Any) -> None:
        self._memory.need(where)
        self._give(handle, self._memory.text(name), where, None)

    def _give(self, handle: Any, name: str, where: Any, made: Any) -> None:
        with self._library.use(handle, Kind.APPLICATION) as entry:
            key = self._key(entry.value, name)
            self._memory.set_handle(where, self._library.open(entry, Kind.CONTAINER, key, made))

    def delete_container(self, handle: Any, name: Any) -> None:
        called = self._memory.text(name)
        with self._library.use(handle, Kind.APPLICATION) as entry:
            opened = entry.value
            assert isinstance(opened, Opened) and isinstance(opened.value, Application)
            opened.value.delete_container(called)
            self._library.deleted(entry, self._key(opened, called))

    def close_container(self, handle: Any) -> None:
        self._library.close(handle, Kind.CONTAINER)

    def enum_container(self, handle: Any, names: Any, size: Any) -> None:
        with self._library.application(handle) as application:
            self._memory.names(names, size, application.containers())

    def get_container_type(self, handle: Any, kind: Any) -> None:
        self._memory.need(kind)
        with self._library.container(handle) as container:
            kind[0] = container.info().kind

    def import_certificate(self, handle: Any, sign: int, certificate: Any, size: int) -> None:
        raw = self._memory.data(certificate, size)
        with self._library.container(handle) as container:
            container.import_certificate(bool(sign), raw)

    def export_certificate(self, handle: Any, sign: int, out: Any, length: Any) -> None:
        with self._library.container(handle) as container:
            self._memory.give(out, length, container.certificate(bool(sign)))

    def export_public_key(self, handle: Any, sign: int, out: Any, length: Any) -> None:
        """ECCPUBLICKEYBLOB or RSAPUBLICKEYBLOB, whatever the container holds."""
        ffi = self._memory.ffi
        with self._library.container(handle) as container:
            key = container.public_key(bool(sign))
        if isinstance(key, RsaPublic):
            blob = ffi.new("RSAPUBLICKEYBLOB *")
            self._memory.set_rsa_public(blob, key)
        else:
            blob = ffi.new("ECCPUBLICKEYBLOB *")
            self._memory.set_ecc_public(blob, key)
        self._memory.give(out, length, bytes(ffi.buffer(blob)))
