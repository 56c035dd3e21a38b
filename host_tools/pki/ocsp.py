"""On-line certificate status (RFC 6960): questions and answers, signed by the issuing authority itself.

A question may ask for several certificates, by SHA-1, SHA-256 or SM3 of the issuer's name and key. The nonce of a
question comes back in the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from host_tools.errors import BadEncoding, NotTrusted
from host_tools.pki import der, oids, tree
from host_tools.pki.certificate import Issuer, key_identifier
from host_tools.pki.keys import Hash, Kind, digest
from host_tools.pki.revocation import Reason, Revoked, reason_of
from host_tools.pki.signed import Signed, algorithm_of, signature_value
from host_tools.pki.sm2 import Sm2
from host_tools.pki.tree import Reader
from host_tools.pki.view import Certificate, read_extensions, write_extensions

QUESTION, ANSWER = "OCSP request", "OCSP response"
LONGEST_NONCE = 128


class Status(IntEnum):
    """OCSPResponseStatus (RFC 6960, 4.2.1)."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    UNAUTHORIZED = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """One certificate asked for: CertID taken apart, and as it stands."""

    encoded: bytes
    hash: Hash | None
    name_hash: bytes
    key_hash: bytes
    serial: int

    def is_of(self, issuer: Certificate) -> bool:
        """Whether this authority issued it."""
        if self.hash is None:
            return False
        key_bits = issuer.key.point if issuer.key.kind is not Kind.RSA else der.rsa_public_key(issuer.key)
        return self.name_hash == digest(self.hash, issuer.subject) and self.key_hash == digest(self.hash, key_bits)


def _asked(encoded: bytes, what: str) -> Asked:
    reader = Reader.of(encoded, what)
    oid, _ = reader.algorithm()
    name_hash, key_hash, serial = reader.octets(), reader.octets(), reader.integer()
    reader.end()
    return Asked(encoded, oids.HASH_OF.get(oid), name_hash, key_hash, serial)


def certificate_id(certificate: Certificate, issuer: Certificate, hash_: Hash = Hash.SHA1) -> bytes:
    """CertID (RFC 6960, 4.1.1)."""
    key_bits = issuer.key.point if issuer.key.kind is not Kind.RSA else der.rsa_public_key(issuer.key)
    hashes = (tree.octets(digest(hash_, each)) for each in (issuer.subject, key_bits))
    named = tree.sequence(der.oid(oids.HASHES[hash_]), tree.null())
    return tree.sequence(named, *hashes, der.integer(certificate.serial))


# -- questions


@dataclass(frozen=True, slots=True)
class Question:
    """A request taken apart. Its signature, where it has one, is not looked at."""

    asked: tuple[Asked, ...]
    nonce: bytes | None

    @classmethod
    def parse(cls, encoded: bytes) -> Question:
        """From DER; `BadEncoding` for anything else."""
        whole = Reader.of(encoded, QUESTION)
        reader = whole.inside()
        reader.maybe(0xA0)
        reader.maybe(0xA1)
        rows = reader.inside()
        found = reader.maybe_inside(0xA2)
        reader.end()
        asked: list[Asked] = []
        while rows.more:
            asked.append(_asked(rows.inside().take(tree.SEQUENCE).encoded, QUESTION))
        if not asked:
            raise whole.wrong("it asks for no certificate")
        return cls(tuple(asked), _nonce(found))


def _nonce(extensions: Reader | None) -> bytes | None:
    """The nonce's extension value as it stands; one that is too long is no nonce (RFC 9654, 2.1)."""
    rows = read_extensions(extensions) if extensions else ()
    found = next((each.value for each in rows if each.oid == oids.OCSP_NONCE), None)
    return found if found is None or len(found) <= LONGEST_NONCE + 3 else None


def ask(certificate: Certificate, issuer: Certificate, nonce: bytes = b"", hash_: Hash = Hash.SHA1) -> bytes:
    """A question for one certificate (DER)."""
    row = tree.sequence(certificate_id(certificate, issuer, hash_))
    extension = der.Extension(oids.OCSP_NONCE, False, tree.octets(nonce))
    more = tree.tagged(2, write_extensions((extension,))) if nonce else b""
    return tree.sequence(tree.sequence(tree.sequence(row), more))


# -- answers


class Unknown:
    """The authority does not know the certificate."""


Verdict = Revoked | Unknown | None
"""What an authority says of one certificate; None is good."""


def _status(verdict: Verdict) -> bytes:
    if verdict is None:
        return tree.tagged_octets(0, b"")
    if isinstance(verdict, Unknown):
        return tree.tagged_octets(2, b"")
    reason = tree.tagged(0, tree.enumerated(verdict.reason)) if verdict.reason is not Reason.UNSPECIFIED else b""
    return tree.tagged(1, der.generalized_time(verdict.moment), reason)


