"""`simcard cert`: certificates out of a card."""

from __future__ import annotations

from pathlib import Path

import click

from host_tools.cli import files
from host_tools.cli.cards import engine_options, only_target, reader_option
from host_tools.cli.keyoptions import find_key, key_option
from host_tools.client.iso import IsoCard


@click.group(short_help="Take certificates out of a card.")
def command() -> None:
    """Take certificates out of a card. Needs no PIN."""


@command.command(short_help="Write the certificate of a key to a file.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@key_option
@click.option("--out", "-o", type=click.Path(path_type=Path), default="-", help="Where it goes; - is standard output.")
@click.option("--format", "form", type=click.Choice(("pem", "der")), default="pem", show_default=True)
@engine_options
def export(
    arguments: tuple[str, ...],
    reader: str | None,
    key: str | None,
    out: Path,
    form: str,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Write the certificate of a key of the card in IMAGE, or in a PC/SC reader with --reader."""
    with only_target(arguments, reader, engine, sm2_backend).link() as link:
        card = IsoCard(link)
        card.enter()
        found = card.read_certificate(find_key(card, key).reference)
    if form == "pem":
        from host_tools.pki.der import pem

        found = pem("CERTIFICATE", found).encode()
    files.write(out, found)
