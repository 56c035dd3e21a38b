"""`simcard registry`: looking at the registry of an office, and keeping it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host_tools.cli import files
from host_tools.cli.ca import clock_of
from host_tools.cli.days import Day
from host_tools.cli.numbers import CreditCode, SubjectName
from host_tools.cli.office import need_packages, office_options, opened_office, settings_of
from host_tools.cli.orders import line_of, subject_of
from host_tools.cli.output import json_option, say_json
from host_tools.errors import FileProblem, Tampered

if TYPE_CHECKING:
    from host_tools.registry.audit import Head
    from host_tools.registry.models import Card, Enterprise
    from host_tools.registry.work import Work

STATES = ("preparing", "normal", "frozen", "lost", "void")


@click.group(short_help="The registry of an office: look, verify, migrate.")
def command() -> None:
    """The registry of an office: its cards, and whether its log is as it was written."""


@command.command(short_help="Bring the registry to the newest form.")
@office_options
def migrate(office: Path, day: datetime | None, passphrase_file: Path | None) -> None:
    """Bring the tables of the registry to the form this program works with, in one transaction."""
    need_packages()
    from host_tools.registry.facade import Registry

    with Registry.migrate(settings_of(office).registry, clock_of(day)) as found:
        click.echo(f"{found.shown}: the registry is of the newest form")


@command.command(short_help="Finish orders that were cut short.")
@office_options
@json_option
def resume(office: Path, day: datetime | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Finish every order that was accepted and then cut short, such as by a power cut.

    Other unfinished work goes on only where the card is: it is listed with the command that finishes it.
    """
    from host_tools.office.desk import Desk

    with opened_office(office, day, passphrase_file) as found:
        done = Desk(found).resume()
        with found.registry.reading() as work:
            waiting = _waiting(work)
    if as_json:
        say_json({"finished": done, "waiting": waiting})
        return
    for each in done:
        click.echo(f"card {each.card}: {each.state.value}")
    for row in waiting:
        click.echo(f"card {row['card']}: {row['kind']} is unfinished and needs the card; {row['command']} finishes it")
    if not done and not waiting:
        click.echo("nothing was cut short")


def _waiting(work: Work) -> list[dict[str, str]]:
    """Unfinished work that goes on only where the card is, oldest first."""
    from host_tools.registry.states import AT_THE_CARD

    found = [each for each in work.open_procedures() if each.kind in AT_THE_CARD]
    return [{"card": each.card.number, "kind": each.kind.value, "command": AT_THE_CARD[each.kind]} for each in found]


@command.command(short_help="Look whether the log was changed.")
@office_options
@click.option(
    "--witness", type=click.Path(path_type=Path), help="Heads written down earlier by simcard registry witness."
)
@json_option
def verify(
    office: Path, day: datetime | None, passphrase_file: Path | None, witness: Path | None, as_json: bool
) -> None:
    """Look whether log and registry are as they were written; exit code 1, and what is wrong, if not.

    A log that somebody rewrote as a whole, with new hashes, shows only against a witness that was kept elsewhere.
    """
    from host_tools.registry.audit import audit

    seen = None if witness is None else _read_witness(witness)
    with opened_office(office, day, passphrase_file) as found, found.registry.reading() as work:
        report = audit(work, seen)
    if as_json:
        say_json(report)
    for each in () if as_json else report.findings:
        place = f" {each.sequence}" if each.sequence else ""
        click.echo(f"{each.subject}{place}: {each.text}")
    if report.findings:
        count = len(report.findings)
        raise Tampered(f"{count} finding{'s' if count > 1 else ''}: the registry is not as it was written")
    if not as_json:
        click.echo(f"{report.operations} operations in {report.chains} chains are as they were written")


@command.command(short_help="Write down the heads of all chains, to keep elsewhere.")
@office_options
@click.option("--out", "-o", type=click.Path(path_type=Path), default="-", help="Where they go; - is standard output.")
def witness(office: Path, day: datetime | None, passphrase_file: Path | None, out: Path) -> None:
    """Write down length and last hash of every chain of the log, as JSON for `simcard registry verify --witness`."""
    from host_tools.registry.audit import heads

    with opened_office(office, day, passphrase_file) as found, found.registry.reading() as work:
        rows = {subject: asdict(head) for subject, head in heads(work).items()}
    files.write(out, json.dumps(rows, indent=1).encode() + b"\n")


