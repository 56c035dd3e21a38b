"""`simcard issue`: enterprises join, cards are made, replaced and changed, enterprises leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli.cards import EngineChoice, engine_options, only_target, reader_option
from host_tools.cli.numbers import CardNumber, CreditCode
from host_tools.cli.office import office_options, opened_office
from host_tools.cli.output import json_option, say_json
from host_tools.cli.secrets import pin_options
from host_tools.cli.station import (
    BLANKS,
    FIRST_PIN,
    SUFFIX,
    Signer,
    card_pin,
    counted,
    insist_on_two,
    insist_on_waiting,
    issue_image,
    issuing,
    run_station,
    signer_of,
    signer_options,
    signing_card,
)
from host_tools.errors import ImageProblem

if TYPE_CHECKING:
    from host_tools.issuing.plan import Person
    from host_tools.office.folder import Office
    from host_tools.office.orders import Details, Signed
    from host_tools.registry.states import Action

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
GENERATIONS = ("sm2", "rsa")


@dataclass(frozen=True, slots=True)
class Desk:
    """What every command of this group is told."""

    office: Path
    day: datetime | None
    passphrase_file: Path | None
    cards: Path
    prepare: bool
    as_json: bool
    engine: EngineChoice

    def make_one(self, office: Office, number: str) -> dict[str, str | None]:
        """Make a card, unless it is made or only to be prepared; what there is to say of it."""
        image = None if self.prepare else self.cards / f"{number}{SUFFIX}"
        with office.registry.reading() as work:
            waiting = work.card(number).made_at is None
        if image is not None and waiting:
            self.cards.mkdir(parents=True, exist_ok=True)
            issue_image(office, number, image, self.engine)
        with office.registry.reading() as work:
            card = work.card(number)
            where = str(image) if image is not None and image.exists() else None
            return {"number": number, "kind": card.kind.value, "state": card.state.value, "image": where}

    def make(self, office: Office, *numbers: str) -> None:
        """Make the cards, and say which they are."""
        with counted(len(numbers), not self.as_json) as tick:
            rows = []
            for number in numbers:
                rows.append(self.make_one(office, number))
                tick(number)
        if self.as_json:
            say_json({"cards": rows})
        for row in () if self.as_json else rows:
            click.echo(f"{row['kind']} {row['number']}: {row['image'] or row['state']}")


def desk_options(function: Decorated) -> Decorated:
    """Office, folder of the cards and output, as the parameter `desk`."""
    import functools

    @office_options
    @click.option(
        "--cards", type=click.Path(path_type=Path), default=Path(), help="Folder for the images of the cards."
    )
    @click.option("--prepare", is_flag=True, help="Prepare the cards in the registry only; make them with issue card.")
    @json_option
    @engine_options
    @functools.wraps(function)
    def wrapped(
        office: Path,
        day: datetime | None,
        passphrase_file: Path | None,
        cards: Path,
        prepare: bool,
        as_json: bool,
        engine: str,
        sm2_backend: str | None,
        **more: Any,
    ) -> None:
        choice = EngineChoice(engine, sm2_backend)
        function(Desk(office, day, passphrase_file, cards, prepare, as_json, choice), **more)

    return wrapped  # type: ignore[return-value]  # click makes a command of it


def person_options(function: Decorated) -> Decorated:
    """Who gets a card, as the parameters `name`, `document`, `document_type` and `social_number`."""
    function = click.option("--social-number", default="", help="Social insurance number.")(function)
    text = "01 is the resident identity card."
    function = click.option("--document-type", default="01", show_default=True, help=text)(function)
    function = click.option("--document", required=True, metavar="NUMBER", help="Number of the document.")(function)
    return click.option("--name", required=True, help="Name of the holder.")(function)


def order_options(function: Decorated) -> Decorated:
    """The card that signs, as the parameter `signer`."""
    import functools

    @signer_options
    @functools.wraps(function)
    def wrapped(
        desk: Desk,
        by: Path | None,
        by_reader: str | None,
        operator: bool,
        signer_pin_file: Path | None,
        **more: Any,
    ) -> None:
        function(desk, signer_of(by, by_reader, operator, desk.office, desk.engine, signer_pin_file), **more)

    return wrapped  # type: ignore[return-value]


def signed_order(
    office: Office, signer: Signer, action: Action, enterprise: str, *cards: str, details: Details | None = None
) -> Signed:
    """An order, signed by the card that the options name. An empty enterprise is that of the card, or the signer's."""
    from host_tools.office.orders import Order, sign_order

    with signing_card(signer, None, lambda: signer.pin) as (card, number, pin):
        with office.registry.reading() as work:
            firm = enterprise or work.card(cards[0] if cards else number).enterprise.credit_code
        data = {} if details is None else details.data
        return sign_order(card, pin, Order(action, cards, firm, number, office.clock(), data=data))


