"""Certification requests (PKCS#10, RFC 2986): a key that proves it has its private half.

The signature comes from an `Issuer` that is the key itself: the card signs. The name in a request is a wish; a test
authority takes the key and decides the name.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from host_tools.pki import der, tree
from host_tools.pki.certificate import Issuer
from host_tools.pki.keys import PublicKey
from host_tools.pki.signed import Signed, sign
from host_tools.pki.sm2 import Sm2
from host_tools.pki.tree import Reader
from host_tools.pki.view import read_key

WHAT = "PKCS#10 certification request"
PEM_LABEL = "CERTIFICATE REQUEST"


def make(subject: x509.Name, signer: Issuer) -> bytes:
    """A request (DER) for the signer's own key, without attributes."""
    info = tree.sequence(der.integer(0), subject.public_bytes(), der.public_key_info(signer.key), tree.tagged(0))
    return sign(info, signer)


@dataclass(frozen=True, slots=True)
class Request:
    """A request taken apart; `subject` is the wished name in DER."""

    signed: Signed
    subject: bytes
    key: PublicKey

    @classmethod
    def parse(cls, data: bytes) -> Request:
        """From DER or PEM; `BadEncoding` for anything else. The signature is not checked yet: `check` does that."""
        signed = Signed.parse(der.unwrapped(data, PEM_LABEL, WHAT), WHAT)
        reader = Reader.of(signed.tbs, WHAT)
        if reader.integer() != 0:
            raise reader.wrong("its version is not 1")
        subject = reader.take(tree.SEQUENCE).encoded
        key = read_key(reader)
        reader.maybe(0xA0)
        reader.end()
        return cls(signed, subject, key)

    def check(self, sm2: Sm2) -> None:
        """Raise `BadSignature` unless the private half of the key signed it."""
        self.signed.check(self.key, sm2)
