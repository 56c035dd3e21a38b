"""`simcard renew` and `simcard unlock`: an order, and what the office then does to the card."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli.cards import EngineChoice, Target, engine_options, only_target, reader_option
from host_tools.cli.languages import lang_option, order_lang
from host_tools.cli.office import office_options, opened_office
from host_tools.cli.output import json_option, say_json
from host_tools.cli.secrets import pin_options
from host_tools.cli.station import (
    Signer,
    card_pin,
    insist_on_two,
    run_station,
    same_image,
    signer_of,
    signer_options,
    signing_card,
    taken_up,
)

if TYPE_CHECKING:
    from host_tools.eport_client.wording import Lang
    from host_tools.office.staging import Step
    from host_tools.renewal.renewal import Renewal, View
    from simcard.wire.secret import Secret

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
CARD_LANG = "Language of what is said of the card."


@click.command(short_help="Renew the certificates of a card.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@signer_options
@click.option("--show", is_flag=True, help="Show the card's data and whether it may be renewed; do nothing.")
@office_options
@lang_option(CARD_LANG)
@pin_options
@json_option
@engine_options
def renew(
    arguments: tuple[str, ...],
    reader: str | None,
    by: Path | None,
    by_reader: str | None,
    operator: bool,
    signer_pin_file: Path | None,
    show: bool,
    office: Path,
    day: datetime | None,
    passphrase_file: Path | None,
    lang: str,
    pin_file: Path | None,
    pin_stdin: bool,
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Renew the certificates of the card in IMAGE or a reader (证书延期).

    A legal-person card renews itself, from 180 days before its certificate ends until it has; so does the card of
    the office's operator. Other cards are renewed by the legal-person card of their enterprise (--by, --by-reader),
    an expired legal-person card by the office (--operator). Afterwards the PIN is eight 8s again.

    The card may be pulled and the program killed at any moment: the card then has the old certificate or the new
    one, and running the command again finishes what was begun.
    """
    from host_tools.eport_client.wording import Lang
    from host_tools.office.plastic import Plastic
    from host_tools.renewal.renewal import Renewal

    choice, said = EngineChoice(engine, sm2_backend), Lang(lang)
    where = only_target(arguments, reader, engine, sm2_backend)
    signer = signer_of(by, by_reader, operator, office, choice, signer_pin_file)
    pin = card_pin(pin_file, pin_stdin)
    with opened_office(office, day, passphrase_file) as found, where.link() as link:
        renewal = Renewal(found, Plastic(link), said)
        if show:
            _show(renewal, signer.where is None or same_image(signer.where, where), said, as_json)
            return
        if not renewal.is_open:
            _begin(renewal, signer, where, pin)
        steps = run_station(renewal, pin, said is Lang.ZH, not as_json)
        _say_done(renewal, steps, said, as_json)


def _begin(renewal: Renewal, signer: Signer, where: Target, pin: Callable[[], Secret]) -> None:
    """Have the card that the options name sign the order; by default the card renews itself, if it is one that may."""
    if same_image(signer.where, where):
        signer = Signer(None, None)
    if signer.where is None and not renewal.by_itself:
        raise click.UsageError(
            f"card {renewal.number} does not renew itself: its enterprise's legal-person card does, "
            "with --by IMAGE or --by-reader NAME"
        )
    with signing_card(signer, renewal.plastic.iso, pin) as (card, number, its_pin):
        renewal.begin(card, number, its_pin)


def _show(renewal: Renewal, alone: bool, lang: Lang, as_json: bool) -> None:
    """The card's data, where a renewal was cut short, and whether it may be renewed now: `alone`, or by another."""
    from host_tools.office.rules import Signer
    from host_tools.office.staging import TEXTS
    from host_tools.renewal.rules import CUT_SHORT, MAY_RENEW

    waits_for = renewal.waits_for()
    against = renewal.against(Signer.SELF if alone and renewal.by_itself else Signer.LEGAL)
    if as_json:
        _say_json(renewal, [], against, waits_for)
        return
    _say_data(renewal.view(), lang)
    if waits_for is not None:
        click.echo(CUT_SHORT.say(lang).format(step=TEXTS[waits_for].say(lang)))
    click.echo(against or MAY_RENEW.say(lang))


def _say_done(renewal: Renewal, steps: list[str], lang: Lang, as_json: bool) -> None:
    """The card's data after a renewal, and until when it is valid."""
    from host_tools.office.rules import Signer
    from host_tools.renewal.rules import NEW_PIN, RENEWED

    if as_json:
        _say_json(renewal, steps, renewal.against(Signer.LEGAL), None)
        return
    view = renewal.view()
    _say_data(view, lang)
    click.echo(RENEWED.say(lang).format(end=view.end))
    click.echo(NEW_PIN.say(lang))


def _say_data(view: View, lang: Lang) -> None:
    for zh, en, text in view.rows:
        click.echo(f"{en if lang == 'en' else zh}: {text}")


def _say_json(renewal: Renewal, steps: list[str], against: str, waits_for: Step | None) -> None:
    begun = {"open": waits_for is not None, "waits_for": waits_for}
    say_json({"card": renewal.view(), "steps": steps, "may_renew": not against, "against": against, **begun})


@click.command(short_help="Unlock a card.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@signer_options
@office_options
@json_option
@engine_options
def unlock(
    arguments: tuple[str, ...],
    reader: str | None,
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
) -> None:
    """Unlock the card in IMAGE or a reader: the PIN is eight 8s again, with all its tries.

    Operator and declarant cards are unlocked by the legal-person card of their enterprise (--by, --by-reader),
    legal-person cards by the office (--operator). Nobody needs a PIN that could do it: the card checks a script of
    the office, which is good for this card and once. Run again after an interruption, it finishes what was begun.
    """
    from host_tools.office.plastic import Plastic
    from host_tools.office.unlock import Unlock

    choice = EngineChoice(engine, sm2_backend)
    where = only_target(arguments, reader, engine, sm2_backend)
    signer = signer_of(by, by_reader, operator, office, choice, signer_pin_file)
    insist_on_two(where, signer)
    with opened_office(office, day, passphrase_file) as found, where.link() as link:
        work = Unlock(found, Plastic(link), order_lang())
        if not work.is_open:
            with signing_card(signer, None, lambda: signer.pin) as (card, number, its_pin):
                work.begin(card, number, its_pin)
        with taken_up():
            work.finish()
        left = work.plastic.tries_left()
    if as_json:
        say_json({"card": work.number, "tries_left": left})
    else:
        click.echo(f"card {work.number}: unlocked, the PIN is eight 8s again, {left} tries")