@click.group(short_help="Issue cards: join, add, replace, change, cancel.")
def command() -> None:
    """Issue cards of an office: enterprises join, cards are made, replaced and changed, enterprises leave.

    A card is written into the registry before anything is written to plastic. Whatever is interrupted is finished by
    running the same command again. New cards have the PIN of eight 8s.
    """


@command.command(short_help="A new enterprise, with two cards.")
@click.option("--firm", required=True, help="Name of the enterprise.")
@click.option("--credit-code", required=True, help="Unified social credit code, 18 characters.")
@click.option("--customs-code", default="", help="Customs code; two of them as code&code.")
@person_options
@click.option("--operator-name", default="", help="Name of the operator; the legal representative if not given.")
@click.option("--operator-document", default="", metavar="NUMBER", help="Document number of the operator.")
@click.option("--generation", type=click.Choice(GENERATIONS), default="sm2", show_default=True, help="Of the cards.")
@click.option("--medium", type=click.Choice(("ic", "ikey")), default="ic", show_default=True, help="Of the cards.")
@desk_options
def enterprise(
    desk: Desk,
    firm: str,
    credit_code: str,
    customs_code: str,
    name: str,
    document: str,
    document_type: str,
    social_number: str,
    operator_name: str,
    operator_document: str,
    generation: str,
    medium: str,
) -> None:
    """A new enterprise joins: its legal-person card and one operator card are made in one go.

    NAME and DOCUMENT are those of the legal representative, who is the operator too unless another is named.
    """
    from host_tools.issuing.plan import Firm, Person
    from host_tools.issuing.procedures import Procedures
    from host_tools.pki.generation import Generation
    from host_tools.registry.states import Medium

    if bool(operator_name) != bool(operator_document):
        raise click.UsageError("an operator has a name and a document: give both or neither")
    legal = Person(name, document, document_type, social_number)
    operator = Person(operator_name, operator_document) if operator_name else None
    with opened_office(desk.office, desk.day, desk.passphrase_file) as office:
        numbers = Procedures(office).join(
            Firm(firm, credit_code, customs_code), legal, operator, Generation(generation), Medium(medium)
        )
        desk.make(office, *numbers)


@command.command(short_help="One more operator card.")
@person_options
@click.option("--generation", type=click.Choice(GENERATIONS), default="sm2", show_default=True, help="Of the card.")
@desk_options
@order_options
def operator(
    desk: Desk, signer: Signer, name: str, document: str, document_type: str, social_number: str, generation: str
) -> None:
    """One more operator card, ordered by the legal-person card of the enterprise."""
    from host_tools.issuing.plan import Person
    from host_tools.registry.states import CardKind

    _add(desk, signer, Person(name, document, document_type, social_number), CardKind.OPERATOR, generation)


@command.command(short_help="One more declarant card.")
@person_options
@click.option("--record-number", required=True, help="The declarant's record number (报关人员备案证号).")
@click.option("--generation", type=click.Choice(GENERATIONS), default="sm2", show_default=True, help="Of the card.")
@desk_options
@order_options
def declarant(
    desk: Desk,
    signer: Signer,
    name: str,
    document: str,
    document_type: str,
    social_number: str,
    record_number: str,
    generation: str,
) -> None:
    """One more customs declarant card, ordered by the legal-person card of the enterprise."""
    from host_tools.issuing.plan import Person
    from host_tools.registry.states import CardKind

    person = Person(name, document, document_type, social_number, record_number)
    _add(desk, signer, person, CardKind.DECLARANT, generation)


def _add(desk: Desk, signer: Signer, person: Person, kind: Any, generation: str) -> None:
    from host_tools.issuing import plan
    from host_tools.issuing.procedures import Procedures
    from host_tools.office.orders import Details
    from host_tools.pki.generation import Generation
    from host_tools.registry.states import Action

    wanted = Generation(generation)
    details = Details(plan.new_card(person, kind, wanted))
    with opened_office(desk.office, desk.day, desk.passphrase_file) as office:
        signed = signed_order(office, signer, Action.ISSUE, "", details=details)
        desk.make(office, Procedures(office).add(signed, person, kind, wanted, details.salt))


@command.command(short_help="A card in the place of a lost or damaged one.")
@click.argument("number", type=CardNumber())
@desk_options
@order_options
def replace(desk: Desk, signer: Signer, number: str) -> None:
    """A new card for the holder of card NUMBER, which becomes void as soon as the new one is made.

    The new card gets the exchange key of the old one, so what was encrypted for that stays readable.
    """
    from host_tools.issuing.procedures import Procedures
    from host_tools.registry.states import Action

    with opened_office(desk.office, desk.day, desk.passphrase_file) as office:
        signed = signed_order(office, signer, Action.REPLACE, "", number)
        desk.make(office, Procedures(office).replace(signed))


