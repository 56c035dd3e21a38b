"""The `cryptography` package: RSA, ECDSA, ECDH, SM3, SM4 and its modes. It has no SM2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cryptography
from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers import modes as decrepit
from cryptography.hazmat.primitives import cmac, hashes, hmac, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from conformance.vector_judge.judge import Operation, Refusal, Unsupported, refuse_to_ask_compressed
from conformance.vector_judge.vector import Vector

HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sm3": hashes.SM3,
}
BY_SIZE: dict[int, Callable[[], hashes.HashAlgorithm]] = {
    20: hashes.SHA1,
    28: hashes.SHA224,
    32: hashes.SHA256,
    48: hashes.SHA384,
    64: hashes.SHA512,
}
CURVES: dict[str, Callable[[], ec.EllipticCurve]] = {"p256": ec.SECP256R1, "p384": ec.SECP384R1}
MODES: dict[str, Callable[[bytes], modes.Mode]] = {
    "ecb": lambda _iv: modes.ECB(),
    "cbc": modes.CBC,
    "cfb": decrepit.CFB,
    "ofb": decrepit.OFB,
    "ctr": modes.CTR,
}
BLOCK_BITS = 128
TAG = 16


def width_of(vector: Vector) -> int:
    """Bytes of a coordinate of the curve an ECDSA vector is on."""
    return 48 if vector.file.startswith("ecdsa_p384") else 32


class Cryptography:
    """cryptography, over the OpenSSL it brings."""

    name = "cryptography"

    def __init__(self) -> None:
        from cryptography.hazmat.backends.openssl import backend

        self.version = f"{cryptography.__version__} with {backend.openssl_version_text()}"

    @property
    def operations(self) -> Mapping[str, Operation]:
        table: dict[str, Operation] = {
            "EcdsaVerifyDigest": self._ecdsa_raw,
            "EcdsaVerifyDigestDer": self._ecdsa,
            "EcdhTest": self._ecdh,
            "RsassaPkcs1Verify": self._pkcs1,
            "RsassaPssVerify": self._pss,
            "RsaesPkcs1Decrypt": self._open_pkcs1,
            "RsaesOaepDecrypt": self._open_oaep,
            "DigestTest": self._digest,
            "MacTest": self._hmac,
            "CmacTest": self._cmac,
            "CipherTest": self._cipher,
            "CbcPaddingTest": self._cbc,
            "AeadTest": self._gcm,
        }
        return {kind: _tidy(operation) for kind, operation in table.items()}

    def _ecdsa_raw(self, vector: Vector) -> None:
        # The package takes DER only; what has not the width of the curve cannot be said in it.
        width, sig = width_of(vector), vector["sig"]
        if len(sig) != 2 * width:
            raise Unsupported("signatures are DER; r || s of another length cannot be said")
        r, s = int.from_bytes(sig[:width], "big"), int.from_bytes(sig[width:], "big")
        self._verify_ec(vector, encode_dss_signature(r, s))

    def _ecdsa(self, vector: Vector) -> None:
        self._verify_ec(vector, vector["sig"])

    def _verify_ec(self, vector: Vector, sig: bytes) -> None:
        refuse_to_ask_compressed(vector)
        curve = CURVES["p384" if width_of(vector) == 48 else "p256"]()
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve, vector["public"])
        digest = vector["digest"]
        key.verify(sig, digest, ec.ECDSA(Prehashed(BY_SIZE[len(digest)]())))

    def _ecdh(self, vector: Vector) -> bytes:
        if vector.text("curve") not in CURVES:
            raise Unsupported("the curve is missing")
        refuse_to_ask_compressed(vector)
        curve = CURVES[vector.text("curve")]()
        own = ec.derive_private_key(int.from_bytes(vector["private"], "big"), curve)
        peer = ec.EllipticCurvePublicKey.from_encoded_point(curve, vector["public"])
        return own.exchange(ec.ECDH(), peer)

    def _rsa_public(self, vector: Vector) -> rsa.RSAPublicKey:
        key = serialization.load_der_public_key(vector["public"])
        assert isinstance(key, rsa.RSAPublicKey)
        return key

    def _rsa_private(self, vector: Vector) -> rsa.RSAPrivateKey:
        key = serialization.load_der_private_key(vector["private"], None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    def _pkcs1(self, vector: Vector) -> None:
        hash_ = HASHES[vector.text("sha")]()
        self._rsa_public(vector).verify(vector["sig"], vector["msg"], rsa_padding.PKCS1v15(), hash_)

    def _pss(self, vector: Vector) -> None:
        hash_ = HASHES[vector.text("sha")]()
        mgf = rsa_padding.MGF1(HASHES[vector.text("mgfSha")]())
        pss = rsa_padding.PSS(mgf, int(vector.text("sLen")))
        self._rsa_public(vector).verify(vector["sig"], vector["msg"], pss, hash_)

    def _open_pkcs1(self, vector: Vector) -> bytes:
        return self._rsa_private(vector).decrypt(vector["ct"], rsa_padding.PKCS1v15())

    def _open_oaep(self, vector: Vector) -> bytes:
        mgf = rsa_padding.MGF1(HASHES[vector.text("mgfSha")]())
        oaep = rsa_padding.OAEP(mgf, HASHES[vector.text("sha")](), vector["label"])
        return self._rsa_private(vector).decrypt(vector["ct"], oaep)

    def _digest(self, vector: Vector) -> bytes:
        running = hashes.Hash(hashes.SM3())
        running.update(vector["msg"])
        return running.finalize()

    def _hmac(self, vector: Vector) -> bytes:
        running = hmac.HMAC(vector["key"], hashes.SM3())
        running.update(vector["msg"])
        return running.finalize()

    def _cmac(self, vector: Vector) -> bytes:
        running = cmac.CMAC(algorithms.SM4(vector["key"]))
        running.update(vector["msg"])
        return running.finalize()

    def _cipher(self, vector: Vector) -> bytes:
        if vector.text("mode") == "ecb" and vector["iv"]:
            raise Unsupported("ECB has no place for an initial value")
        mode: Any = MODES[vector.text("mode")](vector["iv"])
        running = Cipher(algorithms.SM4(vector["key"]), mode).encryptor()
        return running.update(vector["msg"]) + running.finalize()

    def _cbc(self, vector: Vector) -> bytes:
        running = Cipher(algorithms.SM4(vector["key"]), modes.CBC(vector["iv"])).decryptor()
        padded = running.update(vector["ct"]) + running.finalize()
        unpadder = padding.PKCS7(BLOCK_BITS).unpadder()
        return unpadder.update(padded) + unpadder.finalize()

    def _gcm(self, vector: Vector) -> bytes:
        sealed = vector["ct"]
        mode = modes.GCM(vector["iv"], sealed[-TAG:], min_tag_length=TAG)
        running = Cipher(algorithms.SM4(vector["key"]), mode).decryptor()
        running.authenticate_additional_data(vector["aad"])
        return running.update(sealed[:-TAG]) + running.finalize()


def _tidy(operation: Operation) -> Operation:
    """The package's own refusals as the judge's."""

    def asked(vector: Vector) -> bytes | None:
        try:
            return operation(vector)
        except UnsupportedAlgorithm as error:
            raise Unsupported(str(error)) from None
        except InvalidSignature:
            raise Refusal("InvalidSignature") from None
        except InvalidTag:
            raise Refusal("InvalidTag") from None
        except ValueError as error:
            raise Refusal(str(error)) from None

    return asked
