"""What Alembic runs: the migrations on the connection that `schema.upgrade` gives, in its transaction."""

from __future__ import annotations

from alembic import context

from host_tools.registry.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=False,
    render_as_batch=True,
)
context.run_migrations()
