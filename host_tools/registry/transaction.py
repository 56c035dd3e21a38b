"""One transaction of the registry, and what all its parts need: the moment, and the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from host_tools.registry import log
from host_tools.registry.log import Entry
from host_tools.registry.models import Card, Enterprise, Operation

Subject = Enterprise | Card
Row = TypeVar("Row")


class Transaction:
    """A session, and `now`: the moment of everything in it, UTC, whole seconds."""

    def __init__(self, session: Session, now: datetime, reading: bool = False) -> None:
        self.session = session
        self.now = now
        self._reading = reading

    def _locked(self, query: Select[Row], table: type[Any]) -> Select[Row]:
        """The query, whose row belongs to this transaction until it ends if it may write."""
        return query if self._reading else query.with_for_update(of=table).execution_options(populate_existing=True)

    def note(self, subject: Subject | None, entry: Entry) -> Operation:
        """Write an operation that changes no state; None writes it into the chain of the whole registry."""
        self.session.flush()
        if subject is None:
            return log.append(self.session, log.REGISTRY, "", entry, self.now)
        return log.append(self.session, subject.subject, subject.state.value, entry, self.now)

    def history(self, subject: Subject | None) -> tuple[Operation, ...]:
        """The operations of a card, of an enterprise, or of the registry itself, oldest first."""
        name = log.REGISTRY if subject is None else subject.subject
        query = select(Operation).where(Operation.subject == name).order_by(Operation.sequence)
        return tuple(self.session.execute(query).scalars())
