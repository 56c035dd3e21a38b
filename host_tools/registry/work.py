"""Work that may be cut short, orders, applications, and the binding of declarants, in a transaction."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from sqlalchemy import select

from host_tools.errors import AlreadyRegistered, NotRegistered, WrongCardState
from host_tools.registry import log
from host_tools.registry.cards import BOUND, Cards
from host_tools.registry.columns import Json
from host_tools.registry.log import Entry
from host_tools.registry.models import (
    Application,
    Binding,
    Card,
    Procedure,
    UsedOrder,
)
from host_tools.registry.states import (
    STAGING,
    Action,
    ApplicationKind,
    ApplicationState,
    ProcedureKind,
)


class Work(Cards):
    """One transaction, from `Registry.writing` or `Registry.reading`: these verbs, and those of `Cards`."""

    # -- declarants

    def bind(self, card: Card, record_number: str, entry: Entry) -> None:
        """Bind a declarant's record number to a card; a card has one, and a number one card."""
        if self.is_bound(record_number) or self.binding(card) is not None:
            raise AlreadyRegistered(f"card {card.number} or declarant {record_number} is bound already; unbind first")
        self.session.add(Binding(card_id=card.id, record_number=record_number, bound_at=self.now))
        self.note(card, replace(entry, data={**entry.data, BOUND: record_number}))

    def unbind(self, card: Card, entry: Entry) -> None:
        """Take the binding of a card away."""
        found = self.binding(card)
        if found is None:
            raise NotRegistered(f"no declarant is bound to card {card.number}")
        self.session.delete(found)
        self.note(card, replace(entry, data={**entry.data, BOUND: ""}))

    def is_bound(self, record_number: str) -> bool:
        """Whether a declarant's record number is bound to any card."""
        query = select(Binding).where(Binding.record_number == record_number)
        return self.session.execute(query).scalar_one_or_none() is not None

    def binding(self, card: Card) -> Binding | None:
        """The binding of a card."""
        return self.session.get(Binding, card.id)

    # -- work that may be cut short

    def begin(
        self, kind: ProcedureKind, card: Card, data: Json | None = None, script_counter: int | None = None
    ) -> Procedure:
        """The open work of this kind on a card: the one that was cut short, or a new one with these data.

        `WrongCardState` where other work that stages keys is not finished: there is one place for them on a card.
        """
        found = self.open_procedure(kind, card)
        if found is not None:
            return found
        if kind in STAGING:
            self.insist_on_room(card)
        made = Procedure(
            kind=kind,
            card=card,
            open_key=f"{kind.value}:{card.number}",
            script_counter=script_counter,
            data=data or {},
            started_at=self.now,
        )
        self.session.add(made)
        self.session.flush()
        return made

    def insist_on_room(self, card: Card) -> None:
        """`WrongCardState` for a card that has unfinished work which stages keys."""
        other = next((each.kind for each in self.unfinished(card) if each.kind in STAGING), None)
        if other is not None:
            raise WrongCardState(
                f"card {card.number} has unfinished work ({other.value}): finish that first, with {STAGING[other]}"
            )

    def open_procedure(self, kind: ProcedureKind, card: Card) -> Procedure | None:
        """The unfinished work of this kind on a card."""
        query = select(Procedure).where(Procedure.open_key == f"{kind.value}:{card.number}")
        return self.session.execute(query).scalar_one_or_none()

    def open_procedures(self, kind: ProcedureKind | None = None) -> tuple[Procedure, ...]:
        """All unfinished work, oldest first."""
        query = select(Procedure).where(Procedure.finished_at.is_(None)).order_by(Procedure.id)
        query = query if kind is None else query.where(Procedure.kind == kind)
        return tuple(self.session.execute(query).scalars())

    def unfinished(self, card: Card) -> tuple[Procedure, ...]:
        """All unfinished work on a card, oldest first."""
        of_card = select(Procedure).where(Procedure.card_id == card.id, Procedure.finished_at.is_(None))
        return tuple(self.session.execute(of_card.order_by(Procedure.id)).scalars())

    def step(self, procedure: Procedure, **data: object) -> None:
        """Remember more of a work that goes on."""
        procedure.data = {**procedure.data, **data}
        self.session.flush()

    def finish(self, procedure: Procedure) -> None:
        """The work is done, or given up."""
        procedure.finished_at, procedure.open_key = self.now, None
        self.session.flush()

    # -- orders and applications

    def is_spent(self, number: str) -> bool:
        """Whether an order number was used."""
        return self.session.get(UsedOrder, number) is not None

    def spend_order(self, number: str) -> None:
        """Use an order number up; `AlreadyRegistered` for one that was used."""
        if self.is_spent(number):
            raise AlreadyRegistered(f"order {number} was used already")
        self.session.add(UsedOrder(number=number, used_at=self.now))
        self.session.flush()

    def add_application(self, kind: ApplicationKind, credit_code: str, data: Json) -> Application:
        """An application that was handed in; it gets its receipt number."""
        made = Application(
            receipt=uuid4().hex[:24],
            kind=kind,
            credit_code=credit_code,
            state=ApplicationState.SUBMITTED,
            submitted_at=self.now,
            data=data,
        )
        self.session.add(made)
        self.session.flush()
        made.receipt = f"{self.now:%Y%m%d}{made.id:08d}"
        self._note_application(made)
        return made

    def application(self, receipt: str) -> Application:
        """The application of a receipt number."""
        found = self.session.execute(select(Application).where(Application.receipt == receipt)).scalar_one_or_none()
        if found is None:
            raise NotRegistered(f"no application {receipt} in the registry")
        return found

    def move_application(self, application: Application, to: ApplicationState, reason: str = "") -> None:
        """Bring an application into another state; its line in the log says why."""
        application.state = to
        self._note_application(application, reason)

    def _note_application(self, application: Application, reason: str = "") -> None:
        data = {"receipt": application.receipt, "kind": application.kind.value, "state": application.state.value}
        entry = Entry(Action.APPLICATION, reason=reason, data=data)
        enterprise = self.find_enterprise(application.credit_code)
        if enterprise is not None:
            self.note(enterprise, entry)
        else:
            log.append(self.session, log.REGISTRY, "", entry, self.now)
