"""What a suite may compute: pure functions on bytes, made with other libraries than the card's own code.

Ciphers and hashes are those of `cryptography` and `hashlib`, SM2 is that of `gmssl`. A function whose result lets
nobody find its input (`hides`) gives a result that may be shown even if it was made with a secret; the result of
every other function of a secret is a secret. Numbers are big-endian. Checks give 01 for yes and 00 for no.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from conformance import atr

YES, NO = b"\x01", b"\x00"


class FunctionError(ValueError):
    """Arguments a function cannot work with; the text says which and why, never their bytes."""


@dataclass(frozen=True, slots=True)
class Function:
    """One row of the table: what to call, its form for readers, and whether its result may be shown."""

    run: Callable[..., bytes]
    form: str
    what: str
    hides: bool = False

    def call(self, *arguments: bytes | int) -> bytes:
        try:
            return self.run(*arguments)
        except (TypeError, ValueError, IndexError, OverflowError, UnsupportedAlgorithm) as error:
            raise FunctionError(f"expected {self.form}: {error}") from None


def _hash(name: str) -> Callable[[bytes], bytes]:
    return lambda data: hashlib.new(name, data).digest()


_CIPHERS: dict[str, Callable[[bytes], Any]] = {"sm4": algorithms.SM4, "aes": algorithms.AES, "tdes": TripleDES}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_CURVES: dict[int, ec.EllipticCurve] = {65: ec.SECP256R1(), 97: ec.SECP384R1(), 133: ec.SECP521R1()}


def _ecb(cipher: str, encrypt: bool) -> Callable[[bytes, bytes], bytes]:
    def run(key: bytes, data: bytes) -> bytes:
        context = Cipher(_CIPHERS[cipher](key), modes.ECB())
        worker = context.encryptor() if encrypt else context.decryptor()
        return worker.update(data) + worker.finalize()

    return run


def _cbc(cipher: str, encrypt: bool) -> Callable[[bytes, bytes, bytes], bytes]:
    def run(key: bytes, iv: bytes, data: bytes) -> bytes:
        context = Cipher(_CIPHERS[cipher](key), modes.CBC(iv))
        worker = context.encryptor() if encrypt else context.decryptor()
        return worker.update(data) + worker.finalize()

    return run


def _cbc_mac(cipher: str, block: int) -> Callable[..., bytes]:
    """The last block of CBC; the data must be whole blocks."""

    def run(key: bytes, iv: bytes, data: bytes) -> bytes:
        return _cbc(cipher, True)(key, iv, data)[-block:]

    return run


def _sm4_cmac(key: bytes, data: bytes) -> bytes:
    made = CMAC(algorithms.SM4(key))
    made.update(data)
    return made.finalize()


def _cmac(key: bytes, data: bytes) -> bytes:
    worker = CMAC(algorithms.AES(key))
    worker.update(data)
    return worker.finalize()


def _xor(left: bytes, right: bytes) -> bytes:
    if len(left) != len(right):
        raise ValueError(f"{len(left)} and {len(right)} bytes")
    return bytes(a ^ b for a, b in zip(left, right))


def _and(left: bytes, right: bytes) -> bytes:
    if len(left) != len(right):
        raise ValueError(f"{len(left)} and {len(right)} bytes")
    return bytes(a & b for a, b in zip(left, right))


def _add(value: bytes, number: int) -> bytes:
    return ((int.from_bytes(value, "big") + number) % (1 << 8 * len(value))).to_bytes(len(value), "big")


def _pad80(data: bytes, block: int) -> bytes:
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def _yes(found: bool) -> bytes:
    return YES if found else NO


def _rsa_key(n: bytes, e: bytes) -> rsa.RSAPublicKey:
    return rsa.RSAPublicNumbers(int.from_bytes(e, "big"), int.from_bytes(n, "big")).public_key()


def _rsa_verify(scheme: Callable[[hashes.HashAlgorithm], Any], name: str) -> Callable[..., bytes]:
    def run(n: bytes, e: bytes, message: bytes, signature: bytes) -> bytes:
        algorithm = _HASHES[name]
        try:
            _rsa_key(n, e).verify(signature, message, scheme(algorithm), algorithm)
        except InvalidSignature:
            return NO
        return YES

    return run


def _pss(algorithm: hashes.HashAlgorithm) -> padding.PSS:
    return padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)


def _rsa_raw(n: bytes, e: bytes, block: bytes) -> bytes:
    modulus = int.from_bytes(n, "big")
    return pow(int.from_bytes(block, "big"), int.from_bytes(e, "big"), modulus).to_bytes(len(n), "big")


def _ecdsa_verify(point: bytes, digest: bytes, signature: bytes) -> bytes:
    """r and s side by side; the curve follows from the length of the point 04 X Y."""
    curve = _CURVES[len(point)]
    half = len(signature) // 2
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    by_size: dict[int, hashes.HashAlgorithm] = {each.digest_size: each for each in _HASHES.values()}
    algorithm = Prehashed(by_size[len(digest)])
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
        key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(algorithm))
    except InvalidSignature:
        return NO
    return YES


def _on_curve(point: bytes) -> bytes:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[len(point)], point)
    except ValueError:
        return NO
    return YES


C1_C3_C2 = 1
"""The order in a cryptogram, as gmssl numbers it (GM/T 0003.4-2012 has this one)."""


def _sm2(point: bytes) -> Any:
    try:
        from gmssl import sm2  # type: ignore[import-untyped]  # no types
    except ImportError:
        raise ValueError("gmssl is not installed; pip install 'simcard[judge]'") from None
    return sm2.CryptSM2(private_key="", public_key=_plain_point(point).hex(), mode=C1_C3_C2)


def _plain_point(point: bytes) -> bytes:
    """X Y, of X Y or 04 X Y."""
    if len(point) == 65 and point[0] == 4:
        return point[1:]
    if len(point) != 64:
        raise ValueError(f"a point has 64 or 65 bytes, not {len(point)}")
    return point


_SM2_CURVE = bytes.fromhex(
    "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC"
    "28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"
    "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
    "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"
)
"""a, b, and the base point (GM/T 0003.5)."""


def _sm2_digest(point: bytes, message: bytes, identity: bytes = b"1234567812345678") -> bytes:
    """e of GM/T 0003.2, 6.1: SM3 of ZA and the message."""
    head = (len(identity) * 8).to_bytes(2, "big") + identity + _SM2_CURVE
    za = hashlib.new("sm3", head + _plain_point(point)).digest()
    return hashlib.new("sm3", za + message).digest()


def _sm2_verify(point: bytes, digest: bytes, signature: bytes) -> bytes:
    return _yes(len(signature) == 64 and bool(_sm2(point).verify(signature.hex(), digest)))


def _sm2_encrypt(point: bytes, message: bytes) -> bytes:
    """C1 (X Y), C3, C2."""
    found = _sm2(point).encrypt(message)
    assert isinstance(found, bytes)
    return found


def _certificate_key(certificate: bytes) -> bytes:
    from cryptography import x509

    key = x509.load_der_x509_certificate(certificate).public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


FUNCTIONS: dict[str, Function] = {
    **{
        name: Function(_hash(name), f"{name}(data)", "hash")
        for name in ("sha1", "sha224", "sha256", "sha384", "sha512", "sm3")
    },
    **{
        f"{cipher}_ecb": Function(_ecb(cipher, True), f"{cipher}_ecb(key, data)", "encryption, ECB", hides=True)
        for cipher in _CIPHERS
    },
    **{
        f"{cipher}_ecb_decrypt": Function(_ecb(cipher, False), f"{cipher}_ecb_decrypt(key, data)", "decryption, ECB")
        for cipher in _CIPHERS
    },
    **{
        f"{cipher}_cbc": Function(_cbc(cipher, True), f"{cipher}_cbc(key, iv, data)", "encryption, CBC", hides=True)
        for cipher in _CIPHERS
    },
    **{
        f"{cipher}_cbc_decrypt": Function(
            _cbc(cipher, False), f"{cipher}_cbc_decrypt(key, iv, data)", "decryption, CBC"
        )
        for cipher in _CIPHERS
    },
    **{
        f"{cipher}_mac": Function(
            _cbc_mac(cipher, 8 if cipher == "tdes" else 16), f"{cipher}_mac(key, iv, data)", "last block of CBC", True
        )
        for cipher in _CIPHERS
    },
    "sm4_cmac": Function(_sm4_cmac, "sm4_cmac(key, data)", "CMAC", hides=True),
    "aes_cmac": Function(_cmac, "aes_cmac(key, data)", "CMAC", hides=True),
    "pad80": Function(_pad80, "pad80(data, block)", "80 and bytes 00 up to whole blocks"),
    "pad00": Function(
        lambda data, block: data + bytes(-len(data) % block), "pad00(data, block)", "bytes 00 up to whole blocks"
    ),
    "xor": Function(_xor, "xor(left, right)", "exclusive or"),
    "and": Function(_and, "and(left, right)", "the bits set in both"),
    "concat": Function(lambda *parts: b"".join(parts), "concat(part, ...)", "one after the other"),
    "repeat": Function(lambda data, count: data * count, "repeat(data, count)", "the same again and again"),
    "reverse": Function(lambda data: data[::-1], "reverse(data)", "last byte first"),
    "int": Function(lambda number, size: number.to_bytes(size, "big"), "int(number, size)", "a number as bytes"),
    "add": Function(_add, "add(value, number)", "a number as long as the value, sum modulo its size"),
    "length": Function(
        lambda data, size: len(data).to_bytes(size, "big"), "length(data, size)", "number of bytes", hides=True
    ),
    "xor_all": Function(lambda data: bytes((reduce(lambda a, b: a ^ b, data),)), "xor_all(data)", "xor of the bytes"),
    "equal": Function(lambda left, right: _yes(left == right), "equal(left, right)", "01 or 00", hides=True),
    "rsa_raw": Function(_rsa_raw, "rsa_raw(n, e, block)", "block to the power of e modulo n", hides=True),
    **{
        f"rsa_{name}_verify": Function(
            _rsa_verify(lambda _: padding.PKCS1v15(), name),
            f"rsa_{name}_verify(n, e, message, signature)",
            "PKCS #1 v1.5",
            hides=True,
        )
        for name in _HASHES
    },
    **{
        f"rsa_pss_{name}_verify": Function(
            _rsa_verify(_pss, name), f"rsa_pss_{name}_verify(n, e, message, signature)", "PSS", hides=True
        )
        for name in _HASHES
    },
    "rsa_encrypt": Function(
        lambda n, e, data: _rsa_key(n, e).encrypt(data, padding.PKCS1v15()),
        "rsa_encrypt(n, e, data)",
        "PKCS #1 v1.5, type 2",
        hides=True,
    ),
    "ecdsa_verify": Function(
        _ecdsa_verify, "ecdsa_verify(point, digest, signature)", "NIST curves; r and s side by side", hides=True
    ),
    "on_curve": Function(_on_curve, "on_curve(point)", "whether 04 X Y is a point of its NIST curve", hides=True),
    "sm2_digest": Function(_sm2_digest, "sm2_digest(point, message[, id])", "SM3 of ZA and the message", hides=True),
    "sm2_verify": Function(_sm2_verify, "sm2_verify(point, digest, signature)", "r and s side by side", hides=True),
    "sm2_encrypt": Function(_sm2_encrypt, "sm2_encrypt(point, message)", "X Y, C3, C2", hides=True),
    **{name: Function(run, f"{name}(atr)", what) for name, (run, what) in atr.CHECKS.items()},
    "certificate_key": Function(_certificate_key, "certificate_key(der)", "SubjectPublicKeyInfo of a certificate"),
}
