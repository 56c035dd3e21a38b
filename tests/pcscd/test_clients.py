"""Unmodified programs, with no pcscd: what they print in the world of the rootless service."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from reader_bridge.echo import EchoCard
from reader_bridge.pcscd.server import PcscService, VirtualReader
from tests.pcscd.conftest import SECONDS, Run

ROOT = Path(__file__).parents[2]
GET = "00 84 00 00 08"


def test_pcsc_scan_lists_readers(service: PcscService, reader: VirtualReader, run: Run) -> None:
    """With the names that were given."""
    service.add_reader("某某读卡器 2000")
    assert "0: Virtual PCD 00 00\n1: 某某读卡器 2000\n" == run("pcsc_scan", "-r").stdout


def test_opensc_tool_lists_readers(service: PcscService, reader: VirtualReader, run: Run) -> None:
    """With and without a card."""
    service.add_reader("empty")
    lines = run("opensc-tool", "--list-readers").stdout.splitlines()
    assert ["0    Yes             Virtual PCD 00 00", "1    No              empty"] == lines[2:]


def test_opensc_tool_sees_a_pin_pad(service: PcscService, run: Run) -> None:
    """It asks for the features."""
    from reader_bridge.pcscd.pinpad import NoPin, PinPad

    service.add_reader("pad", EchoCard(), pinpad=PinPad(lambda prompt: NoPin.CANCELLED))
    assert "0    Yes   PIN pad   pad" == run("opensc-tool", "--list-readers").stdout.splitlines()[2]


def test_opensc_tool_reads_the_atr(reader: VirtualReader, run: Run) -> None:
    """As the card gives it."""
    assert "3b:89:80:01:45:43:48:4f:20:43:41:52:44:3d\n" == run("opensc-tool", "--atr").stdout


def test_opensc_tool_sends_an_apdu(reader: VirtualReader, run: Run) -> None:
    """And gets what the card answers."""
    assert "SW1=0x90, SW2=0x00" in run("opensc-tool", "--send-apdu", GET.replace(" ", "")).stdout


def test_scriptor_sends_an_apdu(reader: VirtualReader, run: Run) -> None:
    """Of pcsc-tools, through Perl."""
    assert "< 01 02 03 04 05 06 07 08 90 00" in run("scriptor", text=GET + "\n").stdout


def test_pyscard_transmits(reader: VirtualReader, run: Run) -> None:
    """In the usual way."""
    program = (
        "from smartcard.System import readers\n"
        "c = readers()[0].createConnection(); c.connect(); print(c.transmit([0, 0x84, 0, 0, 2])); c.disconnect()"
    )
    assert "([1, 2], 144, 0)\n" == run(sys.executable, "-c", program).stdout


@contextmanager
def monitoring(service: PcscService, what: str) -> Iterator[IO[str]]:
    """The lines of a pyscard program that observes cards or readers."""
    command = [sys.executable, str(Path(__file__).with_name("monitor.py")), what]
    environment = {**os.environ, **service.environment}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, env=environment
    ) as monitor:
        assert monitor.stdout is not None and monitor.stdin is not None
        yield monitor.stdout
        monitor.stdin.close()


def test_pyscard_monitors_cards(service: PcscService, reader: VirtualReader) -> None:
    """CardMonitor sees them come and go."""
    with monitoring(service, "cards") as lines:
        assert "Virtual PCD 00 00 +\n" == lines.readline()
        card = reader.remove()
        assert "Virtual PCD 00 00 -\n" == lines.readline()
        reader.insert(card)
        assert "Virtual PCD 00 00 +\n" == lines.readline()


def test_pyscard_monitors_readers(service: PcscService, reader: VirtualReader) -> None:
    """ReaderMonitor sees them come and go."""
    with monitoring(service, "readers") as lines:
        assert "Virtual PCD 00 00 +\n" == lines.readline()
        second = service.add_reader("second")
        assert "second +\n" == lines.readline()
        second.unplug()
        assert "second -\n" == lines.readline()


@pytest.fixture(scope="module")
def c_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C program, compiled against winscard.h."""
    program = tmp_path_factory.mktemp("winscard") / "client"
    source = Path(__file__).with_name("winscard_client.c")
    subprocess.run(
        ["gcc", "-Wall", "-Werror", "-I/usr/include/PCSC", "-o", str(program), str(source), "-lpcsclite"], check=True
    )
    return program


def test_a_c_program_finds_everything_right(reader: VirtualReader, run: Run, c_program: Path) -> None:
    """Twenty steps with the C API."""
    lines = run(str(c_program)).stdout.splitlines()
    assert ["ok"] * len(lines) == [line.split()[0] for line in lines]
    assert len(lines) == 20


def test_sixteen_readers_are_listed(service: PcscService, run: Run) -> None:
    """As many as libpcsclite has room for."""
    names = [f"reader {number:02}" for number in range(16)]
    for name in names:
        service.add_reader(name, EchoCard())
    listed = run("pcsc_scan", "-r").stdout.splitlines()
    assert [f"{number}: {name}" for number, name in enumerate(names)] == listed


def test_two_worlds_do_not_see_each_other(service: PcscService, reader: VirtualReader, run: Run) -> None:
    """Each has its own readers, of the same name if it likes."""
    with tempfile.TemporaryDirectory(prefix="pcsc-") as folder, PcscService(Path(folder) / "socket") as other:
        other.add_reader(reader.name)
        environment = {**os.environ, **other.environment}
        listed = subprocess.run(
            ["opensc-tool", "-l"], env=environment, capture_output=True, text=True, timeout=SECONDS, check=True
        )
        assert "0    No " in listed.stdout
        assert "0    Yes " in run("opensc-tool", "-l").stdout


def test_no_root_is_needed() -> None:
    """Service and client as an unprivileged user."""
    program = ROOT / "tests" / "pcscd" / "unprivileged.py"
    command = [sys.executable, str(program)]
    with tempfile.TemporaryDirectory(prefix="pcsc-") as folder:
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            setpriv = shutil.which("setpriv") or "setpriv"
            command = [setpriv, "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs", *command]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": folder}
        done = subprocess.run(
            [*command, folder], env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    assert (0, "3b:89:80:01:45:43:48:4f:20:43:41:52:44:3d\n") == (done.returncode, done.stdout), done.stderr
