"""A card that passes everything on to another one and tells what passed.

The sink is called in the thread of whoever drives the card, after each exchange; secrets are out of it by then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from reader_bridge.record import text
from reader_bridge.record.mask import Mask
from reader_bridge.record.model import Exchange, Kind, Shown
from reader_bridge.slot import CardLike

Sink = Callable[[Exchange], None]
Clock = Callable[[], float]


class RecordingCard:
    """A `CardLike` around another one. With `secrets` nothing is hidden."""

    def __init__(self, card: CardLike, sink: Sink, secrets: bool = False, clock: Clock = time.monotonic) -> None:
        self._card = card
        self._sink = sink
        self._mask = Mask(secrets)
        self._clock = clock
        self._began: float | None = None

    @property
    def atr(self) -> bytes:
        """The card's ATR; asking for it is no exchange."""
        return self._card.atr

    def power_on(self) -> bytes:
        """Cold reset."""
        return self._started(Kind.POWER_ON, self._card.power_on)

    def reset(self) -> bytes:
        """Warm reset."""
        return self._started(Kind.RESET, self._card.reset)

    def power_off(self) -> None:
        """Power off."""
        at = self._now()
        self._card.power_off()
        self._sink(Exchange(Kind.POWER_OFF, at=at, took=self._now() - at))

    def transmit(self, command: bytes) -> bytes:
        """The card's answer. One that never comes is recorded too."""
        at, response = self._now(), None
        asked = self._mask.command(command)
        try:
            response = self._card.transmit(command)
        finally:
            shown = None if response is None else self._mask.response(response)
            self._sink(Exchange(Kind.APDU, asked, shown, at, self._now() - at))
        return response

    def _started(self, kind: Kind, start: Callable[[], bytes]) -> bytes:
        at, atr = self._now(), None
        try:
            atr = start()
        finally:
            shown = None if atr is None else Shown(atr)
            self._sink(Exchange(kind, response=shown, at=at, took=self._now() - at))
        return atr

    def _now(self) -> float:
        now = self._clock()
        if self._began is None:
            self._began = now
        return now - self._began


class RecordingFile:
    """A sink that writes the text of a recording, line by line; a context manager. The file has mode 600.

    `FileExistsError` for a file that exists, unless it shall be overwritten.
    """

    def __init__(self, path: Path, overwrite: bool = False) -> None:
        self._file = path.open("w" if overwrite else "x", encoding="utf-8")
        path.chmod(0o600)
        self._file.write(text.HEAD + "\n")

    def __call__(self, exchange: Exchange) -> None:
        self._file.write("".join(line + "\n" for line in text.lines(exchange)))
        self._file.flush()

    def __enter__(self) -> RecordingFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the file."""
        self._file.close()
