"""`simcard serve`: a private PC/SC world that stays."""

from __future__ import annotations

import asyncio
import shlex
import sys
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host_tools.cli.cards import EngineChoice, engine_options
from host_tools.cli.lab import Kind, Source
from host_tools.cli.output import say_json
from host_tools.cli.service import control_option
from host_tools.cli.world import SEEDED, Bench, Seat, plan_of, running, world_options
from host_tools.errors import CannotServe, HostError

if TYPE_CHECKING:
    from reader_bridge.pcscd.server import VirtualReader
    from reader_bridge.slot import CardLike


@click.command(short_help="Keep a private PC/SC world running.")
@world_options
@click.option("--socket", type=click.Path(path_type=Path), help="PC/SC socket; in a temporary folder if not given.")
@click.option("--json", "as_json", is_flag=True, help="Say where it is as a line of JSON.")
@control_option
@engine_options
def command(
    socket: Path | None, as_json: bool, control: Path | None, engine: str, sm2_backend: str | None, **options: Any
) -> None:
    """Keep PC/SC readers of one's own until SIGINT, SIGTERM or `simcard stop`.

    The first line printed is the environment that leads programs there, for a shell to take over. Cards can be moved
    meanwhile: simcard list, insert, remove, reset. A reset is one by another application: every program is told.
    """
    plan = plan_of(EngineChoice(engine, sm2_backend), socket and socket.absolute(), **options)
    if not plan.count:
        raise click.UsageError("name a card, or a number of empty readers with --readers")
    with running(plan) as bench:
        asyncio.run(serve(bench, control, as_json))


async def serve(bench: Bench, control: Path | None, as_json: bool) -> None:
    """Say where the world is and let the control service move its cards until told to end."""
    from reader_bridge.control import ControlError, ControlService, default_path
    from reader_bridge.server import until_told_to_end
    from reader_bridge.world_cards import WorldCards

    path = control or default_path()
    with Tray(bench) as tray:
        async with AsyncExitStack() as services:
            service = ControlService(WorldCards(bench.world, tray.seat), tray.make, tray.take_back, path)
            try:
                await services.enter_async_context(service)
            except (ControlError, OSError) as error:
                raise CannotServe(f"{error}; choose another with --control") from None
            ending = asyncio.create_task(until_told_to_end(service.stopped))
            await asyncio.sleep(0)  # signals are heeded before anybody is told that we are here
            _say(bench, path, as_json)
            await ending
        # What was inserted meanwhile must come out before the tray closes the images.
        for reader in bench.world.readers.values():
            if reader.occupied:
                reader.remove()


def _say(bench: Bench, control: Path, as_json: bool) -> None:
    variable, value = bench.world.variable
    if as_json:
        say_json({"environment": {variable: value}, "control": str(control), "readers": [*bench.world.readers]})
    else:
        click.echo(f"export {variable}={shlex.quote(value)}")
        for name in bench.world.readers:
            click.echo(f"# reader {name}")
        click.echo(f"# control socket {control}")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Held:
    """A card that was inserted, where it sits, and what must be closed after it."""

    card: CardLike
    seat: Seat
    stack: ExitStack


class Tray:
    """The cards that the control service put in; a context manager."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._held: list[Held] = []
        self._number = len(bench.plan.sources)

    def __enter__(self) -> Tray:
        return self

    def __exit__(self, *raised: object) -> None:
        with ExitStack() as all_of_them:
            for held in self._held:
                all_of_them.push(held.stack)

    def make(self, image: Path) -> CardLike:
        """The card in an image, recorded and under the script of faults like the first ones."""
        from reader_bridge.control import CannotInsert
        from reader_bridge.faults import FaultError

        seat = Seat()
        with ExitStack() as stack:
            try:
                card = self._bench.fit(Source(Kind.CARD, str(image)), seat, self._number, stack)
            except HostError as error:
                raise CannotInsert(str(error)) from None
            except FaultError as bad:
                raise CannotInsert(f"{image}: {bad}; {SEEDED}") from None
            self._held.append(Held(card, seat, stack.pop_all()))
        self._number += 1
        return card

    def seat(self, card: CardLike, reader: VirtualReader) -> None:
        """Let the faults of a card know which reader it is put into."""
        for held in self._held:
            if held.card is card:
                held.seat.reader = reader

    def take_back(self, card: CardLike) -> None:
        """Close what `make` opened; cards that were there from the start stay open until the end."""
        for place, held in enumerate(self._held):
            if held.card is card:
                del self._held[place]
                held.stack.close()
                return
