"""The three ways in which CEB messages name their algorithms.

The official message guide (edition 202205) prefers the chinaport.gov.cn names with SM2 and SM3, and allows RSA with
SHA-1. Clients in the field also write an SM2 name under www.w3.org beside a SHA-1 digest; it was reported as accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from host_tools.pki.keys import Hash, Kind

W3 = "http://www.w3.org/2000/09/xmldsig#"
CHINAPORT = "http://www.chinaport.gov.cn/2022/04/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = W3 + "enveloped-signature"


class Dialect(StrEnum):
    """A dialect by the name the command line uses."""

    RSA = "rsa"
    SM2 = "sm2"
    SM2_W3 = "sm2-w3"


@dataclass(frozen=True, slots=True)
class Algorithms:
    """Names and hash of a dialect, and the kind of key it is for."""

    signature: str
    digest: str
    hash: Hash
    kind: Kind


ALGORITHMS: dict[Dialect, Algorithms] = {
    Dialect.RSA: Algorithms(W3 + "rsa-sha1", W3 + "sha1", Hash.SHA1, Kind.RSA),
    Dialect.SM2: Algorithms(CHINAPORT + "sm2-sm3", CHINAPORT + "sm3", Hash.SM3, Kind.SM2),
    Dialect.SM2_W3: Algorithms(W3 + "sm2-sm3", W3 + "sha1", Hash.SHA1, Kind.SM2),
}

USUAL = {Kind.RSA: Dialect.RSA, Kind.SM2: Dialect.SM2}


def by_signature_name(name: str) -> Dialect | None:
    """The dialect of a SignatureMethod, None for a name of no dialect."""
    return next((dialect for dialect, found in ALGORITHMS.items() if found.signature == name), None)
