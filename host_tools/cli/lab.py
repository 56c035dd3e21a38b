"""Wiring of the laboratory: cards from images, profiles, recordings and readers, with the levers that faults need.

A source is written `card:FILE`, `profile:NAME`, `recording:FILE` or `reader:NAME`; on the command line the options
`--card`, `--profile`, `--replay` and `--reader` mean the same. What is opened is closed with the stack it was given.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from host_tools.cli.cards import EngineChoice
from host_tools.errors import FileProblem, LinkError

if TYPE_CHECKING:
    from host_tools.link.base import CardLink
    from reader_bridge.faults import Fault, Levers
    from reader_bridge.record.model import Exchange
    from reader_bridge.record.replay import ReplayCard
    from reader_bridge.slot import CardLike
    from simcard.card import Card


class Kind(Enum):
    """Where a card comes from."""

    CARD = "card"
    PROFILE = "profile"
    RECORDING = "recording"
    READER = "reader"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a card comes from, and its name or file there."""

    kind: Kind
    value: str

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> Source:
        """The source that `KIND:VALUE` names."""
        kind, colon, value = text.partition(":")
        if not colon or not value or kind not in {each.value for each in Kind}:
            kinds = ", ".join(f"{each.value}:..." for each in Kind)
            raise click.UsageError(f"{text!r}: expected one of {kinds}")
        return cls(Kind(kind), value)


def no_levers() -> Levers:
    """For cards whose board is out of reach."""
    from reader_bridge.faults import Levers

    return Levers()


@dataclass(slots=True)
class Opened:
    """A card, and what gives the levers of its board; `replay` is the card itself if it is a recording."""

    card: CardLike
    levers: Callable[[], Levers] = no_levers
    replay: ReplayCard | None = None


def open_source(source: Source, engine: EngineChoice, stack: ExitStack) -> Opened:
    """The card of a source, closed with the stack. A profile makes a card that is gone afterwards."""
    return _OPENERS[source.kind](source.value, engine, stack)


def _from_image(value: str, engine: EngineChoice, stack: ExitStack) -> Opened:
    from host_tools.cli.cards import close_card, open_card

    card = open_card(Path(value), engine)
    stack.callback(close_card, card)
    return Opened(card, partial(board_levers, card))


def _from_profile(value: str, engine: EngineChoice, stack: ExitStack) -> Opened:
    from host_tools.cli.new import Wish, make_image
    from host_tools.cli.profiles import load

    image = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="simcard-"))) / "card"
    make_image(image, Wish(load(value), None, datetime.now(UTC).date(), engine), lambda _: None)
    return _from_image(str(image), engine, stack)


def _from_recording(value: str, engine: EngineChoice, stack: ExitStack) -> Opened:
    from reader_bridge.record.replay import NothingToReplay, ReplayCard

    try:
        card = ReplayCard(read_recording(Path(value)))
    except NothingToReplay as bad:
        raise FileProblem(f"{value}: {bad}") from None
    return Opened(card, replay=card)


def _from_reader(value: str, engine: EngineChoice, stack: ExitStack) -> Opened:
    from host_tools.link.pcsc import PcscLink

    link = PcscLink(value)
    stack.callback(link.close)
    return Opened(ForwardedCard(link))


_OPENERS: dict[Kind, Callable[[str, EngineChoice, ExitStack], Opened]] = {
    Kind.CARD: _from_image,
    Kind.PROFILE: _from_profile,
    Kind.RECORDING: _from_recording,
    Kind.READER: _from_reader,
}


def board_levers(card: Card) -> Levers:
    """Memory, noise and power of a card's board; its noise is wrapped, so take this before the card has power."""
    from reader_bridge.faults import FaultyNoise, Levers
    from simcard.hal.flash import FlashDevice
    from simcard.hal.power import Tear
    from simcard.nvm.store import Store
    from simcard.personalise import seed_of

    board = card.board
    assert isinstance(board.flash, FlashDevice)
    noise = FaultyNoise(board.entropy)
    board.entropy = noise
    # A card made with a seed draws from the seed and not from the board, so its noise cannot fail.
    seeded = seed_of(Store.mount(board.flash)) is not None
    return Levers(
        memory=board.flash.fail,
        noise=None if seeded else noise.fail,
        cut=lambda after, tear: board.power.cut(after, Tear(tear)),
    )


class ForwardedCard:
    """A card in somebody else's reader as a `CardLike`; one that cannot be reached any more has lost its power."""

    def __init__(self, link: CardLink) -> None:
        self._link = link

    @property
    def atr(self) -> bytes:
        """The answer to the last reset."""
        return self._link.atr

    def power_on(self) -> bytes:
        """A warm reset: the reader belongs to the PC/SC service, which keeps the card powered."""
        return self._kept(self._link.reset)

    def reset(self) -> bytes:
        """Warm reset."""
        return self._kept(self._link.reset)

    def power_off(self) -> None:
        """The PC/SC service has the power."""

    def transmit(self, command: bytes) -> bytes:
        """The card's answer."""
        return self._kept(lambda: self._link.transmit(command))

    def _kept(self, act: Callable[[], bytes]) -> bytes:
        from simcard.hal.power import PowerLost

        try:
            return act()
        except LinkError as gone:
            raise PowerLost from gone


def read_recording(path: Path) -> list[Exchange]:
    """The exchanges of a recording or of a list of commands; `FileProblem` if it cannot be read."""
    from reader_bridge.record import text

    try:
        return text.parse(path.read_text(encoding="utf-8"))
    except text.BadRecording as bad:
        raise FileProblem(f"{path}: {bad}") from None
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise FileProblem(f"{path}: cannot be read ({reason})") from None


def read_faults(scripts: Sequence[str]) -> list[Fault]:
    """The faults of `--fault` options: a line each, or the name of a file after `@`."""
    if not scripts:
        return []
    from reader_bridge import faults

    found: list[Fault] = []
    for script in scripts:
        try:
            text = Path(script[1:]).read_text(encoding="utf-8") if script.startswith("@") else script
            found += faults.parse(text)
        except faults.FaultError as bad:
            raise click.UsageError(f"--fault {script}: {bad}") from None
        except (OSError, UnicodeError):
            raise FileProblem(f"{script[1:]}: cannot be read; name a file with a fault per line") from None
    return found
