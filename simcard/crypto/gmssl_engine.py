"""`GmsslEngine`: a second implementation of SM2, SM3 and SM4 for comparison, on the pure Python package gmssl.

It is selected by name and never a default: it is some eighty times slower, and the package (3.2.2) checks little.
What it does not check is checked here, and the nonces come from the card's entropy. Its faults kept out:

* a public key whose X begins with 04 loses that byte in the constructor, so the key is set after it;
* r, s and private keys out of range are taken, so the ranges are checked first;
* a point off the curve is taken, so every point is checked first;
* C3 is never compared and an empty text is refused, so decryption is put together from its parts;
* its encryption draws the nonce from a generator that is not meant for keys, so encryption is put together too.

Everything else (RSA, NIST curves, AES, other modes of SM4, key exchange) is inherited from `SoftEngine`.
"""

from __future__ import annotations

from functools import cached_property
from hmac import compare_digest
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simcard.crypto import sm2
from simcard.crypto.curve import SIZE, N, decode_point
from simcard.crypto.engine import SoftEngine
from simcard.crypto.symmetric import KEY_LENGTHS
from simcard.hal.engine import Cipher, CryptoFault, Hash, Hasher, Mode
from simcard.wire.secret import Secret

if TYPE_CHECKING:
    from simcard.hal.entropy import Entropy

BLOCK = 16
BLOCK_MODES = (Mode.ECB, Mode.CBC)
C1_C3_C2 = 1


class GmsslHasher:
    """A running SM3; the package has none, so the text is kept and hashed when asked."""

    def __init__(self, module: Any, absorbed: bytes = b"") -> None:
        self._module = module
        self._absorbed = absorbed

    def update(self, data: bytes, /) -> None:
        """Absorb `data`."""
        self._absorbed += data

    def digest(self) -> bytes:
        """The digest so far."""
        return bytes.fromhex(self._module.sm3_hash(list(self._absorbed)))

    def copy(self) -> GmsslHasher:
        """An independent one in the same state."""
        return GmsslHasher(self._module, self._absorbed)


