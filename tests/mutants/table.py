"""The broken cards, read from `table.toml`, which says what its rows mean."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Mutant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A card with one bug."""

    name: str
    room: str
    broken: str
    target: str
    found_by: str
    part: str
    by: str


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them."""

    mutant: tuple[Mutant, ...]


MUTANTS = msgspec.toml.decode((Path(__file__).parent / "table.toml").read_bytes(), type=Table).mutant
