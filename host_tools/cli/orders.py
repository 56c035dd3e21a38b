"""`simcard freeze`, `unfreeze`, `report-loss`, `void`, `bind`, `unbind` and `history`: what happens to cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli.cards import EngineChoice, Target, engine_options, reader_option, target
from host_tools.cli.office import office_options, opened_office
from host_tools.cli.output import json_option, say_json
from host_tools.cli.secrets import PIN, obtain, pin_options, reference_option

if TYPE_CHECKING:
    from host_tools.office.desk import Accepted
    from host_tools.office.folder import Office
    from host_tools.registry.models import Operation
    from host_tools.registry.states import Action
    from host_tools.registry.work import Work

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs an order, and the cards it is about, as the command line says it."""

    where: Target
    cards: tuple[str, ...]
    office: Path
    day: datetime | None
    passphrase_file: Path | None
    reference: int
    pin_file: Path | None
    pin_stdin: bool
    as_json: bool


def order_options(function: Decorated) -> Decorated:
    """Everything an order needs, as the parameter `signing`."""
    import functools

    @click.argument("arguments", nargs=-1, metavar="[IMAGE] NUMBER...")
    @reader_option
    @click.option("--operator", is_flag=True, help="Sign with the operator's card in the office's folder.")
    @office_options
    @reference_option
    @pin_options
    @json_option
    @engine_options
    @functools.wraps(function)
    def wrapped(
        arguments: tuple[str, ...],
        reader: str | None,
        operator: bool,
        office: Path,
        day: datetime | None,
        passphrase_file: Path | None,
        reference: int,
        pin_file: Path | None,
        pin_stdin: bool,
        as_json: bool,
        engine: str,
        sm2_backend: str | None,
        **more: Any,
    ) -> None:
        where, cards = _signer(arguments, reader, operator, office, EngineChoice(engine, sm2_backend))
        if not cards:
            raise click.UsageError("name the card, by its number, that the order is about")
        function(Signing(where, cards, office, day, passphrase_file, reference, pin_file, pin_stdin, as_json), **more)

    return wrapped  # type: ignore[return-value]  # click makes a command of it, whatever its signature


def _signer(
    arguments: tuple[str, ...], reader: str | None, operator: bool, office: Path, engine: EngineChoice
) -> tuple[Target, tuple[str, ...]]:
    from host_tools.office.folder import OPERATOR

    if operator and reader is not None:
        raise click.UsageError("either the operator's card signs or the one in the reader")
    if operator:
        return Target(office / OPERATOR, None, engine), arguments
    return target(arguments, reader, engine.name, engine.backend)


def give_order(signing: Signing, action: Action, **data: str) -> None:
    """Sign an order with the card and hand it in. An order that was cut short earlier is finished first."""
    from host_tools.office.desk import Desk

    with opened_office(signing.office, signing.day, signing.passphrase_file) as office:
        desk = Desk(office)
        finished = {done.card: done for done in desk.resume()}
        for done in finished.values():
            click.echo(f"card {done.card}: an order that was cut short is finished, it is {done.state.value}", err=True)
        if all(number in finished and finished[number].action is action for number in signing.cards):
            _say({number: finished[number].state.value for number in signing.cards}, None, signing.as_json)
            return
        accepted = _sign_and_submit(signing, office, desk.submit, action, data)
    states = {number: state.value for number, state in accepted.states.items()}
    _say(states, accepted.order.number, signing.as_json)


def _sign_and_submit(
    signing: Signing, office: Office, submit: Callable[..., Accepted], action: Action, data: dict[str, str]
) -> Accepted:
    from host_tools.client.iso import IsoCard
    from host_tools.office.orders import Order, number_of, sign_order, signing_key

    with office.registry.reading() as work:
        first = work.find_card(signing.cards[0])
        enterprise = "" if first is None else first.enterprise.credit_code
    with signing.where.link() as link:
        card = IsoCard(link)
        card.enter()
        by = number_of(card.read_certificate(signing_key(card).reference))
        numbers = tuple(number.removeprefix("03-") for number in signing.cards)
        pin = obtain(PIN, signing.pin_file, signing.pin_stdin)
        signed = sign_order(
            card, pin, Order(action, numbers, enterprise, by, office.clock(), data=data), signing.reference
        )
    return submit(signed)


