"""The time until a reader of vpcd has its card, beside the same server with an echo card."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from reader_bridge.pcsc_world import PcscWorld
from scripts.measuring.bench_cards import file_image
from scripts.measuring.turns import Row

TURNS = 7

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
        connected = any("connected" in line for line in program.stdout)
        spent = time.perf_counter() - start
        end(program)
        program.stdin.close()
        program.stdout.read()
    if not connected:
        raise AssertionError(f"{command} ended with {program.returncode} before its reader was connected")
    return spent
