"""The crypto coprocessor as the rest of the card sees it: bytes in, bytes out, nothing stored.

Rules of the contract, whichever engine is fitted:

* Keys are bytes. Private keys and symmetric keys arrive and leave as `Secret`, public keys as `bytes`.
  SM2, P-256, P-384: the public key is the uncompressed point ``04 || X || Y``, the private key is d in the
  width of the field (32 or 48 bytes), big-endian. RSA: PKCS#1 ``RSAPublicKey`` and ``RSAPrivateKey`` in DER
  (RFC 8017, A.1); the `rsa_*_parts` and `rsa_*_from` methods take them apart and put them together.
* Every random byte comes from the `Entropy` argument, so a seed fixes every key, nonce, salt and padding.
* `CryptoFault` is the only failure: everything a host can cause by the values it sends. It says which check
  failed and never shows a value. Verification returns None or raises, so it cannot be mistaken for true.
* Nothing pads or unpads block cipher data; callers do, by the rule of their own standard.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simcard.hal.entropy import Entropy
    from simcard.wire.secret import Secret


class CryptoFault(Exception):  # named for what the card does with it, like Refused
    """An operation that failed by its mathematics or by a value out of range; the text names the check."""


class Hash(StrEnum):
    """Hash functions; the value is the name hashlib knows."""

    SHA1 = "sha1"
    SHA224 = "sha224"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"
    SM3 = "sm3"

    @property
    def size(self) -> int:
        """Length of the digest in bytes."""
        return _HASH_SIZE[self]

    @property
    def block(self) -> int:
        """Length of the compression function's block in bytes."""
        return 128 if self in (Hash.SHA384, Hash.SHA512) else 64


_HASH_SIZE = {
    Hash.SHA1: 20,
    Hash.SHA224: 28,
    Hash.SHA256: 32,
    Hash.SHA384: 48,
    Hash.SHA512: 64,
    Hash.SM3: 32,
}


class KeyKind(StrEnum):
    """Kinds of key pair."""

    SM2 = "sm2"
    RSA = "rsa"
    P256 = "p256"
    P384 = "p384"


class Cipher(StrEnum):
    """Block ciphers. Key lengths in bytes: SM4 16; AES 16, 24, 32; TDES 8 (single DES), 16, 24."""

    SM4 = "sm4"
    AES = "aes"
    TDES = "tdes"

    @property
    def block(self) -> int:
        """Block length in bytes."""
        return 8 if self is Cipher.TDES else 16


class Mode(StrEnum):
    """Modes of operation (ISO/IEC 10116; GCM: NIST SP 800-38D). CFB and OFB go by whole blocks unless a step is
    given.

    TDES has neither CTR nor GCM.
    """

    ECB = "ecb"
    CBC = "cbc"
    CFB = "cfb"
    OFB = "ofb"
    CTR = "ctr"
    GCM = "gcm"


class RsaSignature(StrEnum):
    """RSA signature schemes.

    PKCS1: EMSA-PKCS1-v1_5 over a digest, DigestInfo built from the hash (RFC 8017, 9.2).
    PKCS1_DATA: the same type 01 padding over bytes as they are: a ready DigestInfo, or anything that fits.
    PSS: EMSA-PSS over a digest (RFC 8017, 9.1), MGF1.
    RAW: m^d mod n of one block as long as the modulus.
    """

    PKCS1 = "pkcs1"
    PKCS1_DATA = "pkcs1-data"
    PSS = "pss"
    RAW = "raw"


