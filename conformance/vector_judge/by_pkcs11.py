"""Any PKCS#11 module with a token one may write session objects to, as SoftHSM's: RSA, ECDSA, ECDH."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11 import KDF, MGF, Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.rsa import decode_rsa_private_key, decode_rsa_public_key

from conformance.vector_judge import der
from conformance.vector_judge.judge import Operation, Refusal, Unsupported, refuse_to_ask_compressed
from conformance.vector_judge.vector import Vector
from simcard.wire.secret import Secret

SIGN = {
    "sha1": Mechanism.SHA1_RSA_PKCS,
    "sha224": Mechanism.SHA224_RSA_PKCS,
    "sha256": Mechanism.SHA256_RSA_PKCS,
    "sha384": Mechanism.SHA384_RSA_PKCS,
    "sha512": Mechanism.SHA512_RSA_PKCS,
}
PSS = {
    "sha1": Mechanism.SHA1_RSA_PKCS_PSS,
    "sha224": Mechanism.SHA224_RSA_PKCS_PSS,
    "sha256": Mechanism.SHA256_RSA_PKCS_PSS,
    "sha384": Mechanism.SHA384_RSA_PKCS_PSS,
    "sha512": Mechanism.SHA512_RSA_PKCS_PSS,
}
HASH = {
    "sha1": Mechanism.SHA_1,
    "sha224": Mechanism.SHA224,
    "sha256": Mechanism.SHA256,
    "sha384": Mechanism.SHA384,
    "sha512": Mechanism.SHA512,
}
MASK = {"sha1": MGF.SHA1, "sha224": MGF.SHA224, "sha256": MGF.SHA256, "sha384": MGF.SHA384, "sha512": MGF.SHA512}
MISSING = (
    pkcs11.exceptions.MechanismInvalid,
    pkcs11.exceptions.MechanismParamInvalid,
    pkcs11.exceptions.FunctionNotSupported,
)


class Pkcs11:
    """A token of a PKCS#11 module. Keys are session objects: nothing stays on the token."""

    def __init__(self, module: Path, label: str, pin: Secret) -> None:
        library = pkcs11.lib(str(module))
        self._library = library
        library.reinitialize()  # whatever it knew of tokens may be of another time
        token = library.get_token(token_label=label)
        self.name = module.stem
        self.version = f"{library.manufacturer_id}, {library.library_description} {_dotted(library.library_version)}"
        self._session: Any = token.open(user_pin=pin.reveal().decode(), rw=True)

    def close(self) -> None:
        """End the session, whose objects go with it, and forget the tokens there were."""
        self._session.close()
        self._library.finalize()

    @property
    def operations(self) -> Mapping[str, Operation]:
        table: dict[str, Operation] = {
            "EcdsaVerifyDigest": self._ecdsa,
            "EcdhTest": self._ecdh,
            "RsassaPkcs1Verify": self._pkcs1,
            "RsassaPssVerify": self._pss,
            "RsaesPkcs1Decrypt": self._open_pkcs1,
            "RsaesOaepDecrypt": self._open_oaep,
        }
        return {kind: _tidy(operation) for kind, operation in table.items()}

    def _object(self, attributes: Mapping[Attribute, object]) -> Any:
        return self._session.create_object({**attributes, Attribute.TOKEN: False})

    def _public(self, vector: Vector) -> Any:
        return self._object({**decode_rsa_public_key(vector["public"]), Attribute.VERIFY: True})

    def _private(self, vector: Vector) -> Any:
        return self._object({**decode_rsa_private_key(vector["private"]), Attribute.DECRYPT: True})

    def _verified(self, key: Any, data: bytes, vector: Vector, **mechanism: object) -> None:
        if not key.verify(data, vector["sig"], **mechanism):
            raise Refusal("CKR_SIGNATURE_INVALID")

    def _pkcs1(self, vector: Vector) -> None:
        mechanism = _known(SIGN, vector)
        self._verified(self._public(vector), vector["msg"], vector, mechanism=mechanism)

    def _pss(self, vector: Vector) -> None:
        settings = (_known(HASH, vector), MASK[vector.text("mgfSha")], int(vector.text("sLen")))
        key = self._public(vector)
        self._verified(key, vector["msg"], vector, mechanism=_known(PSS, vector), mechanism_param=settings)

    def _open_pkcs1(self, vector: Vector) -> bytes:
        return bytes(self._private(vector).decrypt(vector["ct"], mechanism=Mechanism.RSA_PKCS))

    def _open_oaep(self, vector: Vector) -> bytes:
        if vector.text("sha") != "sha1" or vector["label"]:
            raise Unsupported("SoftHSM 2.6 has OAEP with SHA-1 and without a label only")
        settings = (Mechanism.SHA_1, MGF.SHA1, None)
        key = self._private(vector)
        return bytes(key.decrypt(vector["ct"], mechanism=Mechanism.RSA_PKCS_OAEP, mechanism_param=settings))

    def _ecdsa(self, vector: Vector) -> None:
        refuse_to_ask_compressed(vector)
        key = self._object(
            {
                Attribute.CLASS: ObjectClass.PUBLIC_KEY,
                Attribute.KEY_TYPE: KeyType.EC,
                Attribute.EC_PARAMS: der.CURVES["p384" if "p384" in vector.file else "p256"],
                Attribute.EC_POINT: der.element(der.OCTET_STRING, vector["public"]),
                Attribute.VERIFY: True,
            }
        )
        self._verified(key, vector["digest"], vector, mechanism=Mechanism.ECDSA)

    def _ecdh(self, vector: Vector) -> bytes:
        curve = vector.text("curve")
        if curve == "sm2":
            raise Unsupported("the curve is missing")
        refuse_to_ask_compressed(vector)
        own = self._object(
            {
                Attribute.CLASS: ObjectClass.PRIVATE_KEY,
                Attribute.KEY_TYPE: KeyType.EC,
                Attribute.EC_PARAMS: der.CURVES[curve],
                Attribute.VALUE: vector["private"],
                Attribute.DERIVE: True,
            }
        )
        shared = own.derive_key(
            KeyType.GENERIC_SECRET,
            8 * len(vector["private"]),
            mechanism_param=(KDF.NULL, None, vector["public"]),
            template={Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: False, Attribute.TOKEN: False},
        )
        return bytes(shared[Attribute.VALUE])


def _known(table: Mapping[str, Any], vector: Vector) -> Any:
    found = table.get(vector.text("sha"))
    if found is None:
        raise Unsupported("the hash is missing")
    return found


def _dotted(version: object) -> str:
    return ".".join(map(str, version)) if isinstance(version, tuple) else str(version)


def _tidy(operation: Operation) -> Operation:
    """Return values of the module as the judge's refusals."""

    def asked(vector: Vector) -> bytes | None:
        try:
            return operation(vector)
        except MISSING as error:
            raise Unsupported(type(error).__name__) from None
        except pkcs11.exceptions.PKCS11Error as error:
            raise Refusal(type(error).__name__) from None

    return asked