@command.command("change-holder", short_help="Other data of a card's holder.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@click.option("--name", help="New name.")
@click.option("--document", metavar="NUMBER", help="New number of the document.")
@click.option("--document-type", help="New kind of document.")
@click.option("--social-number", help="New social insurance number.")
@click.option("--record-number", help="New declarant's record number.")
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
            Procedures(office).change_holder(signed, details)
        steps = run_station(station, card_pin(pin_file, pin_stdin), False, not desk.as_json)
    _say_updated(station.number, steps, desk.as_json)


@command.command("change-enterprise", short_help="Another name or customs code of an enterprise.")
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
        signed = signed_order(office, signer, Action.ENTERPRISE_CHANGED, credit_code, details=details)
        waiting = Procedures(office).change_enterprise(signed, details)
    if desk.as_json:
        say_json({"enterprise": credit_code, "to_update": waiting})
    else:
        then = f"; simcard issue update is still to be done for {', '.join(waiting)}" if waiting else ""
        click.echo(f"enterprise {credit_code}: changed{then}")


@command.command(short_help="Bring changed data onto a card.")
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


@command.command(short_help="Make a prepared card.")
@click.argument("number", type=CardNumber())
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@click.option("--another-blank", is_flag=True, help="The blank on which the card was begun is destroyed; take this.")
@office_options
@json_option
@engine_options
def card(
    number: str,
    arguments: tuple[str, ...],
    reader: str | None,
    another_blank: bool,
    office: Path,
    day: datetime | None,
    passphrase_file: Path | None,
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Make the card that the registry has prepared under NUMBER, from the blank in IMAGE or a reader."""
    from host_tools.office.plastic import Plastic

    where = only_target(arguments, reader, engine, sm2_backend)
    with opened_office(office, day, passphrase_file) as found:
        generation = insist_on_waiting(found, number)
        if where.image is not None and not where.image.exists():
            made = f"simcard new {where.image} --profile {BLANKS[generation.value]}"
            raise ImageProblem(f"{where.image}: does not exist; make a blank first: {made}")
        with where.link() as link:
            station = issuing(found, Plastic(link), number, another_blank)
            steps = run_station(station, lambda: FIRST_PIN, False, not as_json)
    if as_json:
        say_json({"card": number, "steps": steps})
    else:
        click.echo(f"card {number}: made")


@command.command(short_help="Many enterprises from a CSV file.")
@click.argument("file", type=click.Path(path_type=Path))
@desk_options
def batch(desk: Desk, file: Path) -> None:
    """Let every enterprise of a CSV file join, and make its two cards.

    The first line names the columns: firm, credit_code, name and document of the legal representative; and, if you
    like, customs_code, operator_name, operator_document, generation and medium. Every row is checked before anything
    is done. Run again after an interruption, it makes what is missing.
    """
    from host_tools.cli import files
    from host_tools.issuing import batch as batches
    from host_tools.issuing.procedures import Procedures

    rows = batches.read(batches.text_of(files.read(file), str(file)).splitlines(), str(file))
    with (
        opened_office(desk.office, desk.day, desk.passphrase_file) as office,
        counted(len(rows), not desk.as_json) as tick,
    ):
        procedures, made = Procedures(office), []
        batches.insist_on_room(rows, procedures.check, str(file))
        for row in rows:
            numbers = procedures.join(row.firm, row.legal, row.operator, row.generation, row.medium)
            made += [desk.make_one(office, number) for number in numbers]
            tick(row.firm.name)
    if desk.as_json:
        say_json({"cards": made})
    else:
        click.echo(f"{len(rows)} enterprises, {len(made)} cards")


@command.command("cancel-enterprise", short_help="An enterprise leaves.")
@click.argument("credit_code", type=CreditCode())
@desk_options
@order_options
def cancel_enterprise(desk: Desk, signer: Signer, credit_code: str) -> None:
    """Take the enterprise CREDIT_CODE out of the network: all its cards become void, their certificates revoked."""
    from host_tools.issuing.procedures import Procedures
    from host_tools.registry.states import Action

    with opened_office(desk.office, desk.day, desk.passphrase_file) as office:
        signed = signed_order(office, signer, Action.ENTERPRISE_CANCELLED, credit_code)
        gone = Procedures(office).cancel_enterprise(signed)
    if desk.as_json:
        say_json({"enterprise": credit_code, "void": gone})
    else:
        click.echo(f"enterprise {credit_code}: cancelled; void are {', '.join(gone) or 'no more cards'}")
