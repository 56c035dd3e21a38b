"""RSA operations on key bytes (RFC 8017): block in, block out, and the schemes around it.

Signatures with type 01 padding go through the `cryptography` package, the fastest there is. It has no raw
operation, and its PKCS#1 v1.5 decryption never fails on a wrong padding, where a card must; so PSS, OAEP, raw and
decryption use the private key function itself: libcrypto's, else the Chinese remainder theorem with `pow`.
Public key operations are one short `pow`.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import byref, c_char_p, c_int, c_long, c_void_p, cast, create_string_buffer
from functools import cached_property
from typing import TYPE_CHECKING

from simcard.crypto import rsa_padding as padding
from simcard.crypto.cache import KeyCache
from simcard.crypto.libcrypto import function
from simcard.crypto.rsa_keys import PrivateNumbers, PublicNumbers, decode_private, decode_public
from simcard.hal.engine import CryptoFault, Hash, RsaEncryption, RsaSignature

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

Draw = Callable[[int], bytes]
NO_PADDING = 3


class NativeKey:
    """A private key held by libcrypto. Raises ImportError when the library or its RSA functions are missing."""

    def __init__(self, encoded: bytes) -> None:
        load = function("d2i_RSAPrivateKey", c_void_p, c_void_p, c_void_p, c_long)
        self._free = function("RSA_free", None, c_void_p)
        self._apply = function("RSA_private_encrypt", c_int, c_int, c_char_p, c_char_p, c_void_p, c_int)
        pointer = cast(c_char_p(encoded), c_void_p)
        self._key = load(None, byref(pointer), len(encoded))
        if not self._key:
            raise ImportError("libcrypto does not take the key")

    def apply(self, block: bytes) -> bytes:
        """block^d mod n."""
        result = create_string_buffer(len(block))
        if self._apply(len(block), block, result, self._key, NO_PADDING) != len(block):
            raise CryptoFault("RSA operation failed")
        return result.raw

    def __del__(self) -> None:
        if getattr(self, "_key", None):
            self._free(self._key)


def crt_power(numbers: PrivateNumbers, block: bytes) -> bytes:
    """block^d mod n by the Chinese remainder theorem (RFC 8017, 5.1.2, 2b), the result checked with e.

    The check matters: a key whose parts do not belong together would give its factors away.
    """
    value = int.from_bytes(block, "big")
    first = pow(value % numbers.p, numbers.dp, numbers.p)
    second = pow(value % numbers.q, numbers.dq, numbers.q)
    result = second + numbers.q * ((first - second) * numbers.qinv % numbers.p)
    if pow(result, numbers.e, numbers.n) != value:
        raise CryptoFault("RSA operation failed")
    return result.to_bytes(len(block), "big")


class LoadedKey:
    """One private key with the library objects made from it, each at first use."""

    def __init__(self, encoded: bytes) -> None:
        self.numbers = decode_private(encoded)
        self.size = self.numbers.public.size
        self._encoded = encoded

    @cached_property
    def library_key(self) -> RSAPrivateKey:
        """The `cryptography` key; the numbers are not proved again (`check_pair` does, once, at import)."""
        return library_key(self.numbers, check=False)

    @cached_property
    def power(self) -> Callable[[bytes], bytes]:
        """The private key function on whole blocks."""
        try:
            return NativeKey(self._encoded).apply
        except ImportError:
            return lambda block: crt_power(self.numbers, block)


def library_key(numbers: PrivateNumbers, *, check: bool) -> RSAPrivateKey:
    """The `cryptography` key of these numbers; `check` proves primes and exponents (45 ms at 2048 bits)."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    public = rsa.RSAPublicNumbers(numbers.e, numbers.n)
    crt = (numbers.dp, numbers.dq, numbers.qinv)
    private = rsa.RSAPrivateNumbers(numbers.p, numbers.q, numbers.d, *crt, public)
    try:
        return private.private_key(unsafe_skip_rsa_key_validation=not check)
    except ValueError as error:
        raise CryptoFault("RSA private key is not consistent") from error


