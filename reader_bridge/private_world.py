"""A private PC/SC world without root: the rootless service, its readers, and the environment of its clients.

    with PrivateWorld() as world:
        world.add_reader("My Reader 00 00").insert(card)
        subprocess.run(["opensc-tool", "--atr"], env=world.environment())

Nothing is shared with pcscd or with other worlds, so any number may run at a time.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from reader_bridge.pcscd.server import SOCKET_VARIABLE, PcscService, VirtualReader
from reader_bridge.pcscd.table import TableError
from reader_bridge.slot import CardLike

NAME = "simcard {:02X} 00"


class PrivateWorld:
    """A world of readers; a context manager. Without a path the socket is in a temporary folder of its own."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._cleanup = contextlib.ExitStack()
        self._service: PcscService | None = None
        self.readers: dict[str, VirtualReader] = {}

    def __enter__(self) -> PrivateWorld:
        with contextlib.ExitStack() as opening:
            path = self._path
            if path is None:
                # Directly in the temporary folder: the path of a socket has 107 bytes at most.
                path = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="simcard-"))) / "pcsc"
            self._service = opening.enter_context(PcscService(path))
            self._cleanup = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, where: TracebackType | None
    ) -> None:
        self._cleanup.close()
        self._service = None
        self.readers.clear()

    @property
    def service(self) -> PcscService:
        """The running service."""
        assert self._service is not None, "the world has ended"
        return self._service

    @property
    def variable(self) -> tuple[str, str]:
        """The environment variable that leads libpcsclite here, and its value."""
        return SOCKET_VARIABLE, str(self.service.path)

    def environment(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """`base` with what a client needs to see this world's readers."""
        return {**base, **dict((self.variable,))}

    def add_reader(self, name: str | None = None, card: CardLike | None = None) -> VirtualReader:
        """Plug a reader in. `TableError` if the name is taken or libpcsclite could not list it."""
        wanted = name if name is not None else self._free_name()
        try:
            reader = self.service.add_reader(wanted, card)
        except ValueError as bad:
            raise TableError(f"{wanted!r}: {bad}") from None
        self.readers[wanted] = reader
        return reader

    def unplug(self, name: str) -> None:
        """Unplug a reader with its card. KeyError if there is none of that name."""
        self.readers.pop(name).unplug()

    def _free_name(self) -> str:
        return next(name for name in map(NAME.format, range(256)) if name not in self.readers)
