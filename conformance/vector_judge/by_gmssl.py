"""The `gmssl` package from PyPI, called as its documentation shows, with none of the checks a careful caller adds."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Any

from conformance.vector_judge.judge import Operation, Refusal, Unsupported
from conformance.vector_judge.vector import Vector

DEFAULT_ID = b"1234567812345678"
POINT_DIGITS = 130
NO_PADDING = -1
"""Any value that is none of its padding modes."""


class Gmssl:
    """gmssl: SM2, SM3, and SM4 in ECB and CBC."""

    name = "gmssl"

    def __init__(self) -> None:
        self.version = version("gmssl")
        self._sm2: Any = import_module("gmssl.sm2")
        self._sm3: Any = import_module("gmssl.sm3")
        self._sm4: Any = import_module("gmssl.sm4")

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {
            "Sm2Verify": self._verify,
            "Sm2VerifyDer": self._verify,
            "Sm2VerifyDigest": self._verify_digest,
            "Sm2Decrypt": self._decrypt,
            "DigestTest": self._digest,
            "CipherTest": self._cipher,
            "CbcPaddingTest": self._cbc,
        }

    def _key(self, vector: Vector, der: bool = False) -> Any:
        # The package wants X || Y; a leading 04 is its own to strip, and it strips every 0 and 4 that follows too.
        public = vector.text("public")
        if len(public) == POINT_DIGITS - 2:
            raise Unsupported("X || Y is its own form of a key")
        bare = public[2:] if len(public) == POINT_DIGITS and public.startswith("04") else public
        private = vector.text("private") if "private" in vector else ""
        return self._sm2.CryptSM2(private, bare, mode=1, asn1=der)

    def _verify(self, vector: Vector) -> None:
        if vector["ident"] != DEFAULT_ID:
            raise Unsupported("the identifier is fixed")
        key = self._key(vector, der=vector.kind == "Sm2VerifyDer")
        self._say(lambda: key.verify_with_sm3(vector.text("sig"), vector["msg"]))

    def _verify_digest(self, vector: Vector) -> None:
        self._say(lambda: self._key(vector).verify(vector.text("sig"), vector["digest"]))

    def _say(self, ask: Any) -> None:
        try:
            good = ask()
        except ValueError as error:
            raise Refusal(str(error)) from None
        if not good:
            raise Refusal("False")

    def _decrypt(self, vector: Vector) -> bytes:
        # The package takes and gives C1 without the byte 04.
        if vector["ct"][:1] not in (b"\4", b""):
            raise Unsupported("the byte in front of a point has no place")
        try:
            opened = self._key(vector).decrypt(vector["ct"][1:])
        except ValueError as error:
            raise Refusal(str(error)) from None
        if opened is None:
            raise Refusal("None")
        return bytes(opened)

    def _digest(self, vector: Vector) -> bytes:
        return bytes.fromhex(self._sm3.sm3_hash(list(vector["msg"])))

    def _cipher(self, vector: Vector) -> bytes:
        if vector.text("mode") != "ecb" or vector["iv"]:
            raise Unsupported("CBC always pads; the other modes are missing")
        cipher = self._sm4.CryptSM4(padding_mode=NO_PADDING)
        cipher.set_key(vector["key"], self._sm4.SM4_ENCRYPT)
        return bytes(cipher.crypt_ecb(vector["msg"]))

    def _cbc(self, vector: Vector) -> bytes:
        cipher = self._sm4.CryptSM4()
        cipher.set_key(vector["key"], self._sm4.SM4_DECRYPT)
        return bytes(cipher.crypt_cbc(vector["iv"], vector["ct"]))