def sign_type_1(key: LoadedKey, data: bytes) -> bytes:
    """Type 01 padding over `data` as it is, then the private key function."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

    if len(data) > key.size - padding.OVERHEAD:
        raise CryptoFault("data too long for the RSA key")
    return key.library_key.sign(data, PKCS1v15(), NoDigestInfo())


def full_block(block: bytes, numbers: PublicNumbers) -> int:
    """The number of a block as long as the modulus and below it."""
    value = int.from_bytes(block, "big")
    if len(block) != numbers.size or value >= numbers.n:
        raise CryptoFault("block is not as long as the RSA modulus or not below it")
    return value


def public_power(numbers: PublicNumbers, block: bytes) -> bytes:
    """block^e mod n."""
    return pow(full_block(block, numbers), numbers.e, numbers.n).to_bytes(numbers.size, "big")


class Rsa:
    """The schemes; keeps the last loaded private keys."""

    def __init__(self) -> None:
        self._keys = KeyCache(LoadedKey)

    def sign(
        self, private: bytes, scheme: RsaSignature, hash_: Hash | None, data: bytes, draw: Draw, salt: int | None
    ) -> bytes:
        """A signature; see `CryptoEngine.rsa_sign`."""
        key = self._keys.get(private)
        if scheme is RsaSignature.PKCS1:
            return sign_type_1(key, padding.digest_info(hash_, data))
        if scheme is RsaSignature.PKCS1_DATA:
            return sign_type_1(key, data)
        if scheme is RsaSignature.PSS:
            salt_bytes = draw(_salt_length(salt, data))
            data = padding.pss_encode(hash_, data, key.numbers.n.bit_length(), salt_bytes)
        full_block(data, key.numbers.public)
        return key.power(data)

    def verify(
        self, public: bytes, scheme: RsaSignature, hash_: Hash | None, data: bytes, signature: bytes, salt: int | None
    ) -> None:
        """Raise unless the signature is good: the expected block is built and compared whole."""
        numbers = decode_public(public)
        found = public_power(numbers, signature)
        if scheme is RsaSignature.PSS:
            bits = numbers.n.bit_length()
            return padding.pss_verify(hash_, data, bits, found, _salt_length(salt, data))
        if scheme is RsaSignature.PKCS1:
            data = padding.digest_info(hash_, data)
        expected = data if scheme is RsaSignature.RAW else padding.pad_type_1(data, numbers.size)
        if found != expected:
            raise CryptoFault("RSA signature is wrong")
        return None

    def encrypt(
        self, public: bytes, scheme: RsaEncryption, data: bytes, draw: Draw, hash_: Hash, label: bytes
    ) -> bytes:
        """A ciphertext; see `CryptoEngine.rsa_encrypt`."""
        numbers = decode_public(public)
        if scheme is RsaEncryption.PKCS1:
            data = padding.pad_type_2(data, numbers.size, draw)
        elif scheme is RsaEncryption.OAEP:
            data = padding.oaep_encode(hash_, data, numbers.size, label, draw)
        return public_power(numbers, data)

    def decrypt(self, private: bytes, scheme: RsaEncryption, ciphertext: bytes, hash_: Hash, label: bytes) -> bytes:
        """The plaintext; see `CryptoEngine.rsa_decrypt`."""
        key = self._keys.get(private)
        full_block(ciphertext, key.numbers.public)
        block = key.power(ciphertext)
        if scheme is RsaEncryption.PKCS1:
            return padding.unpad_type_2(block)
        return padding.oaep_decode(hash_, block, label) if scheme is RsaEncryption.OAEP else block


def _salt_length(salt: int | None, digest: bytes) -> int:
    length = len(digest) if salt is None else salt
    if length < 0:
        raise CryptoFault("salt length below zero")
    return length
