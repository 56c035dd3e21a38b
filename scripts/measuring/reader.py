"""Through the real pcscd and vpcd: APDUs per second beside an echo card, and the time until a reader is ready."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median

from reader_bridge.echo import EchoCard
from reader_bridge.pcsc_world import PcscWorld
from reader_bridge.server import CardServer
from scripts.measuring.bench_cards import file_card, file_image, verify_apdu
from scripts.measuring.turns import Row

SOURCE = Path(__file__).with_name("apdu_loop.c")
OURS, ECHO = "Virtual PCD 0 00 00", "Virtual PCD 0 00 01"
TURNS = 7
COUNT = 2000
SELECT_FIRST = "00A4000C022F02"
APDUS: dict[str, tuple[str, str, float | None]] = {
    "GET CHALLENGE": ("0084000008", "", 0.7),
    "SELECT MF with FCP": ("00A40004023F0000", "", None),
    "READ BINARY 32": ("00B0000020", SELECT_FIRST, None),
    "VERIFY (durable, on disk)": (verify_apdu().hex(), "", None),
}
"""Command, one to send before it, and the least ratio to the echo card that is good enough."""

ECHO_SERVER = """
import asyncio, sys
from reader_bridge.echo import EchoCard
from reader_bridge.endpoint import Connect
from reader_bridge.server import CardServer
async def main():
    async with CardServer() as server:
        reader = server.add_reader("0", Connect(port=int(sys.argv[1])), EchoCard())
        await reader.connected.wait()
        print("connected", flush=True)
        await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
"""


class NoCompiler(Exception):
    """The loop in C cannot be built here; the text says why."""


def built(folder: Path) -> Path:
    """The compiled loop; pyscard would cost more than the card and hide it."""
    program = folder / "apdu_loop"
    try:
        flags = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "libpcsclite"], capture_output=True, text=True, check=True
        ).stdout.split()
        subprocess.run(["gcc", "-O2", "-o", program, SOURCE, *flags], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as failed:
        raise NoCompiler(f"gcc, pkg-config and libpcsclite-dev are needed: {failed}") from None
    return program


def loop_rate(program: Path, reader: str, apdu: str, first: str, environment: Mapping[str, str], count: int) -> float:
    command = [str(program), reader, str(count), apdu, *([first] if first else [])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


async def _rates(world: PcscWorld, program: Path, folder: Path) -> list[Row]:
    card, rows = file_card(folder / "card.simcard"), []
    environment = world.environment()
    try:
        async with CardServer() as server:
            readers = [server.add_reader("0", world.endpoint(0), card)]
            readers.append(server.add_reader("1", world.endpoint(1), EchoCard()))
            for number, reader in enumerate(readers):
                await reader.connected.wait()
                await asyncio.to_thread(wait_for_card, environment, number)
            for name, (apdu, first, target) in APDUS.items():
                ours, floor = await asyncio.to_thread(_side_by_side, program, apdu, first, environment)
                rows.append(Row("through pcscd", name, "APDU/s", ours, floor, "echo card", target=target))
    finally:
        close(card)
    return rows


def _side_by_side(program: Path, apdu: str, first: str, environment: Mapping[str, str]) -> tuple[float, float]:
    count = COUNT if not apdu.startswith("0020") else COUNT // 8
    ours: list[float] = []
    floor: list[float] = []
    for _ in range(TURNS):
        ours.append(loop_rate(program, OURS, apdu, first, environment, count))
        floor.append(loop_rate(program, ECHO, apdu, "", environment, count))
    return median(ours), median(floor)


def wait_for_card(environment: Mapping[str, str], reader: int) -> None:
    client = Path(__file__).parent.parent / "demo_client.py"
    subprocess.run([sys.executable, str(client), "wait", str(reader)], env=environment, check=True)


def close(card: object) -> None:
    from host_tools.cli.cards import close_card
    from simcard.card import Card

    assert isinstance(card, Card)
    close_card(card)


def rates(folder: Path) -> Iterator[Row]:
    """APDUs per second through pcscd."""
    program = built(folder)
    file_image(folder / "card.simcard")
    with PcscWorld(2) as world:
        yield from asyncio.run(_rates(world, program, folder))


def start_up(folder: Path) -> Iterator[Row]:
    """From the start of the program until vpcd has the card; the floor is the same server with an echo card."""
    image = folder / "start.simcard"
    file_image(image)
    with PcscWorld(1) as world:
        port = world.port(0)
        control = str(folder / "control")
        run = [sys.executable, "-m", "host_tools.cli", "run", str(image), "--vpcd", f"127.0.0.1:{port}"]
        ours = world.inside([*run, "--control", control])
        floor = world.inside([sys.executable, "-c", ECHO_SERVER, str(port)])
        spent: dict[str, list[float]] = {"ours": [], "floor": []}
        for _ in range(TURNS):
            spent["ours"].append(_until_connected(ours, lambda program: program.terminate()))
            spent["floor"].append(_until_connected(floor, lambda program: None))
    yield Row(
        "start", "simcard run until the reader has the card", "ms",
        1e3 * median(spent["ours"]), 1e3 * median(spent["floor"]), "server with echo card", better="less",
    )  # fmt: skip


def _until_connected(command: list[str], end: Callable[[subprocess.Popen[str]], None]) -> float:
    start = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None and program.stdin is not None
        for line in program.stdout:
            if "connected" in line:
                break
        spent = time.perf_counter() - start
        end(program)
        program.stdin.close()
        program.stdout.read()
    return spent
