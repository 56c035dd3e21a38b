"""`simcard office`: an issuing office in a folder; and `--office`, which the commands of the office share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli.ca import clock_of, date_option, make_sm2, passphrase_of, passphrase_option
from host_tools.cli.cards import EngineChoice, image_link
from host_tools.cli.output import json_option, say_json
from host_tools.errors import OfficeProblem
from simcard.wire.secret import Secret

if TYPE_CHECKING:
    from host_tools.office.folder import Office, Operator
    from host_tools.pki.authority import Authority
    from host_tools.pki.certificate import Use

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
REGISTRY_VARIABLE = "SIMCARD_REGISTRY"
PROFILES = {"sm2": "eport-operator", "rsa": "eport-operator-rsa"}
FIRST_PINS = ((1, b"88888888"), (2, b"66666666"))
"""User and administrator PIN of a card just made."""


def office_options(function: Decorated) -> Decorated:
    """`--office`, `--date` and `--passphrase-file`, as the parameters `office`, `day` and `passphrase_file`."""
    text = "The office's folder; SIMCARD_OFFICE if not given."
    function = click.option(
        "--office", type=click.Path(path_type=Path), envvar="SIMCARD_OFFICE", required=True, help=text
    )(function)
    return date_option(passphrase_option(function))


def need_packages() -> None:
    """`OfficeProblem` where the packages of the office are not installed."""
    try:
        import sqlalchemy  # noqa: F401 - whether it is there
    except ImportError:
        raise OfficeProblem("the office needs SQLAlchemy and Alembic; pip install 'simcard[office]'") from None


@contextmanager
def opened_office(folder: Path, day: datetime | None, passphrase_file: Path | None) -> Iterator[Office]:
    """The office, for as long as the context lasts."""
    need_packages()
    from host_tools.office.folder import Office

    with Office(folder, clock_of(day), make_sm2(), passphrase_of(passphrase_file)) as found:
        yield found


def make_operator_card(image: Path, operator: Operator, authority: Authority) -> Mapping[Use, bytes]:
    """The card of the office's operator: made from a profile, certified by the office's authority."""
    from host_tools.cli import profiles
    from host_tools.cli.new import Wish, make_image, with_settings

    settings = {
        "holder.name": operator.name,
        "holder.document_number": operator.document_number,
        "holder.card_number": operator.card_number,
        "enterprise.name": operator.office,
        "enterprise.code": operator.subject.organisation_code,
        "enterprise.credit_code": operator.credit_code,
    }
    profile = with_settings(
        profiles.load(PROFILES[operator.generation.value]), tuple(f"{key}={value}" for key, value in settings.items())
    )
    day = authority.chain.issuing.not_before.date()
    make_image(image, Wish(profile, None, day, EngineChoice()), lambda _: None)
    return _certified(image, operator, authority)


def _certified(image: Path, operator: Operator, authority: Authority) -> Mapping[Use, bytes]:
    from host_tools.cli.certifying import USES, hash_of
    from host_tools.client.iso import IsoCard
    from host_tools.pki import request
    from host_tools.pki.certificate import Issuer, Use
    from host_tools.pki.generation import subject_name

    with image_link(image, EngineChoice()) as link:
        card = IsoCard(link)
        for number, value in FIRST_PINS:
            card.verify_pin(number, Secret(value))
        keys = {USES[key.role]: key for container in card.containers() for key in container.keys}
        own, hash_ = keys[Use.SIGN].reference, hash_of(keys[Use.SIGN])
        signer = Issuer(card.public_key(own), hash_, lambda message: card.sign(own, message, hash_))
        asked = request.make(subject_name(operator.generation, operator.subject), signer)
        exchange = card.public_key(keys[Use.EXCHANGE].reference)
        made = {
            Use.SIGN: authority.issue(asked, operator.subject).encoded,
            Use.EXCHANGE: authority.issue_key(exchange, operator.subject, Use.EXCHANGE).encoded,
        }
        for use, body in made.items():
            card.put_certificate(keys[use].reference, body)
    return made


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
    postgresql://user:password@host/name: an empty PostgreSQL data base. The operator's card gets the first PIN,
    eight 8s.
    """
    need_packages()
    from host_tools.office.folder import Wish, create

    wish = Wish(registry=os.environ.get(REGISTRY_VARIABLE, ""))
    create(folder, wish, passphrase_of(passphrase_file), clock_of(day), make_sm2(), make_operator_card)
    click.echo(f"{folder}: an office, its operator's card is {wish.operator.card_number}")


@command.command(short_help="Show what an office has.")
@office_options
@json_option
def show(office: Path, day: datetime | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Show the office's registry, authority and operator's card."""
    with opened_office(office, day, passphrase_file) as found:
        rows = {
            "registry": found.registry.shown,
            "generations": [each.value for each in found.authorities.generations],
            "credit_code": found.credit_code,
            "operator_card": str(found.operator_card),
        }
    if as_json:
        say_json(rows)
    for name, value in () if as_json else rows.items():
        click.echo(f"{name}: {', '.join(value) if isinstance(value, list) else value}")
