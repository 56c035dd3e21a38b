"""Where the demonstration plays: a private world of the rootless service, or a private pcscd with vpcd.

Both give readers to programs that find them through `PCSCLITE_CSOCK_NAME`, and let cards come and go.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from reader_bridge.pcsc_world import SLOTS_PER_DRIVER, PcscWorld
from reader_bridge.private_world import PrivateWorld
from reader_bridge.server import CardServer
from reader_bridge.slot import CardLike
from reader_bridge.world_cards import WorldCards


class Stage(Protocol):
    """A PC/SC world as the demonstration needs it; readers are named by their cards and numbered in their order."""

    title: str

    def environment(self) -> Mapping[str, str]:
        """The environment of programs that shall see the readers."""
        ...

    def add(self, name: str, card: CardLike) -> str:
        """Put a card into a further reader; the name that programs see."""
        ...

    def insert(self, name: str, card: CardLike) -> None:
        """Put a card back into its reader."""
        ...

    async def remove(self, name: str) -> CardLike:
        """Pull the card out of its reader."""
        ...

    async def stop(self) -> None:
        """Take every card out; the readers may go too."""
        ...


class PrivateStage:
    """The rootless service."""

    title = "the rootless PC/SC service"

    def __init__(self, world: PrivateWorld) -> None:
        self._world = world
        self._cards = WorldCards(world)

    def environment(self) -> Mapping[str, str]:
        return self._world.environment()

    def add(self, name: str, card: CardLike) -> str:
        return self._world.add_reader(name, card).name

    def insert(self, name: str, card: CardLike) -> None:
        self._cards.insert(card, name)

    async def remove(self, name: str) -> CardLike:
        return await self._cards.remove(name)

    async def stop(self) -> None:
        for name in [*self._world.readers]:
            self._world.unplug(name)


class PcscdStage:
    """The real pcscd; its readers are vpcd's, and a card server fills them."""

    def __init__(self, world: PcscWorld, server: CardServer) -> None:
        self.title = f"pcscd with vpcd, {world.kind.name.lower().replace('_', ' ')}"
        self._world = world
        self._server = server
        self._used = 0

    def environment(self) -> Mapping[str, str]:
        return self._world.environment()

    def add(self, name: str, card: CardLike) -> str:
        number = self._used
        self._server.add_reader(name, self._world.endpoint(number), card)
        self._used += 1
        pair, slot = divmod(number, SLOTS_PER_DRIVER)
        return f"Virtual PCD {pair:X} 00 {slot:02X}"

    def insert(self, name: str, card: CardLike) -> None:
        self._server.insert(card, name)

    async def remove(self, name: str) -> CardLike:
        return await self._server.remove(name)

    async def stop(self) -> None:
        await self._server.stop()


@asynccontextmanager
async def private(readers: int) -> AsyncIterator[Stage]:
    """A private world; it has as many readers as are added."""
    with PrivateWorld() as world:
        yield PrivateStage(world)


@asynccontextmanager
async def pcscd(readers: int) -> AsyncIterator[Stage]:
    """A private pcscd with so many readers. `WorldError` says what is missing here."""
    with PcscWorld(readers) as world:
        async with CardServer() as server:
            yield PcscdStage(world, server)


STAGES: dict[str, Callable[[int], AbstractAsyncContextManager[Stage]]] = {"private": private, "pcscd": pcscd}
