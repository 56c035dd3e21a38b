"""A test authority of one generation: issues, revokes, lists, answers; and its key centre, which makes exchange keys.

It takes keys, not wishes: a request proves the key, and the caller says whom it is for. The same key and use get the
same certificate again, so a procedure that was cut short can be run again. Time comes from an injected clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from host_tools.errors import AuthorityProblem, BadEncoding
from host_tools.pki import der, envelope, ocsp, revocation
from host_tools.pki.certificate import SIGNATURES, YEARS, Issuer, Use, years_later
from host_tools.pki.envelope import EnvelopedKey
from host_tools.pki.generation import (
    Addresses,
    Generation,
    Parent,
    Subject,
    authority_extensions,
    authority_name,
    holder_extensions,
    number_of,
    subject_name,
)
from host_tools.pki.keys import Hash, PublicKey
from host_tools.pki.ledger import Entry, Ledger
from host_tools.pki.ocsp import Question, Status, Unknown, Verdict
from host_tools.pki.request import Request
from host_tools.pki.revocation import Reason
from host_tools.pki.signed import sign
from host_tools.pki.softkey import SoftKey, generate
from host_tools.pki.view import Certificate

ROOT_YEARS = 30
ISSUING_YEARS = 25
LIST_LIFE = timedelta(days=7)
ANSWER_LIFE = timedelta(hours=1)

Clock = Callable[[], datetime]


def midnight(day: date) -> datetime:
    """The first moment of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _build(contents: der.Contents, issuer: Issuer) -> Certificate:
    return Certificate.parse(sign(der.tbs_certificate(contents), issuer))


def make_authority(
    key: PublicKey, which: str, serial: int, start: date, issuer: Issuer, parent: Certificate | None, to: Addresses
) -> Certificate:
    """An authority's own certificate: a root (without `parent`, signed by itself) or an issuing one."""
    generation = Generation(key.kind.value)
    years = ROOT_YEARS if parent is None else ISSUING_YEARS
    above = None if parent is None else Parent(parent.key, authority_name(generation, "ROOT"), parent.serial)
    contents = der.Contents(
        serial=serial,
        signature_oid=SIGNATURES[issuer.key.kind, issuer.hash],
        issuer=authority_name(generation, "ROOT"),
        subject=authority_name(generation, which),
        not_before=midnight(start),
        not_after=midnight(years_later(start, years)),
        key=key,
        extensions=authority_extensions(key, above, to),
    )
    return _build(contents, issuer)


@dataclass(frozen=True, slots=True)
class Chain:
    """The certificates of an authority: the root, and the one that issues."""

    root: Certificate
    issuing: Certificate

    def insist_on_life(self, day: date) -> None:
        """`AuthorityProblem` where a certificate of ten years from that day is not within the authority's own life."""
        first, last = self.issuing.not_before, self.issuing.not_after
        if not first.date() <= day <= years_later(last.date(), -YEARS):
            raise AuthorityProblem(
                f"ten years from {day} are not within the validity of the authority itself ({first:%Y-%m-%d} to "
                f"{last:%Y-%m-%d}); make a new one"
            )


@dataclass(frozen=True, slots=True)
class Pair:
    """What a holder gets: both certificates, and the exchange pair in an envelope for the signing key."""

    signing: Certificate
    exchange: Certificate
    envelope: EnvelopedKey


