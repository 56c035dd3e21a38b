"""Whether the log, and what it says the rows should be, is as it was written.

Seen: a line changed, removed, put in another place or cut off at the end; a chain that is gone; a row of a card,
enterprise, certificate or holder that is not what the log says. A log rewritten as a whole, with new hashes
throughout, can only be seen by somebody who kept a witness: the heads of all chains, written down earlier and
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby

from sqlalchemy import select

from host_tools.registry import log
from host_tools.registry.cards import BOUND, FIRM, MARK, card_facts, enterprise_facts
from host_tools.registry.columns import canonical
from host_tools.registry.models import Binding, Card, Certificate, Chain, Enterprise, Operation
from host_tools.registry.states import CardState, CertificateState, Outcome
from host_tools.registry.transaction import Transaction

PIECE = 2000
"""Rows read at once."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written; `sequence` is 0 where no single line is meant."""

    subject: str
    sequence: int
    text: str


@dataclass(frozen=True, slots=True)
class Head:
    """How long a chain was, and the hash of its last line."""

    count: int
    hash: str


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit looked at and found; `digest` is one hash over all heads."""

    chains: int
    operations: int
    digest: str
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Told:
    """What the log tells of its subjects."""

    states: dict[str, str] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    facts: dict[str, object] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)
    current: dict[str, dict[str, str]] = field(default_factory=dict)
    bound: dict[str, str] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    firms: dict[str, object] = field(default_factory=dict)
    heads: dict[str, Head] = field(default_factory=dict)
    operations: int = 0


def heads(work: Transaction) -> dict[str, Head]:
    """The heads of all chains: what a witness keeps."""
    rows = work.session.execute(select(Chain.subject, Chain.count, Chain.head).order_by(Chain.subject))
    return {subject: Head(count, hash_) for subject, count, hash_ in rows}


def audit(work: Transaction, witness: Mapping[str, Head] | None = None) -> Report:
    """Look at everything; with a witness also whether what it saw is still there."""
    told, kept = _Told(), heads(work)
    findings = [*_lines(work, told, witness or {})]
    findings += _chains(told, kept)
    findings += _subjects(work, told)
    findings += _certificates(work, told)
    findings += _bindings(work, told)
    findings += [
        Finding(subject, seen.count, "the witness saw more lines than there are now")
        for subject, seen in (witness or {}).items()
        if seen.count > told.heads.get(subject, Head(0, "")).count
    ]
    digest = sha256(canonical([[name, head.count, head.hash] for name, head in sorted(kept.items())]).encode())
    return Report(len(kept), told.operations, digest.hexdigest(), tuple(findings))


def _lines(work: Transaction, told: _Told, witness: Mapping[str, Head]) -> Iterator[Finding]:
    query = select(Operation).order_by(Operation.subject, Operation.sequence).execution_options(yield_per=PIECE)
    rows = work.session.execute(query).scalars()
    for subject, lines in groupby(rows, key=lambda line: line.subject):
        previous, expected = log.START, 1
        for line in lines:
            yield from _line(line, previous, expected)
            seen = witness.get(subject)
            if seen is not None and seen.count == line.sequence and seen.hash != line.hash:
                yield Finding(subject, line.sequence, "the witness saw another line here")
            _listen(line, told)
            previous, expected = line.hash, line.sequence + 1
            work.session.expunge(line)
        told.heads[subject] = Head(expected - 1, previous)


def _line(line: Operation, previous: str, expected: int) -> Iterator[Finding]:
    if line.sequence != expected:
        yield Finding(line.subject, expected, f"line {expected} is missing")
    elif line.previous != previous:
        yield Finding(line.subject, line.sequence, "does not follow the line before it")
    if log.hash_of(line) != line.hash:
        yield Finding(line.subject, line.sequence, "was changed: its hash is another")


def _listen(line: Operation, told: _Told) -> None:
    told.operations += 1
    if line.subject == log.REGISTRY or line.sequence == 1:
        told.facts.setdefault(line.subject, line.data)
    if line.outcome is Outcome.ACCEPTED:
        told.states[line.subject] = line.state
        for use, (number, mark) in line.data.get("certificates", {}).items():
            told.certificates[number] = mark
            told.current.setdefault(line.subject, {})[use] = number
        if BOUND in line.data:
            told.bound[line.subject] = line.data[BOUND]
        if MARK in line.data:
            told.holders[line.subject] = line.data[MARK]
        if FIRM in line.data:
            told.firms[line.subject] = line.data[FIRM]
    if "subject" in line.data:
        told.named.add(str(line.data["subject"]))


def _chains(told: _Told, kept: Mapping[str, Head]) -> Iterator[Finding]:
    for subject, head in kept.items():
        found = told.heads.get(subject, Head(0, log.START))
        if found.count < head.count:
            yield Finding(subject, head.count, f"lines are missing at the end: {found.count} of {head.count} are there")
        elif found != head:
            yield Finding(subject, found.count, "its last line is not the one that was written last")
    for subject in told.heads.keys() - kept.keys():
        yield Finding(subject, 0, "its chain has no head")
    for subject in told.named - kept.keys():
        yield Finding(subject, 0, "its chain is gone")
    for subject in kept.keys() - told.named - {log.REGISTRY}:
        yield Finding(subject, 0, "no other chain names it")


def _subjects(work: Transaction, told: _Told) -> Iterator[Finding]:
    present = set()
    for row in _all(work):
        present.add(row.subject)
        state = told.states.get(row.subject)
        if state != row.state.value:
            yield Finding(row.subject, 0, f"is {row.state.value}, and by the log it is {state or 'not there'}")
        yield from _card(row, told) if isinstance(row, Card) else _enterprise(row, told)
    for subject in told.named - present:
        yield Finding(subject, 0, "is in the log, and not in the registry")


# Older lines say nothing of an enterprise's name and codes, those of the first form have no mark of a holder.


def _enterprise(row: Enterprise, told: _Told) -> Iterator[Finding]:
    facts = enterprise_facts(row)[FIRM]
    if told.firms.get(row.subject, facts) != facts:
        yield Finding(row.subject, 0, "its name or codes are not those that were written down")


def _card(row: Card, told: _Told) -> Iterator[Finding]:
    if not _agrees(row, told.facts.get(row.subject)):
        yield Finding(row.subject, 0, "its number, kind or enterprise is not what the log says")
    if told.holders.get(row.subject, row.holder.mark) != row.holder.mark:
        yield Finding(row.subject, 0, "the data of its holder are not those that were written down")


def _all(work: Transaction) -> Iterator[Enterprise | Card]:
    yield from work.session.execute(select(Enterprise).execution_options(yield_per=PIECE)).scalars()
    yield from work.session.execute(select(Card).execution_options(yield_per=PIECE)).scalars()


def _agrees(card: Card, facts: object) -> bool:
    return isinstance(facts, dict) and card_facts(card).items() <= facts.items()


def _certificates(work: Transaction, told: _Told) -> Iterator[Finding]:
    seen = set()
    for row in work.session.execute(select(Certificate).execution_options(yield_per=PIECE)).scalars():
        seen.add(row.number)
        subject = row.card.subject
        if told.certificates.get(row.number) != sha256(row.der).hexdigest():
            yield Finding(subject, 0, f"certificate {row.number} is not the one that was written down")
        used = told.states.get(subject) != CardState.VOID and row.number in told.current.get(subject, {}).values()
        if used is not (row.state is CertificateState.CURRENT):
            yield Finding(subject, 0, f"certificate {row.number} is {row.state.value}, and by the log it is not")
    for number in told.certificates.keys() - seen:
        yield Finding(log.REGISTRY, 0, f"certificate {number} is in the log, and not in the registry")


def _bindings(work: Transaction, told: _Told) -> Iterator[Finding]:
    rows = work.session.execute(select(Card, Binding).join(Binding, Binding.card_id == Card.id))
    kept = {card.subject: binding.record_number for card, binding in rows}
    for subject in kept.keys() | told.bound.keys():
        if kept.get(subject, "") != told.bound.get(subject, ""):
            yield Finding(subject, 0, "is bound to another declarant than the log says")
