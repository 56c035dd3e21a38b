"""Reading `conformance/vectors/*.json`: one `Vector` a test, with what its group shares."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "vectors"
SCHEMAS = FOLDER / "schemas"


@dataclass(frozen=True, slots=True)
class Vector:
    """One test. Its values and those of its group are asked for by name."""

    file: str
    kind: str
    number: int
    comment: str
    flags: tuple[str, ...]
    valid: bool
    values: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.file}-{self.number}"

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __getitem__(self, name: str) -> bytes:
        """A value that is bytes; KeyError when the vector has none of that name."""
        return bytes.fromhex(self.values[name])

    def text(self, name: str) -> str:
        """A value as it is written."""
        return str(self.values[name])


def names(folder: Path = FOLDER) -> list[str]:
    """The files of a folder, without their ending."""
    return sorted(path.stem for path in folder.glob("*.json"))


def load(name: str, folder: Path = FOLDER) -> list[Vector]:
    """The vectors of one file."""
    return list(_vectors(name, json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))))


def _vectors(name: str, document: dict[str, Any]) -> Iterator[Vector]:
    for group in document["testGroups"]:
        shared = {key: value for key, value in group.items() if key not in ("tests", "type", "source")}
        for test in group["tests"]:
            about = (test["tcId"], test["comment"], tuple(test["flags"]), test["result"] != "invalid")
            yield Vector(name, group["type"], *about, {**shared, **test})
