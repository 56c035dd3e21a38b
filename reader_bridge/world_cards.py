"""The cards of a private PC/SC world, moved while it runs: what `reader_bridge.control` needs of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from reader_bridge.pcscd.server import VirtualReader
from reader_bridge.private_world import PrivateWorld
from reader_bridge.server import ReaderStatus, ResetKind, ServerError
from reader_bridge.slot import CardLike, SlotError

Seating = Callable[[CardLike, VirtualReader], None]
"""Told of a card and the reader it is about to be put into."""


def _anywhere(card: CardLike, reader: VirtualReader) -> None:
    """For cards that need not know their reader."""


class WorldCards:
    """The cards of a world for the control service; `ServerError` says what cannot be done."""

    def __init__(self, world: PrivateWorld, seating: Seating = _anywhere) -> None:
        self._world = world
        self._seating = seating

    def insert(self, card: CardLike, name: str | None = None) -> str:
        """Put a card into the named reader, or the first empty one; the reader's name."""
        reader = self._reader(name) if name is not None else self._empty()
        self._seating(card, reader)
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
