"""The SKF library: calls per second beside the same commands sent by a bare loop in C, and what starting costs.

Everything goes through the real pcscd and vpcd. The floor of a call is its APDU from `apdu_loop`, which is what a
library in C without an interpreter could reach; the other floors are the card in this process and the SM2 library.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from statistics import median

from host_tools.link.inprocess import InProcessLink
from host_tools.skf.application import Application
from host_tools.skf.container import Container
from host_tools.skf.device import Device
from reader_bridge.pcsc_world import PcscWorld
from reader_bridge.server import CardServer
from scripts.build_skf import BuildError, build
from scripts.measuring.bench_cards import PIN, engine, file_card, file_image, ram_card
from scripts.measuring.inprocess import DIGEST, private_key
from scripts.measuring.turns import Row, rates
from scripts.measuring.worlds import NoCompiler, built, close, wait_for_card
from simcard.card import Card
from simcard.hal.system import SystemEntropy
from simcard.wire.apdu import CommandApdu
from simcard.wire.gmt0017 import Account, GmtIns, PinType
from simcard.wire.secret import Secret

SOURCE = Path(__file__).with_name("skf_loop.c")
READER = "Virtual PCD 0 00 00"
APPLICATION, CONTAINER = "CHINAEPORT", "EportSM2"
COUNT = 400
TURNS = 5
GROUP = "SKF library"
RANDOM = CommandApdu(0x80, GmtIns.GEN_RANDOM, 0, 0, b"", 8, True).encode()
NUMBERS = (0, 4, 16)
PROFILE = "gmt0017-token"
CONTAINERS = 10
TOKEN_KEY = Secret(b"1234567812345678")


def program(library: Path, folder: Path) -> Path:
    """The loop, which loads the library by itself."""
    made = folder / "skf_loop"
    command = ["gcc", "-O2", f"-I{library.parent / 'include'}", "-o", str(made), str(SOURCE), "-ldl"]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as failed:
        raise NoCompiler(f"gcc is needed: {failed}") from None
    return made


def loop(made: Path, library: Path, what: str, environment: Mapping[str, str], number: int = COUNT) -> float:
    """What the loop measured."""
    env = {**environment, "SKF_PIN": PIN.decode()}
    command = [str(made), str(library), str(number), what]
    return float(subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout)


def bare_rate(made: Path, environment: Mapping[str, str]) -> float:
    """APDUs per second of the loop that has no library."""
    command = [str(made), READER, str(COUNT), RANDOM.hex()]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def logged_in(card: Card) -> Container:
    """The card's container, through the Python API in this process."""
    application = Device(InProcessLink(card)).open_application(APPLICATION)
    application.verify_pin(PinType.USER, Secret(PIN))
    return application.open_container(CONTAINER)


def sign_command(container: Container) -> bytes:
    """ECCSignData as an APDU."""
    where = container.owner.ident + container.ident
    return CommandApdu(0x80, GmtIns.ECC_SIGN_DATA, 0x02, 0, where + DIGEST, 68, True).encode()


def local_rates() -> dict[str, float]:
    """Signatures per second of the SM2 library, the raw card, and the Python API, in this process."""
    card, noise = ram_card(), SystemEntropy()
    secret, direct = Secret(private_key(card)), engine().sm2_sign
    container = logged_in(card)
    command = sign_command(container)
    return rates(
        {
            "library": lambda: direct(secret, DIGEST, noise),
            "card": lambda: card.transmit(command),
            "api": lambda: container.sign_digest(DIGEST),
        }
    )


def calls(folder: Path) -> Iterator[Row]:
    """SKF calls through pcscd, and from loading the library to the first answers."""
    try:
        library = build(folder)
    except BuildError as failed:
        raise NoCompiler(str(failed)) from None
    made, bare = program(library, folder), built(folder)
    file_image(folder / "card.simcard")
    with PcscWorld(1) as world:
        yield from asyncio.run(_calls(world, folder, made, bare, library))


async def _calls(world: PcscWorld, folder: Path, made: Path, bare: Path, library: Path) -> list[Row]:
    card = file_card(folder / "card.simcard")
    environment = {**os.environ, **world.environment()}
    try:
        async with CardServer() as server:
            reader = server.add_reader("0", world.endpoint(0), card)
            await reader.connected.wait()
            await asyncio.to_thread(wait_for_card, environment, 0)
            return await asyncio.to_thread(lambda: list(_measured(made, bare, library, environment)))
    finally:
        close(card)


def _measured(made: Path, bare: Path, library: Path, environment: Mapping[str, str]) -> Iterator[Row]:
    ours: dict[str, list[float]] = {"sign": [], "random": [], "start": [], "device": []}
    floor: list[float] = []
    for _ in range(TURNS):
        for what, found in ours.items():
            found.append(loop(made, library, what, environment))
        floor.append(bare_rate(bare, environment))
    local = local_rates()
    sign, random = median(ours["sign"]), median(ours["random"])
    yield Row(GROUP, "SKF_GenRandom through pcscd", "call/s", random, median(floor), "its APDU, bare loop in C")
    name = "SKF_ECCSignData through pcscd"
    yield Row(GROUP, name, "sign/s", sign, local["card"], "raw card in process")
    yield Row(GROUP, name, "sign/s", sign, local["library"], f"SM2 library ({engine().backend})")
    yield Row(GROUP, "sign_digest of the Python API", "sign/s", local["api"], local["card"], "raw card in process")
    start, device = 1e3 * median(ours["start"]), 1e3 * median(ours["device"])
    yield Row(GROUP, "load and SKF_EnumDev", "ms", start, 1e3 * _interpreter(), "python alone", better="less")
    yield Row(GROUP, "load, SKF_EnumDev and SKF_ConnectDev", "ms", device, start, "without connecting", better="less")


def _interpreter() -> float:
    """Seconds that an interpreter takes to start and end."""
    spent = []
    for _ in range(TURNS):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        spent.append(time.perf_counter() - begun)
    return median(spent)


def growth() -> Iterator[Row]:
    """Container and file operations with more and more containers and files in the application."""
    for name, act in (("open and close container", opener), ("SKF_ReadFile of 64 bytes", file_reader)):
        acts = {str(number): act(filled(number)) for number in NUMBERS}
        found = rates(acts)
        for number in NUMBERS[1:]:
            what = f"{name}, {number} more of each"
            yield Row("SKF growth", what, "call/s", found[str(number)], found["0"], "one of each")


def filled(number: int) -> Application:
    """An application with one container and one file, and this many more."""
    device = Device(InProcessLink(ram_card(PROFILE)))
    device.authenticate(TOKEN_KEY)
    application = device.create_application("APP", Secret(b"87654321"), Secret(b"123456"))
    application.verify_pin(PinType.USER, Secret(b"123456"))
    names = (f"{each:02}" for each in count())
    for _, name in zip(range(number + 1), names):
        application.create_file(name, 64, Account.ANYONE, Account.USER)
        # A token has room for ten containers.
        if int(name) < CONTAINERS:
            application.create_container(name).close()
    return application


def opener(application: Application) -> Callable[[], object]:
    return lambda: application.open_container("00").close()


def file_reader(application: Application) -> Callable[[], object]:
    return lambda: application.read_file("00", 0, 64)
