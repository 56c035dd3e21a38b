"""`simcard freeze`, `unfreeze`, `report-loss`, `void`, `bind`, `unbind` and `history`: what happens to cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli.cards import EngineChoice, engine_options
from host_tools.cli.languages import order_lang
from host_tools.cli.numbers import CARD, CardNumber, RecordNumber, SubjectName
from host_tools.cli.office import office_options, opened_office
from host_tools.cli.output import json_option, say_json
from host_tools.cli.station import Signer, signer_of, signer_options, signing_card
from simcard.wire.secret import Secret

if TYPE_CHECKING:
    from host_tools.office.desk import Accepted
    from host_tools.office.folder import Office
    from host_tools.registry.models import Card, Enterprise, Operation
    from host_tools.registry.states import Action
    from host_tools.registry.work import Work

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs an order, and the cards it is about, as the command line says it."""

    signer: Signer
    cards: tuple[str, ...]
    office: Path
    day: datetime | None
    passphrase_file: Path | None
    as_json: bool


def order_options(function: Decorated) -> Decorated:
    """Everything an order needs, as the parameter `signing`."""

    @click.argument("numbers", nargs=-1, type=CardNumber(), metavar="NUMBER...", required=True)
    @signer_options
    @office_options
    @json_option
    @engine_options
    @wraps(function)
    def wrapped(
        numbers: tuple[str, ...],
        by: Path | None,
        by_reader: str | None,
        operator: bool,
        signer_pin_file: Path | None,
        office: Path,
        day: datetime | None,
        passphrase_file: Path | None,
        as_json: bool,
        engine: str,
        sm2_backend: str | None,
        **more: Any,
    ) -> None:
        choice = EngineChoice(engine, sm2_backend)
        signer = signer_of(by, by_reader, operator, office, choice, signer_pin_file)
        function(Signing(signer, numbers, office, day, passphrase_file, as_json), **more)

    return wrapped  # type: ignore[return-value]  # click makes a command of it, whatever its signature


def give_order(signing: Signing, action: Action, done: str = "", **data: str) -> None:
    """Sign an order with the card and hand it in. An order that was cut short earlier is finished first.

    `done` is what to say of it, where the state of the card says nothing.
    """
    from host_tools.office.desk import Desk

    with opened_office(signing.office, signing.day, signing.passphrase_file) as office:
        desk = Desk(office, order_lang())
        finished = {each.card: each for each in desk.resume()}
        for each in finished.values():
            click.echo(f"card {each.card}: an order that was cut short is finished, it is {each.state.value}", err=True)
        if all(number in finished and finished[number].action is action for number in signing.cards):
            _say({number: finished[number].state.value for number in signing.cards}, None, signing.as_json)
            return
        accepted = _sign_and_submit(signing, office, desk.submit, action, data)
    states = {number: state.value for number, state in accepted.states.items()}
    _say(states, accepted.order.number, signing.as_json, done)


def _sign_and_submit(
    signing: Signing, office: Office, submit: Callable[..., Accepted], action: Action, data: dict[str, str]
) -> Accepted:
    from host_tools.office.orders import Order, sign_order

    with office.registry.reading() as work:
        enterprise = work.card(signing.cards[0]).enterprise.credit_code
    with signing_card(signing.signer, None, _no_pin) as (card, by, pin):
        signed = sign_order(card, pin, Order(action, signing.cards, enterprise, by, office.clock(), data=data))
    return submit(signed)


def _no_pin() -> Secret:
    raise AssertionError("the card an order is about is not at hand, so it does not sign")


def _say(states: dict[str, str], order: str | None, as_json: bool, done: str = "") -> None:
    """What became of each card: its state, or what was `done` where that does not change."""
    if as_json:
        say_json({"order": order, "cards": states})
        return
    for number, state in states.items():
        click.echo(f"card {number}: {done or state}")


@click.command(short_help="Freeze cards.")
@order_options
def freeze(signing: Signing) -> None:
    """Freeze cards: they cannot be used, and their certificates are on hold, until they are unfrozen.

    The order is signed by the card in an image (--by), in a PC/SC reader (--by-reader), or by the office's operator
    (--operator). Operator and declarant cards are frozen by the legal-person card of their enterprise, legal-person
    cards by the office.
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
@click.option("--record-number", type=RecordNumber(), required=True, help="The declarant's record number.")
def bind(signing: Signing, record_number: str) -> None:
    """Bind a declarant's record number to a declarant card, by order of the enterprise's legal-person card.

    It says for which declarant the card works now. The record number that stands on the card is its holder's, and is
    changed with simcard issue change-holder.
    """
    from host_tools.office.desk import RECORD
    from host_tools.registry.states import Action

    give_order(signing, Action.BIND, f"bound to {record_number}", **{RECORD: record_number})


@click.command(short_help="Unbind the declarant of a card.")
@order_options
def unbind(signing: Signing) -> None:
    """Take the binding of a declarant card away, by order of the enterprise's legal-person card."""
    from host_tools.registry.states import Action

    give_order(signing, Action.UNBIND, "bound to no declarant")


@click.command(short_help="List what was done to a card.")
@click.argument("subject", type=SubjectName(), metavar="[NUMBER|CREDIT-CODE]", required=False)
@office_options
@json_option
def history(
    subject: str | None, office: Path, day: datetime | None, passphrase_file: Path | None, as_json: bool
) -> None:
    """List the operations of a card, of an enterprise (by its credit code), or of the office itself."""
    with opened_office(office, day, passphrase_file) as found, found.registry.reading() as work:
        rows = [line_of(each) for each in work.history(None if subject is None else subject_of(work, subject))]
    if as_json:
        say_json(rows)
    for row in () if as_json else rows:
        by = f"by {row['by']}" if row["by"] else ""
        until = f", until {row['until']}" if row["until"] else ""
        words = (f"{row['sequence']:>3}", row["at"], row["action"], row["outcome"], by, row["state"])
        click.echo("  ".join(filter(None, (*words, row["stage"] + until, row["reason"]))))


def subject_of(work: Work, text: str) -> Card | Enterprise:
    """The card of a number, or the enterprise of a credit code; `NotRegistered` where there is none."""
    return work.card(text) if CARD.fullmatch(text) else work.enterprise(text)


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
        "stage": _stage(operation),
        "until": str(operation.data.get("until", "")),
        "reason": operation.reason,
        "hash": operation.hash,
    }


ORDERED_FIRST = ("renew", "unlock", "replace", "holder-changed", "enterprise-cancelled")
"""Actions with two lines in the log: the order, which is accepted with its proof, and what was then done."""


def _stage(operation: Operation) -> str:
    """Which of the two lines it is; empty for all others."""
    if operation.action.value not in ORDERED_FIRST or operation.outcome.value != "accepted":
        return ""
    return "ordered" if "signature" in operation.data else "done"
