"""Which form the tables have, and bringing them to the newest one (Alembic, `migrations/`)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from host_tools.errors import RegistryProblem

NEWEST = "0002"
"""The newest form, which this program works with."""
VERSIONS = "alembic_version"
MIGRATIONS = Path(__file__).parent / "migrations"


def form_of(connection: Connection) -> str | None:
    """The form of the tables; None for a data base without a registry."""
    if not inspect(connection).has_table(VERSIONS):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSIONS}")).scalar()
    return None if found is None else str(found)


def insist_on_newest(connection: Connection, where: str) -> None:
    """`RegistryProblem` for tables of another form, with what to do about it."""
    found = form_of(connection)
    if found == NEWEST:
        return
    if found is None:
        raise RegistryProblem(f"{where}: holds no registry; make one with simcard registry migrate")
    if found > NEWEST:
        raise RegistryProblem(f"{where}: the registry was made by a newer version of this program ({found}); update it")
    raise RegistryProblem(f"{where}: the registry is of an older form ({found}); run simcard registry migrate")


def upgrade(connection: Connection, to: str = NEWEST) -> None:
    """Bring the tables to a form, within the caller's transaction. What is newer than this program stays untouched."""
    from alembic import command
    from alembic.config import Config

    found = form_of(connection)
    if found is not None and found > to:
        raise RegistryProblem(f"the registry was made by a newer version of this program ({found}); update the program")
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    command.upgrade(settings, to)
