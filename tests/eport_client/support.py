"""An Electronic Port card in this process, a service in front of it on a free port, and a client that waits.

The service runs in a thread with an event loop of its own; `Served.stop` ends it. Nothing sleeps: slow signatures are
noted in `Served.pauses` instead of waited for.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, cast

from websockets.sync.client import ClientConnection, connect

from host_tools.cli.cards import EngineChoice
from host_tools.cli.certifying import certify_keys
from host_tools.cli.national import EngineSm2
from host_tools.client.iso import IsoCard
from host_tools.eport_client.card import CardSource, EportCard, IsoEportCard
from host_tools.eport_client.desk import Desk
from host_tools.eport_client.faults import Faults
from host_tools.eport_client.service import EportService, Settings
from host_tools.errors import CardRemoved, NoCard
from host_tools.link.inprocess import InProcessLink
from host_tools.pki.certificate import Holder
from simcard.card import Card
from simcard.hal.power import PowerLost
from simcard.wire.secret import Secret
from tests import kit

SM2, RSA = "eport-operator", "eport-operator-rsa"
PROFILES = (SM2, RSA)
PIN = "88888888"
WRONG = "00000000"
START = date(2026, 1, 2)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SECONDS = 20


@cache
def image(profile: str) -> bytes:
    """The flash of a card with certificates."""
    made = kit.bench(profile)
    iso = IsoCard(InProcessLink(made.card, PowerLost))
    iso.verify_pin(1, Secret(PIN.encode()))
    iso.verify_pin(2, Secret(b"66666666"))
    sheet = kit.builtin(profile)
    holder = Holder(sheet.holder["name"], sheet.enterprise["name"])
    certify_keys(iso, holder, sheet.holder["certificate_number"], START, lambda _: None)
    return made.flash.image()


def card_of(profile: str) -> Card:
    return kit.on_bench(image(profile), profile).card


class PullableLink:
    """A link to a card that a test takes out and puts back; `pull_after` takes it out after so many commands."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._inserted = reader.inserted
        self._link = InProcessLink(reader.card, PowerLost)

    @property
    def atr(self) -> bytes:
        return self._link.atr

    def transmit(self, command: bytes) -> bytes:
        if self._reader.pull_after == 0:
            self._reader.inserted = 0
        self._reader.pull_after -= 1
        if self._reader.inserted != self._inserted:
            raise CardRemoved("taken out")
        self._reader.commands.append(command)
        return self._link.transmit(command)

    def reset(self) -> bytes:
        return self._link.reset()

    def close(self) -> None:
        self._link.close()


@dataclass(slots=True)
class Reader:
    """A reader with one card, which is in it when `inserted` is not 0."""

    card: Card
    inserted: int = 1
    pull_after: int = -1
    commands: list[bytes] = field(default_factory=list)

    def connect(self) -> EportCard:
        if not self.inserted:
            raise NoCard("empty")
        return IsoEportCard(PullableLink(self))

    def insert(self) -> None:
        self.inserted, self.pull_after = self.inserted + 2, -1


@dataclass(slots=True)
class Served:
    """A running service."""

    service: EportService
    faults: Faults
    reader: Reader
    pauses: list[float]
    loop: asyncio.AbstractEventLoop
    over: asyncio.Event

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.service.ports[0]}"

    @property
    def url(self) -> str:
        return f"ws://{self.address}/"

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.over.set)

    @contextmanager
    def client(self, path: str = "", **options: Any) -> Iterator[Client]:
        with connect(self.url + path, proxy=None, max_size=None, **options) as socket:
            yield Client(socket)


@contextmanager
def served(profile: str = SM2, settings: Settings | None = None) -> Iterator[Served]:
    """A service on a free port, in front of a fresh card."""
    ready: list[Served] = []
    started = threading.Event()
    reader = Reader(card_of(profile))
    thread = threading.Thread(target=lambda: asyncio.run(_run(reader, settings, ready, started)))
    thread.start()
    assert started.wait(SECONDS)
    try:
        yield ready[0]
    finally:
        ready[0].stop()
        thread.join(SECONDS)


async def _run(reader: Reader, settings: Settings | None, ready: list[Served], started: threading.Event) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    faults = Faults()
    desk = desk_of(reader, faults)
    service = EportService(desk, settings or Settings(port=0, tls_port=0), pause)
    over = asyncio.Event()
    async with service.running():
        ready.append(Served(service, faults, reader, pauses, asyncio.get_running_loop(), over))
        started.set()
        await over.wait()


def desk_of(reader: Reader, faults: Faults) -> Desk:
    return Desk(CardSource("test reader", reader.connect), faults, EngineSm2(EngineChoice()), lambda: NOW)


@dataclass(slots=True)
class Client:
    """A client that waits for each answer."""

    socket: ClientConnection
    number: int = 0

    def receive(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self.socket.recv(timeout=SECONDS)))

    def raw(self, message: str | bytes) -> dict[str, Any]:
        """Send anything; the next message that is not the hello."""
        self.socket.send(message)
        answer = self.receive()
        return self.receive() if answer["_method"] == "open" else answer

    def ask(self, method: str, args: object = None, ident: object = None) -> dict[str, Any]:
        """A call; its `_args`."""
        self.number += 1
        request = {"_method": method, "_id": self.number if ident is None else ident, "args": args or {}}
        answer = self.raw(json.dumps(request))
        assert method == answer["_method"]
        return cast("dict[str, Any]", answer["_args"])

    def data(self, method: str, **args: object) -> list[Any]:
        """The data of a call that must go well."""
        answer = self.ask(method, args)
        assert [] == answer["Error"], answer
        return cast("list[Any]", answer["Data"])

    def refused(self, method: str, **args: object) -> str:
        """The code of a call that must fail."""
        answer = self.ask(method, args)
        assert answer["Result"] is False
        return str(answer["Error"][1])