class Authority:
    """One generation. `recovery` is the key centre's own pair, under which exchange keys are kept."""

    def __init__(
        self,
        chain: Chain,
        key: SoftKey,
        recovery: SoftKey,
        ledger: Ledger,
        clock: Clock,
        addresses: Addresses = Addresses(),  # noqa: B008 - it is frozen
        hash_: Hash | None = None,
    ) -> None:
        self.generation = Generation(key.key.kind.value)
        self.chain = chain
        self.ledger = ledger
        self._key = key
        self._recovery = recovery
        self._clock = clock
        self._addresses = addresses
        self._issuer = key.issuer(hash_ or self.generation.hash)

    # -- issuing

    def issue(self, request: bytes, subject: Subject, use: Use = Use.SIGN, start: date | None = None) -> Certificate:
        """A certificate for the key of a PKCS#10 request (DER or PEM), which must be signed by that key.

        Valid from midnight (UTC) of `start`, by default today, for ten years.
        """
        parsed = Request.parse(request)
        parsed.check(self._key.sm2)
        return self.issue_key(parsed.key, subject, use, start)

    def issue_key(self, key: PublicKey, subject: Subject, use: Use, start: date | None = None) -> Certificate:
        """The same for a key whose private half is known to be where it belongs."""
        if key.kind is not self.generation.kind:
            raise AuthorityProblem(f"this authority certifies {self.generation.value} keys, not {key.kind.value}")
        day = start or self._now().date()
        self.chain.insist_on_life(day)
        contents = der.Contents(
            serial=0,
            signature_oid=SIGNATURES[key.kind, self._issuer.hash],
            issuer=authority_name(self.generation, "ISSUING"),
            subject=subject_name(self.generation, subject),
            not_before=midnight(day),
            not_after=midnight(years_later(day, YEARS)),
            key=key,
            extensions=holder_extensions(self.generation, key, use, subject, self._parent, self._addresses),
        )
        return self._same_again(contents, use) or self._numbered(contents, use)

    @property
    def _parent(self) -> Parent:
        issuing = self.chain.issuing
        return Parent(issuing.key, authority_name(self.generation, "ROOT"), issuing.serial)

    def _same_again(self, contents: der.Contents, use: Use) -> Certificate | None:
        """The certificate that says this already; another one for the key would be a second number for one thing."""
        entry = self.ledger.find_key(contents.key.fingerprint)
        if entry is None or entry.use is not use:
            return None
        known = Certificate.parse(entry.body)
        same = known.subject == contents.subject.public_bytes() and known.extensions == contents.extensions
        return known if same and known.not_before == contents.not_before else None

    def _numbered(self, contents: der.Contents, use: Use) -> Certificate:
        def make(serial: int) -> Certificate:
            return _build(replace(contents, serial=serial), self._issuer)

        return self.ledger.issue(self.generation, use, make)

    # -- the key centre

    def issue_pair(self, request: bytes, subject: Subject, start: date | None = None) -> Pair:
        """Certificates for the signing key of a request and for an exchange pair that the key centre makes."""
        signing = self.issue(request, subject, Use.SIGN, start)
        pair = self._exchange_pair(signing)
        exchange = self.issue_key(pair.key, subject, Use.EXCHANGE, start)
        return Pair(signing, exchange, envelope.seal(pair, signing.key))

    def _exchange_pair(self, signing: Certificate) -> SoftKey:
        """The pair made for this signing certificate. It is kept before anything is issued for it."""
        if self.ledger.archived_for(self.generation, signing.serial) is None:
            made = generate(self.generation.kind, self._key.sm2, signing.key.bits)
            kept = envelope.seal(made, self._recovery.key).encode()
            self.ledger.archive(self.generation, signing.serial, made.key.fingerprint, kept)
        found = self.ledger.archived_for(self.generation, signing.serial)
        assert found is not None
        return self._from_archive(found)

    def _from_archive(self, kept: bytes) -> SoftKey:
        return envelope.parse(self.generation.kind, kept).open(self._recovery.decrypt, self._key.sm2)

    def recover(self, serial: int, receiver: Certificate) -> EnvelopedKey:
        """The exchange pair of a certificate again, for another signing key: a holder whose card was replaced.

        The receiver's certificate must be a signing certificate of this authority, good now, for the same name.
        """
        exchange = Certificate.parse(self.entry(serial).body)
        kept = self.ledger.archived(exchange.key.fingerprint)
        if kept is None:
            raise AuthorityProblem(f"the key centre keeps no exchange key of certificate {exchange.number}")
        self._insist_on_holder(receiver, exchange)
        return envelope.seal(self._from_archive(kept), receiver.key)

    def _insist_on_holder(self, receiver: Certificate, kept: Certificate) -> None:
        entry = self.ledger.find(self.generation, receiver.serial)
        if entry is None or entry.body != receiver.encoded or entry.use is not Use.SIGN:
            raise AuthorityProblem("keys are recovered only for a signing certificate of this authority")
        if entry.revoked is not None or not receiver.not_before <= self._clock() <= receiver.not_after:
            raise AuthorityProblem("keys are recovered only for a certificate that is good now")
        if receiver.subject != kept.subject:
            raise AuthorityProblem("the exchange key belongs to another holder")

    # -- status

    def revoke(self, serial: int, reason: Reason = Reason.UNSPECIFIED) -> None:
        """Revoke from now on; a hold can be taken back by `release`."""
        self.ledger.revoke(self.generation, serial, self._now(), reason)

    def release(self, serial: int) -> None:
        """Take a hold back."""
        self.ledger.release(self.generation, serial)

    def entry(self, serial: int) -> Entry:
        """What the book says of a number; `AuthorityProblem` for one never given."""
        found = self.ledger.find(self.generation, serial)
        if found is None:
            raise AuthorityProblem(f"this authority issued no certificate {number_of(self.generation, serial)}")
        return found

    def crl(self) -> bytes:
        """The revocation list of now (DER), good for seven days."""
        number, now = self.ledger.spend_list_number(self.generation), self._now()
        rows = self.ledger.revoked(self.generation)
        return revocation.make(self.chain.issuing, self._issuer, number, rows, now, now + LIST_LIFE)

    def ocsp(self, question: bytes) -> bytes:
        """The answer (DER) to an OCSP question; one that cannot be read is answered by that."""
        try:
            asked = Question.parse(question)
        except BadEncoding:
            return ocsp.refusal(Status.MALFORMED_REQUEST)
        now = self._now()
        return ocsp.answer(asked, self.chain.issuing, self._issuer, self._verdict, now, now + ANSWER_LIFE)

    def _verdict(self, serial: int) -> Verdict:
        fits = 0 < serial <= self.generation.last_serial
        entry = self.ledger.find(self.generation, serial) if fits else None
        return Unknown() if entry is None else entry.revoked

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC).replace(microsecond=0)


def found(
    generation: Generation,
    root: SoftKey,
    key: SoftKey,
    ledger: Ledger,
    clock: Clock,
    addresses: Addresses = Addresses(),  # noqa: B008
    hash_: Hash | None = None,
) -> Chain:
    """The certificates of a new authority: a root for `root`, and by it one for `key`."""
    issuer = root.issuer(hash_ or generation.hash)
    start = clock().astimezone(UTC).date()
    first, second = ledger.spend_serial(generation), ledger.spend_serial(generation)
    top = make_authority(root.key, "ROOT", first, start, issuer, None, addresses)
    return Chain(top, make_authority(key.key, "ISSUING", second, start, issuer, top, addresses))
