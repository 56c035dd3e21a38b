"""A rootless service with readers, and clients of it that no pcscd can help."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reader_bridge.echo import EchoCard
from reader_bridge.pcscd.server import PcscService, VirtualReader
from tests.pcscd.world import World

Run = Callable[..., subprocess.CompletedProcess[str]]
SECONDS = 30


@pytest.fixture
def service() -> Iterator[PcscService]:
    """A service without readers. Its socket's folder has a short name, because socket paths have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="pcsc-") as folder, PcscService(Path(folder) / "socket") as running:
        yield running


@pytest.fixture
def reader(service: PcscService) -> VirtualReader:
    """A reader with an echo card."""
    return service.add_reader("Virtual PCD 00 00", EchoCard())


@pytest.fixture
def run(service: PcscService) -> Run:
    """Run a client program in the world of the service; its output, and it must succeed."""

    def run_client(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            env={**os.environ, **service.environment},
            timeout=SECONDS,
            check=True,
        )

    return run_client


@pytest.fixture
def world() -> World:
    """Resources with a card in a reader, without a service."""
    return World()
