"""`simcard renewal-client`: the renewal client as a window on the terminal."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from host_tools.cli.cards import engine_options, only_target, reader_option
from host_tools.cli.languages import lang_option
from host_tools.cli.office import office_options, opened_office
from host_tools.cli.renew import CARD_LANG
from host_tools.errors import OfficeProblem

UNFINISHED = 1


@click.command(short_help="The renewal client: a window on the terminal.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@office_options
@lang_option(CARD_LANG)
@engine_options
def command(
    arguments: tuple[str, ...],
    reader: str | None,
    office: Path,
    day: datetime | None,
    passphrase_file: Path | None,
    lang: str,
    engine: str,
    sm2_backend: str | None,
) -> int:
    """Renew a legal-person card in a window (电子口岸IC卡证书自主延期客户端), by keyboard or mouse.

    The card is the one in IMAGE or in a reader; it may come and go while the client runs. Quitting in the middle of a
    renewal ends it after the step that is being done, with exit code 1; log in again to go on from there.
    """
    where = only_target(arguments, reader, engine, sm2_backend)
    if not on_terminal():
        raise click.UsageError("the renewal client needs a terminal; use simcard renew in scripts")
    try:
        from host_tools.renewal.screen.client import RenewalClient
    except ImportError:
        raise OfficeProblem("the renewal client needs Textual; pip install 'simcard[office]'") from None
    from host_tools.eport_client.wording import Lang

    with opened_office(office, day, passphrase_file) as found:
        client = RenewalClient(found, where.link, Lang(lang))
        unfinished = client.run()
    if unfinished is not None:
        click.echo(unfinished.say(client.lang), err=True)
        return UNFINISHED
    return client.return_code or 0


def on_terminal() -> bool:
    """Whether there is a terminal to draw on."""
    return sys.stdin.isatty() and sys.stdout.isatty()
