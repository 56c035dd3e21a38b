"""Whether a certificate leads to a trusted root, and is good now: the checks a login needs (RFC 5280, 6).

Signatures, names, dates, the right to sign, and revocation by a list. Policies and name constraints, which the test
authorities do not use, are not looked at; a critical extension that is not known here is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from host_tools.errors import NotTrusted
from host_tools.pki import oids
from host_tools.pki.revocation import Reason, RevocationList
from host_tools.pki.sm2 import Sm2
from host_tools.pki.view import CERT_SIGN_BIT, Certificate

LONGEST_CHAIN = 8
KNOWN_CRITICAL = frozenset((oids.BASIC_CONSTRAINTS, oids.KEY_USAGE, "2.5.29.37", "2.5.29.32"))


def verify_chain(
    leaf: Certificate, others: Sequence[Certificate], roots: Sequence[Certificate], moment: datetime, sm2: Sm2
) -> tuple[Certificate, ...]:
    """The chain from the leaf to a root, both included; `NotTrusted` or `BadSignature` when there is none.

    `others` are certificates that may stand between; what is not in `roots` is trusted for nothing by itself.
    """
    chain = [leaf]
    _insist_on_dates(leaf, moment)
    while chain[-1] not in roots:
        above = _above(chain[-1], (*roots, *others))
        if len(chain) > LONGEST_CHAIN or above in chain:
            raise NotTrusted("the chain of certificates goes in a circle or is too long")
        _insist_on_authority(above, len(chain) - 1)
        _insist_on_dates(above, moment)
        chain[-1].check(above.key, sm2)
        chain.append(above)
    return tuple(chain)


def _above(certificate: Certificate, candidates: Sequence[Certificate]) -> Certificate:
    found = next((each for each in candidates if each.subject == certificate.issuer), None)
    if found is None:
        raise NotTrusted(f"the issuer of certificate {certificate.number} is not known here")
    return found


def _insist_on_dates(certificate: Certificate, moment: datetime) -> None:
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in KNOWN_CRITICAL:
            raise NotTrusted(
                f"certificate {certificate.number} has a critical extension {extension.oid}, not known here"
            )
    if moment < certificate.not_before:
        raise NotTrusted(f"certificate {certificate.number} is not valid before {certificate.not_before:%Y-%m-%d}")
    if moment > certificate.not_after:
        raise NotTrusted(f"certificate {certificate.number} was valid until {certificate.not_after:%Y-%m-%d}")


def _insist_on_authority(certificate: Certificate, below: int) -> None:
    """`below` counts the authorities that stand below this one in the chain."""
    if not certificate.is_authority or not certificate.may(CERT_SIGN_BIT):
        raise NotTrusted(f"certificate {certificate.number} may not issue certificates")
    length = certificate.path_length
    if length is not None and below > length:
        raise NotTrusted(f"certificate {certificate.number} allows only {length} authorities below it")


def check_revocation(
    certificate: Certificate, issuer: Certificate, list_: RevocationList, moment: datetime, sm2: Sm2
) -> None:
    """`NotTrusted` for a certificate on its issuer's list, or a list that is not to be believed."""
    list_.check(issuer, moment, sm2)
    found = list_.entry(certificate.serial)
    if found is not None:
        how = "is on hold" if found.reason is Reason.HOLD else "was revoked"
        raise NotTrusted(f"certificate {certificate.number} {how} since {found.moment:%Y-%m-%d %H:%M}")
