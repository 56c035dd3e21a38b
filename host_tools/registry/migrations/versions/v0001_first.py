"""The first form: enterprises, holders, cards, certificates, applications, work, and a log that only grows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MESSAGE = "the log is append-only"
SQLITE_TRIGGER = """
CREATE TRIGGER operation_no_{name} BEFORE {what} ON operation
BEGIN SELECT RAISE(ABORT, '{message}'); END
"""
POSTGRES_FUNCTION = """
CREATE FUNCTION operation_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{message}'; END $$
"""
POSTGRES_TRIGGER = """
CREATE TRIGGER operation_no_{name} BEFORE {what} ON operation
FOR EACH {each} EXECUTE FUNCTION operation_append_only()
"""


def text(
    name: str, length: int, unique: bool | None = None, index: bool | None = None, primary_key: bool = False
) -> sa.Column[str]:
    """A column of text that is always there."""
    return sa.Column(name, sa.String(length), primary_key=primary_key, nullable=False, unique=unique, index=index)


def closed(name: str) -> sa.Column[str]:
    """A member of a closed set."""
    return text(name, 24)


def moment(name: str, nullable: bool = False) -> sa.Column[str]:
    """A moment, as text in UTC."""
    return sa.Column(name, sa.String(20), nullable=nullable)


def long(name: str) -> sa.Column[str]:
    """Text of any length."""
    return sa.Column(name, sa.Text(), nullable=False)


def number(name: str, nullable: bool = False) -> sa.Column[int]:
    """A whole number."""
    return sa.Column(name, sa.Integer(), nullable=nullable)


def counter(name: str, nullable: bool = False) -> sa.Column[int]:
    """A whole number of 64 bits."""
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def identifier() -> sa.Column[int]:
    """The primary key."""
    return sa.Column("id", sa.Integer(), primary_key=True)


def refers(name: str, table: str, nullable: bool = False) -> sa.Column[int]:
    """The primary key of another row."""
    return sa.Column(name, sa.Integer(), sa.ForeignKey(f"{table}.id"), nullable=nullable)


def upgrade() -> None:
    """Make all tables, and the triggers that keep the log as it is."""
    people()
    cards()
    papers()
    the_log()


def people() -> None:
    """Enterprises and holders."""
    op.create_table(
        "enterprise",
        identifier(),
        text("name", 200),
        text("credit_code", 18, unique=True),
        text("code", 9, index=True),
        text("category", 8),
        text("customs_code", 40),
        text("acceptance_point", 8),
        closed("state"),
        long("data"),
    )
    op.create_table(
        "holder",
        identifier(),
        refers("enterprise_id", "enterprise"),
        text("name", 100),
        text("document_type", 2),
        text("document_number", 40, index=True),
        text("social_number", 40),
        text("record_number", 40),
    )
    op.create_index("ix_holder_enterprise_id", "holder", ["enterprise_id"])


def cards() -> None:
    """Cards, certificates and bindings."""
    op.create_table(
        "card",
        identifier(),
        text("number", 20, unique=True),
        closed("kind"),
        closed("medium"),
        closed("generation"),
        refers("enterprise_id", "enterprise"),
        refers("holder_id", "holder"),
        closed("state"),
        counter("script_counter"),
        refers("replaced_by_id", "card", nullable=True),
        moment("made_at", nullable=True),
        long("data"),
    )
    op.create_index("ix_card_enterprise_id", "card", ["enterprise_id"])
    op.create_index("ix_card_holder_id", "card", ["holder_id"])
    op.create_table(
        "certificate",
        identifier(),
        refers("card_id", "card"),
        closed("use"),
        text("number", 16, unique=True),
        moment("not_before"),
        moment("not_after"),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        closed("state"),
    )
    op.create_index("ix_certificate_card_id", "certificate", ["card_id"])
    op.create_index("ix_certificate_not_after", "certificate", ["not_after"])
    op.create_table(
        "binding",
        sa.Column("card_id", sa.Integer(), sa.ForeignKey("card.id"), primary_key=True),
        text("record_number", 40, unique=True),
        moment("bound_at"),
    )


def papers() -> None:
    """Applications, work that may be cut short, and spent orders."""
    op.create_table(
        "application",
        identifier(),
        text("receipt", 24, unique=True),
        closed("kind"),
        text("credit_code", 18, index=True),
        closed("state"),
        moment("submitted_at"),
        long("data"),
    )
    op.create_table(
        "procedure",
        identifier(),
        closed("kind"),
        refers("card_id", "card"),
        sa.Column("open_key", sa.String(40), unique=True),
        counter("script_counter", nullable=True),
        long("data"),
        moment("started_at"),
        moment("finished_at", nullable=True),
    )
    op.create_index("ix_procedure_card_id", "procedure", ["card_id"])
    op.create_index("ix_procedure_finished_at", "procedure", ["finished_at"])
    op.create_table("used_order", text("number", 40, primary_key=True), moment("used_at"))


def the_log() -> None:
    """Chains and their operations."""
    op.create_table("chain", text("subject", 40, primary_key=True), number("count"), text("head", 64))
    op.create_table(
        "operation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        text("subject", 40),
        number("sequence"),
        closed("action"),
        moment("at"),
        text("by_card", 20),
        text("order_number", 40),
        closed("outcome"),
        long("reason"),
        text("state", 24),
        long("data"),
        text("previous", 64),
        text("hash", 64),
        sa.UniqueConstraint("subject", "sequence"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for what in ("update", "delete"):
            op.execute(SQLITE_TRIGGER.format(name=what, what=what.upper(), message=MESSAGE))
        return
    op.execute(POSTGRES_FUNCTION.format(message=MESSAGE))
    for what, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
        op.execute(POSTGRES_TRIGGER.format(name=what, what=what.upper(), each=each))
