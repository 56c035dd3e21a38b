"""The slot of a reader: what the reader wants becomes a method of the card, and nothing else holds a card.

Rules:
- The slot knows no socket and no wire format; every bridge (vpcd, the rootless PC/SC service, vicc) drives
  the same slot.
- A slot answers `None` where a real card would be silent: no card, no power, or a card that broke down.
- A card that lost its power (`PowerLost`) is off until it is powered again. A reset of an unpowered card
  powers it, as the reset of CCID readers does, which is a power cycle.
- A card that raised anything else, or answered less than a status word, has a bug. Its state is unknown, so
  it is mute until the next reset or power-on, and that one is a cold start.
- A slot is not thread-safe: one caller at a time.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from enum import Enum
from typing import ParamSpec, Protocol, TypeVar

from simcard.hal.power import PowerLost

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class CardLike(Protocol):
    """A smart card as its contacts show it."""

    @property
    def atr(self) -> bytes:
        """The answer to reset, given at any time, also without power: readers poll it as presence."""
        ...

    def power_on(self) -> bytes:
        """Cold reset; the ATR."""
        ...

    def reset(self) -> bytes:
        """Warm reset; the ATR."""
        ...

    def power_off(self) -> None:
        """Take the power away; whatever lives in RAM is gone."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """The response APDU, two bytes or more, to any bytes; `PowerLost` if the power failed meanwhile."""
        ...


class State(Enum):
    """What is in the slot."""

    EMPTY = "empty"
    OFF = "off"
    ON = "on"
    MUTE = "mute"


class SlotError(Exception):
    """The slot cannot do that now: it is occupied, or empty."""


class ShortAnswer(Exception):
    """A card answered less than a status word. The length is in the text, the answer is not."""


OnCrash = Callable[[str, CardLike, BaseException], None]
"""Told the slot's name, the card and the exception; writes the card's seed and trace somewhere, no secrets."""


def log_crash(name: str, card: CardLike, bug: BaseException) -> None:
    """Log where a card broke down: the exception's type and its places in the code.

    The text of the exception and the command stay out of the log, because either may quote a PIN or a key.
    """
    places = [f"{at.name} ({at.filename}:{at.lineno})" for at in traceback.extract_tb(bug.__traceback__)]
    log.error(
        "%s: %s broke down with %s at %s; mute until reset",
        name,
        type(card).__name__,
        type(bug).__name__,
        " > ".join(places),
    )


class Slot:
    """One slot and the card in it, if any."""

    __slots__ = ("_card", "_on_crash", "name", "state")

    def __init__(self, name: str, card: CardLike | None = None, on_crash: OnCrash = log_crash) -> None:
        self.name = name
        self.state = State.EMPTY if card is None else State.OFF
        self._card = card
        self._on_crash = on_crash

    @property
    def present(self) -> bool:
        """Whether a card is in the slot."""
        return self._card is not None

    def insert(self, card: CardLike) -> None:
        """Put a card in; it has no power yet. `SlotError` if there is one already."""
        if self._card is not None:
            raise SlotError(f"{self.name} already holds a card")
        self._card = card
        self.state = State.OFF

    def remove(self) -> CardLike:
        """Pull the card out, which takes its power away. `SlotError` if there is none."""
        if self._card is None:
            raise SlotError(f"{self.name} holds no card")
        self.power_off()
        card, self._card = self._card, None
        self.state = State.EMPTY
        return card

    def atr(self) -> bytes | None:
        """The card's ATR, with or without power; None if there is no card, or none that can tell."""
        card = self._card
        return None if card is None else self._guarded(lambda: card.atr or None)

    def power_on(self) -> bytes | None:
        """Cold reset: the ATR, or None. A card that has power loses it first."""
        card = self._card
        if card is None:
            return None
        self.power_off()
        return self._start(card.power_on)

    def reset(self) -> bytes | None:
        """Warm reset if the card is running, else a cold one: the ATR, or None."""
        if self._card is None or self.state is not State.ON:
            return self.power_on()
        return self._start(self._card.reset)

    def power_off(self) -> None:
        """Take the card's power away, if it has any."""
        if self._card is None or self.state is State.OFF:
            return
        self.state = State.OFF
        self._guarded(self._card.power_off)

    def transmit(self, command: bytes) -> bytes | None:
        """The response APDU, or None when nothing answers."""
        if self._card is None or self.state is not State.ON:
            return None
        return self._guarded(self._answer, command)

    def _answer(self, command: bytes) -> bytes:
        assert self._card is not None
        response = self._card.transmit(command)
        if len(response) < 2:
            raise ShortAnswer(f"{len(response)} bytes")
        return response

    def _start(self, start: Callable[[], bytes]) -> bytes | None:
        """Run a reset; the card is on when it gave its ATR."""
        self.state = State.OFF
        atr = self._guarded(start)
        if atr is not None:
            self.state = State.ON
        return atr

    def _guarded(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Call into the card; None if it went silent."""
        try:
            return act(*args, **kwargs)
        except PowerLost:
            self.state = State.OFF
        # One card's bug must not take the reader, and the other cards in this process, down with it.
        except Exception as bug:  # noqa: BLE001
            self.state = State.MUTE
            assert self._card is not None
            self._on_crash(self.name, self._card, bug)
        return None
