"""The `pycryptodome` package: RSA and ECDSA, written from scratch and so a witness that shares no code with OpenSSL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import Crypto
from Crypto.Cipher import PKCS1_OAEP, PKCS1_v1_5
from Crypto.Hash import SHA1, SHA224, SHA256, SHA384, SHA512
from Crypto.PublicKey import ECC, RSA
from Crypto.Signature import DSS, pkcs1_15, pss

from conformance.vector_judge.judge import Operation, Refusal, Unsupported, refuse_to_ask_compressed
from conformance.vector_judge.vector import Vector

HASHES: dict[str, Any] = {"sha1": SHA1, "sha224": SHA224, "sha256": SHA256, "sha384": SHA384, "sha512": SHA512}
OIDS = {32: "2.16.840.1.101.3.4.2.1", 48: "2.16.840.1.101.3.4.2.2", 64: "2.16.840.1.101.3.4.2.3"}
SENTINEL = b"a block of this many bytes is no plaintext of ours"


class _Digest:
    """A finished digest in the package's shape."""

    block_size = 64

    def __init__(self, value: bytes) -> None:
        self._value = value
        self.digest_size = len(value)
        self.oid = OIDS[len(value)]

    def digest(self) -> bytes:
        return self._value


class PyCryptodome:
    """pycryptodome."""

    name = "pycryptodome"

    def __init__(self) -> None:
        self.version = ".".join(map(str, Crypto.version_info))

    @property
    def operations(self) -> Mapping[str, Operation]:
        table: dict[str, Operation] = {
            "EcdsaVerifyDigest": lambda vector: self._ecdsa(vector, "binary"),
            "EcdsaVerifyDigestDer": lambda vector: self._ecdsa(vector, "der"),
            "RsassaPkcs1Verify": self._pkcs1,
            "RsassaPssVerify": self._pss,
            "RsaesPkcs1Decrypt": self._open_pkcs1,
            "RsaesOaepDecrypt": self._open_oaep,
        }
        return {kind: _tidy(operation) for kind, operation in table.items()}

    def _ecdsa(self, vector: Vector, form: Literal["binary", "der"]) -> None:
        if len(vector["digest"]) not in OIDS:
            raise Unsupported("FIPS 186-3 does not allow a digest of that length")
        refuse_to_ask_compressed(vector)
        key = ECC.import_key(vector["public"], curve_name="P-384" if "p384" in vector.file else "P-256")
        DSS.new(key, "fips-186-3", form).verify(_Digest(vector["digest"]), vector["sig"])

    def _hash(self, vector: Vector) -> Any:
        if vector.text("sha") not in HASHES:
            raise Unsupported("the hash is missing")
        return HASHES[vector.text("sha")]

    def _pkcs1(self, vector: Vector) -> None:
        digest = self._hash(vector).new(vector["msg"])
        pkcs1_15.new(RSA.import_key(vector["public"])).verify(digest, vector["sig"])

    def _pss(self, vector: Vector) -> None:
        digest = self._hash(vector).new(vector["msg"])
        pss.new(RSA.import_key(vector["public"]), salt_bytes=int(vector.text("sLen"))).verify(digest, vector["sig"])

    def _open_pkcs1(self, vector: Vector) -> bytes:
        opened = PKCS1_v1_5.new(RSA.import_key(vector["private"])).decrypt(vector["ct"], sentinel=SENTINEL)
        if opened == SENTINEL:
            raise Refusal("the sentinel")
        return bytes(opened)

    def _open_oaep(self, vector: Vector) -> bytes:
        key = RSA.import_key(vector["private"])
        return bytes(PKCS1_OAEP.new(key, hashAlgo=self._hash(vector), label=vector["label"]).decrypt(vector["ct"]))


def _tidy(operation: Operation) -> Operation:
    """The package says no by ValueError."""

    def asked(vector: Vector) -> bytes | None:
        try:
            return operation(vector)
        except ValueError as error:
            raise Refusal(str(error)) from None

    return asked
