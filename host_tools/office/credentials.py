"""Whether a signature was made by a card that may speak now: the checks that orders and log in share.

First who speaks: a certificate of the registry whose key made the signature. Then whether that card may: certificate
chain, validity, revocation by the authority's book, states of card and enterprise. Every failure is a `Refusal` with
a reason of its own.
"""

from __future__ import annotations

from host_tools.errors import BadEncoding, BadResponse, BadSignature, NotTrusted
from host_tools.office.folder import Office
from host_tools.office.orders import Signed
from host_tools.office.refusals import Reason, Refusal
from host_tools.pki import verify
from host_tools.pki.chain import verify_chain
from host_tools.pki.generation import of_kind
from host_tools.pki.keys import SCHEMES, USUAL_HASH
from host_tools.pki.revocation import Reason as Why
from host_tools.pki.view import Certificate
from host_tools.registry.models import Card
from host_tools.registry.models import Certificate as Row
from host_tools.registry.states import CardState, CertificateState, EnterpriseState
from host_tools.registry.work import Work

STATES = {
    CardState.PREPARING: Reason.SIGNER_PREPARING,
    CardState.FROZEN: Reason.SIGNER_FROZEN,
    CardState.LOST: Reason.SIGNER_LOST,
    CardState.VOID: Reason.SIGNER_VOID,
}


def authenticate(office: Office, work: Work, signed: Signed) -> Row:
    """The registry's row of the certificate whose key made the signature; `Refusal` where nobody known made it."""
    try:
        certificate = Certificate.parse(signed.certificate)
    except BadEncoding:
        raise Refusal(Reason.CERTIFICATE_FORM) from None
    row = work.find_certificate(certificate.number)
    if row is None or row.der != certificate.encoded:
        _insist_on_chain(office, certificate)
        raise Refusal(Reason.UNKNOWN_CERTIFICATE)
    hash_, scheme = USUAL_HASH[certificate.key.kind], SCHEMES[certificate.key.kind][0]
    try:
        verify.verify(certificate.key, hash_, scheme, signed.text, signed.signature, office.sm2.verify)
    except (BadSignature, BadResponse):
        raise Refusal(Reason.SIGNATURE) from None
    return row


def insist_on_standing(office: Office, work: Work, row: Row) -> Card:
    """The card of a certificate, which may speak now; `Refusal` for any other."""
    certificate = Certificate.parse(row.der)
    now, number = office.clock(), row.card.number
    if now < certificate.not_before:
        raise Refusal(Reason.NOT_YET_VALID, card=number, start=f"{certificate.not_before:%Y-%m-%d}")
    if now > certificate.not_after:
        over = Reason.OPERATOR_EXPIRED if office.is_own(row.card) else Reason.EXPIRED
        raise Refusal(over, card=number, end=f"{certificate.not_after:%Y-%m-%d}")
    _insist_on_chain(office, certificate)
    card = work.card(number)
    if card.state in STATES:
        raise Refusal(STATES[card.state], card=number)
    if card.enterprise.state is not EnterpriseState.ACTIVE:
        raise Refusal(Reason.ENTERPRISE_CANCELLED)
    _insist_on_certificate(office, certificate, row)
    return card


def _insist_on_chain(office: Office, certificate: Certificate) -> None:
    try:
        verify_chain(certificate, office.between, office.roots, office.clock(), office.sm2)
    except (NotTrusted, BadSignature):
        raise Refusal(Reason.UNTRUSTED) from None


def _insist_on_certificate(office: Office, certificate: Certificate, row: Row) -> None:
    entry = office.authorities.ledger.find(of_kind(certificate.key.kind), certificate.serial)
    if entry is None or entry.body != certificate.encoded:
        raise Refusal(Reason.UNTRUSTED)
    if row.state is CertificateState.REPLACED:
        raise Refusal(Reason.REPLACED, card=row.card.number)
    if entry.revoked is not None:
        on_hold = entry.revoked.reason is Why.HOLD
        raise Refusal(Reason.ON_HOLD if on_hold else Reason.REVOKED, card=row.card.number)
    if row.state is not CertificateState.CURRENT:
        raise Refusal(Reason.REVOKED, card=row.card.number)
