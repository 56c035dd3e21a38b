"""What the commands that work on cards for an office share: who signs, what is shown, blanks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli.cards import EngineChoice, Target, clear, image_link
from host_tools.cli.numbers import is_number
from host_tools.cli.secrets import PIN, Wanted, obtain
from host_tools.errors import ImageBusy, ImageProblem, Interrupted, PinLocked, PinWrong
from simcard.wire.secret import Secret

if TYPE_CHECKING:
    from host_tools.client.iso import IsoCard
    from host_tools.link.base import CardLink
    from host_tools.office.folder import Office
    from host_tools.office.station import Station
    from host_tools.pki.generation import Generation

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
SIGNER_PIN = Wanted("PIN of the card that signs", "SIMCARD_SIGNER_PIN")
FIRST_PIN = Secret(b"88888888")
"""The PIN of a blank, and of a card after every script of the office."""
BLANKS = {"sm2": "eport-blank", "rsa": "eport-blank-rsa"}
SUFFIX = ".simcard"
ANOTHER_OPERATOR_CARD = "the office gets another operator's card with simcard office replace-card"
TAKEN_UP = "the card is whole, nothing is lost: run the same command again and it goes on from there"


@dataclass(frozen=True, slots=True)
class Signer:
    """The card that signs an order; `where` is None for the very card that the order is about."""

    where: Target | None
    pin_file: Path | None
    of_office: bool = False

    @property
    def pin(self) -> Secret:
        return obtain(SIGNER_PIN, self.pin_file, False)

    @contextmanager
    def link(self) -> Iterator[CardLink]:
        """A link to the card; what is wrong with the office's own is told with what makes another."""
        assert self.where is not None
        try:
            with self.where.link() as link:
                yield link
        except (ImageProblem, PinLocked, PinWrong) as error:
            busy, tries = isinstance(error, ImageBusy), isinstance(error, PinWrong) and error.tries_left
            if self.of_office and not busy and not tries:
                error.args = (f"{error}; {ANOTHER_OPERATOR_CARD}",)
            raise


def signer_options(function: Decorated) -> Decorated:
    """`--by`, `--by-reader`, `--operator`, `--signer-pin-file`, as parameters of their names."""
    text = "Read the PIN of the card that signs from this file; SIMCARD_SIGNER_PIN if not given."
    function = click.option("--signer-pin-file", type=click.Path(path_type=Path), help=text)(function)
    text = "The office's operator signs, with the card in the office's folder."
    function = click.option("--operator", is_flag=True, help=text)(function)
    text = "The card in this PC/SC reader signs the order."
    function = click.option("--by-reader", metavar="NAME", help=text)(function)
    text = "The card in this image signs the order."
    return click.option("--by", type=click.Path(path_type=Path), metavar="IMAGE", help=text)(function)


def signer_of(
    by: Path | None, by_reader: str | None, operator: bool, office: Path, engine: EngineChoice, pin_file: Path | None
) -> Signer:
    """The signer that the options name."""
    from host_tools.office.folder import OPERATOR

    if sum((by is not None, by_reader is not None, operator)) > 1:
        raise click.UsageError("one card signs: use one of --by, --by-reader and --operator")
    if by_reader is not None:
        return Signer(Target(None, by_reader, engine), pin_file)
    if by is not None and is_number(by.name) and not by.exists():
        raise click.UsageError("--by takes the image of the card that signs, as in cards/ZZ9L000000001.simcard")
    image = office / OPERATOR if operator else by
    return Signer(None if image is None else Target(image, None, engine), pin_file, operator)


def same_image(one: Target | None, other: Target) -> bool:
    """Whether both are the very same image."""
    if one is None or one.image is None or other.image is None:
        return False
    return one.image.resolve() == other.image.resolve()


def insist_on_two(where: Target, signer: Signer) -> None:
    """Usage error where the image that is worked on signs as well: the two are open at the same time."""
    if same_image(signer.where, where):
        raise click.UsageError(
            "--by names the very card that is worked on; another one signs this order, "
            "for a legal-person card that of the office (--operator)"
        )


@contextmanager
def signing_card(
    signer: Signer, own: IsoCard | None, own_pin: Callable[[], Secret]
) -> Iterator[tuple[IsoCard, str, Secret]]:
    """The card that signs, its number and its PIN."""
    from host_tools.client.iso import IsoCard
    from host_tools.office.orders import number_of, signing_key

    def number(card: IsoCard) -> str:
        return number_of(card.read_certificate(signing_key(card).reference))

    if signer.where is None:
        if own is None:
            raise click.UsageError("say which card signs the order: --by IMAGE, --by-reader NAME or --operator")
        own.enter()
        yield own, number(own), own_pin()
        return
    with signer.link() as link:
        card = IsoCard(link)
        card.enter()
        yield card, number(card), signer.pin


