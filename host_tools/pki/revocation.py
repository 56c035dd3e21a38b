"""Certificate revocation lists (RFC 5280, 5): made by an authority, read and checked by whoever trusts it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from host_tools.errors import NotTrusted
from host_tools.pki import der, oids, tree
from host_tools.pki.certificate import Issuer, key_identifier
from host_tools.pki.signed import Signed, algorithm_of, sign
from host_tools.pki.sm2 import Sm2
from host_tools.pki.tree import Reader
from host_tools.pki.view import CRL_SIGN_BIT, Certificate, read_extensions, write_extensions

WHAT = "certificate revocation list"
PEM_LABEL = "X509 CRL"


class Reason(IntEnum):
    """CRLReason (RFC 5280, 5.3.1). A hold can be taken back."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION = 5
    HOLD = 6


@dataclass(frozen=True, slots=True)
class Revoked:
    """One row of a list."""

    serial: int
    moment: datetime
    reason: Reason


def _row(entry: Revoked) -> bytes:
    # An unspecified reason is not written (RFC 5280, 5.3.1).
    reason = der.Extension(oids.CRL_REASON, False, tree.enumerated(entry.reason))
    extensions = write_extensions((reason,)) if entry.reason is not Reason.UNSPECIFIED else b""
    return tree.sequence(der.integer(entry.serial), der.time(entry.moment), extensions)


def make(
    issuer: Certificate, signer: Issuer, number: int, entries: tuple[Revoked, ...], now: datetime, until: datetime
) -> bytes:
    """A list (DER) of version 2 with AuthorityKeyIdentifier and CRLNumber."""
    from cryptography.x509 import AuthorityKeyIdentifier

    identifier = AuthorityKeyIdentifier(key_identifier(signer.key), None, None).public_bytes()
    extensions = (
        der.Extension(oids.AUTHORITY_KEY_IDENTIFIER, False, identifier),
        der.Extension(oids.CRL_NUMBER, False, der.integer(number)),
    )
    tbs = tree.sequence(
        der.integer(1),
        algorithm_of(signer),
        issuer.subject,
        der.time(now),
        der.time(until),
        tree.sequence(*map(_row, entries)) if entries else b"",
        tree.tagged(0, write_extensions(extensions)),
    )
    return sign(tbs, signer)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list taken apart; `issuer` is a name in DER, `until` is when the next list comes, None if it does not say."""

    signed: Signed
    issuer: bytes
    moment: datetime
    until: datetime | None
    entries: tuple[Revoked, ...]
    number: int | None

    @classmethod
    def parse(cls, data: bytes) -> RevocationList:
        """From DER or PEM; `BadEncoding` for anything else."""
        signed = Signed.parse(der.unwrapped(data, PEM_LABEL, WHAT), WHAT)
        reader = Reader.of(signed.tbs, WHAT)
        if reader.tag == tree.INTEGER and reader.integer() != 1:
            raise reader.wrong("its version is not 2")
        reader.algorithm()
        issuer = reader.take(tree.SEQUENCE).encoded
        moment = reader.time()
        until = reader.time() if reader.tag in (tree.UTC_TIME, tree.GENERALIZED_TIME) else None
        rows = reader.maybe_inside(tree.SEQUENCE)
        extensions = reader.maybe_inside(0xA0)
        reader.end()
        entries = _entries(rows) if rows else ()
        return cls(signed, issuer, moment, until, entries, _number(extensions))

    def check(self, issuer: Certificate, moment: datetime, sm2: Sm2) -> None:
        """Raise `BadSignature` unless this authority signed it, `NotTrusted` if it may not or the list is old."""
        if issuer.subject != self.issuer or not issuer.may(CRL_SIGN_BIT):
            raise NotTrusted("the revocation list is not of the authority that issued the certificate")
        self.signed.check(issuer.key, sm2)
        if moment < self.moment or (self.until is not None and moment > self.until):
            raise NotTrusted(f"the revocation list of {self.moment:%Y-%m-%d %H:%M} is not valid now; fetch a new one")

    def entry(self, serial: int) -> Revoked | None:
        """The row of a certificate, None if it is not on the list."""
        return next((each for each in self.entries if each.serial == serial), None)


def reason_of(value: int) -> Reason:
    """A reason by its number; those that end certificates are not told apart beyond `Reason`."""
    try:
        return Reason(value)
    except ValueError:
        return Reason.UNSPECIFIED


def _entries(rows: Reader) -> tuple[Revoked, ...]:
    found: list[Revoked] = []
    while rows.more:
        row = rows.inside()
        serial, moment = row.integer(), row.time()
        reason = Reason.UNSPECIFIED
        if row.more:
            for each in read_extensions(Reader(row.next().encoded, WHAT)):
                if each.oid == oids.CRL_REASON:
                    value = Reader(each.value, WHAT).take(tree.ENUMERATED).content
                    reason = reason_of(int.from_bytes(value, "big"))
        row.end()
        found.append(Revoked(serial, moment, reason))
    return tuple(found)


def _number(extensions: Reader | None) -> int | None:
    rows = read_extensions(extensions) if extensions else ()
    if extensions and any(each.critical for each in rows):
        # Such as issuingDistributionPoint: the list is then not of all certificates.
        raise extensions.wrong("it has a critical extension, not known here")
    return next((Reader(each.value, WHAT).integer() for each in rows if each.oid == oids.CRL_NUMBER), None)
