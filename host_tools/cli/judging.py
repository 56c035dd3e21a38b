"""Wiring: where a card under test sits, for `conformance.judge`.

A card of this program is copied into memory for every case, so a case can do what it likes to it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from host_tools.cli import rig
from host_tools.errors import CardRemoved, ImageProblem
from host_tools.link.base import CardLink
from host_tools.link.inprocess import InProcessLink
from simcard.card import Card
from simcard.hal.flash import RamFlash
from simcard.hal.power import PowerLost, PowerSupply, Tear
from simcard.hal.system import SystemEntropy
from simcard.nvm.store import CorruptMemory, NotFormatted, Store
from simcard.personalise import sheet_of


def _as_made(card: Card) -> None:
    """Nothing is changed in the card."""


class RamRig:
    """Equal cards from one image, a new one for every case. `mend` may put broken parts into a card just powered."""

    abilities = frozenset(("link.cold", "link.cut"))
    disposable = True

    def __init__(self, image: bytes, mend: Callable[[Card], None] = _as_made) -> None:
        self._image = image
        self._mend = mend
        self._card: Card | None = None

    @property
    def card(self) -> Card:
        """The card in the place."""
        assert self._card is not None, "no card was inserted"
        return self._card

    def insert(self) -> CardLink:
        board = rig.board_of(self._image, PowerSupply())
        board.entropy = SystemEntropy()  # a card made without a seed must not draw the same after every start
        self._card = Card(board)
        return _MendedLink(self._card, self._mend)

    def cold(self) -> bytes:
        self.card.power_off()
        self.card.board.power.restore()
        atr = self.card.power_on()
        self._mend(self.card)
        return atr

    def cut(self, after: int, tear: str) -> None:
        self.card.board.power.cut(after, Tear(tear))

    def pcsc(self, by: str, call: str, data: bytes) -> tuple[str, bytes]:
        raise CardRemoved(f"{call} by {by}: this card is in no PC/SC reader")

    def memory(self) -> bytes:
        """The memory of the card in the place, as it is now."""
        flash = self.card.board.flash
        assert isinstance(flash, RamFlash)
        return flash.image()


class _MendedLink(InProcessLink):
    """A link whose card is mended again after every start, for a start makes its parts anew."""

    def __init__(self, card: Card, mend: Callable[[Card], None]) -> None:
        self._mended, self._mend = card, mend
        super().__init__(card, PowerLost)
        mend(card)

    def reset(self) -> bytes:
        atr = super().reset()
        self._mend(self._mended)
        return atr


def flash_of(image: Path) -> bytes:
    """A copy of the flash in an image file; `ImageProblem` when it cannot be read."""
    from simcard.hal.fileflash import FileFlash, ImageError

    try:
        flash = FileFlash.open(image)
    except ImageError as error:
        raise ImageProblem(str(error)) from None
    try:
        return flash.read(0, flash.size)
    finally:
        flash.close()


def name_on(memory: bytes) -> tuple[str, bytes]:
    """The name of the profile a card was made from, and its ATR; `ImageProblem` when the memory holds no card."""
    try:
        sheet = sheet_of(Store.mount(RamFlash.of_image(memory)))
    except (CorruptMemory, NotFormatted, ValueError) as error:
        raise ImageProblem(f"the card's memory cannot be read: {error}") from None
    return sheet.name, sheet.atr_bytes