class RsaEncryption(StrEnum):
    """RSA encryption schemes: PKCS#1 v1.5 block type 02, OAEP (RFC 8017, 7.2 and 7.1), raw full block."""

    PKCS1 = "pkcs1"
    OAEP = "oaep"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Result of the SM2 key exchange (GM/T 0003.3, 6.1).

    `key` is K; `sb` is the responder's proof (S_B, the S_1 the initiator compares it with); `sa` is the
    initiator's proof (S_A, the S_2 the responder compares it with). Both sides compute the same three values.
    """

    key: Secret
    sb: bytes
    sa: bytes


@dataclass(frozen=True, slots=True)
class RsaPrivateParts:
    """The numbers of an RSA private key, big-endian: n and e shortest, d as wide as n, the rest half that."""

    n: bytes
    e: bytes
    d: Secret
    p: Secret
    q: Secret
    dp: Secret
    dq: Secret
    qinv: Secret


class Hasher(Protocol):
    """A running digest."""

    def update(self, data: bytes, /) -> None:
        """Absorb `data`."""

    def digest(self) -> bytes:
        """The digest of all absorbed so far; more may follow."""

    def copy(self) -> Hasher:
        """An independent running digest in the same state."""


class CipherStream(Protocol):
    """A running encryption or decryption. In ECB and CBC the total must be whole blocks."""

    def update(self, data: bytes, /) -> bytes:
        """Absorb `data`, give what is ready (ECB and CBC hold back an incomplete block)."""

    def finalize(self, tag: bytes = b"") -> bytes:
        """End the stream.

        GCM encryption gives the tag. GCM decryption takes the tag and raises `CryptoFault` when it is wrong:
        what `update` gave before is unproven until then. Other modes give b"" or raise `CryptoFault` when
        an incomplete block is left. Must be called once, last.
        """


class CryptoEngine(Protocol):
    """The coprocessor. Every method may raise `CryptoFault`; none stores anything between calls."""

    @property
    def name(self) -> str:
        """Which engine this is, e.g. "soft"."""

    @property
    def backend(self) -> str:
        """Which SM2 point arithmetic is active, e.g. "pycryptodome", "libcrypto", "python"."""

    # Hashes and MACs

    def digest(self, hash_: Hash, data: bytes) -> bytes:
        """The digest of `data`."""

    def hasher(self, hash_: Hash) -> Hasher:
        """A new running digest."""

    def hmac(self, hash_: Hash, key: Secret, data: bytes) -> bytes:
        """HMAC (RFC 2104), full length."""

    def cbc_mac(self, cipher: Cipher, key: Secret, iv: bytes, data: bytes) -> bytes:
        """The last CBC block of `data`, which must be one or more whole blocks; callers pad and truncate."""

    def cmac(self, cipher: Cipher, key: Secret, data: bytes) -> bytes:
        """CMAC (NIST SP 800-38B, ISO/IEC 9797-1 algorithm 5), full block; any length of data."""

    def retail_mac(self, key: Secret, iv: bytes, data: bytes) -> bytes:
        """ISO/IEC 9797-1 MAC algorithm 3 with DES: 16-byte key, `data` whole blocks of 8, result 8 bytes."""

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
        """Encrypt or decrypt `data` in one go.

        `iv` is one block (ECB: empty; GCM: 8 to 128 bytes, 12 is usual). GCM gives and takes
        ciphertext || tag, the tag of `tag_length` bytes (12 to 16); a wrong tag gives no plaintext.
        `aad` must be empty outside GCM. ECB and CBC take whole blocks only.
        """

    def cipher_stream(
        self, cipher: Cipher, mode: Mode, key: Secret, iv: bytes, *, encrypt: bool, aad: bytes = b"", step: int = 0
    ) -> CipherStream:
        """The same for data that arrives in pieces; GCM tags are 16 bytes here.

        `step`: bytes that CFB and OFB take in a step, 0 for a whole block.
        """

    # Key pairs

    def generate(self, kind: KeyKind, bits: int, entropy: Entropy, exponent: int = 65537) -> tuple[Secret, bytes]:
        """A new pair (private, public). `bits`: SM2 and P-256 256, P-384 384, RSA 1024 to 4096 by 8.

        `exponent` counts for RSA only and is odd, 3 to 2^32-1.
        """

    def public_of(self, kind: KeyKind, private: Secret) -> bytes:
        """The public key that belongs to `private`."""

    def check_public(self, kind: KeyKind, public: bytes) -> None:
        """Refuse a public key that is malformed, off the curve or of a size the card does not support."""

    def check_pair(self, kind: KeyKind, private: Secret, public: bytes) -> None:
        """Refuse a private key out of range or a public key that does not belong to it; for imports."""

    def bits_of(self, kind: KeyKind, public: bytes) -> int:
        """Size of the key in bits: the field of a curve, the modulus of RSA."""

    # SM2 (GM/T 0003, GB/T 32918)

    def sm2_za(self, public: bytes, ident: bytes) -> bytes:
        """ZA of GM/T 0003.2, 5.5; `ident` 0 to 8191 bytes. 32 bytes.

        The digest to sign is ``digest(Hash.SM3, za + message)``.
        """

    def sm2_sign(self, private: Secret, digest: bytes, entropy: Entropy) -> bytes:
        """r || s, 64 bytes, over a digest of 32 bytes (GM/T 0003.2, 6.1)."""

    def sm2_verify(self, public: bytes, digest: bytes, signature: bytes) -> None:
        """Raise `CryptoFault` unless `signature` (r || s, 64 bytes) is good (GM/T 0003.2, 7.1)."""

    def sm2_encrypt(self, public: bytes, plaintext: bytes, entropy: Entropy) -> bytes:
        """C1 (04 || x || y) || C3 (32) || C2 (as long as the plaintext, maybe empty); GM/T 0003.4, 6.1."""

    def sm2_decrypt(self, private: Secret, ciphertext: bytes) -> Secret:
        """The plaintext of C1 || C3 || C2; nothing leaves unless C3 is right (GM/T 0003.4, 7.1)."""

    def sm2_agree(
        self,
        own_private: Secret,
        own_ephemeral: Secret,
        own_ident: bytes,
        peer_public: bytes,
        peer_ephemeral: bytes,
        peer_ident: bytes,
        key_length: int,
        *,
        initiator: bool,
    ) -> Agreement:
        """One side of the key exchange of GM/T 0003.3, 6.1; `key_length` in bytes, at least 1.

        The ephemeral pairs (r, R) are SM2 pairs made by `generate`; `initiator` tells whether this side is A.
        """

    # NIST curves

    def ecdsa_sign(self, kind: KeyKind, private: Secret, digest: bytes, entropy: Entropy) -> bytes:
        """r || s, each in the width of the field; `digest` 1 to 64 bytes, truncated as FIPS 186-5, 6.4 says.

        An engine may derive the nonce by RFC 6979 and leave `entropy` alone.
        """

    def ecdsa_verify(self, kind: KeyKind, public: bytes, digest: bytes, signature: bytes) -> None:
        """Raise `CryptoFault` unless `signature` (r || s, fixed width) is good."""

    def ecdh(self, kind: KeyKind, private: Secret, peer_public: bytes) -> Secret:
        """The x coordinate of d * P, in the width of the field; SM2, P-256 and P-384."""

    # RSA (RFC 8017)

    def rsa_sign(
        self,
        private: Secret,
        scheme: RsaSignature,
        hash_: Hash | None,
        data: bytes,
        entropy: Entropy,
        salt_length: int | None = None,
    ) -> bytes:
        """A signature as long as the modulus.

        PKCS1 and PSS take a digest and its hash; PKCS1_DATA and RAW take data and no hash.
        `salt_length` counts for PSS only; None means as long as the digest.
        """

    def rsa_verify(
        self,
        public: bytes,
        scheme: RsaSignature,
        hash_: Hash | None,
        data: bytes,
        signature: bytes,
        salt_length: int | None = None,
    ) -> None:
        """Raise `CryptoFault` unless `signature` is good for `data`; arguments as for `rsa_sign`."""

    def rsa_encrypt(
        self,
        public: bytes,
        scheme: RsaEncryption,
        plaintext: bytes,
        entropy: Entropy,
        hash_: Hash = Hash.SHA1,
        label: bytes = b"",
    ) -> bytes:
        """A ciphertext as long as the modulus; RAW takes a block as long as the modulus, below n.

        `hash_` (also of MGF1) and `label` count for OAEP only.
        """

    def rsa_decrypt(
        self,
        private: Secret,
        scheme: RsaEncryption,
        ciphertext: bytes,
        hash_: Hash = Hash.SHA1,
        label: bytes = b"",
    ) -> Secret:
        """The plaintext; a wrong padding is a `CryptoFault` that does not say what was wrong with it."""

    def rsa_public_parts(self, public: bytes) -> tuple[bytes, bytes]:
        """(n, e), big-endian, without leading zeros."""

    def rsa_public_from(self, n: bytes, e: bytes) -> bytes:
        """RSAPublicKey from modulus and exponent, big-endian, leading zeros allowed."""

    def rsa_private_parts(self, private: Secret) -> RsaPrivateParts:
        """The eight numbers of an RSAPrivateKey."""

    def rsa_private_from(self, p: Secret, q: Secret, e: bytes) -> Secret:
        """RSAPrivateKey from the primes and the exponent; d, dp, dq, qinv are worked out from them.

        A key that comes with its own dp, dq, qinv needs no more than p, q and e; n and e are compared by
        `check_pair` against the public key that came along.
        """