class GmsslEngine(SoftEngine):
    """`CryptoEngine` with SM2, SM3 and SM4 (ECB, CBC) of gmssl. ImportError at first use when it is missing."""

    name = "gmssl"

    @property
    def backend(self) -> str:
        return "gmssl"

    @cached_property
    def _sm2(self) -> Any:
        return import_module("gmssl.sm2")

    @cached_property
    def _sm3(self) -> Any:
        return import_module("gmssl.sm3")

    @cached_property
    def _sm4(self) -> Any:
        return import_module("gmssl.sm4")

    def _key(self, private: bytes = b"", public: bytes = b"") -> Any:
        made = self._sm2.CryptSM2(private.hex(), "", mode=C1_C3_C2)
        made.public_key = public[1:].hex()
        return made

    # Hashes

    def digest(self, hash_: Hash, data: bytes) -> bytes:
        return self.hasher_of(data).digest() if hash_ is Hash.SM3 else super().digest(hash_, data)

    def hasher(self, hash_: Hash) -> Hasher:
        return self.hasher_of(b"") if hash_ is Hash.SM3 else super().hasher(hash_)

    def hasher_of(self, absorbed: bytes) -> GmsslHasher:
        """A running SM3 that has absorbed this."""
        return GmsslHasher(self._sm3, absorbed)

    def hmac(self, hash_: Hash, key: Secret, data: bytes) -> bytes:
        if hash_ is not Hash.SM3:
            return super().hmac(hash_, key, data)
        long = len(key) > hash_.block
        block = (self.digest(hash_, key.reveal()) if long else key.reveal()).ljust(hash_.block, b"\0")
        inner = self.digest(hash_, sm2.xor(block, b"\x36" * hash_.block) + data)
        return self.digest(hash_, sm2.xor(block, b"\x5c" * hash_.block) + inner)

    # Block ciphers

    def cipher(
        self,
        cipher: Cipher,
        mode: Mode,
        key: Secret,
        iv: bytes,
        data: bytes,
        *,
        encrypt: bool,
        aad: bytes = b"",
        tag_length: int = 16,
    ) -> bytes:
        if cipher is not Cipher.SM4 or mode not in BLOCK_MODES:
            return super().cipher(cipher, mode, key, iv, data, encrypt=encrypt, aad=aad, tag_length=tag_length)
        wanted_iv = 0 if mode is Mode.ECB else BLOCK
        if aad or len(data) % BLOCK or len(iv) != wanted_iv or len(key) not in KEY_LENGTHS[cipher]:
            raise CryptoFault("SM4 key, initial value or data of a wrong length")
        return self._blocks(key.reveal(), iv, data, encrypt=encrypt)

    def cbc_mac(self, cipher: Cipher, key: Secret, iv: bytes, data: bytes) -> bytes:
        if not data:
            raise CryptoFault("CBC-MAC of no data")
        return self.cipher(cipher, Mode.CBC, key, iv, data, encrypt=True)[-cipher.block :]

    def _blocks(self, key: bytes, iv: bytes, data: bytes, *, encrypt: bool) -> bytes:
        # One block at a time, chained when there is an initial value; the package's own modes always pad.
        made = self._sm4.CryptSM4()
        made.set_key(key, self._sm4.SM4_ENCRYPT if encrypt else self._sm4.SM4_DECRYPT)
        previous, result = iv or bytes(BLOCK), b""
        for start in range(0, len(data), BLOCK):
            block = data[start : start + BLOCK]
            before = sm2.xor(block, previous) if iv and encrypt else block
            after = bytes(made.one_round(made.sk, list(before)))
            result += sm2.xor(after, previous) if iv and not encrypt else after
            previous = after if encrypt else block
        return result

    # SM2

    def sm2_za(self, public: bytes, ident: bytes) -> bytes:
        if len(ident) > 0xFFFF // 8:
            raise CryptoFault("SM2 identifier too long")
        decode_point(public)
        length = (len(ident) * 8).to_bytes(2, "big")
        return self.digest(Hash.SM3, length + ident + sm2.CURVE_PARAMETERS + public[1:])

    def sm2_sign(self, private: Secret, digest: bytes, entropy: Entropy) -> bytes:
        sm2.scalar(private.reveal())
        if len(digest) != SIZE:
            raise CryptoFault("SM2 digest is not 32 bytes")
        key = self._key(private.reveal())
        while True:
            k = sm2.draw_scalar(entropy.read, N - 1)
            if signature := key.sign(digest, f"{k:064x}"):
                return bytes.fromhex(signature)

    def sm2_verify(self, public: bytes, digest: bytes, signature: bytes) -> None:
        decode_point(public)
        r, s = int.from_bytes(signature[:SIZE], "big"), int.from_bytes(signature[SIZE:], "big")
        if len(signature) != 2 * SIZE or len(digest) != SIZE or not (0 < r < N and 0 < s < N):
            raise CryptoFault("SM2 signature out of range")
        try:
            good = self._key(public=public).verify(signature.hex(), digest)
        except TypeError:
            # The package meets the point at infinity with None and then indexes it.
            good = False
        if not good:
            raise CryptoFault("SM2 signature is wrong")

    def sm2_encrypt(self, public: bytes, plaintext: bytes, entropy: Entropy) -> bytes:
        decode_point(public)
        key = self._key(public=public)
        while True:
            k = sm2.draw_scalar(entropy.read, N - 1)
            shared = key._kg(k, key.public_key)
            stream = self._kdf(shared, len(plaintext))
            if any(stream) or not plaintext:
                break
        c1 = bytes.fromhex(key._kg(k, key.ecc_table["g"]))
        return b"\4" + c1 + self._c3(shared, plaintext) + sm2.xor(plaintext, stream)

    def sm2_decrypt(self, private: Secret, ciphertext: bytes) -> Secret:
        d = sm2.scalar(private.reveal())
        if len(ciphertext) < sm2.POINT + 32:
            raise CryptoFault("SM2 ciphertext too short")
        c1, c3, c2 = ciphertext[:65], ciphertext[65:97], ciphertext[97:]
        decode_point(c1)
        shared = self._key()._kg(d, c1[1:].hex())
        stream = self._kdf(shared, len(c2))
        plaintext = sm2.xor(c2, stream)
        if (c2 and not any(stream)) or not compare_digest(c3, self._c3(shared, plaintext)):
            raise CryptoFault("SM2 ciphertext is wrong")
        return Secret(plaintext)

    def _kdf(self, shared: str, length: int) -> bytes:
        return bytes.fromhex(self._sm3.sm3_kdf(shared.encode(), length))

    def _c3(self, shared: str, plaintext: bytes) -> bytes:
        point = bytes.fromhex(shared)
        return self.digest(Hash.SM3, point[:SIZE] + plaintext + point[SIZE:])