def refusal(status: Status) -> bytes:
    """An answer that says only why there is none."""
    return tree.sequence(tree.enumerated(status))


def answer(
    question: Question,
    issuer: Certificate,
    signer: Issuer,
    judge: Callable[[int], Verdict],
    now: datetime,
    until: datetime,
) -> bytes:
    """The signed answer (DER); `judge` tells of a serial of this issuer. The responder is named by its key."""
    rows = [
        tree.sequence(
            each.encoded,
            _status(judge(each.serial) if each.is_of(issuer) else Unknown()),
            der.generalized_time(now),
            tree.tagged(0, der.generalized_time(until)),
        )
        for each in question.asked
    ]
    nonce = der.Extension(oids.OCSP_NONCE, False, question.nonce or b"")
    data = tree.sequence(
        tree.tagged(2, tree.octets(key_identifier(issuer.key))),
        der.generalized_time(now),
        tree.sequence(*rows),
        tree.tagged(1, write_extensions((nonce,))) if question.nonce else b"",
    )
    certificates = tree.tagged(0, tree.sequence(issuer.encoded))
    basic = tree.sequence(data, algorithm_of(signer), der.bits(signature_value(signer, data)), certificates)
    body = tree.sequence(der.oid(oids.OCSP_BASIC), tree.octets(basic))
    return tree.sequence(tree.enumerated(Status.SUCCESSFUL), tree.tagged(0, body))


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer says of one certificate."""

    serial: int
    verdict: Verdict
    moment: datetime
    until: datetime | None
    nonce: bytes | None
    """As it stands in its extension: an OCTET STRING."""


def read_answer(encoded: bytes, question: bytes, issuer: Certificate, moment: datetime, sm2: Sm2) -> Answer:
    """Check an answer of the issuing authority to a question for one certificate, and give what it says.

    `BadSignature` for a signature that is not the authority's, `NotTrusted` for an answer to another question or of
    another time, `BadEncoding` for what is no answer.
    """
    asked = Question.parse(question)
    data = _checked(encoded, issuer, sm2)
    data.maybe(0xA0)
    data.next()
    data.time()
    rows = data.inside()
    nonce = _nonce(data.maybe_inside(0xA1))
    if asked.nonce is not None and nonce != asked.nonce:
        raise NotTrusted("the OCSP answer is to another question: its nonce is not the one sent")
    while rows.more:
        found = _single(rows.inside(), nonce)
        if found[0] == asked.asked[0].encoded:
            return _timely(found[1], moment)
    raise NotTrusted("the OCSP answer says nothing of the certificate asked for")


def _checked(encoded: bytes, issuer: Certificate, sm2: Sm2) -> Reader:
    whole = Reader.of(encoded, ANSWER)
    status = whole.take(tree.ENUMERATED).content
    if status != b"\0":
        raise NotTrusted(f"the authority gives no OCSP answer (status {status.hex()})")
    body = whole.inside(0xA0).inside()
    if body.oid() != oids.OCSP_BASIC:
        raise body.wrong("it is not a basic one")
    basic = Reader.of(body.octets(), ANSWER)
    data, (oid, _), signature = basic.take(tree.SEQUENCE), basic.algorithm(), basic.bits()
    Signed(data.encoded, oid, signature, ANSWER).check(issuer.key, sm2)
    return Reader(data.content, ANSWER)


def _single(row: Reader, nonce: bytes | None) -> tuple[bytes, Answer]:
    named = row.take(tree.SEQUENCE).encoded
    serial, status = _asked(named, ANSWER).serial, row.next()
    verdict: Verdict = {0x80: None, 0x82: Unknown()}.get(status.tag)
    if status.tag == 0xA1:
        inside = Reader(status.content, ANSWER)
        revoked_at = inside.time()
        reason = inside.maybe_inside(0xA0)
        value = reason.take(tree.ENUMERATED).content if reason else b"\0"
        verdict = Revoked(serial, revoked_at, reason_of(int.from_bytes(value, "big")))
    elif status.tag not in (0x80, 0x82):
        raise BadEncoding(f"this is no {ANSWER}: it gives a status that does not exist")
    moment = row.time()
    until = row.maybe_inside(0xA0)
    return named, Answer(serial, verdict, moment, until.time() if until else None, nonce)


def _timely(found: Answer, moment: datetime) -> Answer:
    if moment < found.moment or (found.until is not None and moment > found.until):
        raise NotTrusted("the OCSP answer is not of this time")
    return found
