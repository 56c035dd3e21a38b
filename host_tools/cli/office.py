"""`simcard office`: an issuing office in a folder; and `--office`, which the commands of the office share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from host_tools.cli.ca import clock_of, date_option, make_sm2, passphrase_of, passphrase_option
from host_tools.cli.cards import EngineChoice, engine_options, image_link
from host_tools.cli.numbers import PREFIX
from host_tools.cli.output import json_option, say_json
from host_tools.errors import HostError, ImageBusy, OfficeProblem

if TYPE_CHECKING:
    from host_tools.issuing.plan import Person
    from host_tools.office.folder import Office, Operator, Settings
    from host_tools.registry.models import Card, Certificate
    from host_tools.registry.work import Work

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
OFFICE_VARIABLE, REGISTRY_VARIABLE = "SIMCARD_OFFICE", "SIMCARD_REGISTRY"


def office_options(function: Decorated) -> Decorated:
    """`--office`, `--date` and `--passphrase-file`, as the parameters `office`, `day` and `passphrase_file`."""
    text = f"The office's folder; {OFFICE_VARIABLE} if not given."
    function = click.option(
        "--office", type=click.Path(path_type=Path), envvar=OFFICE_VARIABLE, required=True, help=text
    )(function)
    return date_option(passphrase_option(function))


def need_packages() -> None:
    """`OfficeProblem` where the packages of the office are not installed."""
    try:
        import sqlalchemy  # noqa: F401 - whether it is there
    except ImportError:
        raise OfficeProblem("the office needs SQLAlchemy and Alembic; pip install 'simcard[office]'") from None


def settings_of(folder: Path) -> Settings:
    """What an office's folder says of it; `OfficeProblem`, saying who named it, for a folder that holds none."""
    from host_tools.office.folder import read_settings

    try:
        return read_settings(folder)
    except OfficeProblem as problem:
        context = click.get_current_context(silent=True)
        source = None if context is None else context.get_parameter_source("office")
        if source is ParameterSource.ENVIRONMENT:
            raise OfficeProblem(f"{problem} ({OFFICE_VARIABLE} names that folder: {folder})") from None
        raise


@contextmanager
def opened_office(folder: Path, day: datetime | None, passphrase_file: Path | None) -> Iterator[Office]:
    """The office, for as long as the context lasts."""
    need_packages()
    from host_tools.office.folder import Office

    settings_of(folder)
    with Office(folder, clock_of(day), make_sm2(), passphrase_of(passphrase_file)) as found:
        yield found


def enrol_operator(office: Office, operator: Operator) -> str:
    """Write the office's operator into its registry and make their card; its number."""
    from host_tools.cli.station import issue_image
    from host_tools.issuing.plan import Person
    from host_tools.issuing.procedures import Procedures

    person = Person(operator.name, operator.document_number)
    number = Procedures(office).enrol(person, operator.generation)
    issue_image(office, number, office.operator_card, EngineChoice())
    return number


@click.group(short_help="An issuing office: authority, registry, operator's card.")
def command() -> None:
    """An issuing office in a folder: a test authority, a registry, and the card of the office's operator."""


@command.command(short_help="Make an office.")
@click.argument("folder", type=click.Path(path_type=Path))
@date_option
@passphrase_option
def new(folder: Path, day: datetime | None, passphrase_file: Path | None) -> None:
    """Make an office in FOLDER.

    The registry is a SQLite file in the folder, or what the environment variable SIMCARD_REGISTRY says, as in
    postgresql://user:password@host/name: a PostgreSQL data base that is there and empty. The URL is kept in the folder.
    The operator's card gets the first PIN, eight 8s.
    """
    need_packages()
    from host_tools.office.folder import Wish, create

    wish = Wish(registry=os.environ.get(REGISTRY_VARIABLE, ""))
    number = create(folder, wish, passphrase_of(passphrase_file), clock_of(day), make_sm2(), enrol_operator)
    click.echo(f"{folder}: an office, its operator's card is {number}")


