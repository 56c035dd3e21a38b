"""What the fixtures of `pytest_plugin` are made of: a card on a RAM board and handles to its parts.

A wiring cupboard like the plugin, and apart from it so that it is loaded only when a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import cache, cached_property
from typing import NoReturn

import pytest

from host_tools.cli.cards import EngineChoice
from host_tools.cli.new import LARGEST_SEED, Wish, certify
from host_tools.cli.profiles import load
from host_tools.errors import HostError
from host_tools.link.inprocess import InProcessLink
from reader_bridge.faults import Fault, FaultError, FaultyCard, FaultyNoise, Levers, parse
from reader_bridge.pcscd.server import VirtualReader
from reader_bridge.slot import CardLike
from simcard.card import Card
from simcard.crypto.engines import make as make_engine
from simcard.hal.board import Board
from simcard.hal.clock import VirtualClock
from simcard.hal.entropy import SeededEntropy
from simcard.hal.flash import RamFlash
from simcard.hal.power import PowerLost, Tear
from simcard.nvm.counter import Counter
from simcard.nvm.store import Store
from simcard.personalise import personalise
from simcard.pin.pins import Pins, PinState
from simcard.pin.reference import PinId
from simcard.profile import Profile, ProfileError
from simcard.wire.status import Refused

FIRST_DAY = date(2025, 1, 1)
"""First day of the certificates of test cards, fixed so that equal cards have equal bytes; they last ten years."""


class FrozenNoise:
    """A seeded source for a board: every fork of the same label is a new stream, so resets do not repeat it."""

    deterministic = True

    def __init__(self, seed: int) -> None:
        self._source = SeededEntropy(seed)
        self._forks = 0

    def read(self, n: int) -> bytes:
        """The next `n` bytes."""
        return self._source.read(n)

    def fork(self, label: str) -> SeededEntropy:
        """The next stream for `label`."""
        self._forks += 1
        return self._source.fork(f"{label} {self._forks}")


@cache
def image(profile: str, seed: int) -> bytes:
    """The flash of a card of that profile, personalised and certified once in this process."""
    sheet = load(profile)
    flash = RamFlash(sheet.memory)
    board = Board(flash, flash.power, VirtualClock(), FrozenNoise(seed), make_engine())
    personalise(board, sheet)
    card = Card(board)
    certify(card, Wish(sheet, seed, FIRST_DAY, EngineChoice()), lambda _: None)
    card.power_off()
    return flash.image()


def make(profile: str = "iso-blank", seed: int = 1, faults: str = "") -> TestCard:
    """A new card: `profile` is the name of a built-in profile or a file, `faults` a script (docs/faults.md)."""
    return TestCard(profile, seed, tuple(parse(faults)))


class MarkError(ValueError):
    """A mark `simcard` that is not of its form; the text says where."""


WRONG = (MarkError, FaultError, HostError, ProfileError, Refused)
"""What a wrong mark ends in: its form, its script, a profile that is not there, one no card can be made of."""
FORM: dict[str, type] = {"profile": str, "seed": int, "faults": str}


def insist_on_form(marker: pytest.Mark) -> None:
    """`MarkError` unless the mark has the arguments of `make`, by name and of its types."""
    if marker.args:
        raise MarkError(f"{marker.args[0]!r} has no name; its arguments are {', '.join(FORM)}")
    for name, value in marker.kwargs.items():
        if name not in FORM:
            raise MarkError(f"there is no argument {name}; there are {', '.join(FORM)}")
        if type(value) is not FORM[name]:
            raise MarkError(f"{name} is {value!r}, expected {FORM[name].__name__}")
    if not 0 <= marker.kwargs.get("seed", 0) <= LARGEST_SEED:
        raise MarkError(f"seed is {marker.kwargs['seed']}, expected 0 to {LARGEST_SEED}")


class TestCard:
    """A card on a RAM board of its own. Speak to it here, or put it into a reader, not both at a time."""

    __test__ = False  # pytest shall not take it for a test

    def __init__(self, profile: str, seed: int, script: tuple[Fault, ...] = ()) -> None:
        self.profile: Profile = load(profile)
        self.flash = RamFlash.of_image(image(profile, seed))
        self.noise = Noise(seed)
        self.board = Board(self.flash, self.flash.power, VirtualClock(), self.noise.source, make_engine())
        self.card = Card(self.board)
        self.power = Power(self.board)
        self.pins = PinDesk(self.card, self.flash)
        self._script = script

    @cached_property
    def link(self) -> InProcessLink:
        """A link to the card without a reader, powered when first used. A removal is a loss of power here."""
        return InProcessLink(self.in_reader(Levers(remove=self._pulled, reset=self.card.reset)), PowerLost)

    def in_reader(self, reader: Levers) -> CardLike:
        """The card as it is put into a reader: under its script, with the reader's levers and the board's."""
        if not self._script:
            return self.card
        board = replace(reader, memory=self.flash.fail, noise=self.noise.fail, cut=self.power.cut)
        return FaultyCard(self.card, self._script, board)

    def transmit(self, command: bytes | str) -> bytes:
        """The response to a command, given as bytes or in hexadecimal, over `link`."""
        return self.link.transmit(bytes.fromhex(command) if isinstance(command, str) else command)

    def reset(self) -> bytes:
        """Warm reset over `link`; after a cut the power comes back. The ATR."""
        return self.link.reset()

    def fail_memory(self, after: int = 0) -> None:
        """Let flash operation number `after` from now fail (6581)."""
        self.flash.fail(after)

    def _pulled(self) -> NoReturn:
        self.power.off()
        raise PowerLost


class Power:
    """The power supply of a card."""

    def __init__(self, board: Board) -> None:
        self._board = board

    @property
    def on(self) -> bool:
        """Whether the card has power; after a cut, not before the next reset."""
        return self._board.power.on

    def cut(self, after: int = 0, tear: str = "absent", seed: int = 0) -> None:
        """Cut it at flash operation number `after` from now; `tear` says how that operation is left: absent, prefix,
        garbage or unacknowledged."""
        self._board.power.cut(after, Tear(tear), seed)

    def off(self) -> None:
        """Cut it now."""
        self._board.power.off()


class Noise:
    """The noise of a card: foretold by the seed."""

    def __init__(self, seed: int) -> None:
        self.source = FaultyNoise(FrozenNoise(seed))

    def fail(self, after: int = 0) -> None:
        """Let read number `after` from now fail; the card answers that command with 6400."""
        self.source.fail(after)


class PinDesk:
    """The PINs of a card, looked at from outside: no command is sent and no try is spent."""

    def __init__(self, card: Card, flash: RamFlash) -> None:
        self._card = card
        self._flash = flash

    def state(self, number: int) -> PinState:
        """Limit, tries left and flags of the PIN of the whole card with that number."""
        return Pins(Store.mount(RamFlash.of_image(self._flash.image()))).state(PinId(0, number))

    def tries(self, number: int) -> int:
        """Tries left."""
        return self.state(number).left

    def leave(self, number: int, tries: int) -> None:
        """Set the tries left (0 blocks the PIN). The card forgets what it held in RAM, and no program is told."""
        with self._memory() as store:
            counter = Counter(store, PinId(0, number).counter_key)
            if not 0 <= tries <= counter.limit:
                raise ValueError(f"PIN {number} has 0 to {counter.limit} tries, not {tries}")
            counter.restore()
            while counter.value > tries:
                counter.spend()

    def block(self, number: int) -> None:
        """Leave no try."""
        self.leave(number, 0)

    @contextmanager
    def _memory(self) -> Iterator[Store]:
        self._card.power_off()
        yield Store.mount(self._flash)
        self._card.power_on()


class CardInReader:
    """A reader with a card; hot plug from any thread."""

    def __init__(self, reader: VirtualReader, card: TestCard) -> None:
        self.reader = reader
        levers = Levers(remove=reader.remove, reset=reader.reset, transaction=lambda: reader.locked)
        self._card = card.in_reader(levers)
        self.insert()

    @property
    def name(self) -> str:
        """The reader's name in PC/SC."""
        return self.reader.name

    @property
    def occupied(self) -> bool:
        """Whether the card is in."""
        return self.reader.occupied

    @property
    def locked(self) -> bool:
        """Whether a program holds the card in a transaction or for itself."""
        return self.reader.locked

    def insert(self) -> None:
        """Put the card in."""
        self.reader.insert(self._card)

    def remove(self) -> None:
        """Pull the card out; programs see it at once."""
        self.reader.remove()

    def reset(self) -> None:
        """Reset the card as another program would; programs see SCARD_W_RESET_CARD."""
        self.reader.reset()
