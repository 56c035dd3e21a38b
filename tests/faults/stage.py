"""The two services with hands: insert a card under a script, pull it, and let another program reset it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future

from host_tools.cli.lab import board_levers
from reader_bridge.echo import EchoCard
from reader_bridge.faults import FaultyCard, Levers, parse
from reader_bridge.slot import CardLike
from tests.faults.scenes import SCENES, Scene
from tests.kit import bench
from tests.pcscd.sides import OurSide, RealSide

SECONDS = 30.0
Outcomes = dict[str, tuple[str, ...]]


class Stage:
    """One side, and the card of the present scene."""

    def __init__(self, side: OurSide | RealSide) -> None:
        self.side = side
        self._others: list[subprocess.Popen[bytes]] = []
        self._pulled: Future[CardLike] | None = None

    def obey(self, what: str) -> None:
        """What the client asks for."""
        verb, _, name = what.partition(" ")
        if verb == "insert":
            scene = next(each for each in SCENES if each.name == name)
            self.side.insert(self._card(scene))
        elif verb == "sync":
            while self._others:
                assert self._others.pop().wait(SECONDS) == 0
        else:
            self._clear()

    def _card(self, scene: Scene) -> CardLike:
        remove, reset, locked = self._hands()
        if scene.real:
            card = bench(seed=None).card
            card.power_off()
            levers = board_levers(card)
        else:
            return FaultyCard(EchoCard(), parse(scene.script), Levers(remove, reset, locked))
        levers.remove, levers.reset, levers.transaction = remove, reset, locked
        return FaultyCard(card, parse(scene.script), levers)

    def _hands(self) -> tuple[Callable[[], object], Callable[[], object], Callable[[], bool]]:
        if isinstance(self.side, OurSide):
            reader = self.side._reader
            return reader.remove, reader.reset, lambda: reader.locked
        return self._hang_up, self._reset_by_another, lambda: True

    def _hang_up(self) -> None:
        """Pull the card out of vpcd's reader, from within its own work."""
        assert isinstance(self.side, RealSide)
        line = self.side._reader._line
        assert line is not None
        line.hang_up()
        self._pulled = asyncio.run_coroutine_threadsafe(self.side._reader.remove(), self.side._loop)

    def _reset_by_another(self) -> None:
        command = [sys.executable, "-m", "tests.faults.other", self.side.names[0]]
        self._others.append(subprocess.Popen(command, env=self.side.environment))

    def _clear(self) -> None:
        if self._pulled is not None:
            self._pulled.result(SECONDS)
            self._pulled = None
        elif not isinstance(self.side, OurSide) or self.side._reader.occupied:
            self.side.remove()


def outcomes(side: OurSide | RealSide) -> Outcomes:
    """What a client sees of every scene."""
    stage = Stage(side)
    side.remove()
    seen: Outcomes = {}
    command = [sys.executable, "-m", "tests.faults.client", side.names[0]]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=side.environment
    ) as client:
        assert client.stdin is not None and client.stdout is not None
        for line in client.stdout:
            kind, *rest = json.loads(line)
            if kind == "seen":
                seen[rest[0]] = (*seen.get(rest[0], ()), rest[2])
                continue
            stage.obey(rest[0])
            client.stdin.write("done\n")
            client.stdin.flush()
    assert client.returncode == 0, f"the client failed after {list(seen)[-1:]}"
    return seen
