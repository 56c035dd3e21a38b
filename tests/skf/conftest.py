"""The library, built once per worker, and programs and worlds for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reader_bridge.private_world import PrivateWorld
from scripts.build_skf import build
from tests.skf.desk import compile_program


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """libsimcard_skf.so, its header beside it."""
    return build(tmp_path_factory.mktemp("skf"))


@pytest.fixture(scope="session")
def program(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A compiled program of this folder."""
    made: dict[str, Path] = {}

    def compiled(source: str) -> Path:
        if source not in made:
            made[source] = compile_program(library, source, tmp_path_factory.mktemp("programs"))
        return made[source]

    return compiled


@pytest.fixture
def world() -> Iterator[PrivateWorld]:
    """A private PC/SC world."""
    with PrivateWorld() as made:
        yield made
