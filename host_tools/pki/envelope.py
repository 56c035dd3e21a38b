"""Private keys on their way to a card: wrapped under the public signing key that the card already has.

A fresh SM4 key is encrypted for the signing key, and the private key is encrypted under it in ECB. Two forms carry
an SM2 pair: SM2EnvelopedKey (GM/T 0009-2012, 7.4) and the ENVELOPEDKEYBLOB of SKF_ImportECCKeyPair (GM/T 0016-2012,
6.4.10). An RSA pair travels as the two arguments of SKF_ImportRSAKeyPair (GM/T 0016-2012, 7.6.4), in a SEQUENCE
of our own { algorithm, OCTET STRING wrapped key, RSAPublicKey, OCTET STRING encrypted RSAPrivateKey }.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from host_tools.errors import BadEncoding, CannotOpen
from host_tools.pki import ciphers, der, oids, tree
from host_tools.pki.keys import Kind, PublicKey
from host_tools.pki.sm2 import POINT, SHORTEST, SIZE, Sm2, cipher_der, cipher_of
from host_tools.pki.softkey import Random, SoftKey, rsa_from_der
from host_tools.pki.tree import Reader
from simcard.wire.secret import Secret

KEY_SIZE = 16
BLOB_VERSION = 1
SGD_SM4_ECB = 0x00000401
BLOB_BITS = 256
FIELD = 64
"""Width of a number in the structures of GM/T 0016, which leave room for 512 bits."""
BLOB_HEAD = 4 + 4 + 4 + FIELD + (4 + 2 * FIELD) + (2 * FIELD + SIZE + 4)

Decrypt = Callable[[bytes], Secret]
"""Opens what was encrypted for a key: C1 || C3 || C2, or a PKCS#1 v1.5 block. A card's exchange or signing key."""


def encrypt_for(key: PublicKey, plaintext: bytes, sm2: Sm2) -> bytes:
    """C1 || C3 || C2 for an SM2 key, a PKCS#1 v1.5 block for RSA; `BadEncoding` for keys that encrypt nothing."""
    if key.kind is Kind.SM2:
        return sm2.encrypt(key.point, plaintext)
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    loaded = load_der_public_key(der.public_key_info(key)) if key.kind is Kind.RSA else None
    if not isinstance(loaded, RSAPublicKey):
        raise BadEncoding(f"keys of kind {key.kind.value} do not encrypt")
    return loaded.encrypt(plaintext, padding.PKCS1v15())


def _key_of(opened: Secret) -> Secret:
    if len(opened) != KEY_SIZE:
        raise CannotOpen("the envelope does not open with this key: it is for another one, or was changed")
    return opened


@dataclass(frozen=True, slots=True)
class EnvelopedSm2Key:
    """An SM2 pair in its envelope: `wrapped` is C1 || C3 || C2 over the SM4 key, `encrypted` is d under it."""

    point: bytes
    wrapped: bytes
    encrypted: bytes

    @property
    def key(self) -> PublicKey:
        """The public half of the pair."""
        return PublicKey(Kind.SM2, point=self.point)

    @classmethod
    def seal(cls, pair: SoftKey, receiver: PublicKey, random: Random = secrets.token_bytes) -> EnvelopedSm2Key:
        """The pair, for whoever has the private half of `receiver`."""
        key = Secret(random(KEY_SIZE))
        encrypted = ciphers.sm4_ecb(key, pair.private.reveal(), encrypt=True)
        return cls(pair.key.point, encrypt_for(receiver, key.reveal(), pair.sm2), encrypted)

    def open(self, decrypt: Decrypt, sm2: Sm2) -> SoftKey:
        """The pair; `CannotOpen` unless it is for this key and the private half belongs to the public one."""
        key = _key_of(decrypt(self.wrapped))
        private = Secret(ciphers.sm4_ecb(key, self.encrypted[-SIZE:], encrypt=False))
        try:
            point = sm2.public_of(private)
        except BadEncoding:
            point = b""
        if point != self.point:
            raise CannotOpen("the private key in the envelope does not belong to its public key")
        return SoftKey(PublicKey(Kind.SM2, point=point), private, sm2)

    # -- GM/T 0009

    def encode(self) -> bytes:
        """SM2EnvelopedKey."""
        algorithm = tree.sequence(der.oid(oids.SM4_ECB))
        return tree.sequence(algorithm, cipher_der(self.wrapped), der.bits(self.point), der.bits(self.encrypted))

    @classmethod
    def parse(cls, encoded: bytes) -> EnvelopedSm2Key:
        """From SM2EnvelopedKey; `BadEncoding` for anything else. The private key may have 32 or 64 bytes."""
        reader = Reader.of(encoded, "SM2EnvelopedKey")
        oid, _ = reader.algorithm()
        if oid not in (oids.SM4_ECB, oids.SM4):
            raise reader.wrong("its cipher is not SM4 in ECB")
        wrapped = cipher_of(reader.inside())
        point, encrypted = reader.bits(), reader.bits()
        reader.end()
        if len(point) != POINT or len(encrypted) not in (SIZE, 2 * SIZE):
            raise reader.wrong("a key in it has not the size of an SM2 key")
        return cls(point, wrapped, encrypted)

    # -- GM/T 0016

    def blob(self) -> bytes:
        """ENVELOPEDKEYBLOB: packed, numbers of four bytes little-endian, keys at the right end of their fields."""
        c1, c3, c2 = self.wrapped[1:POINT], self.wrapped[POINT:SHORTEST], self.wrapped[SHORTEST:]
        head = _u4(BLOB_VERSION) + _u4(SGD_SM4_ECB) + _u4(BLOB_BITS)
        public = _u4(BLOB_BITS) + _wide_point(self.point[1:])
        return head + _wide(self.encrypted) + public + _wide_point(c1) + c3 + _u4(len(c2)) + c2

    @classmethod
    def from_blob(cls, data: bytes) -> EnvelopedSm2Key:
        """From ENVELOPEDKEYBLOB; `BadEncoding` for another version, cipher or size."""
        numbers = [int.from_bytes(data[at : at + 4], "little") for at in (0, 4, 8, 76, BLOB_HEAD - 4)]
        wanted = [BLOB_VERSION, SGD_SM4_ECB, BLOB_BITS, BLOB_BITS, len(data) - BLOB_HEAD]
        if len(data) < BLOB_HEAD or numbers != wanted:
            raise BadEncoding("this is no ENVELOPEDKEYBLOB of version 1 with SM4 in ECB and keys of 256 bits")
        public, cipher = _narrow_point(data[80:208]), _narrow_point(data[208:336])
        return cls(b"\x04" + public, b"\x04" + cipher + data[336:368] + data[BLOB_HEAD:], data[44:76])


