"""Two services for the same script: the rootless one, and the real pcscd with vpcd.

`run(side)` gives the outcomes by label. Both sides have a reader with a card and an empty one.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from reader_bridge.echo import EchoCard, with_check_byte
from reader_bridge.pcsc_world import PcscWorld
from reader_bridge.pcscd.server import PcscService, VirtualReader
from reader_bridge.server import CardServer, Reader
from reader_bridge.slot import CardLike
from simcard.hal.power import PowerLost

SECONDS = 30.0
LET_GO_SECONDS = 0.1


class MuteCard(EchoCard):
    """Loses its power at every command."""

    def transmit(self, command: bytes) -> bytes:
        """Nothing."""
        raise PowerLost


class SlowCard(EchoCard):
    """Works on a command until it is let go, or its power goes."""

    def __init__(self) -> None:
        super().__init__()
        self.working = threading.Event()
        self.let_go = threading.Event()

    def transmit(self, command: bytes) -> bytes:
        """The echo, in the end."""
        self.working.set()
        self.let_go.wait(SECONDS)
        return super().transmit(command)


ATRS = {
    "both": b"",
    "t0": bytes.fromhex("3B0453494D31"),
    "t1": with_check_byte(bytes.fromhex("3B8001")),
    "default t0": bytes.fromhex("3B1196AA"),
    "specific t0": with_check_byte(bytes.fromhex("3B80901000")),
    "t15 first": with_check_byte(bytes.fromhex("3B801F00")),
}


def make(recipe: str) -> CardLike:
    """A card by the name that the script uses."""
    if recipe == "mute":
        return MuteCard()
    return SlowCard() if recipe == "slow" else EchoCard(ATRS[recipe])


class Side(Protocol):
    """A service under test."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of its clients."""
        ...

    @property
    def names(self) -> tuple[str, str]:
        """The reader with the card, and the empty one."""
        ...

    def insert(self, card: CardLike) -> None:
        """Put a card into the first reader."""
        ...

    def remove(self) -> CardLike:
        """Take it out."""
        ...


class OurSide:
    """The rootless service."""

    def __init__(self, service: PcscService, reader: VirtualReader, empty: VirtualReader) -> None:
        self.environment = {**os.environ, **service.environment}
        self.names = (reader.name, empty.name)
        self._reader = reader

    def insert(self, card: CardLike) -> None:
        """Put a card into the first reader."""
        self._reader.insert(card)

    def remove(self) -> CardLike:
        """Take it out."""
        return self._reader.remove()


class RealSide:
    """pcscd with vpcd, and the card server in an event loop of its own."""

    def __init__(self, world: PcscWorld, loop: asyncio.AbstractEventLoop, reader: Reader) -> None:
        self.environment = dict(world.environment())
        self.names = ("Virtual PCD 0 00 00", "Virtual PCD 0 00 01")
        self._loop, self._reader = loop, reader

    def insert(self, card: CardLike) -> None:
        """Put a card into the first reader."""

        async def insert() -> None:
            self._reader.insert(card)

        asyncio.run_coroutine_threadsafe(insert(), self._loop).result(SECONDS)

    def remove(self) -> CardLike:
        """Take it out."""
        return asyncio.run_coroutine_threadsafe(self._reader.remove(), self._loop).result(SECONDS)


@contextmanager
def our_side() -> Iterator[OurSide]:
    """The rootless service, with the names that the real one uses."""
    with tempfile.TemporaryDirectory(prefix="pcsc-") as folder, PcscService(Path(folder) / "s") as service:
        reader = service.add_reader("Virtual PCD 0 00 00", EchoCard())
        yield OurSide(service, reader, service.add_reader("Virtual PCD 0 00 01"))


@contextmanager
def real_side() -> Iterator[RealSide]:
    """A private pcscd with vpcd."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    with PcscWorld(readers=2) as world:
        server = CardServer()

        async def add() -> Reader:
            return server.add_reader("first", world.endpoint(0), EchoCard())

        reader = asyncio.run_coroutine_threadsafe(add(), loop).result(SECONDS)
        try:
            yield RealSide(world, loop, reader)
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(SECONDS)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


class Hands:
    """Does with the cards what the script asks."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._slow = SlowCard()

    def act(self, action: str) -> None:
        """Obey one line of the script."""
        verb, _, recipe = action.partition(" ")
        if verb == "insert":
            card = make(recipe)
            if isinstance(card, SlowCard):
                self._slow = card
            self._side.insert(card)
        elif verb == "busy":
            assert self._slow.working.wait(SECONDS)
        else:
            self._remove()

    def _remove(self) -> None:
        """The card's command ends only when the card has gone, so it is let go a little after."""
        timer = threading.Timer(LET_GO_SECONDS, self._slow.let_go.set)
        timer.start()
        self._side.remove()
        timer.join()


def run(side: Side) -> dict[str, str]:
    """The outcomes of the script by label."""
    hands = Hands(side)
    command = [sys.executable, "-m", "tests.pcscd.scenarios", *side.names]
    outcomes: dict[str, str] = {}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=side.environment
    ) as script:
        assert script.stdin is not None and script.stdout is not None
        for line in script.stdout:
            kind, *rest = json.loads(line)
            if kind == "do":
                hands.act(rest[0])
                script.stdin.write("done\n")
                script.stdin.flush()
            else:
                assert rest[0] not in outcomes, rest[0]
                outcomes[rest[0]] = rest[1]
    assert script.returncode == 0, f"the script failed after {list(outcomes)[-1:]}"
    return outcomes
