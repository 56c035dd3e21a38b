"""Wiring of a private PC/SC world: readers, their cards, faults, recordings and live packets.

A card in a reader is an onion: the card, then its faults, then the recorder, so that a recording shows what the
host saw. Every layer is told apart by the number of its reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli.cards import EngineChoice
from host_tools.cli.lab import Kind, Opened, Source, open_source, read_faults
from host_tools.errors import CannotServe, FileProblem

if TYPE_CHECKING:
    from reader_bridge.faults import Fault
    from reader_bridge.pcscd.server import VirtualReader
    from reader_bridge.private_world import PrivateWorld
    from reader_bridge.record.gsmtap import UdpSink
    from reader_bridge.record.model import Exchange
    from reader_bridge.record.replay import ReplayCard
    from reader_bridge.slot import CardLike

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
MOST_READERS = 16
DEFAULT_ENGINE = EngineChoice()
SEEDED = "a card made with a seed has no noise that could fail"


@dataclass(frozen=True, slots=True)
class Plan:
    """A world: the cards of its first readers, the readers' names and number, and what is done to the cards."""

    sources: tuple[Source, ...]
    names: tuple[str, ...] = ()
    readers: int = 0
    faults: tuple[Fault, ...] = ()
    record: Path | None = None
    force: bool = False
    secrets: bool = False
    gsmtap: tuple[str, int] | None = None
    engine: EngineChoice = DEFAULT_ENGINE
    socket: Path | None = None

    @property
    def count(self) -> int:
        """How many readers there are."""
        return max(self.readers, len(self.sources), len(self.names))


def world_options(function: Decorated) -> Decorated:
    """The options that `plan_of` takes."""
    text = "Record to this file; FILE-1 for a 2nd card."
    recording = click.option("--record", type=click.Path(path_type=Path), help=text)
    return recording(recordable_world_options(function))


def recordable_world_options(function: Decorated) -> Decorated:
    """The same without `record`, for a command that is told by itself where the recording goes."""
    many: dict[str, Any] = {"multiple": True}
    for option in (
        click.option("--card", "cards", metavar="IMAGE", help="Insert this card image.", **many),
        click.option("--profile", "-p", "profiles", metavar="NAME|FILE", help="Insert a temporary card.", **many),
        click.option("--replay", "replays", metavar="FILE", help="Insert a recording as a card.", **many),
        click.option("--reader", "-r", "forwarded", metavar="NAME", help="Forward this PC/SC reader's card.", **many),
        click.option("--reader-name", "names", metavar="NAME", help="Name of a reader, in order.", **many),
        click.option("--readers", type=click.IntRange(0, MOST_READERS), default=0, help="Readers, empty ones too."),
        click.option("--fault", "faults", metavar="FAULT|@FILE", help="What goes wrong: see docs/faults.md.", **many),
        click.option("--force", is_flag=True, help="Overwrite a recording that exists."),
        click.option("--secrets", is_flag=True, help="Do not mask PINs and keys in recordings and packets."),
        click.option("--gsmtap", metavar="HOST[:PORT]", help="Send every exchange live to Wireshark (UDP 4729)."),
    ):
        function = option(function)
    return function


def plan_of(engine: EngineChoice = DEFAULT_ENGINE, socket: Path | None = None, **options: Any) -> Plan:
    """The plan that `world_options` describe. Readers hold cards, temporary cards, recordings, forwarded cards."""
    kinds = ((Kind.CARD, "cards"), (Kind.PROFILE, "profiles"), (Kind.RECORDING, "replays"), (Kind.READER, "forwarded"))
    sources = tuple(Source(kind, value) for kind, key in kinds for value in options[key])
    plan = Plan(
        sources,
        options["names"],
        options["readers"],
        tuple(read_faults(options["faults"])),
        options["record"],
        options["force"],
        options["secrets"],
        None if options["gsmtap"] is None else address(options["gsmtap"]),
        engine,
        socket,
    )
    if plan.count > MOST_READERS:
        raise click.UsageError(f"libpcsclite lists {MOST_READERS} readers, not {plan.count}")
    return plan


def address(text: str) -> tuple[str, int]:
    """`HOST[:PORT]`; GSMTAP's port if none is named."""
    from reader_bridge.record.gsmtap import PORT

    host, colon, port = text.rpartition(":")
    if not colon:
        return text, PORT
    if not port.isdecimal() or int(port) > 0xFFFF:
        raise click.UsageError(f"{text!r}: expected HOST or HOST:PORT")
    return host, int(port)


