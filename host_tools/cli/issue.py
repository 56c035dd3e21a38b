"""`simcard issue`: enterprises join, cards are made, replaced and changed, enterprises leave."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host_tools.cli.cards import engine_options, only_target, reader_option
from host_tools.cli.issue_changes import cancel_enterprise, change_enterprise, change_holder, update
from host_tools.cli.issuing import (
    GENERATIONS,
    Desk,
    line_of,
    making_options,
    order_options,
    person_options,
    signed_order,
)
from host_tools.cli.languages import order_lang
from host_tools.cli.numbers import CardNumber, RecordNumber
from host_tools.cli.office import office_options, opened_office
from host_tools.cli.output import json_option, say_json
from host_tools.cli.station import (
    BLANKS,
    FIRST_PIN,
    Signer,
    counted,
    going_on,
    insist_on_waiting,
    issuing,
    run_station,
)
from host_tools.errors import ImageProblem

if TYPE_CHECKING:
    from host_tools.issuing.plan import Person

MOST_SAMPLES = 100_000


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
@making_options
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
@making_options
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
@click.option(
    "--record-number", type=RecordNumber(), required=True, help="The declarant's record number (报关人员备案证号)."
)
@click.option("--generation", type=click.Choice(GENERATIONS), default="sm2", show_default=True, help="Of the card.")
@making_options
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
        desk.make(office, Procedures(office, order_lang()).add(signed, person, kind, wanted, details.salt))


@command.command(short_help="A card in the place of a lost or damaged one.")
@click.argument("number", type=CardNumber())
@making_options
@order_options
def replace(desk: Desk, signer: Signer, number: str) -> None:
    """A new card for the holder of card NUMBER, which becomes void as soon as the new one is made.

    The new card gets the exchange key of the old one, so what was encrypted for that stays readable.
    """
    from host_tools.issuing.procedures import Procedures
    from host_tools.registry.states import Action

    with opened_office(desk.office, desk.day, desk.passphrase_file) as office:
        signed = signed_order(office, signer, Action.REPLACE, "", number)
        desk.make(office, Procedures(office, order_lang()).replace(signed))


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
@click.option("--quiet", "-q", is_flag=True, help="Say only how many there are, not which.")
@making_options
def batch(desk: Desk, file: Path, quiet: bool) -> None:
    """Let every enterprise of a CSV file join, and make its two cards.

    The first line names the columns: firm, credit_code, name and document of the legal representative; and, if you
    like, customs_code, operator_name, operator_document, generation and medium. Every row is checked before anything
    is done. Run again after an interruption, it makes what is missing. Every card is told with its image, enterprise
    and holder.
    """
    from host_tools.cli import files
    from host_tools.issuing import batch as batches
    from host_tools.issuing.procedures import Procedures

    rows = batches.read(batches.text_of(files.read(file), str(file)).splitlines(), str(file))
    with (
        going_on(),
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
        return
    for each in () if quiet else made:
        click.echo(f"{line_of(each)}  {each['enterprise']}  {each['holder']}")
    click.echo(f"{len(rows)} enterprises, {len(made)} cards")


@command.command(short_help="Made-up enterprises for a batch.")
@click.argument("count", type=click.IntRange(1, MOST_SAMPLES), metavar="N")
@click.option("--seed", type=int, help="The same seed gives the same file; another one every time if not given.")
@click.option("--out", "-o", type=click.Path(path_type=Path), default="-", help="Where it goes; - is standard output.")
def sample(count: int, seed: int | None, out: Path) -> None:
    """Write a CSV file of N made-up enterprises, which `simcard issue batch` takes as it is.

    All are marked as tests (测试, region 99), and all check characters are right.
    """
    from host_tools.cli import files
    from host_tools.issuing import sample as samples

    files.write(out, samples.text(count, seed).encode())


for _changing in (change_holder, change_enterprise, update, cancel_enterprise):
    command.add_command(_changing)