@command.command(short_help="Show what an office has.")
@office_options
@json_option
def show(office: Path, day: datetime | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Show the office's registry, authority and operator's card: until when it can sign, and what is against that."""
    from host_tools.pki.certificate import Use
    from host_tools.registry.states import CardState

    with opened_office(office, day, passphrase_file) as found:
        with found.registry.reading() as work:
            operator = next(card for card in found.operators(work) if card.state is CardState.NORMAL)
            certificate = work.current(operator, Use.SIGN)
        rows = {
            "registry": found.registry.shown,
            "generations": [each.value for each in found.authorities.generations],
            "credit_code": found.credit_code,
            "operator_card": str(found.operator_card),
            "operator_number": operator.number,
            "operator_until": f"{certificate.not_after:%Y-%m-%d}",
            "operator_trouble": operator_trouble(found, operator, certificate),
        }
    if as_json:
        say_json(rows)
    for name, value in () if as_json else rows.items():
        if value:
            click.echo(f"{name}: {', '.join(value) if isinstance(value, list) else value}")


def operator_trouble(office: Office, operator: Card, certificate: Certificate) -> str:
    """Why the operator's card in the office's folder cannot sign now, and what to do; empty if it can."""
    now = office.clock()
    if now < certificate.not_before:
        return f"it is not valid before {certificate.not_before:%Y-%m-%d}; see that the date is right (--date)"
    found = f"it expired on {certificate.not_after:%Y-%m-%d}" if now > certificate.not_after else ""
    try:
        found = found or _trouble_of_image(office, operator)
    except ImageBusy as error:
        return str(error)
    except HostError as error:
        found = str(error)
    return f"{found}; make another card with simcard office replace-card" if found else ""


def _trouble_of_image(office: Office, operator: Card) -> str:
    from host_tools.office.plastic import Plastic
    from host_tools.office.station import shown_number

    if not office.operator_card.exists():
        return "its image is missing"
    with image_link(office.operator_card, EngineChoice()) as link:
        plastic = Plastic(link)
        number = plastic.number()
        if number != shown_number(operator):
            return f"the image is card {number.removeprefix(PREFIX) or 'without a number'}, and not {operator.number}"
        return "" if plastic.tries_left() else "its PIN is locked"


@command.command("replace-card", short_help="Another card for the office's operator.")
@click.option("--name", default="", help="Name of the person who is the operator from now on; as before if not given.")
@click.option("--document", default="", metavar="NUMBER", help="Number of that person's identity card.")
@office_options
@json_option
@engine_options
def replace_card(
    name: str,
    document: str,
    office: Path,
    day: datetime | None,
    passphrase_file: Path | None,
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Make another card for the office's operator, in the place of one that is expired, locked, lost or damaged.

    Nobody signs for that: whoever can open the office's authority may do it. The old card becomes void, and its image
    is kept in the office's folder under its number. Run again after an interruption, it finishes what was begun.
    """
    from host_tools.issuing.plan import Person

    if bool(name) != bool(document):
        raise click.UsageError("another operator has a name and a document: give both or neither")
    person = Person(name, document) if name else None
    with opened_office(office, day, passphrase_file) as found:
        new = replace_operator_card(found, person, EngineChoice(engine, sm2_backend))
    if as_json:
        say_json({"card": new})
    else:
        click.echo(f"{office}: its operator's card is {new}; the PIN is eight 8s")


def replace_operator_card(office: Office, person: Person | None, choice: EngineChoice) -> str:
    """Make the operator's next card beside the present one, then put it in its place; its number."""
    from host_tools.cli.station import issue_image
    from host_tools.issuing.procedures import Procedures

    procedures, image = Procedures(office), office.next_operator_card
    number = _finished(office, image, choice)
    if not number:
        number = procedures.replace_operator(person)
        issue_image(office, number, image, choice)
    _put_in_place(office)
    return number


def _finished(office: Office, image: Path, choice: EngineChoice) -> str:
    """The number of a card that is made and only waits to be put in its place; empty where there is none."""
    from host_tools.office.plastic import Plastic
    from host_tools.office.station import shown_number

    if not image.exists():
        return ""
    with image_link(image, choice) as link:
        found = Plastic(link).number()
    with office.registry.reading() as work:
        newest = office.operators(work)[-1]
        waits = newest.made_at is None or _predecessor(office, work) is not None
        if found not in ("", shown_number(newest)) or (found and not waits):
            raise OfficeProblem(f"{image}: is in the way; it is card {found}, and not the one that is being made")
        return newest.number if found and newest.made_at is not None else ""


def _predecessor(office: Office, work: Work) -> Card | None:
    """The card in whose place the operator's newest was made."""
    cards = office.operators(work)
    return next((card for card in cards if work.replacement(card) is cards[-1]), None)


def _put_in_place(office: Office) -> None:
    """Let the new image take the place of the old, which is kept under the number of its card."""
    with office.registry.reading() as work:
        old = _predecessor(office, work)
    assert old is not None
    kept = office.path / f"{old.number}{office.operator_card.suffix}"
    try:
        if office.operator_card.exists() and not kept.exists():
            office.operator_card.rename(kept)
        office.next_operator_card.replace(office.operator_card)
    except OSError as error:
        raise OfficeProblem(
            f"{office.path}: the card is made, but cannot be put in its place ({error.strerror})"
        ) from None
