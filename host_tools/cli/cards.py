"""Wiring: a card image or a reader becomes a link that the host's tools can use.

Whatever can be wrong with an image becomes an `ImageProblem` here; no other module of the command line knows
what a card is made of.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli.secrets import NEVER_HERE
from host_tools.errors import EngineProblem, ImageBusy, ImageProblem

if TYPE_CHECKING:
    from host_tools.link.base import CardLink
    from simcard.card import Card
    from simcard.hal.board import Board
    from simcard.hal.engine import CryptoEngine
    from simcard.hal.fileflash import FileFlash
    from simcard.trace import Sink

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
ENGINES = ("soft", "gmssl")
BACKENDS = ("pycryptodome", "libcrypto", "python")


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which crypto engine a card gets, and which SM2 arithmetic; None takes the fastest there is."""

    name: str = "soft"
    backend: str | None = None


def engine_options(function: Decorated) -> Decorated:
    """`--engine` and `--sm2-backend`, as the parameters `engine` and `sm2_backend`."""
    kind = click.Choice(BACKENDS)
    text = "SM2 arithmetic of the engine; the fastest there is by default."
    function = click.option("--sm2-backend", type=kind, help=text)(function)
    text = "Crypto engine of the card."
    return click.option("--engine", type=click.Choice(ENGINES), default="soft", show_default=True, help=text)(function)


def make_engine(choice: EngineChoice) -> CryptoEngine:
    """The engine; `EngineProblem` when it, or the back end asked for, is not installed or fails its self-test.

    Without a back end asked for there always is one, and it is loaded when it is first needed.
    """
    from simcard.crypto.engines import make

    try:
        engine = make(choice.name, choice.backend)
        if choice.backend is not None:
            _ = engine.backend  # loads it and runs its self-test, so that a missing one shows now
    except ImportError as missing:
        raise EngineProblem(f"engine {choice.name!r} cannot be used: {missing}") from None
    return engine


def board_around(flash: FileFlash, engine: CryptoEngine) -> Board:
    """A board with this flash: real noise, a clock that stands at 0."""
    from simcard.hal.board import Board
    from simcard.hal.clock import VirtualClock
    from simcard.hal.system import SystemEntropy

    return Board(flash, flash.power, VirtualClock(), SystemEntropy(), engine)


def open_card(image: Path, choice: EngineChoice, sink: Sink | None = None) -> Card:
    """The card in an image, not powered. The caller gives it back with `close_card`."""
    from simcard.card import Card
    from simcard.hal.fileflash import FileFlash, ImageError, ImageInUse
    from simcard.nvm.store import CorruptMemory, NotFormatted

    engine = make_engine(choice)
    try:
        flash = FileFlash.open(image)
    except ImageInUse as error:
        raise ImageBusy(str(error)) from None
    except ImageError as error:
        raise ImageProblem(str(error)) from None
    card = Card(board_around(flash, engine), sink)
    try:
        _ = card.atr  # mounts the memory
    except NotFormatted:
        flash.close()
        raise ImageProblem(f"{image}: the making of this card was cut short; remove it and make it again") from None
    except (CorruptMemory, ValueError) as error:
        flash.close()
        raise ImageProblem(f"{image}: the card's memory is damaged ({error}); restore a copy") from None
    return card


def close_card(card: Card) -> None:
    """Take the power away and write the image's closing record."""
    from simcard.hal.fileflash import FileFlash
    from simcard.hal.flash import MemoryFailure

    card.power_off()
    flash = card.board.flash
    assert isinstance(flash, FileFlash)
    try:
        flash.close()
    except MemoryFailure:
        raise ImageProblem(f"{flash.path}: the disk failed while closing; check the disk") from None


def clear(part: Path) -> None:
    """Remove what the cut short making of an image left behind; `ImageProblem` while another program is making it."""
    from simcard.hal.fileflash import FileFlash, ImageError, ImageInUse, ImageMissing

    try:
        FileFlash.open(part).close()
    except ImageMissing:
        return
    except ImageInUse:
        raise ImageProblem(f"{part}: another program is making this card now; wait until it has") from None
    except ImageError:
        pass  # it never became one
    part.unlink(missing_ok=True)


@contextmanager
def image_link(image: Path, choice: EngineChoice) -> Iterator[CardLink]:
    """A link to the card in an image, for as long as the context lasts."""
    from host_tools.link.inprocess import InProcessLink
    from simcard.hal.power import PowerLost

    card = open_card(image, choice)
    try:
        yield InProcessLink(card, PowerLost)
    finally:
        close_card(card)


@contextmanager
def reader_link(name: str) -> Iterator[CardLink]:
    """A link to the card in a PC/SC reader."""
    from host_tools.link.pcsc import PcscLink

    link = PcscLink(name)
    try:
        yield link
    finally:
        link.close()


# -- the way to a card on the command line: an image as first argument, or --reader


@dataclass(frozen=True, slots=True)
class Target:
    """Where the card is: an image file or a reader, one of them."""

    image: Path | None
    reader: str | None
    engine: EngineChoice

    @contextmanager
    def link(self) -> Iterator[CardLink]:
        """A link to the card."""
        if self.reader is not None:
            with reader_link(self.reader) as link:
                yield link
            return
        assert self.image is not None
        with image_link(self.image, self.engine) as link:
            yield link


def reader_option(function: Decorated) -> Decorated:
    """`--reader`, as the parameter `reader`."""
    text = "Use the card in this PC/SC reader (full name or a part of it) instead of an image."
    return click.option("--reader", "-r", metavar="NAME", help=text)(function)


def target(
    arguments: tuple[str, ...], reader: str | None, engine: str, sm2_backend: str | None
) -> tuple[Target, tuple[str, ...]]:
    """The target, and the arguments that are not the image: without `--reader` the first argument is the image."""
    choice = EngineChoice(engine, sm2_backend)
    if reader is not None:
        return Target(None, reader, choice), arguments
    if not arguments:
        raise click.UsageError("name a card image, or a reader with --reader")
    return Target(Path(arguments[0]), None, choice), arguments[1:]


def only_target(arguments: tuple[str, ...], reader: str | None, engine: str, sm2_backend: str | None) -> Target:
    """The target of a command that takes nothing beside it."""
    found, rest = target(arguments, reader, engine, sm2_backend)
    if rest:
        # What does not belong here may be a PIN, so it is not repeated.
        expected = "none beside --reader" if reader is not None else "the card image alone"
        raise click.UsageError(f"unexpected argument: expected {expected}; {NEVER_HERE}")
    return found


def interactive() -> bool:
    """Whether a person sits at the terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()
