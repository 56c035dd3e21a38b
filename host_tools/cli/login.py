"""`simcard login`: the password to the card, and its signature over a challenge of the office."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from host_tools.cli.cards import engine_options, only_target, reader_option
from host_tools.cli.languages import lang_option
from host_tools.cli.office import office_options, opened_office
from host_tools.cli.output import json_option, say_json
from host_tools.cli.secrets import PIN, obtain, pin_options, reference_option


@click.command(short_help="Log in with a card.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@office_options
@lang_option("Language of the answer.")
@reference_option
@pin_options
@json_option
@engine_options
def command(
    arguments: tuple[str, ...],
    reader: str | None,
    office: Path,
    day: datetime | None,
    passphrase_file: Path | None,
    lang: str,
    reference: int,
    pin_file: Path | None,
    pin_stdin: bool,
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Log in at the office with the card in IMAGE, or in a PC/SC reader with --reader.

    The office gives a challenge, the card signs it once its PIN was right, and the office looks at the certificate
    (chain, validity, revocation) and at the card's state in the registry. A refusal says what stands against it.
    """
    from host_tools.client.iso import IsoCard
    from host_tools.eport_client.wording import Lang
    from host_tools.office.login import Gate, answer

    where, language = only_target(arguments, reader, engine, sm2_backend), Lang(lang)
    with opened_office(office, day, passphrase_file) as found:
        gate = Gate(found, language)
        with where.link() as link:
            card = IsoCard(link)
            card.enter()
            pin = obtain(PIN, pin_file, pin_stdin)
            signed = answer(card, pin, gate.challenge().text, language, reference)
        who = gate.log_in(signed)
    rows = {
        "holder": who.card.holder.name,
        "enterprise": who.card.enterprise.name,
        "card": who.card.number,
        "kind": who.card.kind.value,
        "certificate": who.certificate.number,
        "until": f"{who.certificate.not_after:%Y-%m-%d}",
    }
    if as_json:
        say_json(rows)
        return
    click.echo({Lang.ZH: "登录成功", Lang.EN: "logged in"}[language])
    for name, value in rows.items():
        click.echo(f"  {LABELS[name][language is Lang.EN]}: {value}")


LABELS = {
    "holder": ("申请者名称", "holder"),
    "enterprise": ("单位名称", "enterprise"),
    "card": ("IC卡号", "card number"),
    "kind": ("卡类型", "kind of card"),
    "certificate": ("用户证书号", "certificate number"),
    "until": ("有效期至", "valid until"),
}
