"""A client that speaks the protocol itself, so that it can also speak it badly."""

from __future__ import annotations

import socket
from pathlib import Path
from types import TracebackType

from reader_bridge.pcscd import grammar as g
from reader_bridge.pcscd import messages as m
from reader_bridge.pcscd.codes import Rv

SECONDS = 20.0


class WireClient:
    """One connection, with a context when `establish` was called; a context manager."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS)
        self.socket.connect(str(path))
        self.context = 0

    def __enter__(self) -> WireClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, where: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, request: g.Request) -> None:
        """Send a request."""
        self.socket.sendall(g.encode(request))

    def receive(self, length: int) -> bytes:
        """`length` bytes, fewer if the service hangs up."""
        data = b""
        while len(data) < length:
            try:
                part = self.socket.recv(length - len(data))
            except ConnectionResetError:
                break
            if not part:
                break
            data += part
        return data

    def ask(self, request: g.Request) -> dict[str, int]:
        """Send a request with a body; the fields of the reply."""
        self.send(request)
        layout = m.BODIES[g.COMMANDS[type(request)]]
        return dict(layout.parse(self.receive(layout.sizeof())))

    def establish(self) -> WireClient:
        """Get a context."""
        self.context = self.ask(g.Establish(2, 0))["context"]
        return self

    def connect(self, name: str, share: int = 2) -> int:
        """A card handle; the connection must be possible."""
        answer = self.ask(g.Connect(self.context, name.encode().ljust(128, b"\0"), share, 3, 0, 0))
        assert answer["rv"] == Rv.SUCCESS, hex(answer["rv"])
        return answer["card"]

    def transmit(self, card: int, command: bytes) -> tuple[int, bytes]:
        """Code and response."""
        answer = self.ask(g.Transmit(card, 2, 16, len(command), 3, 16, 65548, command))
        return answer["rv"], self.receive(answer["receive_length"]) if answer["rv"] == Rv.SUCCESS else b""

    @property
    def hung_up(self) -> bool:
        """Whether the service ends the connection and says nothing more."""
        return self.receive(1) == b""
