"""A pyscard program that reports cards or readers until its input ends."""

from __future__ import annotations

import sys

from smartcard.CardMonitoring import (  # type: ignore[import-untyped]  # pyscard has no types
    CardMonitor,
    CardObserver,
)
from smartcard.ReaderMonitoring import (  # type: ignore[import-untyped]  # pyscard has no types
    ReaderMonitor,
    ReaderObserver,
)


def say(*words: object) -> None:
    """One line at once."""
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    sys.stdout.flush()


class Cards(CardObserver):  # type: ignore[misc]  # pyscard has no types
    """Says which cards come and go."""

    def update(self, observable: object, handlers: tuple[list[object], list[object]]) -> None:
        """Called by the monitor."""
        for sign, cards in zip("+-", handlers):
            for card in cards:
                say(card.reader, sign)  # type: ignore[attr-defined]  # pyscard has no types


class Readers(ReaderObserver):  # type: ignore[misc]  # pyscard has no types
    """Says which readers come and go."""

    def update(self, observable: object, handlers: tuple[list[object], list[object]]) -> None:
        """Called by the monitor."""
        for sign, readers in zip("+-", handlers):
            for reader in readers:
                say(reader, sign)


def main(what: str) -> None:
    """Observe `cards` or `readers`."""
    monitor = CardMonitor() if what == "cards" else ReaderMonitor(period=0.05)
    monitor.addObserver(Cards() if what == "cards" else Readers())
    sys.stdin.read()
    monitor.deleteObservers()


if __name__ == "__main__":
    main(sys.argv[1])
