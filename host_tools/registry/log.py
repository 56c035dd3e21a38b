"""The log: one chain of operations for each card, each enterprise, and the registry as a whole.

Every operation holds the hash of the one before; `chain` holds number and hash of the last. A chain's parent names
it (the registry names enterprises, an enterprise its cards), so that a whole chain cannot vanish unseen. Hashes are
SHA-256 over one canonical JSON text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from host_tools.registry.columns import Json, canonical, written
from host_tools.registry.models import Chain, Operation
from host_tools.registry.states import Action, Outcome

FORM = "simcard operation 1"
REGISTRY = "registry"
"""The chain of the whole."""
START = "0" * 64
"""What the first operation of a chain follows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written down. `by_card` is empty where no card ordered it; `reason` says why it was refused."""

    action: Action
    by_card: str = ""
    order_number: str = ""
    outcome: Outcome = Outcome.ACCEPTED
    reason: str = ""
    data: Json = field(default_factory=dict)


def hash_of(operation: Operation) -> str:
    """The hash of an operation, which covers all that it says, its place, and the hash before it."""
    text = canonical(
        [
            FORM,
            operation.subject,
            operation.sequence,
            operation.action.value,
            written(operation.at),
            operation.by_card,
            operation.order_number,
            operation.outcome.value,
            operation.reason,
            operation.state,
            operation.data,
            operation.previous,
        ]
    )
    return sha256(text.encode()).hexdigest()


def start(session: Session, subject: str) -> None:
    """Begin the chain of a new subject."""
    session.add(Chain(subject=subject, count=0, head=START))
    session.flush()


def append(session: Session, subject: str, state: str, entry: Entry, at: datetime) -> Operation:
    """Write an operation at the end of a chain, which is locked until the transaction ends."""
    chain = session.execute(
        select(Chain).where(Chain.subject == subject).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()
    made = Operation(
        subject=subject,
        sequence=chain.count + 1,
        action=entry.action,
        at=at,
        by_card=entry.by_card,
        order_number=entry.order_number,
        outcome=entry.outcome,
        reason=entry.reason,
        state=state,
        data=entry.data,
        previous=chain.head,
    )
    made.hash = hash_of(made)
    chain.count, chain.head = made.sequence, made.hash
    session.add(made)
    session.flush()
    return made
