"""What is written about the judge is what it does. If not: python -m scripts.make_conformance_docs."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from conformance import run
from conformance.format import HERE, TARGETS, suite_paths, target_names, vocabulary
from scripts import make_conformance_docs as docs


def test_the_guide_has_every_function() -> None:
    assert docs.GUIDE.read_text(encoding="utf-8") == docs.guide()


def test_the_coverage_page_is_current() -> None:
    assert docs.COVERAGE.read_text(encoding="utf-8") == docs.coverage()


def test_the_schemas_are_current() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in docs.SCHEMAS}
    assert texts == {path: docs.schema_text(kind) for path, kind in docs.SCHEMAS.items()}


def test_every_suite_names_its_clauses() -> None:
    unnamed = {
        f"{suite.id} {case.clause}" for suite, case in run.cases(run.suites()) if case.clause not in suite.clauses
    }
    assert set() == unnamed


def test_a_suite_is_called_like_its_file() -> None:
    assert [path.stem for path in suite_paths()] == [suite.id for suite in run.suites()]


def test_every_name_of_the_vocabulary_is_used() -> None:
    texts = [path.read_text(encoding="utf-8") for path in suite_paths()]
    words = set(re.findall(r"[a-z0-9_.]+", " ".join(texts)))
    # A row may write a part of a name: ${c}_external_key with aes and sm4.
    parts = {word.lstrip("_") for word in words}
    assert [] == [name for name in vocabulary().names if name not in words and not _made_of(name, parts)]


def _made_of(name: str, parts: set[str]) -> bool:
    first, _, rest = name.partition("_")
    return first in parts and rest in parts


@pytest.mark.parametrize(("schema", "paths"), [("suite", suite_paths()), ("target", sorted(TARGETS.glob("*.toml")))])
def test_the_shipped_files_are_of_their_schema(schema: str, paths: list[Path]) -> None:
    validator = jsonschema.Draft202012Validator(json.loads((HERE / "schemas" / f"{schema}.json").read_bytes()))
    for path in paths:
        validator.validate(tomllib.loads(path.read_text(encoding="utf-8")))


def test_every_shipped_profile_has_a_target() -> None:
    from simcard.profile import builtin_names

    assert sorted(builtin_names()) == target_names()
