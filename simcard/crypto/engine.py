"""`SoftEngine`: the coprocessor in software, the one place where the crypto room meets the card.

It takes the secrets out of their wrappers, hands bytes to the modules of this room and wraps what must stay
secret. It keeps nothing but loaded key objects, which are found by fingerprint and may be forgotten any time.
Making an engine is cheap: point arithmetic, RSA and the NIST curves are imported when first used.
The methods do what `simcard.hal.engine.CryptoEngine` says; their docstrings are there.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from simcard.crypto import digest as digests
from simcard.crypto import sm2, symmetric
from simcard.crypto.cache import KeyCache
from simcard.crypto.feedback import StepStream
from simcard.hal.engine import (
    Agreement,
    Cipher,
    CipherStream,
    CryptoFault,
    Hash,
    Hasher,
    KeyKind,
    Mode,
    RsaEncryption,
    RsaPrivateParts,
    RsaSignature,
)
from simcard.wire.secret import Secret

if TYPE_CHECKING:
    from simcard.crypto.curve import PointBackend
    from simcard.crypto.ec import Nist
    from simcard.crypto.rsa import Rsa
    from simcard.hal.entropy import Entropy

CURVE_BITS = {KeyKind.SM2: 256, KeyKind.P256: 256, KeyKind.P384: 384}


class SoftEngine:
    """`CryptoEngine` in software. `backend` names the SM2 point arithmetic; None takes the fastest there is.

    A name that is not there or fails its self-test raises ImportError at the first SM2 operation or when
    `backend` is asked for.
    """

    name = "soft"

    def __init__(self, backend: str | None = None) -> None:
        self._wanted = backend
        self._signing_keys = KeyCache(sm2.SigningKey.load)

    @property
    def backend(self) -> str:
        return self._points.name

    @cached_property
    def _points(self) -> PointBackend:
        from simcard.crypto.points import choose

        return choose(self._wanted)

    @cached_property
    def _rsa(self) -> Rsa:
        from simcard.crypto.rsa import Rsa

        return Rsa()

    @cached_property
    def _curves(self) -> dict[KeyKind, Nist]:
        from simcard.crypto.ec import CURVES, Nist

        return {kind: Nist(kind) for kind in CURVES}

    def _pairs(self, kind: KeyKind) -> Nist | sm2.Pairs:
        return sm2.Pairs(self._points) if kind is KeyKind.SM2 else self._nist(kind)

    def _nist(self, kind: KeyKind) -> Nist:
        if kind not in (KeyKind.P256, KeyKind.P384):
            raise CryptoFault(f"no such operation for {kind}")
        return self._curves[kind]

    # Hashes and MACs

    def digest(self, hash_: Hash, data: bytes) -> bytes:
        return digests.digest(hash_, data)

    def hasher(self, hash_: Hash) -> Hasher:
        return digests.new(hash_)

    def hmac(self, hash_: Hash, key: Secret, data: bytes) -> bytes:
        return digests.hmac(hash_, key.reveal(), data)

    def cbc_mac(self, cipher: Cipher, key: Secret, iv: bytes, data: bytes) -> bytes:
        return symmetric.cbc_mac(cipher, key.reveal(), iv, data)

    def cmac(self, cipher: Cipher, key: Secret, data: bytes) -> bytes:
        return symmetric.cmac(cipher, key.reveal(), data)

    def retail_mac(self, key: Secret, iv: bytes, data: bytes) -> bytes:
        return symmetric.retail_mac(key.reveal(), iv, data)

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
        if mode is Mode.GCM:
            run = symmetric.seal if encrypt else symmetric.open_sealed
            return run(cipher, key.reveal(), iv, data, aad, tag_length)
        if aad:
            raise CryptoFault("additional data outside GCM")
        return symmetric.crypt(cipher, mode, key.reveal(), iv, data, encrypt=encrypt)

    def cipher_stream(
        self, cipher: Cipher, mode: Mode, key: Secret, iv: bytes, *, encrypt: bool, aad: bytes = b"", step: int = 0
    ) -> CipherStream:
        if step not in (0, cipher.block):
            return StepStream(cipher, mode, key.reveal(), iv, step, encrypt=encrypt)
        return symmetric.Stream(cipher, mode, key.reveal(), iv, aad, encrypt=encrypt)

    # Key pairs

    def generate(self, kind: KeyKind, bits: int, entropy: Entropy, exponent: int = 65537) -> tuple[Secret, bytes]:
        if kind is KeyKind.RSA:
            from simcard.crypto import rsa_keys

            numbers = rsa_keys.generate(bits, exponent, entropy.read)
            return Secret(rsa_keys.encode_private(numbers)), rsa_keys.encode_public(numbers.public)
        if bits != CURVE_BITS[kind]:
            raise CryptoFault(f"{kind} keys of that size do not exist")
        private, public = self._pairs(kind).generate(entropy.read)
        return Secret(private), public

    def public_of(self, kind: KeyKind, private: Secret) -> bytes:
        if kind is KeyKind.RSA:
            from simcard.crypto import rsa_keys

            return rsa_keys.encode_public(rsa_keys.decode_private(private.reveal()).public)
        return self._pairs(kind).public_of(private.reveal())

    def check_public(self, kind: KeyKind, public: bytes) -> None:
        self.bits_of(kind, public)
        if kind is not KeyKind.RSA:
            self._pairs(kind).check_public(public)

    def check_pair(self, kind: KeyKind, private: Secret, public: bytes) -> None:
        self.check_public(kind, public)
        if self.public_of(kind, private) != public:
            raise CryptoFault(f"{kind} public key does not belong to the private key")
        if kind is KeyKind.RSA:
            from simcard.crypto import rsa, rsa_keys

            rsa.library_key(rsa_keys.decode_private(private.reveal()), check=True)

    def bits_of(self, kind: KeyKind, public: bytes) -> int:
        if kind is KeyKind.RSA:
            from simcard.crypto import rsa_keys

            return rsa_keys.decode_public(public).n.bit_length()
        return CURVE_BITS[kind]

    # SM2

    def sm2_za(self, public: bytes, ident: bytes) -> bytes:
        return sm2.za(public, ident)

    def sm2_sign(self, private: Secret, digest: bytes, entropy: Entropy) -> bytes:
        return sm2.sign(self._points, self._signing_keys.get(private.reveal()), digest, entropy.read)

    def sm2_verify(self, public: bytes, digest: bytes, signature: bytes) -> None:
        sm2.verify(self._points, public, digest, signature)

    def sm2_encrypt(self, public: bytes, plaintext: bytes, entropy: Entropy) -> bytes:
        return sm2.encrypt(self._points, public, plaintext, entropy.read)

    def sm2_decrypt(self, private: Secret, ciphertext: bytes) -> Secret:
        return Secret(sm2.decrypt(self._points, private.reveal(), ciphertext))

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
        own = (own_private.reveal(), own_ephemeral.reveal(), own_ident)
        peer = (peer_public, peer_ephemeral, peer_ident)
        key, sb, sa = sm2.agree(self._points, own, peer, key_length, initiator=initiator)
        return Agreement(Secret(key), sb, sa)

    # NIST curves

    def ecdsa_sign(
        self, kind: KeyKind, private: Secret, digest: bytes, entropy: Entropy
    ) -> bytes:  # RFC 6979 draws nothing
        return self._nist(kind).sign(private.reveal(), digest)

    def ecdsa_verify(self, kind: KeyKind, public: bytes, digest: bytes, signature: bytes) -> None:
        self._nist(kind).verify(public, digest, signature)

    def ecdh(self, kind: KeyKind, private: Secret, peer_public: bytes) -> Secret:
        return Secret(self._pairs(kind).ecdh(private.reveal(), peer_public))

    # RSA

    def rsa_sign(
        self,
        private: Secret,
        scheme: RsaSignature,
        hash_: Hash | None,
        data: bytes,
        entropy: Entropy,
        salt_length: int | None = None,
    ) -> bytes:
        return self._rsa.sign(private.reveal(), scheme, hash_, data, entropy.read, salt_length)

    def rsa_verify(
        self,
        public: bytes,
        scheme: RsaSignature,
        hash_: Hash | None,
        data: bytes,
        signature: bytes,
        salt_length: int | None = None,
    ) -> None:
        self._rsa.verify(public, scheme, hash_, data, signature, salt_length)

    def rsa_encrypt(
        self,
        public: bytes,
        scheme: RsaEncryption,
        plaintext: bytes,
        entropy: Entropy,
        hash_: Hash = Hash.SHA1,
        label: bytes = b"",
    ) -> bytes:
        return self._rsa.encrypt(public, scheme, plaintext, entropy.read, hash_, label)

    def rsa_decrypt(
        self,
        private: Secret,
        scheme: RsaEncryption,
        ciphertext: bytes,
        hash_: Hash = Hash.SHA1,
        label: bytes = b"",
    ) -> Secret:
        return Secret(self._rsa.decrypt(private.reveal(), scheme, ciphertext, hash_, label))

    def rsa_public_parts(self, public: bytes) -> tuple[bytes, bytes]:
        from simcard.crypto import rsa_keys

        numbers = rsa_keys.decode_public(public)
        return rsa_keys.octets(numbers.n), rsa_keys.octets(numbers.e)

    def rsa_public_from(self, n: bytes, e: bytes) -> bytes:
        from simcard.crypto import rsa_keys

        numbers = rsa_keys.PublicNumbers(int.from_bytes(n, "big"), int.from_bytes(e, "big"))
        rsa_keys.check_numbers(numbers)
        return rsa_keys.encode_public(numbers)

    def rsa_private_parts(self, private: Secret) -> RsaPrivateParts:
        from simcard.crypto import rsa_keys

        numbers = rsa_keys.decode_private(private.reveal())
        size = numbers.public.size
        half = (max(numbers.p, numbers.q).bit_length() + 7) // 8
        d = Secret(numbers.d.to_bytes(size, "big"))
        rest = (numbers.p, numbers.q, numbers.dp, numbers.dq, numbers.qinv)
        halves = [Secret(value.to_bytes(half, "big")) for value in rest]
        return RsaPrivateParts(rsa_keys.octets(numbers.n), rsa_keys.octets(numbers.e), d, *halves)

    def rsa_private_from(self, p: Secret, q: Secret, e: bytes) -> Secret:
        from simcard.crypto import rsa_keys

        first, second, exponent = (int.from_bytes(part, "big") for part in (p.reveal(), q.reveal(), e))
        return Secret(rsa_keys.encode_private(rsa_keys.from_primes(first, second, exponent)))
