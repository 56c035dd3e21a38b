"""Messages for some receivers only: EnvelopedData of PKCS#7 (RFC 2315) for RSA, of GM/T 0010-2012 for SM2.

A fresh key encrypts the content in CBC; each receiver finds it encrypted for the key of his certificate, as a
PKCS#1 v1.5 block, or as an SM2Cipher (GM/T 0009-2012, 7.2). The receiver's private half is an injected function:
usually the exchange key of a card.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from host_tools.errors import BadEncoding, CannotOpen
from host_tools.pki import ciphers, der, oids, tree
from host_tools.pki.cms import DATA, ENVELOPED, Family, content_info, family_of, open_content_info
from host_tools.pki.envelope import Decrypt, encrypt_for
from host_tools.pki.keys import Kind
from host_tools.pki.sm2 import Sm2, cipher_der, cipher_from_der
from host_tools.pki.softkey import Random
from host_tools.pki.tree import Reader
from host_tools.pki.view import Certificate
from simcard.wire.secret import Secret

WHAT = "EnvelopedData"
USUAL_CIPHER = {Kind.SM2: oids.SM4_CBC, Kind.RSA: oids.AES_256_CBC}
ENCRYPTION_NAMES = {Kind.SM2: oids.SM2_ENCRYPT, Kind.RSA: oids.RSA_ENCRYPTION}
KIND_OF_ENCRYPTION = {
    oids.SM2_ENCRYPT: Kind.SM2,
    oids.SM2_CURVE: Kind.SM2,
    oids.EC_PUBLIC_KEY: Kind.SM2,
    oids.RSA_ENCRYPTION: Kind.RSA,
}


def seal(
    content: bytes,
    receivers: Sequence[Certificate],
    sm2: Sm2,
    *,
    cipher: str | None = None,
    family: Family | None = None,
    random: Random = secrets.token_bytes,
) -> bytes:
    """A message (DER) that each of the receivers can open. `cipher` is the identifier of one of `ciphers.CBC`."""
    if not receivers:
        raise BadEncoding("a message needs at least one receiver")
    kind = receivers[0].key.kind
    oid = cipher or USUAL_CIPHER.get(kind, oids.AES_256_CBC)
    chosen = family or family_of(kind)
    key, iv = Secret(random(ciphers.CBC[oid].key)), random(ciphers.CBC[oid].block)
    rows = [_receiver(each, key, sm2) for each in receivers]
    body = ciphers.encrypt(oid, key, iv, content)
    named = tree.sequence(der.oid(oid), tree.octets(iv))
    encrypted = tree.sequence(der.oid(chosen.oid(DATA)), named, tree.tagged_octets(0, body))
    whole = tree.sequence(der.integer(0), tree.set_of(*rows), encrypted)
    return content_info(chosen.oid(ENVELOPED), whole)


def _receiver(certificate: Certificate, key: Secret, sm2: Sm2) -> bytes:
    kind = certificate.key.kind
    wrapped = encrypt_for(certificate.key, key.reveal(), sm2)
    if kind is Kind.SM2:
        wrapped = cipher_der(wrapped)
    named = tree.algorithm(ENCRYPTION_NAMES[kind])
    return tree.sequence(der.integer(0), certificate.name, named, tree.octets(wrapped))


@dataclass(frozen=True, slots=True)
class Receiver:
    """One of those who can open it: `name` is IssuerAndSerialNumber, `wrapped` as the private key takes it."""

    name: bytes
    kind: Kind
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class EnvelopedData:
    """A message taken apart."""

    receivers: tuple[Receiver, ...]
    cipher: str
    iv: bytes
    body: bytes

    @classmethod
    def parse(cls, data: bytes) -> EnvelopedData:
        """From DER or PEM; `BadEncoding` for anything else. Receivers that are not named by issuer are left out."""
        reader = open_content_info(data, ENVELOPED, WHAT)
        reader.integer()
        reader.maybe(0xA0)
        rows = reader.inside(tree.SET)
        encrypted = reader.inside()
        reader.maybe(0xA1)
        reader.end()
        encrypted.oid()
        cipher, parameters = encrypted.algorithm()
        body = encrypted.take(0x80).content
        encrypted.end()
        if cipher not in ciphers.CBC:
            raise reader.wrong(f"its cipher {cipher} is not known here")
        iv = Reader(parameters, WHAT).octets()
        receivers: list[Receiver] = []
        while rows.more:
            element = rows.next()
            found = _read_receiver(Reader(element.content, WHAT)) if element.tag == tree.SEQUENCE else None
            receivers += [found] if found else []
        return cls(tuple(receivers), cipher, iv, body)

    def open(self, certificate: Certificate, decrypt: Decrypt) -> bytes:
        """The content, opened by the private half of this certificate's key; `CannotOpen` if it is not for it."""
        found = next((each for each in self.receivers if each.name == certificate.name), None)
        if found is None or found.kind is not certificate.key.kind:
            raise CannotOpen(f"the message is not for certificate {certificate.number}")
        return ciphers.decrypt(self.cipher, decrypt(found.wrapped), self.iv, self.body)


def _read_receiver(reader: Reader) -> Receiver | None:
    if reader.integer() != 0:
        return None
    name = reader.take(tree.SEQUENCE).encoded
    oid, _ = reader.algorithm()
    wrapped = reader.octets()
    reader.end()
    kind = KIND_OF_ENCRYPTION.get(oid)
    if kind is None:
        return None
    return Receiver(name, kind, cipher_from_der(wrapped) if kind is Kind.SM2 else wrapped)
