"""`simcard run`: cards into readers, until told to end."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from host_tools.cli.cards import EngineChoice, close_card, engine_options, open_card
from host_tools.cli.output import say_json
from host_tools.cli.service import control_option
from host_tools.errors import CannotServe, HostError, ImageProblem

if TYPE_CHECKING:
    from reader_bridge.endpoint import Endpoint
    from reader_bridge.server import CardServer
    from reader_bridge.slot import CardLike
    from simcard.card import Card
    from simcard.trace import Event, Sink

MOST_READERS = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """What to serve: images and their readers' addresses, one per reader, and how."""

    images: tuple[Path, ...]
    endpoints: tuple[Endpoint, ...]
    control: Path | None
    engine: EngineChoice
    trace: bool
    as_json: bool


@click.command(short_help="Insert cards into readers and stay.")
@click.argument("images", nargs=-1, type=click.Path(path_type=Path), metavar="IMAGE...")
@click.option(
    "--vpcd", metavar="HOST:PORT", help="vpcd to connect to; the first reader's port. Default 127.0.0.1:35963."
)
@click.option("--listen", metavar="HOST:PORT", help="Wait here for a vpcd that dials out, instead of connecting.")
@click.option("--readers", type=click.IntRange(1, MOST_READERS), help="Number of readers; the rest stay empty.")
@click.option("--remote", is_flag=True, help="Allow addresses of other machines. Whoever reaches them owns the card.")
@click.option("--trace", is_flag=True, help="Write every command and response to standard error, without secrets.")
@click.option("--json", "as_json", is_flag=True, help="Write events, and with --trace traces, as lines of JSON.")
@control_option
@engine_options
def command(
    images: tuple[Path, ...],
    vpcd: str | None,
    listen: str | None,
    readers: int | None,
    remote: bool,
    trace: bool,
    as_json: bool,
    control: Path | None,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Insert the cards in IMAGE... into readers and stay until SIGINT, SIGTERM or `simcard stop`.

    Readers are vpcd's, numbered from 0, one port after another. If nothing listens there yet, the program waits.
    Cards can be moved while it runs: simcard list, insert, remove, reset.
    """
    if vpcd is not None and listen is not None:
        raise click.UsageError("--vpcd and --listen exclude each other")
    count = readers or len(images)
    if count < max(1, len(images)):
        raise click.UsageError("name a card image, or a number of empty readers with --readers")
    endpoints = _endpoints(vpcd, listen, count, remote)
    plan = Plan(images, endpoints, control, EngineChoice(engine, sm2_backend), trace, as_json)
    logging.basicConfig(level=logging.WARNING, format="simcard: %(message)s")
    asyncio.run(serve(plan, until_told_to_end))


def _endpoints(vpcd: str | None, listen: str | None, count: int, remote: bool) -> tuple[Endpoint, ...]:
    """The addresses of the readers: the first as given, the others on the ports that follow."""
    from reader_bridge.endpoint import Connect, EndpointError, Listen, parse
    from reader_bridge.vpcd import PORT

    kind = Listen if listen is not None else Connect
    try:
        first = parse(listen or vpcd or f":{PORT}", kind, remote)
    except EndpointError as error:
        raise click.UsageError(str(error)) from None
    if first.port and first.port + count - 1 > 0xFFFF:
        raise click.UsageError(f"{count} readers from port {first.port} on go beyond port 65535")
    return tuple(kind(first.host, first.port + number if first.port else 0) for number in range(count))


async def until_told_to_end(stop: asyncio.Event) -> None:
    """Wait for SIGINT, SIGTERM or the control service."""
    from reader_bridge import server

    await server.until_told_to_end(stop)


async def serve(
    plan: Plan, until: Callable[[asyncio.Event], Awaitable[None]], connected: Callable[[], None] | None = None
) -> None:
    """Open the images, put the cards into the readers, and serve until `until` returns.

    `connected` is called once, when the first reader is.
    """
    from reader_bridge.control import ControlError, ControlService, default_path
    from reader_bridge.server import CardServer, ServerError

    box = Box(plan)
    async with AsyncExitStack() as stack:
        stack.callback(box.close)
        cards = [box.open(image) for image in plan.images]
        try:
            server = await stack.enter_async_context(CardServer())
            path = plan.control or default_path()
            control = await stack.enter_async_context(ControlService(server, box.make, box.take_back, path))
            for number, endpoint in enumerate(plan.endpoints):
                server.add_reader(str(number), endpoint, cards[number] if number < len(cards) else None)
        except (ServerError, ControlError, OSError) as error:
            raise CannotServe(f"{error}; choose another with --listen, --vpcd or --control") from None
        watching = [asyncio.create_task(_tell(plan, server, str(number))) for number in range(len(plan.endpoints))]
        if connected is not None:
            watching.append(asyncio.create_task(_once_connected(server, connected)))
        ending = asyncio.ensure_future(until(control.stopped))
        # One turn of the loop: signals must be heard before anybody learns that there is something to end.
        await asyncio.sleep(0)
        _say(plan, "serving", control=str(path), readers=len(plan.endpoints))
        try:
            await ending
        finally:
            for task in watching:
                task.cancel()
    _say(plan, "ended")


class Box:
    """The open cards of a service, so that every image is closed in the end whatever happens."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._cards: list[Card] = []

    def open(self, image: Path) -> Card:
        card = open_card(image, self._plan.engine, self._sink(image))
        self._cards.append(card)
        return card

    def make(self, image: Path) -> CardLike:
        """For the control service: the card in an image, or `CannotInsert`."""
        from reader_bridge.control import CannotInsert

        try:
            return self.open(image)
        except HostError as error:
            raise CannotInsert(str(error)) from None

    def take_back(self, card: CardLike) -> None:
        """For the control service: close a card that was taken out."""
        for held in self._cards:
            if held is card:
                self._cards.remove(held)
                close_card(held)
                return

    def close(self) -> None:
        """Close all images; one that fails does not keep the others open."""
        failed: list[ImageProblem] = []
        while self._cards:
            try:
                close_card(self._cards.pop())
            except ImageProblem as error:
                failed.append(error)
        if failed:
            raise failed[0]

    def _sink(self, image: Path) -> Sink | None:
        if not self._plan.trace:
            return None

        def sink(event: Event) -> None:
            write_trace(image, event, self._plan.as_json)

        return sink


def write_trace(image: Path, event: Event, as_json: bool) -> None:
    """One exchange on standard error; the card has taken the secrets out."""
    import json

    now = datetime.now(UTC).isoformat(timespec="microseconds")
    if as_json:
        line = json.dumps({"time": now, "image": str(image), **asdict(event)}, ensure_ascii=False)
    else:
        command = event.command or "reset"
        response = f"{event.response} {event.sw:04X}".strip() if event.command else event.response
        line = f"{now} {image.name} {event.name}\n  > {command}\n  < {response} ({event.meaning})"
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


async def _tell(plan: Plan, server: CardServer, name: str) -> None:
    """Say when a reader comes and goes; first of all, when it is not there."""
    reader = server.reader(name)
    if reader.slot.present and not reader.connected.is_set():
        _say(plan, "waiting", reader=name, endpoint=str(reader.endpoint))
    while True:
        await reader.connected.wait()
        _say(plan, "connected", reader=name, endpoint=str(reader.endpoint))
        await reader.disconnected.wait()
        _say(plan, "disconnected", reader=name, endpoint=str(reader.endpoint))


async def _once_connected(server: CardServer, connected: Callable[[], None]) -> None:
    await server.reader("0").connected.wait()
    connected()


TEXTS = {
    "serving": "readers: {readers}; control socket {control}",
    "waiting": "reader {reader}: waiting for vpcd at {endpoint} (does pcscd run, with vpcd's driver?)",
    "connected": "reader {reader}: connected, {endpoint}",
    "disconnected": "reader {reader}: disconnected, {endpoint}",
    "ended": "ended; all images are closed",
}


def _say(plan: Plan, event: str, **values: object) -> None:
    if plan.as_json:
        say_json({"event": event, **values})
    else:
        click.echo(TEXTS[event].format(**values))
    sys.stdout.flush()