@dataclass(slots=True)
class Seat:
    """The reader that a card is in. A card inserted later learns it when it is put in, before its first command."""

    reader: VirtualReader | None = None

    @property
    def taken(self) -> VirtualReader:
        """The reader of a card that is in one."""
        assert self.reader is not None, "a card works only in a reader"
        return self.reader

    def pull(self) -> None:
        """Pull the card out."""
        self.taken.remove()

    def reset(self) -> None:
        """Reset the card as another application does."""
        self.taken.reset()

    def locked(self) -> bool:
        """Whether a client holds the reader."""
        return self.taken.locked


@dataclass(slots=True)
class Bench:
    """A running world and the means to put further cards into it."""

    world: PrivateWorld
    plan: Plan
    udp: UdpSink | None
    replays: list[ReplayCard] = field(default_factory=list)

    def unknown(self) -> list[bytes]:
        """Headers of the commands that a recording in a reader did not know."""
        return [header for replay in self.replays for header in replay.unknown]

    def fit(self, source: Source, seat: Seat, number: int, stack: ExitStack) -> CardLike:
        """The card of a source with all its layers, closed with the stack. `FaultError` if its board cannot fail so."""
        opened = open_source(source, self.plan.engine, stack)
        if opened.replay is not None:
            self.replays.append(opened.replay)
        return self._recorded(with_faults(opened, self.plan.faults, seat), number, stack)

    def _recorded(self, card: CardLike, number: int, stack: ExitStack) -> CardLike:
        sinks: list[Callable[[Exchange], None]] = []
        if self.plan.record is not None:
            sinks.append(_file_sink(numbered(self.plan.record, number), self.plan.force, stack))
        if self.udp is not None:
            udp = self.udp
            sinks.append(lambda exchange: udp.send(exchange, number))
        if not sinks:
            return card
        from reader_bridge.record.recorder import RecordingCard

        def tell(exchange: Exchange) -> None:
            for sink in sinks:
                sink(exchange)

        return RecordingCard(card, tell, self.plan.secrets)


def with_faults(opened: Opened, script: tuple[Fault, ...], seat: Seat) -> CardLike:
    """The card under a script, with the levers of its board and of the reader it will be in."""
    if not script:
        return opened.card
    from reader_bridge.faults import FaultyCard

    levers = opened.levers()
    levers.remove, levers.reset, levers.transaction = seat.pull, seat.reset, seat.locked
    return FaultyCard(opened.card, script, levers)


def numbered(path: Path, number: int) -> Path:
    """The file for card `number`: the first one's is `path` itself."""
    return path.with_stem(f"{path.stem}-{number}") if number else path


def _file_sink(path: Path, force: bool, stack: ExitStack) -> Callable[[Exchange], None]:
    from reader_bridge.record.recorder import RecordingFile

    try:
        return stack.enter_context(RecordingFile(path, force))
    except FileExistsError:
        raise FileProblem(f"{path}: exists; name another file, or overwrite it with --force") from None
    except OSError as error:
        raise FileProblem(f"{path}: cannot be written ({error.strerror})") from None


@contextmanager
def running(plan: Plan) -> Iterator[Bench]:
    """The world of a plan with its cards inserted; `CannotServe` if there cannot be one."""
    from reader_bridge.pcscd.table import TableError
    from reader_bridge.private_world import PrivateWorld

    with ExitStack() as stack:
        try:
            # Cards are closed after the world has ended, for until then its threads may use them.
            cards = stack.enter_context(ExitStack())
            udp = _udp(plan, stack)
            world = stack.enter_context(PrivateWorld(plan.socket))
            bench = Bench(world, plan, udp)
            readers = [world.add_reader(plan.names[n] if n < len(plan.names) else None) for n in range(plan.count)]
        except (OSError, ValueError, TableError) as error:
            raise CannotServe(f"no private PC/SC world: {error}") from None
        for number, source in enumerate(plan.sources):
            readers[number].insert(_fitted(bench, source, Seat(readers[number]), number, cards))
        yield bench


def _fitted(bench: Bench, source: Source, seat: Seat, number: int, stack: ExitStack) -> CardLike:
    if not bench.plan.faults:
        return bench.fit(source, seat, number, stack)
    from reader_bridge.faults import FaultError

    try:
        return bench.fit(source, seat, number, stack)
    except FaultError as bad:
        raise click.UsageError(f"--fault: {bad}; {SEEDED}") from None


def _udp(plan: Plan, stack: ExitStack) -> UdpSink | None:
    if plan.gsmtap is None:
        return None
    from reader_bridge.record.gsmtap import UdpSink

    try:
        return stack.enter_context(UdpSink(*plan.gsmtap))
    except OSError as error:
        raise CannotServe(f"--gsmtap {plan.gsmtap[0]}: {error.strerror or error}") from None
