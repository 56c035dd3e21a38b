"""A place for a stranger's card: its program runs beside us and connects to a reader of vpcd's kind that we are."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import BadResponse, CardRemoved, FileProblem, LinkError
from host_tools.link.base import CardLink
from reader_bridge.vpcd import (
    Apdu,
    FrameError,
    GetAtr,
    PowerOff,
    PowerOn,
    ReplyDecoder,
    Request,
    Reset,
    encode_request,
)

HERE = Path(__file__).parent
PACKAGES = HERE.parents[1] / ".strangers"
PATIENCE = 20.0
"""Seconds a stranger may take for an answer before it counts as gone."""

TURN = 0.5
"""Seconds to wait for a connection before looking whether the program is still there."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A card somebody else wrote: its program here, its target, and where it comes from."""

    name: str
    origin: str

    @property
    def program(self) -> Path:
        """What runs it."""
        return HERE / "cards" / f"{self.name}.py"

    @property
    def target(self) -> Path:
        """What it has, as its documents and its own defaults say."""
        return HERE / "targets" / f"{self.name}.toml"


STRANGERS = (
    Stranger("vicc", "Debian 12, python3-virtualsmartcard 3.3+dfsg-2 (vsmartcard's own card)"),
    Stranger("python_smartcard", "PyPI, smartcard 0.3 with smartcard-app-openpgp 0.4.0"),
    Stranger("jcecard_card", "PyPI, jcecard 0.1.0 (OpenPGP and PIV)"),
)


class VpcdLink:
    """A card at the other end of a connection in vpcd's protocol."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._decoder = ReplyDecoder()
        self._say(PowerOn())
        self._atr = self._ask(GetAtr())

    @property
    def atr(self) -> bytes:
        return self._atr

    def transmit(self, command: bytes) -> bytes:
        response = self._ask(Apdu(command))
        if len(response) < 2:
            raise BadResponse(f"the card answered {len(response)} bytes; a status word has two")
        return response

    def reset(self) -> bytes:
        self._say(Reset())
        self._atr = self._ask(GetAtr())
        return self._atr

    def cold(self) -> bytes:
        """Take the power away and give it again; the ATR."""
        self._say(PowerOff())
        self._say(PowerOn())
        self._atr = self._ask(GetAtr())
        return self._atr

    def close(self) -> None:
        self._connection.close()

    def _say(self, request: Request) -> None:
        try:
            self._connection.sendall(encode_request(request))
        except FrameError as error:
            raise LinkError(f"vpcd's protocol cannot carry this: {error}") from None
        except OSError:
            raise CardRemoved("the card's program has gone") from None

    def _ask(self, request: Request) -> bytes:
        self._say(request)
        while True:
            try:
                data = self._connection.recv(4096)
            except OSError:
                data = b""
            if not data:
                raise CardRemoved("the card's program ended, or does not answer")
            try:
                replies = self._decoder.feed(data)
            except FrameError:
                raise BadResponse("the card answered with no byte at all") from None
            if replies:
                return replies[0]


class StrangerRig:
    """A new card of one stranger for every case."""

    abilities = frozenset(("link.cold",))
    disposable = True

    def __init__(self, listener: socket.socket, program: subprocess.Popen[bytes]) -> None:
        self._listener = listener
        self._program = program
        self._link: VpcdLink | None = None

    def insert(self) -> CardLink:
        if self._link is not None:
            self._link.close()
        connection = self._connected()
        connection.settimeout(PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._link = VpcdLink(connection)
        return self._link

    def _connected(self) -> socket.socket:
        """The program's next connection; `FileProblem` when there is no program any more."""
        for _ in range(int(PATIENCE / TURN)):
            with suppress(TimeoutError):
                return self._listener.accept()[0]
            if self._program.poll() is not None:
                raise FileProblem("the card's program does not start; `make setup` installs what it needs")
        raise CardRemoved("the card's program does not come back")

    def cold(self) -> bytes:
        assert self._link is not None, "no card was inserted"
        return self._link.cold()

    def cut(self, after: int, tear: str) -> None:
        raise CardRemoved("the power of a stranger cannot be cut at an operation of its memory")

    def pcsc(self, by: str, call: str, data: bytes) -> tuple[str, bytes]:
        raise CardRemoved(f"{call} by {by}: this card is in no PC/SC reader")

    def close(self) -> None:
        """Let the card go."""
        if self._link is not None:
            self._link.close()


@contextmanager
def running(stranger: Stranger) -> Iterator[StrangerRig]:
    """The stranger's program, and the reader it connects to, on the loopback address, at a port nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(TURN)
        port = str(listener.getsockname()[1])
        paths = os.pathsep.join((str(HERE / "cards"), str(PACKAGES)))
        program = subprocess.Popen(
            [sys.executable, str(stranger.program), "127.0.0.1", port],
            env={**os.environ, "PYTHONPATH": paths},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        rig = StrangerRig(listener, program)
        try:
            yield rig
        finally:
            program.kill()
            program.wait()
            rig.close()  # the child with the card sees its reader go, and ends
