"""Through PC/SC: APDUs per second in a private world and through pcscd with vpcd, each beside an echo card.

Both worlds live at once and take turns; the cards in them are copies of one image. The client is a loop in C on
libpcsclite, for pyscard would cost more than the card and hide it. Of many short turns the best counts: three processes
wait for one another at every APDU, and whatever else runs on the machine only ever takes away.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from reader_bridge.echo import EchoCard
from reader_bridge.pcsc_world import WorldError
from scripts import stages
from scripts.measuring.bench_cards import file_card, file_image, verify_apdu
from scripts.measuring.turns import Row

SOURCE = Path(__file__).with_name("apdu_loop.c")
CLIENT = Path(__file__).parent.parent / "demo_client.py"
TURNS = 15
COUNT = 1000
DURABLE_COUNT = 120
READERS = 2
SELECT_FIRST = "00A4000C022F02"
TITLES = {"private": "through a private world", "pcscd": "through pcscd and vpcd"}


class NoCompiler(Exception):
    """The loop in C cannot be built here; the text says why."""


@dataclass(frozen=True, slots=True)
class Command:
    """What is sent `count` times, after `first`."""

    name: str
    apdu: str
    first: str = ""
    count: int = COUNT


COMMANDS = (
    Command("GET CHALLENGE", "0084000008"),
    Command("SELECT MF with FCP", "00A40004023F0000"),
    Command("READ BINARY 32", "00B0000020", SELECT_FIRST),
    Command("VERIFY (durable, on disk)", verify_apdu().hex(), count=DURABLE_COUNT),
)

TARGETS = {(TITLES["pcscd"], "GET CHALLENGE"): 0.7}
"""The least ratio to the echo card that is good enough. A private world costs less, so its ratio says more."""


@dataclass(frozen=True, slots=True)
class Side:
    """A world with a card and an echo card: where programs find it, and the names of the readers."""

    title: str
    environment: Mapping[str, str]
    card: str
    echo: str


def built(folder: Path) -> Path:
    """The compiled loop."""
    program = folder / "apdu_loop"
    try:
        flags = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "libpcsclite"], capture_output=True, text=True, check=True
        ).stdout.split()
        subprocess.run(["gcc", "-O2", "-o", program, SOURCE, *flags], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as failed:
        raise NoCompiler(f"gcc, pkg-config and libpcsclite-dev are needed: {failed}") from None
    return program


def rates(folder: Path) -> Iterator[Row]:
    """APDUs per second in both worlds. `WorldError`, after the rows of the other, if there can be no pcscd."""
    program = built(folder)
    file_image(folder / "first.simcard")
    rows, missing = asyncio.run(_measured(program, folder))
    yield from rows
    if missing is not None:
        raise missing


async def _measured(program: Path, folder: Path) -> tuple[list[Row], WorldError | None]:
    missing: WorldError | None = None
    async with AsyncExitStack() as stack:
        sides = []
        for world in TITLES:
            try:
                sides.append(await _side(world, folder, stack))
            except WorldError as error:
                missing = error
        return await asyncio.to_thread(_in_turns, program, sides), missing


async def _side(world: str, folder: Path, stack: AsyncExitStack) -> Side:
    image = folder / f"{world}.simcard"
    shutil.copyfile(folder / "first.simcard", image)
    card = file_card(image)
    stack.callback(close, card)
    stage = await stack.enter_async_context(stages.STAGES[world](READERS))
    side = Side(TITLES[world], stage.environment(), stage.add("card", card), stage.add("echo", EchoCard()))
    for number in range(READERS):
        await asyncio.to_thread(wait_for_card, side.environment, number)
    return side


def _in_turns(program: Path, sides: list[Side]) -> list[Row]:
    found: dict[str, list[Row]] = {side.title: [] for side in sides}
    for command in COMMANDS:
        spent: dict[tuple[str, str], list[float]] = {}
        for _ in range(TURNS):
            for side in sides:
                for reader, first in ((side.card, command.first), (side.echo, "")):
                    rate = _rate(program, command, side.environment, reader, first)
                    spent.setdefault((side.title, reader), []).append(rate)
        for side in sides:
            ours, floor = (max(spent[side.title, reader]) for reader in (side.card, side.echo))
            target = TARGETS.get((side.title, command.name))
            row = Row(side.title, command.name, "APDU/s", ours, floor, "echo card", target=target)
            found[side.title].append(row)
    return [row for rows in found.values() for row in rows]


def _rate(program: Path, command: Command, environment: Mapping[str, str], reader: str, first: str) -> float:
    line = [str(program), reader, str(command.count), command.apdu, *([first] if first else [])]
    return float(subprocess.run(line, env=environment, capture_output=True, text=True, check=True).stdout)


def wait_for_card(environment: Mapping[str, str], reader: int) -> None:
    """Until the reader shows a card."""
    subprocess.run([sys.executable, str(CLIENT), "wait", str(reader)], env=environment, check=True)


def close(card: object) -> None:
    """Close the image of a card."""
    from host_tools.cli.cards import close_card
    from simcard.card import Card

    assert isinstance(card, Card)
    close_card(card)
