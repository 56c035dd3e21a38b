"""What the program costs the machine: CPU of short runs, memory per idle card, a durable commit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from scripts.measuring.bench_cards import file_image
from scripts.measuring.turns import Row, rates
from simcard.hal.fileflash import FileFlash
from simcard.nvm.store import Store

TURNS = 7
CARD_COUNTS = (1, 100, 1000)
HELP_LIMIT = 0.3
VALUE = 20

IDLE = """
import gc, resource, shutil, sys
from pathlib import Path
folder, count, kind = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
from host_tools.cli.cards import EngineChoice, open_card
from reader_bridge.echo import EchoCard
def card(number):
    if kind == "echo":
        made = EchoCard()
    else:
        image = folder / f"{number}.simcard"
        shutil.copyfile(folder / "first.simcard", image)
        made = open_card(image, EngineChoice())
    made.power_on()
    return made
cards = [card(number) for number in range(count)]
gc.collect()
text = Path("/proc/self/smaps_rollup").read_text()
print(next(line.split()[1] for line in text.splitlines() if line.startswith("Pss:")))
"""


def start_cost(folder: Path) -> Iterator[Row]:
    """CPU seconds of short runs of `simcard` beside those of the interpreter alone."""
    image = folder / "start.simcard"
    file_image(image)
    for arguments, shown, limit in (
        (("--help",), "simcard --help", HELP_LIMIT),
        (("info", str(image)), "simcard info IMAGE", None),
        (("exec", "--profile", "iso-blank", "--", "true"), "simcard exec --profile iso-blank -- true", None),
    ):
        spent: dict[str, list[float]] = {"ours": [], "floor": []}
        for _ in range(TURNS):
            spent["ours"].append(cpu_of([sys.executable, "-m", "host_tools.cli", *arguments]))
            spent["floor"].append(cpu_of([sys.executable, "-c", "pass"]))
        ours, floor = median(spent["ours"]), median(spent["floor"])
        yield Row("start", shown, "CPU s", ours, floor, "python alone", better="less", limit=limit)


def cpu_of(command: list[str]) -> float:
    """User and system seconds of a program."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as program:
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode:
        raise AssertionError(f"{command} ended with {program.returncode}")
    return usage.ru_utime + usage.ru_stime


def memory(folder: Path) -> Iterator[Row]:
    """Memory of one process with many idle cards in files, powered; and what each further card adds."""
    file_image(folder / "first.simcard")
    whole = {count: (_used(folder, count, "card"), _used(folder, count, "echo")) for count in CARD_COUNTS}
    least, floor = whole[CARD_COUNTS[0]]
    yield Row("memory", "process with 1 idle card", "MiB", least / 1024, floor / 1024, "echo card", better="less")
    for count in CARD_COUNTS[1:]:
        ours, echo = ((used - one) / (count - 1) for used, one in zip(whole[count], (least, floor)))
        name = f"each further idle card, {count} in one process"
        yield Row("memory", name, "KiB", ours, max(echo, 0.0), "echo card", better="less")


def _used(folder: Path, count: int, kind: str) -> int:
    """KiB of the process: its own pages, and its share of those it shares."""
    command = [sys.executable, "-c", IDLE, str(folder), str(count), kind]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def commits(folder: Path) -> Iterator[Row]:
    """One durable commit of a small value in a file beside one write and fdatasync of as many bytes."""
    flash = FileFlash.create(folder / "commit.simcard", 131072)
    fd = os.open(folder / "floor", os.O_RDWR | os.O_CREAT, 0o600)
    store, number = Store.format(flash), 0

    def commit() -> None:
        nonlocal number
        number += 1
        store.begin()
        store.put(b"key", number.to_bytes(VALUE, "big"))
        store.commit()

    def floor() -> None:
        nonlocal number
        number += 1
        os.pwrite(fd, number.to_bytes(VALUE, "big"), 4096)
        os.fdatasync(fd)

    try:
        os.pwrite(fd, bytes(131072), 0)
        os.fsync(fd)
        found = rates({"ours": commit, "floor": floor}, seconds=0.2)
    finally:
        os.close(fd)
        flash.close()
    ours, least = 1e6 / found["ours"], 1e6 / found["floor"]
    yield Row("memory", "durable commit of 20 bytes", "us", ours, least, "pwrite and fdatasync", better="less")
