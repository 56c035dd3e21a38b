"""Where the card under test sits. The judge knows no more of it than this."""

from __future__ import annotations

from typing import Protocol

from host_tools.link.base import CardLink


class Rig(Protocol):
    """A place that holds one card, or makes as many equal ones as are asked for."""

    @property
    def abilities(self) -> frozenset[str]:
        """What the place can do beside carrying commands: names of the vocabulary's `link` table."""
        ...

    @property
    def disposable(self) -> bool:
        """Whether every `insert` gives a card as new, so that nothing a case does lasts."""
        ...

    def insert(self) -> CardLink:
        """The card, powered and just reset."""
        ...

    def cold(self) -> bytes:
        """Take the power away and give it again; the ATR."""
        ...

    def cut(self, after: int, tear: str) -> None:
        """Order that the power goes at operation number `after` of the memory, counted from 0 and from now."""
        ...

    def pcsc(self, by: str, call: str, data: bytes) -> tuple[str, bytes]:
        """Make a PC/SC call on the connection of that name; its code's name, and what it gave.

        The link that `insert` gave is closed by this, so that it does not share the card.
        """
        ...