def _say(states: dict[str, str], order: str | None, as_json: bool) -> None:
    if as_json:
        say_json({"order": order, "cards": states})
        return
    for number, state in states.items():
        click.echo(f"card {number}: {state}")


@click.command(short_help="Freeze cards.")
@order_options
def freeze(signing: Signing) -> None:
    """Freeze cards: they cannot be used, and their certificates are on hold, until they are unfrozen.

    The order is signed by the card in IMAGE, in a PC/SC reader (--reader), or by the office's operator (--operator).
    Operator and declarant cards are frozen by the legal-person card of their enterprise, legal-person cards by the
    office.
    """
    from host_tools.registry.states import Action

    give_order(signing, Action.FREEZE)


@click.command(short_help="Unfreeze cards.")
@order_options
def unfreeze(signing: Signing) -> None:
    """Take back a freeze, or, at the office only, a report of loss. Who signs is as for freeze."""
    from host_tools.registry.states import Action

    give_order(signing, Action.UNFREEZE)


@click.command("report-loss", short_help="Report cards as lost.")
@order_options
def report_loss(signing: Signing) -> None:
    """Report cards as lost: like freeze, but only the office takes it back. Who signs is as for freeze."""
    from host_tools.registry.states import Action

    give_order(signing, Action.REPORT_LOSS)


@click.command(short_help="Make cards void for ever.")
@order_options
def void(signing: Signing) -> None:
    """Make cards void for ever; their certificates are revoked. Who signs is as for freeze."""
    from host_tools.registry.states import Action

    give_order(signing, Action.VOID)


@click.command(short_help="Bind a declarant to a card.")
@order_options
@click.option("--record-number", required=True, help="The declarant's record number.")
def bind(signing: Signing, record_number: str) -> None:
    """Bind a declarant's record number to a declarant card, by order of the enterprise's legal-person card."""
    from host_tools.office.desk import RECORD
    from host_tools.registry.states import Action

    give_order(signing, Action.BIND, **{RECORD: record_number})


@click.command(short_help="Unbind the declarant of a card.")
@order_options
def unbind(signing: Signing) -> None:
    """Take the binding of a declarant card away, by order of the enterprise's legal-person card."""
    from host_tools.registry.states import Action

    give_order(signing, Action.UNBIND)


@click.command(short_help="List what was done to a card.")
@click.argument("subject", metavar="[NUMBER|CREDIT-CODE]", required=False)
@office_options
@json_option
def history(
    subject: str | None, office: Path, day: datetime | None, passphrase_file: Path | None, as_json: bool
) -> None:
    """List the operations of a card, of an enterprise (by its credit code), or of the office itself."""
    with opened_office(office, day, passphrase_file) as found, found.registry.reading() as work:
        rows = [line_of(each) for each in work.history(_subject(work, subject))]
    if as_json:
        say_json(rows)
    for row in () if as_json else rows:
        by = f"by {row['by']}" if row["by"] else ""
        words = (f"{row['sequence']:>3}", row["at"], row["action"], row["outcome"], by, row["state"], row["reason"])
        click.echo("  ".join(filter(None, words)))


def _subject(work: Work, text: str | None) -> Any:
    if text is None:
        return None
    return work.find_enterprise(text) or work.card(text)


def line_of(operation: Operation) -> dict[str, Any]:
    """What is shown of an operation; its proof stays in the registry."""
    from host_tools.registry.columns import written

    return {
        "sequence": operation.sequence,
        "at": written(operation.at),
        "action": operation.action.value,
        "outcome": operation.outcome.value,
        "by": operation.by_card,
        "order": operation.order_number,
        "state": operation.state,
        "reason": operation.reason,
        "hash": operation.hash,
    }
