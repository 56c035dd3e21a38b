"""A recording as a card.

Rules:
- Each command is answered as the next exchange of the recording that fits it, counted from where the replay is;
  at the end the search starts again at the beginning, so a host that asks twice gets what was recorded once.
- A command that fits nowhere is answered 6F00 and noted in `unknown`; nothing else moves.
- Hidden bytes of an answer come as zeros. An answer that never came does not come again: the card is silent.
- A reset moves on to behind the next recorded reset, if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reader_bridge.record.model import Exchange, Kind
from simcard.wire.status import SW

STARTS = (Kind.POWER_ON, Kind.RESET)
UNKNOWN = SW.NO_DIAGNOSIS.to_bytes(2, "big")


class NothingToReplay(ValueError):
    """The recording holds no ATR and none was given."""


class Silence(Exception):
    """The recorded card did not answer here either."""


class ReplayCard:
    """A `CardLike` made of a recording. `atr` is for recordings without one."""

    def __init__(self, recording: Sequence[Exchange], atr: bytes = b"") -> None:
        atrs = [e.response.padded() for e in recording if e.kind in STARTS and e.response is not None]
        if not atrs and not atr:
            raise NothingToReplay("the recording holds no answer to reset; record from power-on, or give an ATR")
        self._recording = recording
        self._atr = atrs[0] if atrs else atr
        self._next = 0
        self.unknown: list[bytes] = []
        """Headers of commands that were not in the recording."""

    @property
    def atr(self) -> bytes:
        """The last ATR replayed, at first the first one."""
        return self._atr

    def power_on(self) -> bytes:
        """The next recorded ATR."""
        return self._restart()

    def reset(self) -> bytes:
        """The next recorded ATR."""
        return self._restart()

    def power_off(self) -> None:
        """Nothing to forget."""

    def transmit(self, command: bytes) -> bytes:
        """The recorded answer; `Silence` where none was recorded."""
        found = self._find(lambda exchange: exchange.kind is Kind.APDU and exchange.command.fits(command))
        if found is None:
            self.unknown.append(command[:4])
            return UNKNOWN
        if found.response is None:
            raise Silence
        return found.response.padded()

    def _restart(self) -> bytes:
        found = self._find(lambda exchange: exchange.kind in STARTS and exchange.response is not None)
        if found is not None and found.response is not None:
            self._atr = found.response.padded()
        return self._atr

    def _find(self, fits: Callable[[Exchange], bool]) -> Exchange | None:
        size = len(self._recording)
        for step in range(size):
            place = (self._next + step) % size
            if fits(self._recording[place]):
                self._next = place + 1
                return self._recording[place]
        return None
