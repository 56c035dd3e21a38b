"""The shape of a vector file, which is Wycheproof's with one addition: every group tells its origin.

A file is {algorithm, schema, numberOfTests, header, notes, testGroups}; `notes` explains every flag. A group has
a type, a source and what its tests share; a test has tcId (unique in the file), comment, flags, result
(valid, invalid, acceptable) and its values in lower-case hexadecimal.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from simcard.crypto.engine import SoftEngine
from simcard.hal.entropy import SeededEntropy

Test = dict[str, Any]
Group = dict[str, Any]
File = dict[str, Any]

ENGINE = SoftEngine()
DEFAULT_ID = b"1234567812345678"


def entropy(label: str) -> SeededEntropy:
    """The fixed stream a family draws from."""
    return SeededEntropy(20170509).fork(label)


def published(name: str) -> dict[str, str]:
    """The origin of values copied from a document."""
    return {"origin": "published", "name": name}


def made(verifier: str) -> dict[str, str]:
    """The origin of values made here; `verifier` is the independent implementation that agreed."""
    return {"origin": "generated", "name": "scripts/make_vectors.py with SoftEngine", "verifiedBy": verifier}


def test(comment: str, result: str = "valid", *flags: str, **values: bytes | int | str) -> Test:
    """One test; bytes become hexadecimal."""
    shown = {key: value.hex() if isinstance(value, bytes) else value for key, value in values.items()}
    return {"comment": comment, "flags": list(flags), **shown, "result": result}


def group(kind: str, source: dict[str, str], tests: list[Test], **shared: bytes | int | str) -> Group:
    """One group of tests."""
    shown = {key: value.hex() if isinstance(value, bytes) else value for key, value in shared.items()}
    return {"type": kind, "source": source, **shown, "tests": tests}


def file(algorithm: str, schema: str, header: list[str], notes: dict[str, str], groups: list[Group]) -> File:
    """One file, its tests numbered from 1."""
    numbers = count(1)
    for entry in each(groups):
        entry_id = next(numbers)
        entry.update({"tcId": entry_id})
    ordered = [{**one, "tests": [{"tcId": t.pop("tcId"), **t} for t in one["tests"]]} for one in groups]
    return {
        "algorithm": algorithm,
        "schema": schema,
        "numberOfTests": next(numbers) - 1,
        "header": header,
        "notes": {flag: {"description": text} for flag, text in sorted(notes.items())},
        "testGroups": ordered,
    }


def each(groups: list[Group]) -> Iterator[Test]:
    """All tests of some groups."""
    for one in groups:
        yield from one["tests"]


def flipped(data: bytes, index: int = -1, bit: int = 0) -> bytes:
    """`data` with one bit changed."""
    changed = bytearray(data)
    changed[index] ^= 1 << bit
    return bytes(changed)
