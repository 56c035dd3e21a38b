"""SKF functions for RSA and SM2 keys and key agreement, drafts included (GM/T 0016-2012, 7.6.2 to 7.6.17)."""

from __future__ import annotations

from typing import Any

from host_tools.skf.algorithms import SM2_SIGNING
from host_tools.skf.container import Agreement, Container
from host_tools.skf.device import Device
from host_tools.skf.native.devices import Connection
from host_tools.skf.native.handles import Kind
from host_tools.skf.native.library import Library
from host_tools.skf.sar import Sar, SkfError
from host_tools.skf.session import SessionKey
from simcard.wire.gmt0017 import ContainerType
from simcard.wire.secret import Secret

KEY_SIZE = 16
PKCS1_OVERHEAD = 11
EXTERNAL_BITS = range(1024, 2049, 64)


class KeyCalls:
    """Methods are called like the functions, in small letters."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._memory = library.memory

    # -- RSA

    def gen_rsa_key_pair(self, handle: Any, bits: int, blob: Any) -> None:
        self._memory.need(blob)
        if bits not in EXTERNAL_BITS:
            raise SkfError(Sar.MODULUSLENERR, f"an RSA key of {bits} bits does not fit into an RSAPUBLICKEYBLOB")
        with self._library.container(handle) as container:
            self._memory.set_rsa_public(blob, container.generate_rsa(bits))

    def import_rsa_key_pair(
        self, handle: Any, algorithm: int, wrapped: Any, wrapped_size: int, data: Any, size: int
    ) -> None:
        key, private = self._memory.data(wrapped, wrapped_size), self._memory.data(data, size)
        with self._library.container(handle) as container:
            container.import_rsa(algorithm, key, private)

    def rsa_sign_data(self, handle: Any, data: Any, size: int, out: Any, length: Any) -> None:
        raw = self._memory.data(data, size)
        with self._library.container(handle) as container:
            info = container.info()
            if info.kind is not ContainerType.RSA or not info.sign_bits:
                raise SkfError(Sar.KEYNOTFOUNTERR, "the container has no RSA signing key")
            modulus = info.sign_bits // 8
            if len(raw) > modulus - PKCS1_OVERHEAD:
                raise SkfError(Sar.INDATALENERR, f"{len(raw)} bytes do not fit under a key of {modulus} bytes")
            if self._memory.room(out, length, modulus):
                self._memory.give(out, length, container.sign_rsa(raw))

    def rsa_verify(self, handle: Any, key: Any, data: Any, size: int, signature: Any, signed: int) -> None:
        public = self._memory.rsa_public(key)
        raw, made = self._memory.data(data, size), self._memory.data(signature, signed)
        with self._library.device(handle) as device:
            device.external.rsa_verify(public, raw, made)

    def rsa_export_session_key(self, handle: Any, algorithm: int, key: Any, out: Any, length: Any, where: Any) -> None:
        public = self._memory.rsa_public(key)
        if not self._memory.room(out, length, len(public.n)):
            return
        self._memory.need(where)
        with self._library.container(handle) as container:
            session, wrapped = container.export_session_key_rsa(public, algorithm)
            self._library.session_key(handle, session, where)
            self._memory.give(out, length, wrapped)

    # -- SM2

    def gen_ecc_key_pair(self, handle: Any, algorithm: int, blob: Any) -> None:
        self._memory.need(blob)
        if algorithm not in SM2_SIGNING:
            raise SkfError(Sar.NOTSUPPORTYETERR, f"no pair is made for algorithm {algorithm:08X}")
        with self._library.container(handle) as container:
            self._memory.set_ecc_public(blob, container.generate_sm2())

    def import_ecc_key_pair(self, handle: Any, blob: Any) -> None:
        envelope = self._memory.envelope(blob)
        with self._library.container(handle) as container:
            container.import_sm2(envelope)

    def ecc_sign_data(self, handle: Any, data: Any, size: int, blob: Any) -> None:
        self._memory.need(blob)
        digest = self._memory.data(data, size)
        with self._library.container(handle) as container:
            self._memory.set_signature(blob, container.sign_digest(digest))

    def ecc_verify(self, handle: Any, key: Any, data: Any, size: int, blob: Any) -> None:
        public, signature = self._memory.ecc_public(key), self._memory.signature(blob)
        digest = self._memory.data(data, size)
        with self._library.device(handle) as device:
            device.external.ecc_verify(public, digest, signature)

    def ecc_export_session_key(self, handle: Any, algorithm: int, key: Any, blob: Any, where: Any) -> None:
        self._memory.need(blob, where)
        public = self._memory.ecc_public(key)
        with self._library.container(handle) as container:
            session, wrapped = container.export_session_key(public, algorithm)
            self._library.session_key(handle, session, where)
            self._memory.set_ecc_cipher(blob, wrapped)

    def ext_ecc_encrypt(self, handle: Any, key: Any, data: Any, size: int, blob: Any) -> None:
        self._memory.need(blob)
        public, plain = self._memory.ecc_public(key), self._memory.data(data, size)
        with self._library.device(handle) as device:
            self._memory.set_ecc_cipher(blob, device.external.ecc_encrypt(public, plain))

    def import_session_key(self, handle: Any, algorithm: int, data: Any, size: int, where: Any) -> None:
        self._memory.need(where)
        raw = self._memory.data(data, size)
        with self._library.container(handle) as container:
            if container.info().kind is ContainerType.SM2:
                raw = self._memory.cipher_from(raw)
            self._library.session_key(handle, container.import_session_key(algorithm, raw), where)

    # -- key agreement

    def generate_agreement_data_with_ecc(
        self, handle: Any, algorithm: int, temporary: Any, ident: Any, ident_size: int, where: Any
    ) -> None:
        self._memory.need(temporary, where)
        ours = self._memory.data(ident, ident_size)
        with self._library.container(handle) as container:
            offer = container.offer(algorithm, ours)
            self._memory.set_ecc_public(temporary, offer.temporary)
            parent = self._memory.number(handle)
            self._memory.set_handle(where, self._library.handles.add(Kind.AGREEMENT, offer, parent))

    def generate_agreement_data_and_key_with_ecc(
        self,
        handle: Any,
        algorithm: int,
        sponsor: Any,
        sponsor_temporary: Any,
        temporary: Any,
        ident: Any,
        ident_size: int,
        sponsor_id: Any,
        sponsor_id_size: int,
        where: Any,
    ) -> None:
        memory = self._memory
        memory.need(temporary, where)
        theirs = memory.ecc_public(sponsor), memory.ecc_public(sponsor_temporary)
        their_id, ours = memory.data(sponsor_id, sponsor_id_size), memory.data(ident, ident_size)
        with self._library.container(handle) as container:
            key, made = container.accept(algorithm, *theirs, their_id, ours)
            memory.set_ecc_public(temporary, made)
            self._library.session_key(handle, key, where)

    def generate_key_with_ecc(
        self, handle: Any, public: Any, temporary: Any, ident: Any, ident_size: int, where: Any
    ) -> None:
        memory = self._memory
        memory.need(where)
        theirs = memory.ecc_public(public), memory.ecc_public(temporary)
        their_id = memory.data(ident, ident_size)
        with self._library.use(handle, Kind.AGREEMENT) as entry:
            offer = entry.value
            assert isinstance(offer, Agreement)
            key = offer.complete(*theirs, their_id)
            made = self._library.handles.add(Kind.SESSION_KEY, key, entry.parent)
            memory.set_handle(where, made)

    # -- drafts

    def gen_ext_rsa_key(self, handle: Any, bits: int, blob: Any) -> None:
        self._memory.need(blob)
        if bits not in EXTERNAL_BITS:
            raise SkfError(Sar.MODULUSLENERR, f"an RSA key of {bits} bits does not fit into an RSAPRIVATEKEYBLOB")
        with self._library.device(handle) as device:
            self._memory.set_rsa_private(blob, device.external.generate_rsa(bits))

    def ext_rsa_pub_key_operation(self, handle: Any, key: Any, data: Any, size: int, out: Any, length: Any) -> None:
        public, raw = self._memory.rsa_public(key), self._memory.data(data, size)
        with self._library.device(handle) as device:
            if self._memory.room(out, length, len(public.n)):
                self._memory.give(out, length, device.external.rsa_public(public, raw))

    def ext_rsa_pri_key_operation(self, handle: Any, key: Any, data: Any, size: int, out: Any, length: Any) -> None:
        private, raw = self._memory.rsa_private(key), self._memory.data(data, size)
        with self._library.device(handle) as device:
            if self._memory.room(out, length, len(private.public.n)):
                self._memory.give(out, length, device.external.rsa_private(private, raw))

    def ext_ecc_decrypt(self, handle: Any, key: Any, blob: Any, out: Any, length: Any) -> None:
        private, raw = self._memory.ecc_private(key), self._memory.ecc_cipher(blob)
        with self._library.device(handle) as device:
            if self._memory.room(out, length, blob.CipherLen):
                self._memory.give(out, length, device.external.ecc_decrypt(private, raw))

    def ext_ecc_sign(self, handle: Any, key: Any, data: Any, size: int, blob: Any) -> None:
        self._memory.need(blob)
        private, digest = self._memory.ecc_private(key), self._memory.data(data, size)
        with self._library.device(handle) as device:
            self._memory.set_signature(blob, device.external.ecc_sign(private, digest))

    def ext_ecc_verify(self, handle: Any, key: Any, data: Any, size: int, blob: Any) -> None:
        public, signature = self._memory.ecc_public(key), self._memory.signature(blob)
        digest = self._memory.data(data, size)
        with self._library.device(handle) as device:
            device.external.ext_ecc_verify(public, digest, signature)

    def ecc_decrypt(self, handle: Any, blob: Any, out: Any, length: Any) -> None:
        raw = self._memory.ecc_cipher(blob)
        with self._library.container(handle) as container:
            if self._memory.room(out, length, blob.CipherLen):
                self._memory.give(out, length, container.decrypt(raw).reveal())

    def set_symm_key(self, handle: Any, key: Any, algorithm: int, where: Any) -> None:
        """The token keeps session keys in containers, and the function names none: one that is open, or any."""
        self._memory.need(key, where)
        value = Secret(self._memory.data(key, KEY_SIZE))
        with self._library.use(handle, Kind.DEVICE) as entry:
            container = some_container(self._library.connection(entry))
            session: SessionKey = container.set_session_key(algorithm, value)
            made = self._library.handles.add(Kind.SESSION_KEY, session, entry.handle)
            self._memory.set_handle(where, made)


def some_container(connection: Connection) -> Container:
    """A container that is open, or the first one of the token."""
    with connection.lock:
        for shared in connection.opened.values():
            if isinstance(shared.value, Container):
                return shared.value
    return _first(connection.device)


def _first(device: Device) -> Container:
    for name in device.applications():
        application = device.open_application(name)
        for container in application.containers():
            return application.open_container(container)
    raise SkfError(Sar.CONTAINER_NOT_EXISTS, "a session key needs a container, and the token has none")
