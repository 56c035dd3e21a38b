"""Fifty private PC/SC worlds at once under pytest-xdist, each seen by nobody but its own programs (M9)."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import pytest

from tests.plugin.support import OURS, XDIST

pytest_plugins = ["pytester"]

WORLDS = 50
SECONDS = 120.0
SCENE = """
import os, socket, subprocess
import pytest
from reader_bridge.echo import EchoCard, with_check_byte

EACH = {each}

@pytest.mark.parametrize("number", range({workers}))
def test_worlds(simcard_worlds, number):
    atrs, worlds = [], []
    for place in range(EACH):
        atrs.append(with_check_byte(bytes((0x3B, 0x83, 0x01, number, place, 0x57))))
        worlds.append(simcard_worlds())
        worlds[-1].add_reader(f"reader {{number}} {{place}}", EchoCard(atrs[-1]))
    with socket.socket(socket.AF_UNIX) as gate:
        gate.connect({gate!r})
        assert b"go" == gate.recv(2)
        for atr, world in zip(atrs, worlds):
            ended = subprocess.run(["opensc-tool", "--atr"], env=world.environment(), capture_output=True, text=True)
            assert atr.hex(":") == ended.stdout.strip(), ended.stderr
        gate.sendall(b"done")
        assert b"end" == gate.recv(3)
"""


class Gate(threading.Thread):
    """Lets nobody through until all have come, and nobody go until all are done: so all worlds live at once."""

    def __init__(self, path: Path, parties: int) -> None:
        super().__init__(daemon=True)
        self.path = path
        self.parties = parties
        self.met = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.settimeout(SECONDS)
        self._listener.bind(str(path))
        self._listener.listen(parties)

    def run(self) -> None:
        with self._listener, contextlib.ExitStack() as stack:
            guests = []
            for _ in range(self.parties):
                guests.append(stack.enter_context(self._listener.accept()[0]))
                guests[-1].settimeout(SECONDS)
            for guest in guests:
                guest.sendall(b"go")
            self.met = sum(guest.recv(4) == b"done" for guest in guests)
            for guest in guests:
                guest.sendall(b"end")


@pytest.mark.parametrize("workers", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_fifty_worlds_at_once(
    project: pytest.Pytester,
    tmp_path_factory: pytest.TempPathFactory,
    workers: int,
) -> None:
    gate = Gate(tmp_path_factory.mktemp("g") / "gate", workers)
    gate.start()
    project.makepyfile(SCENE.format(each=WORLDS // workers, workers=workers, gate=str(gate.path)))
    result = project.runpytest_subprocess(*OURS, *XDIST, "-n", str(workers))
    gate.join(SECONDS)
    assert {"passed": workers} == result.parseoutcomes(), result.stdout.str()
    assert workers == gate.met
