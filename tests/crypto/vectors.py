"""Reads `conformance/vectors` into cases a test can be parametrised with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "conformance" / "vectors"
FILES = sorted(path.name for path in FOLDER.glob("*.json"))


@dataclass(frozen=True)
class Case:
    """One test with what its group shares."""

    file: str
    group: dict[str, Any]
    values: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.file.removesuffix('.json')}-{self.values['tcId']}"

    @property
    def valid(self) -> bool:
        return bool(self.values["result"] == "valid")

    @property
    def made_here(self) -> bool:
        return bool(self.group["source"]["origin"] == "generated")

    def __contains__(self, name: str) -> bool:
        return name in self.values or name in self.group

    def text(self, name: str) -> str:
        """A value as written."""
        return str(self.values[name] if name in self.values else self.group[name])

    def __getitem__(self, name: str) -> bytes:
        return bytes.fromhex(self.text(name))


def document(name: str) -> dict[str, Any]:
    """A whole file."""
    content: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return content


def cases(name: str, *kinds: str) -> list[Case]:
    """The cases of a file, of these group types or all."""
    return list(_cases(name, kinds))


def _cases(name: str, kinds: tuple[str, ...]) -> Iterator[Case]:
    for group in document(name)["testGroups"]:
        if not kinds or group["type"] in kinds:
            shared = {key: value for key, value in group.items() if key != "tests"}
            for test in group["tests"]:
                yield Case(name, shared, test)