def _read_witness(path: Path) -> dict[str, Head]:
    from host_tools.registry.audit import Head

    try:
        rows = json.loads(files.read(path))
        return {str(subject): Head(int(row["count"]), str(row["hash"])) for subject, row in rows.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FileProblem(f"{path}: is no witness; simcard registry witness makes one") from None


@command.command("list", short_help="List cards.")
@office_options
@click.option("--state", type=click.Choice(STATES), help="Only cards in this state.")
@click.option("--enterprise", type=CreditCode(), metavar="CREDIT-CODE", help="Only cards of this enterprise.")
@click.option("--until", type=Day(), help="Only cards whose certificate ends before this day.")
@json_option
def list_(
    office: Path,
    day: datetime | None,
    passphrase_file: Path | None,
    state: str | None,
    enterprise: str | None,
    until: datetime | None,
    as_json: bool,
) -> None:
    """List the cards of the registry, by number, with the last day of their certificates.

    Who must renew soon: simcard registry list --until 2037-01-01
    """
    from host_tools.registry.states import CardState

    with opened_office(office, day, passphrase_file) as found, found.registry.reading() as work:
        owner = None if enterprise is None else work.enterprise(enterprise)
        ends = {number: f"{end:%Y-%m-%d}" for number, end in work.ends().items()}
        cards = work.cards(owner, None if state is None else CardState(state))
        rows = [{**_row(card), "until": ends.get(card.number, "")} for card in cards]
    if until is not None:
        rows = [row for row in rows if row["until"] and row["until"] < f"{until:%Y-%m-%d}"]
    if as_json:
        say_json(rows)
    for row in () if as_json else rows:
        columns = ("number", "kind", "state", "holder", "enterprise", "until")
        click.echo("  ".join(row[name] or "-" for name in columns))


def _row(card: Card) -> dict[str, str]:
    return {
        "number": card.number,
        "kind": card.kind.value,
        "medium": card.medium.value,
        "generation": card.generation.value,
        "state": card.state.value,
        "holder": card.holder.name,
        "enterprise": card.enterprise.name,
        "credit_code": card.enterprise.credit_code,
    }


@command.command(short_help="Show a card or an enterprise with all that belongs to it.")
@click.argument("subject", type=SubjectName(), metavar="NUMBER|CREDIT-CODE")
@office_options
@json_option
def show(subject: str, office: Path, day: datetime | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Show a card: its holder and enterprise, certificates, binding, unfinished work and operations.

    Of an enterprise: its codes, cards and operations.
    """
    need_packages()
    from host_tools.registry.models import Enterprise

    with opened_office(office, day, passphrase_file) as found, found.registry.reading() as work:
        of = subject_of(work, subject)
        shown = _whole_enterprise(work, of) if isinstance(of, Enterprise) else _whole(work, of)
    if as_json:
        say_json(shown)
        return
    for name, value in shown.items():
        for each in value if isinstance(value, list) else [value]:
            click.echo(f"{name}: {'  '.join(map(str, each.values())) if isinstance(each, dict) else each}")


def _whole(work: Work, card: Card) -> dict[str, Any]:
    binding = work.binding(card)
    certificates = [
        {"number": each.number, "use": each.use.value, "until": f"{each.not_after:%Y-%m-%d}", "state": each.state.value}
        for each in work.certificates(card, None)
    ]
    unfinished = [each.kind.value for each in work.unfinished(card)]
    return {
        **_row(card),
        "declarant": "" if binding is None else binding.record_number,
        "certificate": certificates,
        "unfinished": unfinished,
        "operation": _operations(work, card),
    }


def _whole_enterprise(work: Work, enterprise: Enterprise) -> dict[str, Any]:
    cards = [
        {"number": card.number, "kind": card.kind.value, "state": card.state.value, "holder": card.holder.name}
        for card in work.cards(enterprise)
    ]
    return {
        "enterprise": enterprise.name,
        "credit_code": enterprise.credit_code,
        "customs_code": enterprise.customs_code,
        "state": enterprise.state.value,
        "card": cards,
        "operation": _operations(work, enterprise),
    }


def _operations(work: Work, of: Card | Enterprise) -> list[dict[str, Any]]:
    shown = ("sequence", "at", "action", "stage", "outcome", "by", "state", "until")
    return [{name: row[name] for name in shown} for row in map(line_of, work.history(of))]
