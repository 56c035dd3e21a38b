"""The security status of one logical channel: which references were verified, which keys proved (7816-4, 9.2).

It lives until reset or until the channel closes. Status of a local reference ends when its DF is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from simcard.pin.reference import PinId


@dataclass(slots=True)
class SecurityStatus:
    pins: set[PinId] = field(default_factory=set)
    keys: set[int] = field(default_factory=set)

    def clear(self) -> None:
        self.pins.clear()
        self.keys.clear()

    def enter(self, scopes: Iterable[int]) -> None:
        """The current DF changed; `scopes` are the identifiers from it up to the MF."""
        kept = {0, *scopes}
        self.pins = {pin for pin in self.pins if pin.scope in kept}
