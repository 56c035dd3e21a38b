"""The tables of the registry. Rows are changed by `work.Work` only, which writes the log in the same transaction."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import ClassVar

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from host_tools.pki.certificate import Use
from host_tools.pki.generation import Generation
from host_tools.registry.columns import Json, JsonText, Moment, canonical, closed
from host_tools.registry.states import (
    Action,
    ApplicationKind,
    ApplicationState,
    CardKind,
    CardState,
    CertificateState,
    EnterpriseState,
    Medium,
    Outcome,
    ProcedureKind,
)

MARK_FORM = "simcard holder 1"
NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Fixed names, so that a migration can speak of a constraint in either data base."""


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar = {
        Action: closed(Action),
        ApplicationKind: closed(ApplicationKind),
        ApplicationState: closed(ApplicationState),
        CardKind: closed(CardKind),
        CardState: closed(CardState),
        CertificateState: closed(CertificateState),
        EnterpriseState: closed(EnterpriseState),
        Generation: closed(Generation),
        Medium: closed(Medium),
        Outcome: closed(Outcome),
        ProcedureKind: closed(ProcedureKind),
        Use: closed(Use),
        datetime: Moment(),
        Json: JsonText(),
        bytes: LargeBinary(),
    }


class Enterprise(Base):
    """An enterprise, by its unified social credit code (GB 32100); `code` is the organisation's part of it."""

    __tablename__ = "enterprise"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    credit_code: Mapped[str] = mapped_column(String(18), unique=True)
    code: Mapped[str] = mapped_column(String(9), index=True)
    category: Mapped[str] = mapped_column(String(8))
    customs_code: Mapped[str] = mapped_column(String(40))
    acceptance_point: Mapped[str] = mapped_column(String(8))
    state: Mapped[EnterpriseState]
    data: Mapped[Json]

    @property
    def subject(self) -> str:
        """The name of its chain in the log."""
        return f"enterprise:{self.credit_code}"


class Holder(Base):
    """A person who holds cards of an enterprise; `record_number` is a declarant's (报关人员备案证号).

    `salt` is random, and empty for a person of a registry of the first form whose data were never changed since.
    """

    __tablename__ = "holder"

    id: Mapped[int] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    document_type: Mapped[str] = mapped_column(String(2))
    document_number: Mapped[str] = mapped_column(String(40), index=True)
    social_number: Mapped[str] = mapped_column(String(40))
    record_number: Mapped[str] = mapped_column(String(40))
    salt: Mapped[str] = mapped_column(String(32), server_default="")
    enterprise: Mapped[Enterprise] = relationship(lazy="joined", innerjoin=True)

    @property
    def mark(self) -> str:
        """What the log says of the person: SHA-256 over the salt and their data.

        Without the salt, which is not in the log, nobody finds the number of a document by trying all there are.
        """
        data = [self.name, self.document_type, self.document_number, self.social_number, self.record_number]
        return sha256(canonical([MARK_FORM, self.salt, *data]).encode()).hexdigest()


class Card(Base):
    """A card. `number` is without the prefix of the SM2 generation; `script_counter` is what the office knows of it."""

    __tablename__ = "card"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[CardKind]
    medium: Mapped[Medium]
    generation: Mapped[Generation]
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"), index=True)
    holder_id: Mapped[int] = mapped_column(ForeignKey("holder.id"), index=True)
    state: Mapped[CardState]
    script_counter: Mapped[int] = mapped_column(BigInteger)
    replaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("card.id"))
    made_at: Mapped[datetime | None]
    data: Mapped[Json]
    enterprise: Mapped[Enterprise] = relationship(lazy="joined", innerjoin=True)
    holder: Mapped[Holder] = relationship(lazy="joined", innerjoin=True)

    @property
    def subject(self) -> str:
        """The name of its chain in the log."""
        return f"card:{self.number}"


class Certificate(Base):
    """A certificate that a card has, or had."""

    __tablename__ = "certificate"

    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("card.id"), index=True)
    use: Mapped[Use]
    number: Mapped[str] = mapped_column(String(16), unique=True)
    not_before: Mapped[datetime]
    not_after: Mapped[datetime] = mapped_column(index=True)
    der: Mapped[bytes]
    state: Mapped[CertificateState]
    card: Mapped[Card] = relationship(lazy="joined", innerjoin=True)

    @property
    def serial(self) -> int:
        """The serial number: the certificate number is its hexadecimal form."""
        return int(self.number, 16)


class Binding(Base):
    """The declarant's record number that a card works for now."""

    __tablename__ = "binding"

    card_id: Mapped[int] = mapped_column(ForeignKey("card.id"), primary_key=True)
    record_number: Mapped[str] = mapped_column(String(40), unique=True)
    bound_at: Mapped[datetime]


class Application(Base):
    """An application of an enterprise, by its receipt number."""

    __tablename__ = "application"

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt: Mapped[str] = mapped_column(String(24), unique=True)
    kind: Mapped[ApplicationKind]
    credit_code: Mapped[str] = mapped_column(String(18), index=True)
    state: Mapped[ApplicationState]
    submitted_at: Mapped[datetime]
    data: Mapped[Json]


class Procedure(Base):
    """Work on a card, kept until it is finished. `key` is unique while it is open: one such work a card at a time."""

    __tablename__ = "procedure"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[ProcedureKind]
    card_id: Mapped[int] = mapped_column(ForeignKey("card.id"), index=True)
    open_key: Mapped[str | None] = mapped_column(String(40), unique=True)
    script_counter: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[Json]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(index=True)
    card: Mapped[Card] = relationship(lazy="joined", innerjoin=True)


class UsedOrder(Base):
    """An order number that was spent; an order is good once."""

    __tablename__ = "used_order"

    number: Mapped[str] = mapped_column(String(40), primary_key=True)
    used_at: Mapped[datetime]


class Chain(Base):
    """The head of one chain of the log: how many operations it has, and the hash of the last."""

    __tablename__ = "chain"

    subject: Mapped[str] = mapped_column(String(40), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    head: Mapped[str] = mapped_column(String(64))


class Operation(Base):
    """One line of the log. Never changed and never deleted: triggers refuse it, and the hashes show it."""

    __tablename__ = "operation"
    __table_args__ = (UniqueConstraint("subject", "sequence"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(40))
    sequence: Mapped[int] = mapped_column(Integer)
    action: Mapped[Action]
    at: Mapped[datetime]
    by_card: Mapped[str] = mapped_column(String(20))
    order_number: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[Outcome]
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(24))
    data: Mapped[Json]
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
