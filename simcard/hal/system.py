"""The host's own random generator as a source of entropy: for cards that hold keys for real use.

One of the few modules of the card that touch the operating system; nothing else in the card imports it.
"""

from __future__ import annotations

import os


class SystemEntropy:
    """Bytes of the operating system's generator; forks need no separation and are the source itself."""

    __slots__ = ()

    deterministic = False

    def read(self, n: int) -> bytes:
        """The next `n` bytes."""
        return os.urandom(n)

    def fork(self, label: str) -> SystemEntropy:  # the label separates nothing here
        """This source: its bytes are independent whoever draws them."""
        return self