@contextmanager
def taken_up() -> Iterator[None]:
    """Whatever ends work that was begun on a card, say that it is whole and how to go on.

    Not where the office itself says no, or what else is to be done.
    """
    from host_tools.errors import HostError, OfficeProblem, OfficeRefused

    try:
        yield
    except (OfficeProblem, OfficeRefused):
        raise
    except HostError as error:
        error.add_note(TAKEN_UP)
        raise


def run_station(station: Station, pin: Callable[[], Secret], chinese: bool, shown: bool) -> list[str]:
    """Run a station to its end, with a progress bar while a person looks on; the steps that were done."""
    with taken_up():
        return _run(station, pin, chinese, shown and sys.stderr.isatty())


def _run(station: Station, pin: Callable[[], Secret], chinese: bool, shown: bool) -> list[str]:
    if not shown:
        return [step.value for step in station.run(pin)]
    from rich.console import Console
    from rich.progress import Progress

    from host_tools.eport_client.wording import Lang
    from host_tools.office.staging import TEXTS

    lang, order = Lang.ZH if chinese else Lang.EN, list(TEXTS)
    done: list[str] = []
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=len(order))
        for step in station.run(pin):
            done.append(step.value)
            bar.update(task, completed=order.index(step), description=TEXTS[step].say(lang))
    return done


@contextmanager
def going_on() -> Iterator[None]:
    """Around work that is finished by the same command: Ctrl-C says so."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("interrupted; run it again, it goes on with what is missing") from None


@contextmanager
def counted(total: int, shown: bool) -> Iterator[Callable[[str], None]]:
    """A progress bar over `total` things, while a person looks on; called with the name of each that is done."""
    if not (shown and sys.stderr.isatty()):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)

        def tick(name: str) -> None:
            bar.update(task, advance=1, description=name)

        yield tick


def once(wanted: Wanted, file: Path | None, from_stdin: bool) -> Callable[[], Secret]:
    """The secret, asked for when it is first needed and then remembered."""
    kept: list[Secret] = []

    def get() -> Secret:
        if not kept:
            kept.append(obtain(wanted, file, from_stdin))
        return kept[0]

    return get


def card_pin(pin_file: Path | None, pin_stdin: bool) -> Callable[[], Secret]:
    """The PIN of the card that is worked on."""
    return once(PIN, pin_file, pin_stdin)


def make_blank(image: Path, generation: Generation, engine: EngineChoice) -> None:
    """A blank card in an image, unless there is one; `ImageProblem` where it cannot be made.

    It is made beside its place and moved there whole, so that whoever is cut short may simply begin again.
    """
    from datetime import UTC, datetime

    from host_tools.cli import profiles
    from host_tools.cli.new import Wish, make_image

    if image.exists():
        return
    part = image.with_name(f".{image.name}.part")
    clear(part)
    profile = profiles.load(BLANKS[generation.value])
    make_image(part, Wish(profile, None, datetime.now(UTC).date(), engine), lambda _: None)
    try:
        part.rename(image)
    except OSError as error:
        raise ImageProblem(f"{image}: cannot be put in its place ({error.strerror})") from None


def issue_image(office: Office, number: str, image: Path, engine: EngineChoice) -> None:
    """Make the prepared card of a number in an image: a blank first, where there is none."""
    from host_tools.office.plastic import Plastic

    with office.registry.reading() as work:
        generation = work.card(number).generation
    make_blank(image, generation, engine)
    with image_link(image, engine) as link:
        run_station(issuing(office, Plastic(link), number), lambda: FIRST_PIN, chinese=False, shown=False)


def issuing(office: Office, plastic: Any, number: str, another: bool = False) -> Station:
    """The station that makes the card of a number: a first one, or one in another's place.

    `another`: the blank on which it was begun is destroyed.
    """
    from host_tools.issuing.stations import Issuing, Replacing
    from host_tools.registry.states import ProcedureKind

    insist_on_waiting(office, number)
    with office.registry.reading() as work:
        card = work.card(number)
        first = work.open_procedure(ProcedureKind.ISSUE, card) is not None
    return (Issuing if first else Replacing)(office, plastic, card.number, another)


def insist_on_waiting(office: Office, number: str) -> Generation:
    """The generation of the blank that a card is to be made from; `NotRegistered` where it does not wait for one."""
    from host_tools.errors import NotRegistered
    from host_tools.registry.states import ProcedureKind

    with office.registry.reading() as work:
        card = work.card(number)
        found = [work.open_procedure(kind, card) for kind in (ProcedureKind.ISSUE, ProcedureKind.REPLACE)]
        if not any(found):
            raise NotRegistered(f"card {card.number} is {card.state.value}; nothing of it is waiting to be made")
        return card.generation
