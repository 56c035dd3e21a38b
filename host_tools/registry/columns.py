"""Types of columns that mean the same in SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import Enum as PythonEnum
from typing import Any

from sqlalchemy import Enum, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

Json = dict[str, Any]
FORM = "%Y-%m-%dT%H:%M:%SZ"


def canonical(value: object) -> str:
    """The one JSON text of a value: sorted names, no blanks, no escapes but those JSON needs."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def written(moment: datetime) -> str:
    """A moment as the registry writes it: UTC, whole seconds, as in 2026-11-28T13:00:00Z."""
    # Not strftime: it leaves out the zeros of years before 1000, and such a line could never be read again.
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def read_moment(text: str) -> datetime:
    """The moment of such a text; `ValueError` for any other."""
    return datetime.strptime(text, FORM).replace(tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, kept as text: both data bases give back the very characters that were hashed."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else written(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else read_moment(value)


class JsonText(TypeDecorator[Json]):
    """A JSON object, kept as its canonical text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Json | None, dialect: Dialect) -> str | None:
        return None if value is None else canonical(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Json | None:
        return None if value is None else json.loads(value)


def closed(kind: type[PythonEnum]) -> Enum:
    """A member of an enum by its value, as text that is long enough for members still to come."""
    return Enum(kind, native_enum=False, length=24, values_callable=lambda members: [each.value for each in members])
