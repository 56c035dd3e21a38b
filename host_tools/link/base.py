"""The one seam between host programs and cards: bytes in, bytes out."""

from __future__ import annotations

from typing import Protocol


class CardLink(Protocol):
    """A powered card. Errors are `host_tools.errors.LinkError`s; a status word is never one."""

    @property
    def atr(self) -> bytes:
        """The answer to the last reset."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """The response to one command: data and status word, two bytes or more."""
        ...

    def reset(self) -> bytes:
        """Warm reset; the ATR. What the card held in RAM is gone, verified PINs too."""
        ...

    def close(self) -> None:
        """Let the card go; a second call does nothing."""
        ...
