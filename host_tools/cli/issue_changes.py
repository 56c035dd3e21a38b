"""The rest of `simcard issue`: what changes of an enterprise, a holder and their cards, and how they leave."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from host_tools.cli.cards import engine_options, only_target, reader_option
from host_tools.cli.issuing import Desk, desk_options, order_options, signed_order
from host_tools.cli.languages import order_lang
from host_tools.cli.numbers import CreditCode, RecordNumber
from host_tools.cli.office import office_options, opened_office
from host_tools.cli.output import json_option, say_json
from host_tools.cli.secrets import pin_options
from host_tools.cli.station import (
    Signer,
    card_pin,
    insist_on_two,
    run_station,
)

if TYPE_CHECKING:
    pass


@click.command("change-holder", short_help="Other data of a card's holder.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@click.option("--name", help="New name.")
@click.option("--document", metavar="NUMBER", help="New number of the document.")
@click.option("--document-type", help="New kind of document.")
@click.option("--social-number", help="New social insurance number.")
@click.option("--record-number", type=RecordNumber(), help="New declarant's record number.")
@pin_options
@desk_options
@order_options
def change_holder(
    desk: Desk,
    signer: Signer,
    arguments: tuple[str, ...],
    reader: str | None,
    name: str | None,
    document: str | None,
    document_type: str | None,
    social_number: str | None,
    record_number: str | None,
    pin_file: Path | None,
    pin_stdin: bool,
) -> None:
    """Give the holder of the card in IMAGE or a reader other data: on the card, in its certificates, in the registry.

    The PIN of the card is eight 8s again afterwards.
    """
    from host_tools.issuing.procedures import Procedures
    from host_tools.issuing.stations import HOLDER, Update
    from host_tools.office.orders import Details
    from host_tools.office.plastic import Plastic
    from host_tools.registry.states import Action

    asked = {"name": name, "document_number": document, "document_type": document_type,
             "social_number": social_number, "record_number": record_number}  # fmt: skip
    changes = {key: value for key, value in asked.items() if value is not None}
    where = only_target(arguments, reader, desk.engine.name, desk.engine.backend)
    with opened_office(desk.office, desk.day, desk.passphrase_file) as office, where.link() as link:
        station = Update(office, Plastic(link))
        page = station.page()
        if page is None and not changes:
            raise click.UsageError("say what changes: --name, --document, --document-type, ...")
        if page is None or (changes and page[HOLDER] != changes):
            insist_on_two(where, signer)
            details = Details(changes)
            signed = signed_order(office, signer, Action.HOLDER_CHANGED, "", station.number, details=details)
            Procedures(office, order_lang()).change_holder(signed, details)
        steps = run_station(station, card_pin(pin_file, pin_stdin), False, not desk.as_json)
    _say_updated(station.number, steps, desk.as_json)


@click.command("change-enterprise", short_help="Another name or customs code of an enterprise.")
@click.argument("credit_code", type=CreditCode())
@click.option("--firm", help="New name of the enterprise.")
@click.option("--customs-code", help="New customs code; two of them as code&code.")
@desk_options
@order_options
def change_enterprise(desk: Desk, signer: Signer, credit_code: str, firm: str | None, customs_code: str | None) -> None:
    """Give the enterprise CREDIT_CODE another name or customs code, by order of its legal-person card.

    The name stands on its cards and in their certificates. Cards are named that still have the old one: each gets the
    new one with simcard issue update.
    """
    from host_tools.issuing.procedures import Procedures
    from host_tools.office.orders import Details
    from host_tools.registry.states import Action

    asked = {"name": firm, "customs_code": customs_code}
    details = Details({key: value for key, value in asked.items() if value is not None})
    if not details.values:
        raise click.UsageError("say what changes: --firm or --customs-code")
    with opened_office(desk.office, desk.day, desk.passphrase_file) as office:
        procedures = Procedures(office, order_lang())
        waiting = procedures.changed(credit_code, details.values)
        if waiting is None:
            signed = signed_order(office, signer, Action.ENTERPRISE_CHANGED, credit_code, details=details)
            waiting = procedures.change_enterprise(signed, details)
    if desk.as_json:
        say_json({"enterprise": credit_code, "to_update": waiting})
    else:
        then = f"; simcard issue update is still to be done for {', '.join(waiting)}" if waiting else ""
        click.echo(f"enterprise {credit_code}: changed{then}")


@click.command(short_help="Bring changed data onto a card.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@pin_options
@office_options
@json_option
@engine_options
def update(
    arguments: tuple[str, ...],
    reader: str | None,
    pin_file: Path | None,
    pin_stdin: bool,
    office: Path,
    day: datetime | None,
    passphrase_file: Path | None,
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Bring what was changed of its holder or enterprise onto the card in IMAGE or a reader, and into new certificates.

    The change was ordered before (change-enterprise, change-holder). The PIN of the card is eight 8s again afterwards.
    """
    from host_tools.errors import NotRegistered
    from host_tools.issuing.stations import Update
    from host_tools.office.plastic import Plastic

    where = only_target(arguments, reader, engine, sm2_backend)
    with opened_office(office, day, passphrase_file) as found, where.link() as link:
        station = Update(found, Plastic(link))
        if station.page() is None:
            raise NotRegistered(f"card {station.number}: no change waits for it")
        steps = run_station(station, card_pin(pin_file, pin_stdin), False, not as_json)
    _say_updated(station.number, steps, as_json)


def _say_updated(number: str, steps: list[str], as_json: bool) -> None:
    if as_json:
        say_json({"card": number, "steps": steps})
    else:
        click.echo(f"card {number}: its data are changed; the PIN is eight 8s again")


@click.command("cancel-enterprise", short_help="An enterprise leaves.")
@click.argument("credit_code", type=CreditCode())
@desk_options
@order_options
def cancel_enterprise(desk: Desk, signer: Signer, credit_code: str) -> None:
    """Take the enterprise CREDIT_CODE out of the network: all its cards become void, their certificates revoked."""
    from host_tools.issuing.procedures import Procedures
    from host_tools.registry.states import Action

    with opened_office(desk.office, desk.day, desk.passphrase_file) as office:
        signed = signed_order(office, signer, Action.ENTERPRISE_CANCELLED, credit_code)
        gone = Procedures(office, order_lang()).cancel_enterprise(signed)
    if desk.as_json:
        say_json({"enterprise": credit_code, "void": gone})
    else:
        click.echo(f"enterprise {credit_code}: cancelled; void are {', '.join(gone) or 'no more cards'}")
