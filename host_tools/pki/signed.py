"""What certificates, requests, lists and answers have in common: a signed part, an algorithm, a signature.

The signature comes from an `Issuer`: a card, or a key in a file. Checking raises; nothing here returns a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

from host_tools.errors import BadEncoding, BadResponse, BadSignature
from host_tools.pki import der, tree
from host_tools.pki.certificate import SCHEME_OF, SIGNATURES, Issuer
from host_tools.pki.keys import Hash, Kind, PublicKey
from host_tools.pki.sm2 import Sm2
from host_tools.pki.tree import Reader
from host_tools.pki.verify import CURVE_WIDTH, verify

ALGORITHMS: dict[str, tuple[Kind, Hash]] = {oid: pair for pair, oid in SIGNATURES.items()}


def signature_value(issuer: Issuer, message: bytes) -> bytes:
    """A signature as it stands in certificates and messages: SEQUENCE { r, s } for curves, the block for RSA."""
    made = issuer.sign(message)
    return made if issuer.key.kind is Kind.RSA else der.ec_signature(made)


def algorithm_of(issuer: Issuer) -> bytes:
    """The AlgorithmIdentifier of the issuer's signatures."""
    return tree.algorithm(SIGNATURES[issuer.key.kind, issuer.hash])


def sign(tbs: bytes, issuer: Issuer) -> bytes:
    """SEQUENCE { tbs, algorithm, BIT STRING signature }."""
    return tree.sequence(tbs, algorithm_of(issuer), der.bits(signature_value(issuer, tbs)))


@dataclass(frozen=True, slots=True)
class Signed:
    """The three parts; `what` names the whole in errors."""

    tbs: bytes
    algorithm: str
    signature: bytes
    what: str

    @classmethod
    def parse(cls, encoded: bytes, what: str) -> Signed:
        """Take it apart; `BadEncoding` for anything else."""
        reader = Reader.of(encoded, what)
        tbs = reader.take(tree.SEQUENCE).encoded
        algorithm, _ = reader.algorithm()
        signature = reader.bits()
        reader.end()
        return cls(tbs, algorithm, signature, what)

    def check(self, key: PublicKey, sm2: Sm2) -> None:
        """Raise `BadSignature` unless this key signed it."""
        kind, hash_ = ALGORITHMS.get(self.algorithm, (None, Hash.SM3))
        if kind is None or kind is not key.kind:
            raise BadEncoding(f"the {self.what} is signed by {self.algorithm}, which does not go with the key")
        check_signature(key, hash_, self.tbs, self.signature, sm2)


def check_signature(key: PublicKey, hash_: Hash, message: bytes, signature: bytes, sm2: Sm2) -> None:
    """Raise `BadSignature` unless the signature (SEQUENCE { r, s } or block) over the message is this key's."""
    width = CURVE_WIDTH.get(key.kind)
    try:
        raw = signature if width is None else der.raw_ec_signature(signature, width)
    except BadResponse as error:
        raise BadSignature(str(error)) from None
    verify(key, hash_, SCHEME_OF[key.kind], message, raw, sm2.verify)
