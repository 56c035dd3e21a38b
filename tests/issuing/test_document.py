"""The worked example of `docs/issuing.md`, run as it stands."""

from __future__ import annotations

from pathlib import Path

from tests.office.test_document import play


def test_the_worked_example_works_as_written(tmp_path: Path) -> None:
    seen, said = play("issuing.md", tmp_path)
    assert seen == said
