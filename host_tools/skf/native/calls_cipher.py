"""SKF functions under session keys: ciphering, MACs, digests, closing (GM/T 0016-2012, 7.6.18 to 7.6.34)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from host_tools.skf.digest import Digest
from host_tools.skf.native.handles import CLOSED_BY_CLOSE_HANDLE, Kind
from host_tools.skf.native.library import Library, MacRun
from host_tools.skf.native.memory import LONGEST_IV
from host_tools.skf.sar import Sar, SkfError
from host_tools.skf.session import MAC_SIZE, BlockCipher, Purpose, Run, SessionKey
from host_tools.skf.values import POINT


class CipherCalls:
    """Methods are called like the functions, in small letters."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._memory = library.memory

    @contextmanager
    def _key(self, handle: Any) -> Iterator[SessionKey]:
        with self._library.use(handle, Kind.SESSION_KEY) as entry:
            key = entry.value
            assert isinstance(key, SessionKey)
            yield key

    def _parameters(self, given: Any) -> BlockCipher:
        if given.IVLen > LONGEST_IV:
            raise SkfError(Sar.INVALIDPARAMERR, f"an IV of {given.IVLen} bytes does not fit")
        iv = bytes(self._memory.ffi.buffer(given.IV))[: given.IVLen]
        return BlockCipher(iv, given.PaddingType, given.FeedBitLen)

    # -- ciphering

    def encrypt_init(self, handle: Any, given: Any) -> None:
        with self._key(handle) as key:
            key.begin(Purpose.ENCRYPT, self._parameters(given))

    def decrypt_init(self, handle: Any, given: Any) -> None:
        with self._key(handle) as key:
            key.begin(Purpose.DECRYPT, self._parameters(given))

    @contextmanager
    def _run(self, handle: Any, purpose: Purpose) -> Iterator[tuple[SessionKey, Run]]:
        with self._key(handle) as key:
            run = self._library.running(key)
            if run.purpose is not purpose:
                raise SkfError(Sar.NOTINITIALIZEERR, f"the key was not begun to {purpose.name.lower()} with")
            yield key, run

    def _update(self, handle: Any, purpose: Purpose, data: Any, size: int, out: Any, length: Any) -> None:
        raw = self._memory.data(data, size)
        with self._run(handle, purpose) as (_, run):
            expected = run.update_size(size)
            self._memory.step(out, length, (expected, expected), run, lambda: run.update(raw))

    def _final(self, handle: Any, purpose: Purpose, data: Any, size: int, out: Any, length: Any) -> None:
        raw = self._memory.data(data, size)
        with self._run(handle, purpose) as (key, run):
            sizes = run.least_final(size), run.final_size(size)
            try:
                self._memory.step(out, length, sizes, run, lambda: run.final(raw))
            finally:
                # A result that found no room is fetched by the next call, so the operation is not over for the caller.
                if run.ended:
                    key.running = run if run.kept is not None else None

    def encrypt(self, handle: Any, data: Any, size: int, out: Any, length: Any) -> None:
        self._final(handle, Purpose.ENCRYPT, data, size, out, length)

    def encrypt_update(self, handle: Any, data: Any, size: int, out: Any, length: Any) -> None:
        self._update(handle, Purpose.ENCRYPT, data, size, out, length)

    def encrypt_final(self, handle: Any, out: Any, length: Any) -> None:
        self._final(handle, Purpose.ENCRYPT, self._memory.ffi.NULL, 0, out, length)

    def decrypt(self, handle: Any, data: Any, size: int, out: Any, length: Any) -> None:
        self._final(handle, Purpose.DECRYPT, data, size, out, length)

    def decrypt_update(self, handle: Any, data: Any, size: int, out: Any, length: Any) -> None:
        self._update(handle, Purpose.DECRYPT, data, size, out, length)

    def decrypt_final(self, handle: Any, out: Any, length: Any) -> None:
        self._final(handle, Purpose.DECRYPT, self._memory.ffi.NULL, 0, out, length)

    # -- MACs

    def mac_init(self, handle: Any, given: Any, where: Any) -> None:
        self._memory.need(given, where)
        with self._library.use(handle, Kind.SESSION_KEY) as entry:
            key = entry.value
            assert isinstance(key, SessionKey)
            run = key.begin(Purpose.MAC, self._parameters(given))
            made = self._library.handles.add(Kind.MAC, MacRun(key, run), entry.handle)
            self._memory.set_handle(where, made)

    @contextmanager
    def _mac(self, handle: Any) -> Iterator[MacRun]:
        with self._library.use(handle, Kind.MAC) as entry:
            mac = entry.value
            assert isinstance(mac, MacRun)
            yield mac

    def mac(self, handle: Any, data: Any, size: int, out: Any, length: Any) -> None:
        raw = self._memory.data(data, size)
        with self._mac(handle) as mac:
            if self._memory.room(out, length, MAC_SIZE):
                self._memory.give(out, length, mac.run.final(raw))

    def mac_update(self, handle: Any, data: Any, size: int) -> None:
        raw = self._memory.data(data, size)
        with self._mac(handle) as mac:
            mac.run.update(raw)

    def mac_final(self, handle: Any, out: Any, length: Any) -> None:
        self.mac(handle, self._memory.ffi.NULL, 0, out, length)

    # -- digests

    def digest_init(self, handle: Any, algorithm: int, key: Any, ident: Any, ident_size: int, where: Any) -> None:
        """With an identity the digest is that of an SM2 signature; the key is then needed."""
        self._memory.need(where)
        signer = None
        if ident_size:
            signer = self._memory.ecc_public(key), self._memory.data(ident, ident_size)
            assert len(signer[0]) == POINT
        with self._library.use(handle, Kind.DEVICE) as entry:
            digest = self._library.connection(entry).device.digest(algorithm, signer)
            made = self._library.handles.add(Kind.DIGEST, digest, entry.handle)
            self._memory.set_handle(where, made)

    @contextmanager
    def _digest(self, handle: Any) -> Iterator[Digest]:
        with self._library.use(handle, Kind.DIGEST) as entry:
            digest = entry.value
            assert isinstance(digest, Digest)
            yield digest

    def digest(self, handle: Any, data: Any, size: int, out: Any, length: Any) -> None:
        raw = self._memory.data(data, size)
        with self._digest(handle) as digest:
            if self._memory.room(out, length, digest.size):
                self._memory.give(out, length, digest.final(raw))

    def digest_update(self, handle: Any, data: Any, size: int) -> None:
        raw = self._memory.data(data, size)
        with self._digest(handle) as digest:
            digest.update(raw)

    def digest_final(self, handle: Any, out: Any, length: Any) -> None:
        self.digest(handle, self._memory.ffi.NULL, 0, out, length)

    # -- any of them

    def close_handle(self, handle: Any) -> None:
        self._library.close(handle, *CLOSED_BY_CLOSE_HANDLE)
