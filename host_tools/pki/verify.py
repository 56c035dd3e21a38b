"""Checking signatures on the host. A bad one raises `BadSignature`; nothing here returns a verdict.

RSA and the NIST curves are checked by `cryptography`. For SM2, which that package does not do, the caller passes a
check: the wiring takes the one of a crypto engine.
"""

from __future__ import annotations

from collections.abc import Callable

from host_tools.errors import BadSignature
from host_tools.pki import der
from host_tools.pki.keys import Hash, Kind, PublicKey, Scheme, signed_digest

Sm2Check = Callable[[bytes, bytes, bytes], None]
"""Given the point, the digest SM3(ZA || M) and r || s; raises `BadSignature`."""

CURVE_WIDTH = {Kind.SM2: 32, Kind.P256: 32, Kind.P384: 48}
_BAD = "the signature does not belong to this message and key"


def raw_signature(kind: Kind, signature: bytes) -> bytes:
    """The signature as the card gives it: DER signatures of curves become r || s."""
    width = CURVE_WIDTH.get(kind)
    if width is None or len(signature) == 2 * width:
        return signature
    return der.raw_ec_signature(signature, width)


def verify(key: PublicKey, hash_: Hash, scheme: Scheme, message: bytes, signature: bytes, sm2_check: Sm2Check) -> None:
    """Check a signature (raw or DER) over `message`."""
    signature = raw_signature(key.kind, signature)
    digest = signed_digest(key, hash_, message)
    if key.kind is Kind.SM2:
        sm2_check(key.point, digest, signature)
    else:
        _verify_with_cryptography(key, hash_, scheme, digest, signature)


def _verify_with_cryptography(key: PublicKey, hash_: Hash, scheme: Scheme, digest: bytes, signature: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    named: hashes.HashAlgorithm = getattr(hashes, hash_.value.upper())()
    loaded = load_der_public_key(der.public_key_info(key))
    try:
        if isinstance(loaded, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(named), padding.PSS.AUTO)
            chosen = pss if scheme is Scheme.PSS else padding.PKCS1v15()
            loaded.verify(signature, digest, chosen, utils.Prehashed(named))
        elif isinstance(loaded, ec.EllipticCurvePublicKey):
            loaded.verify(der.ec_signature(signature), digest, ec.ECDSA(utils.Prehashed(named)))
    except (InvalidSignature, ValueError):
        raise BadSignature(_BAD) from None
