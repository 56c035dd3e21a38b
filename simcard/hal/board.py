"""The board: the list of parts a card is soldered on, and the only sources of surprise. It has no logic."""

from __future__ import annotations

from dataclasses import dataclass

from simcard.hal.clock import VirtualClock
from simcard.hal.engine import CryptoEngine
from simcard.hal.entropy import Entropy
from simcard.hal.flash import Flash
from simcard.hal.power import PowerSupply


@dataclass(slots=True)
class Board:
    """One card's hardware. `flash` asks `power` for leave; both are here so that a bench can cut it."""

    flash: Flash
    power: PowerSupply
    clock: VirtualClock
    entropy: Entropy
    crypto: CryptoEngine
