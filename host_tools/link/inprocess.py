"""A card object in this very process, without a reader in between."""

from __future__ import annotations

from typing import Protocol

from host_tools.errors import BadResponse, CardRemoved, refusal
from simcard.wire.status import Refused


class PoweredCard(Protocol):
    """What an object must have to be linked to."""

    def power_on(self) -> bytes:
        """Cold reset; the ATR."""
        ...

    def reset(self) -> bytes:
        """Warm reset; the ATR."""
        ...

    def power_off(self) -> None:
        """Take the power away."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """The response to any bytes."""
        ...


class InProcessLink:
    """A `CardLink` to a card object, powered on at once.

    `power_lost` is the exception by which the card says that its power failed; it becomes `CardRemoved`.
    """

    def __init__(self, card: PoweredCard, power_lost: type[BaseException] | tuple[()] = ()) -> None:
        self._card = card
        self._power_lost = power_lost
        self._open = True
        try:
            self._atr = card.power_on()
        except Refused as refused:  # a card writes at every start: its disk may be full
            raise refusal(refused.sw, "powering the card") from None

    @property
    def atr(self) -> bytes:
        return self._atr

    def transmit(self, command: bytes) -> bytes:
        if not self._open:
            raise CardRemoved("the card was let go; open it again")
        try:
            response = self._card.transmit(command)
        except self._power_lost:
            raise CardRemoved("the card lost its power; reset it and look what it kept") from None
        if len(response) < 2:
            raise BadResponse(f"the card answered {len(response)} bytes; a status word has two")
        return response

    def reset(self) -> bytes:
        try:
            self._atr = self._card.reset()
        except self._power_lost:
            raise CardRemoved("the card lost its power during the reset; reset it again") from None
        except Refused as refused:
            raise refusal(refused.sw, "resetting the card") from None
        return self._atr

    def close(self) -> None:
        if self._open:
            self._open = False
            self._card.power_off()
