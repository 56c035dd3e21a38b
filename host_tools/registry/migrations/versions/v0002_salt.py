"""The second form: holders have a salt, so that the log can have a mark of their data."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give holders a salt, empty until something is written into the log of them."""
    op.add_column("holder", sa.Column("salt", sa.String(32), nullable=False, server_default=""))
