"""Private keys that live in files: those of a test authority and its key centre, never those of a card.

A key file is PKCS#8 in PEM, of mode 600, under a passphrase where one is given (PBES2 with PBKDF2 and AES-256-CBC,
RFC 8018), so that other programs read it too. The bytes of a key are a `Secret` and show nowhere.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from host_tools.errors import AuthorityProblem, BadEncoding, CannotOpen
from host_tools.pki import ciphers, der, oids, smallfile, tree
from host_tools.pki.certificate import Issuer
from host_tools.pki.keys import Hash, Kind, PublicKey, signed_digest
from host_tools.pki.sm2 import SIZE, Sm2
from host_tools.pki.tree import Reader
from simcard.wire.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

PLAIN, ENCRYPTED = "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"
MODE = 0o600
ROUNDS = 600_000
"""Of PBKDF2-HMAC-SHA256 (OWASP's figure)."""
MOST_ROUNDS = 10_000_000
"""A file that asks for more is taken for damaged, not for a reason to wait."""
RSA_EXPONENT = 65537

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, repr=False)
class SoftKey:
    """A pair: `private` is d for SM2 and RSAPrivateKey (RFC 8017, A.1.2) for RSA."""

    key: PublicKey
    private: Secret
    sm2: Sm2

    def issuer(self, hash_: Hash) -> Issuer:
        """This key as a signer of certificates and messages."""
        return Issuer(self.key, hash_, lambda message: self.sign(message, hash_))

    def sign(self, message: bytes, hash_: Hash) -> bytes:
        """r || s for SM2, the PKCS#1 v1.5 block for RSA."""
        digest = signed_digest(self.key, hash_, message)
        if self.key.kind is Kind.SM2:
            return self.sm2.sign(self.private, digest)
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding, utils

        named: hashes.HashAlgorithm = getattr(hashes, hash_.value.upper())()
        return self._rsa().sign(digest, padding.PKCS1v15(), utils.Prehashed(named))

    def decrypt(self, cryptogram: bytes) -> Secret:
        """What was encrypted for this key: C1 || C3 || C2, or a PKCS#1 v1.5 block. `CannotOpen` if it was not.

        A bad RSA block gives random bytes and no error (so the padding tells an attacker nothing); the content
        that they should open then does not open.
        """
        if self.key.kind is Kind.SM2:
            return self.sm2.decrypt(self.private, cryptogram)
        from cryptography.hazmat.primitives.asymmetric import padding

        try:
            return Secret(self._rsa().decrypt(cryptogram, padding.PKCS1v15()))
        except ValueError:
            raise CannotOpen("the RSA block has not the length of this key") from None

    def _rsa(self) -> RSAPrivateKey:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_der_private_key

        loaded = load_der_private_key(self.private.reveal(), None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(loaded, RSAPrivateKey)
        return loaded


# -- making and reading


def generate(kind: Kind, sm2: Sm2, rsa_bits: int = 2048) -> SoftKey:
    """A new pair: SM2, or RSA with e = 65537."""
    if kind is Kind.SM2:
        private, point = sm2.generate()
        return SoftKey(PublicKey(kind, point=point), private, sm2)
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    made = rsa.generate_private_key(RSA_EXPONENT, rsa_bits)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    encoded = made.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
    return SoftKey(PublicKey(kind, n=made.public_key().public_numbers().n, e=RSA_EXPONENT), Secret(encoded), sm2)


def rsa_from_der(private: Secret, sm2: Sm2) -> SoftKey:
    """The pair of an RSAPrivateKey; `BadEncoding` for anything else."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        loaded = load_der_private_key(private.reveal(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadEncoding("this is no RSAPrivateKey") from None
    if not isinstance(loaded, RSAPrivateKey):
        raise BadEncoding("this is no RSAPrivateKey")
    numbers = loaded.public_key().public_numbers()
    return SoftKey(PublicKey(Kind.RSA, n=numbers.n, e=numbers.e), private, sm2)


def pkcs8(pair: SoftKey) -> Secret:
    """PrivateKeyInfo (RFC 5208); the key of a curve inside is ECPrivateKey (RFC 5915) with its point."""
    if pair.key.kind is Kind.RSA:
        algorithm, inside = tree.algorithm(oids.RSA_ENCRYPTION), pair.private.reveal()
    else:
        algorithm = tree.algorithm(oids.EC_PUBLIC_KEY, der.oid(oids.SM2_CURVE))
        point = tree.tagged(1, der.bits(pair.key.point))
        inside = tree.sequence(der.integer(1), tree.octets(pair.private.reveal()), point)
    return Secret(tree.sequence(der.integer(0), algorithm, tree.octets(inside)))


def from_pkcs8(info: Secret, sm2: Sm2) -> SoftKey:
    """The pair of a PrivateKeyInfo; `BadEncoding` for anything but RSA and SM2."""
    reader = Reader.of(info.reveal(), "PKCS#8 private key")
    reader.integer()
    oid, parameters = reader.algorithm()
    inside = Secret(reader.octets())
    if oid == oids.RSA_ENCRYPTION:
        return rsa_from_der(inside, sm2)
    if (oid, parameters) != (oids.EC_PUBLIC_KEY, der.oid(oids.SM2_CURVE)):
        raise reader.wrong("its key is neither RSA nor SM2")
    curve = Reader.of(inside.reveal(), "ECPrivateKey")
    curve.integer()
    private = Secret(curve.octets().rjust(SIZE, b"\0"))
    return SoftKey(PublicKey(Kind.SM2, point=sm2.public_of(private)), private, sm2)


# -- under a passphrase


def _derived(passphrase: Secret, salt: bytes, rounds: int) -> Secret:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

    return Secret(PBKDF2HMAC(hashes.SHA256(), 32, salt, rounds).derive(passphrase.reveal()))


def encrypted(info: Secret, passphrase: Secret, random: Random = secrets.token_bytes, rounds: int = ROUNDS) -> bytes:
    """EncryptedPrivateKeyInfo by PBES2 (RFC 8018, 6.2)."""
    salt, iv = random(16), random(16)
    body = ciphers.encrypt(oids.AES_256_CBC, _derived(passphrase, salt, rounds), iv, info.reveal())
    prf = tree.sequence(der.oid(oids.HMAC_SHA256), tree.null())
    kdf = tree.algorithm(oids.PBKDF2, tree.sequence(tree.octets(salt), der.integer(rounds), prf))
    scheme = tree.algorithm(oids.AES_256_CBC, tree.octets(iv))
    return tree.sequence(tree.algorithm(oids.PBES2, tree.sequence(kdf, scheme)), tree.octets(body))


def decrypted(encoded: bytes, passphrase: Secret) -> Secret:
    """PrivateKeyInfo out of what `encrypted` makes; `AuthorityProblem` for the wrong passphrase."""
    reader = Reader.of(encoded, "encrypted private key")
    scheme = reader.inside()
    if scheme.oid() != oids.PBES2:
        raise reader.wrong("it is not encrypted by PBES2")
    parameters = scheme.inside()
    kdf = parameters.inside()
    if kdf.oid() != oids.PBKDF2:
        raise reader.wrong("its key does not come from PBKDF2")
    values = kdf.inside()
    salt, rounds = values.octets(), values.integer()
    oid, iv = parameters.algorithm()
    if not values.more or values.inside().oid() != oids.HMAC_SHA256 or oid != oids.AES_256_CBC:
        raise reader.wrong("only HMAC-SHA256 and AES-256-CBC are read here")
    if not 1 <= rounds <= MOST_ROUNDS:
        raise reader.wrong("its count of rounds is out of range")
    try:
        key = _derived(passphrase, salt, rounds)
        return Secret(ciphers.decrypt(oid, key, Reader(iv, "IV").octets(), reader.octets()))
    except CannotOpen:
        raise AuthorityProblem("the passphrase of the key file is wrong") from None


# -- files


def save(path: Path, pair: SoftKey, passphrase: Secret | None, rounds: int = ROUNDS) -> None:
    """A new file of mode 600; an existing one is never overwritten."""
    info = pkcs8(pair)
    if passphrase is None:
        text = der.pem(PLAIN, info.reveal())
    else:
        text = der.pem(ENCRYPTED, encrypted(info, passphrase, rounds=rounds))
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    with os.fdopen(fd, "w", encoding="ascii") as stream:
        stream.write(text)


def load(path: Path, passphrase: Secret | None, sm2: Sm2) -> SoftKey:
    """The pair in a key file; `AuthorityProblem` when it is missing or the passphrase does not fit."""
    try:
        text = smallfile.read(path)
    except OSError as error:
        raise AuthorityProblem(f"{path}: cannot be read ({error.strerror})") from None
    plain = der.from_pem(text, PLAIN)
    if plain is not None:
        return from_pkcs8(Secret(plain), sm2)
    closed = der.from_pem(text, ENCRYPTED)
    if closed is None:
        raise BadEncoding(f"{path}: holds no private key in PEM")
    if passphrase is None:
        raise AuthorityProblem(f"{path}: is under a passphrase; give it by --passphrase-file or SIMCARD_CA_PASSPHRASE")
    return from_pkcs8(decrypted(closed, passphrase), sm2)
