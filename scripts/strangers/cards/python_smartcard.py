"""The `smartcard` package from PyPI (Vincent Pelletier's card operating system) with its OpenPGP application."""

import logging

import ZODB.DB
import ZODB.MappingStorage
from serving import with_card
from smartcard import MASTER_FILE_IDENTIFIER, Card
from smartcard.app.openpgp import OpenPGP
from smartcard.utils import transaction_manager

logging.disable(logging.CRITICAL)


class Served:
    """A card in a database of its own in memory, as its programs keep it in one on disk."""

    def __init__(self) -> None:
        self._db = ZODB.DB(ZODB.MappingStorage.MappingStorage())
        root = self._db.open(transaction_manager=transaction_manager).root
        with transaction_manager:
            self._card = root.card = Card(name=b"python-smartcard")
            application = OpenPGP(identifier=b"\x12\x34")
            application.activateSelf()
            self._card.createFile(self._card.traverse((MASTER_FILE_IDENTIFIER,)), application)

    def on(self) -> None:
        self._card.clearVolatile()

    def off(self) -> None:
        self._card.clearVolatile()

    def reset(self) -> None:
        self._card.clearVolatile()

    def atr(self) -> bytes:
        with transaction_manager:
            return bytes(self._card.getATR())

    def transmit(self, command: bytes) -> bytes:
        return bytes(self._card.runAPDU(bytearray(command)))


if __name__ == "__main__":
    with_card(Served)
