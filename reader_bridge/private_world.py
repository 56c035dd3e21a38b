"""A private PC/SC world without root: the rootless service, its readers, and the environment of its clients.

    with PrivateWorld() as world:
        world.add_reader("My Reader 00 00").insert(card)
        subprocess.run(["opensc-tool", "--atr"], env=world.environment())

Nothing is shared with pcscd or with other worlds, so any number may run at a time. `WorldCards` lets
`reader_bridge.control` move cards in a world while it runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from reader_bridge.pcscd.server import SOCKET_VARIABLE, PcscService, VirtualReader
from reader_bridge.pcscd.table import TableError
from reader_bridge.server import ReaderStatus, ResetKind, ServerError
from reader_bridge.slot import CardLike, SlotError

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


class WorldCards:
    """The cards of a world for the control service; `ServerError` says what cannot be done."""

    def __init__(self, world: PrivateWorld) -> None:
        self._world = world

    def insert(self, card: CardLike, name: str | None = None) -> str:
        """Put a card into the named reader, or the first empty one; the reader's name."""
        reader = self._reader(name) if name is not None else self._empty()
        try:
            reader.insert(card)
        except SlotError as refused:
            raise ServerError(str(refused)) from None
        return reader.name

    async def remove(self, name: str) -> CardLike:
        """Pull the card out of the named reader and give it back."""
        try:
            return await asyncio.to_thread(self._reader(name).remove)
        except SlotError as refused:
            raise ServerError(str(refused)) from None

    async def reset(self, name: str, kind: ResetKind) -> None:
        """Reset the card as another application would; a cold reset is taking it out and putting it back."""
        reader = self._reader(name)
        try:
            if kind is ResetKind.WARM:
                await asyncio.to_thread(reader.reset)
            else:
                reader.insert(await asyncio.to_thread(reader.remove))
        except SlotError as refused:
            raise ServerError(str(refused)) from None

    def status(self) -> list[ReaderStatus]:
        """Every reader; `connected` means that a client uses it."""
        path = self._world.variable[1]
        return [
            ReaderStatus(name, path, reader.connections > 0, reader.state, reader.atr)
            for name, reader in self._world.readers.items()
        ]

    def _reader(self, name: str) -> VirtualReader:
        found = self._world.readers.get(name)
        if found is None:
            raise ServerError(f"there is no reader {name}")
        return found

    def _empty(self) -> VirtualReader:
        for reader in self._world.readers.values():
            if not reader.occupied:
                return reader
        raise ServerError("every reader holds a card" if self._world.readers else "there is no reader")
