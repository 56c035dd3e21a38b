"""The `jcecard` package from PyPI (Kushal Das's virtual OpenPGP and PIV card)."""

import logging
import tempfile
from pathlib import Path

from jcecard.main import OpenPGPCard
from serving import with_card

logging.disable(logging.CRITICAL)


class Served:
    """A card that keeps its state in a folder of its own."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._card = OpenPGPCard(storage_path=Path(self._folder.name) / "card.json")

    def on(self) -> None:
        self._card.power_on()

    def off(self) -> None:
        self._card.power_off()

    def reset(self) -> None:
        self._card.reset()

    def atr(self) -> bytes:
        return bytes(self._card.get_atr())

    def transmit(self, command: bytes) -> bytes:
        return bytes(self._card.process_apdu(command))


if __name__ == "__main__":
    with_card(Served)
