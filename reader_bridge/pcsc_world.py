"""A private PC/SC world: a real pcscd with real vpcd readers that nobody else on the machine sees.

    with PcscWorld(readers=2) as world:
        async with CardServer() as server:
            await server.add_reader("first", world.endpoint(0), card)
            subprocess.run(["opensc-tool", "--atr"], env=world.environment())

How private it can be depends on what the kernel allows (`Isolation`); `isolation()` tries. In namespaces
nothing clashes: pcscd has its own /run and vpcd, which always listens on 0.0.0.0, has its own network with no
way out of it. Clients run outside and find the world's pcscd by `PCSCLITE_CSOCK_NAME`, a path; `inside` gives
the command line for those that must run inside.

Without namespaces pcscd is given its socket the way systemd passes one. Then the limits are: vpcd's ports are
free ports of this machine and open to its network; pcscd still insists on a folder /run/pcscd and, as root,
on its process id file there (so a world refuses to start as root beside a running pcscd); and USB
readers are not hidden from it. The socket's path is compiled into pcscd 1.9.9; `PCSCLITE_CSOCK_NAME` moves
only the client's side.

pcscd 1.9.9 lists sixteen readers. One loaded copy of vpcd's driver has two slots and keeps them in global
variables, so each further pair of readers gets a copy of the driver under another name.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from pathlib import Path
from types import TracebackType

from reader_bridge import vpcd
from reader_bridge.endpoint import Dial
from reader_bridge.server import CardServer
from reader_bridge.slot import CardLike

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SYSTEM_CONFIGURATION = Path("/etc/reader.conf.d/vpcd")
SYSTEM_PROCESS_ID = Path("/run/pcscd/pcscd.pid")
SLOTS_PER_DRIVER = 2
MOST_READERS = 16
READY_SECONDS = 10.0
POLL_SECONDS = 0.005


class WorldError(Exception):
    """A private PC/SC world cannot be made here; the text says what is missing."""


class Isolation(Enum):
    """How far a world is apart from the machine; the values are options of unshare(1)."""

    USER_NAMESPACE = "--map-root-user --mount --net"
    ROOT_NAMESPACE = "--mount --net"
    NONE = ""

    def prefix(self) -> list[str]:
        """What comes before a command line to run it so isolated."""
        return ["unshare", *self.value.split()] if self.value else []


@cache
def isolation() -> Isolation:
    """The best isolation that this process can have; root needs no user namespace."""
    first = Isolation.ROOT_NAMESPACE if os.geteuid() == 0 else Isolation.USER_NAMESPACE
    for kind in (first, Isolation.USER_NAMESPACE):
        tried = subprocess.run([*kind.prefix(), "true"], capture_output=True, check=False)
        if tried.returncode == 0:
            return kind
    return Isolation.NONE


def driver_path() -> Path:
    """vpcd's IFD handler, from the system's reader configuration if there is one. `WorldError` if missing."""
    found = DRIVER
    if SYSTEM_CONFIGURATION.is_file():
        named = re.search(r"^LIBPATH\s+(\S+)", SYSTEM_CONFIGURATION.read_text(), re.MULTILINE)
        found = Path(named[1]) if named else DRIVER
    if not found.is_file():
        raise WorldError(f"vpcd's driver {found} is missing (Debian package vsmartcard-vpcd)")
    return found


def write_configuration(folder: Path, ports: Sequence[int], driver: Path) -> None:
    """reader.conf entries in `folder`/conf for vpcd drivers whose first slots listen on `ports`."""
    (folder / "conf").mkdir()
    entries = []
    for number, port in enumerate(ports):
        copy = folder / f"libifdvpcd{number}.so"
        shutil.copyfile(driver, copy)
        names = f'FRIENDLYNAME "Virtual PCD {number:X}"\nDEVICENAME /dev/null:{port:#X}\n'
        entries.append(names + f"LIBPATH {copy}\nCHANNELID {port:#X}\n")
    (folder / "conf" / "vpcd").write_text("\n".join(entries))


def free_ports(pairs: int) -> list[int]:
    """First ports of `pairs` pairs of neighbouring ports that are free now.

    Another process may take one before pcscd does; the world then fails to get ready and says so.
    """
    found: list[int] = []
    with contextlib.ExitStack() as held:
        while len(found) < pairs:
            first = held.enter_context(socket.socket())
            first.bind(("", 0))
            port = first.getsockname()[1]
            second = held.enter_context(socket.socket())
            with contextlib.suppress(OSError, OverflowError):
                second.bind(("", port + 1))
                found.append(port)
    return found


class PcscWorld:
    """A private pcscd with `readers` vpcd readers; a context manager. Readers are numbered from 0.

    The driver has two slots, so with an odd number of readers pcscd lists one more, which stays empty.
    """

    def __init__(self, readers: int = 2, kind: Isolation | None = None) -> None:
        if not 1 <= readers <= MOST_READERS:
            raise WorldError(f"pcscd lists 1 to {MOST_READERS} readers, not {readers}")
        self.readers = readers
        self.kind = kind or isolation()
        self.folder = Path()
        self._ports: list[int] = []
        self._helper: subprocess.Popen[bytes] | None = None
        self._door: socket.socket | None = None
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> PcscWorld:
        try:
            self._start()
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, where: TracebackType | None
    ) -> None:
        self._cleanup.close()

    @property
    def socket_path(self) -> Path:
        """The socket of this pcscd, for `PCSCLITE_CSOCK_NAME`."""
        return self.folder / "run" / "pcscd.comm"

    def environment(self) -> Mapping[str, str]:
        """This process's environment, for clients that shall see this world's readers."""
        return {**os.environ, "PCSCLITE_CSOCK_NAME": str(self.socket_path)}

    def endpoint(self, reader: int) -> Dial:
        """Where the card server finds reader number `reader`."""

        async def dial() -> socket.socket:
            return self.connect(reader)

        return Dial(dial, f"private reader {reader}")

    def port(self, reader: int) -> int:
        """The vpcd port of reader number `reader`, within the world's network."""
        return self._ports[reader // SLOTS_PER_DRIVER] + reader % SLOTS_PER_DRIVER

    def connect(self, reader: int) -> socket.socket:
        """A connected socket to the vpcd of reader number `reader`; `ConnectionError` if it does not listen."""
        try:
            assert self._door is not None
            self._door.send(b"dial %d" % self.port(reader))
            answer, passed, _, _ = socket.recv_fds(self._door, 200, 1)
        except OSError:
            raise ConnectionError("the world has ended") from None
        if not passed:
            raise ConnectionError(answer.decode() or "the world has ended")
        made = socket.socket(fileno=passed[0])
        made.setblocking(True)  # the helper's time limit for connecting comes with the socket
        return made

    def inside(self, command: Sequence[str]) -> list[str]:
        """The command line that runs `command` within the namespaces of this world."""
        if self.kind is Isolation.NONE or self._helper is None:
            return list(command)
        user = ["--user", "--preserve-credentials"] if self.kind is Isolation.USER_NAMESPACE else []
        return ["nsenter", "--target", str(self._helper.pid), *user, "--mount", "--net", *command]

    def log(self) -> str:
        """What pcscd said so far."""
        return (self.folder / "log").read_text(errors="replace")

    def _start(self) -> None:
        for program in ("pcscd", "unshare", "setpriv", "mount"):
            if shutil.which(program) is None:
                raise WorldError(f"{program} is not installed")
        driver = driver_path()
        if self.kind is Isolation.NONE:
            refuse_a_shared_pcscd()
        self.folder = Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="pcsc-")))
        (self.folder / "run").mkdir()
        pairs = -(-self.readers // SLOTS_PER_DRIVER)
        alone = self.kind is not Isolation.NONE
        self._ports = [vpcd.PORT + 2 * pair for pair in range(pairs)] if alone else free_ports(pairs)
        write_configuration(self.folder, self._ports, driver)
        self._launch()
        self._await_readers()

    def _launch(self) -> None:
        plain = ["--plain"] if self.kind is Isolation.NONE else []
        python = [sys.executable, "-m", "reader_bridge.pcsc_helper", str(self.folder), *plain]
        command = [*self.kind.prefix(), *python]
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._helper = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
        self._cleanup.callback(self._helper.wait)
        self._door = self._cleanup.enter_context(ours)
        said = self._door.recv(500).decode()
        if not said.startswith("ready "):
            raise WorldError(f"no private pcscd: {said or 'its helper ended'}")

    def _await_readers(self) -> None:
        """Until pcscd takes clients and every vpcd listens."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._ready():
            if time.monotonic() > deadline:
                raise WorldError(f"pcscd is not ready after {READY_SECONDS:.0f} s; it says: {self.log()[-500:]}")
            time.sleep(POLL_SECONDS)

    def _ready(self) -> bool:
        """pcscd listens for clients after it has started the drivers, and those listen when started."""
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(str(self.socket_path))
                self.connect(self.readers - 1).close()
            except OSError:
                return False
        return True


def refuse_a_shared_pcscd() -> None:
    """Without namespaces, `WorldError` where pcscd could not run or would tread on a running one."""
    if os.geteuid() == 0 and SYSTEM_PROCESS_ID.exists():
        raise WorldError(f"a pcscd runs here ({SYSTEM_PROCESS_ID}) and namespaces are not allowed")
    if os.geteuid() != 0 and not SYSTEM_PROCESS_ID.parent.is_dir():
        raise WorldError(f"namespaces are not allowed and there is no {SYSTEM_PROCESS_ID.parent} for pcscd")


def run_world(readers: int, command: Sequence[str], cards: Sequence[CardLike] = ()) -> int:
    """Run `command` with `readers` private readers, the first of them holding `cards`; its exit code.

    pcscd notices the cards within half a second; a command that needs one waits for it as for any card.
    """

    async def served(world: PcscWorld) -> int:
        async with CardServer() as server:
            for number, card in enumerate(cards):
                server.add_reader(str(number), world.endpoint(number), card)
            process = await asyncio.create_subprocess_exec(*command, env=world.environment())
            return await process.wait()

    with PcscWorld(max(readers, len(cards))) as world:
        return asyncio.run(served(world))


def main(arguments: Sequence[str]) -> int:
    """`READERS COMMAND...`: run a command (by default a shell) in a private PC/SC world."""
    readers, *command = arguments or ["2"]
    try:
        return run_world(int(readers), command or shlex.split(os.environ.get("SHELL", "/bin/sh")))
    except WorldError as failed:
        sys.stderr.write(f"pcsc_world: {failed}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