def _u4(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _wide(value: bytes) -> bytes:
    return value.rjust(FIELD, b"\0")


def _wide_point(coordinates: bytes) -> bytes:
    return _wide(coordinates[:SIZE]) + _wide(coordinates[SIZE:])


def _narrow_point(fields: bytes) -> bytes:
    return fields[FIELD - SIZE : FIELD] + fields[2 * FIELD - SIZE :]


@dataclass(frozen=True, slots=True)
class EnvelopedRsaKey:
    """An RSA pair in its envelope: `wrapped` is the SM4 key for the receiver, `encrypted` is RSAPrivateKey under it."""

    key: PublicKey
    wrapped: bytes
    encrypted: bytes

    @classmethod
    def seal(cls, pair: SoftKey, receiver: PublicKey, random: Random = secrets.token_bytes) -> EnvelopedRsaKey:
        """The pair, for whoever has the private half of `receiver`."""
        key, plain = Secret(random(KEY_SIZE)), pair.private.reveal()
        # ECB takes whole blocks; what follows the DER is told by its own length.
        encrypted = ciphers.sm4_ecb(key, plain + bytes(-len(plain) % KEY_SIZE), encrypt=True)
        return cls(pair.key, encrypt_for(receiver, key.reveal(), pair.sm2), encrypted)

    def open(self, decrypt: Decrypt, sm2: Sm2) -> SoftKey:
        """The pair; `CannotOpen` unless it is for this key and belongs to the public half."""
        key = _key_of(decrypt(self.wrapped))
        plain = ciphers.sm4_ecb(key, self.encrypted, encrypt=False)
        try:
            pair = rsa_from_der(Secret(_without_filling(plain)), sm2)
        except BadEncoding:
            raise CannotOpen("the private key in the envelope does not open with this key") from None
        if pair.key != self.key:
            raise CannotOpen("the private key in the envelope does not belong to its public key")
        return pair

    def encode(self) -> bytes:
        """The SEQUENCE of this module's head."""
        wrapped, body = tree.octets(self.wrapped), tree.octets(self.encrypted)
        return tree.sequence(tree.sequence(der.oid(oids.SM4_ECB)), wrapped, der.rsa_public_key(self.key), body)

    @classmethod
    def parse(cls, encoded: bytes) -> EnvelopedRsaKey:
        """From that SEQUENCE; `BadEncoding` for anything else."""
        reader = Reader.of(encoded, "enveloped RSA key")
        if reader.algorithm()[0] != oids.SM4_ECB:
            raise reader.wrong("its cipher is not SM4 in ECB")
        wrapped, public, encrypted = reader.octets(), reader.inside(), reader.octets()
        reader.end()
        key = PublicKey(Kind.RSA, n=public.integer(), e=public.integer())
        if not encrypted or len(encrypted) % KEY_SIZE or key.n <= 0 or key.e <= 0:
            raise reader.wrong("its key has a size that cannot be")
        return cls(key, wrapped, encrypted)


def _without_filling(plain: bytes) -> bytes:
    """The data element at the front, without what fills the last block."""
    count = plain[1] - 0x80 if plain[1] > 0x80 else 0
    size = int.from_bytes(plain[2 : 2 + count], "big") if count else plain[1]
    return plain[: 2 + count + size]


EnvelopedKey = EnvelopedSm2Key | EnvelopedRsaKey


def seal(pair: SoftKey, receiver: PublicKey, random: Random = secrets.token_bytes) -> EnvelopedKey:
    """The pair in the envelope of its kind."""
    kind = EnvelopedSm2Key if pair.key.kind is Kind.SM2 else EnvelopedRsaKey
    return kind.seal(pair, receiver, random)


def parse(kind: Kind, encoded: bytes) -> EnvelopedKey:
    """An envelope of that kind of key from its DER."""
    return EnvelopedSm2Key.parse(encoded) if kind is Kind.SM2 else EnvelopedRsaKey.parse(encoded)
