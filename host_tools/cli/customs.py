"""`simcard customs`: signing for customs, checking, and finding out what is wrong with somebody's signature."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli import files, languages
from host_tools.cli.cards import EngineChoice, Target, engine_options, reader_option, target
from host_tools.cli.national import EngineSm2
from host_tools.cli.output import json_option, say_json
from host_tools.cli.secrets import PIN, obtain, pin_options
from host_tools.eport_client.wording import Lang
from host_tools.errors import BadResponse, FileProblem

if TYPE_CHECKING:
    from host_tools.customs.findings import Finding
    from host_tools.customs.signer import Signer
    from host_tools.eport_client.identity import Certificate

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
STAND_IN_PORT = 61280
DIALECTS = ("rsa", "sm2", "sm2-w3")
MARKS = {"wrong": "✗", "doubtful": "?", "good": "✓"}

lang_option = languages.lang_option("Language of what is found.")
cert_option = click.option(
    "--cert", type=click.Path(path_type=Path), help="Certificate of the signer (DER, PEM or bare base64)."
)
out_option = click.option(
    "--out", "-o", type=click.Path(path_type=Path), default="-", help="Where the result goes; - is here."
)


def card_options(function: Decorated) -> Decorated:
    """The options of commands that sign with a card."""
    return reader_option(pin_options(engine_options(function)))


@click.group(short_help="Sign for customs, and explain signatures.")
def command() -> None:
    """Recipes: the real-time data of notice 179, and the XML signatures of CEB messages.

    What is signed here is for tests: the real customs systems know no certificate of these cards.
    """


@contextmanager
def signing(where: Target, pin_file: Path | None, pin_stdin: bool) -> Iterator[Signer]:
    """The signing key of a card, its password verified."""
    from host_tools.customs.signer import on_card
    from host_tools.eport_client.card import IsoEportCard

    with where.link() as link:
        card = IsoEportCard(link)
        card.enter()
        card.verify_pin(obtain(PIN, pin_file, pin_stdin))
        yield on_card(card)


def _one_file(
    arguments: tuple[str, ...], reader: str | None, engine: str, sm2_backend: str | None
) -> tuple[Target, bytes]:
    where, rest = target(arguments, reader, engine, sm2_backend)
    if len(rest) != 1:
        raise click.UsageError(f"expected one FILE, got {len(rest)}")
    return where, files.read(Path(rest[0]))


@command.command("sign-179", short_help="Sign the real-time data of notice 179.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE] FILE")
@click.option("--form", is_flag=True, help="Give the form of the POST (payExInfoStr=...), not the JSON.")
@out_option
@card_options
def sign_179(
    arguments: tuple[str, ...],
    form: bool,
    out: Path,
    reader: str | None,
    pin_file: Path | None,
    pin_stdin: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Sign FILE, a JSON object with sessionID, payExchangeInfoHead, payExchangeInfoLists and serviceTime.

    The result is what is uploaded: the same members, byte for byte, and certNo and signValue.
    """
    from host_tools.customs import notice179

    where, data = _one_file(arguments, reader, engine, sm2_backend)
    found = notice179.notice(data)
    with signing(where, pin_file, pin_stdin) as signer:
        made = notice179.sign(found, signer)
    files.write(out, made.form() if form else made.body().encode() + b"\n")


@command.command("sign-ceb", short_help="Sign a CEB message (XML).")
@click.argument("arguments", nargs=-1, metavar="[IMAGE] FILE")
@click.option("--dialect", type=click.Choice(DIALECTS), help="Names of the algorithms; by the card's key by default.")
@out_option
@card_options
def sign_ceb(
    arguments: tuple[str, ...],
    dialect: str | None,
    out: Path,
    reader: str | None,
    pin_file: Path | None,
    pin_stdin: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Put an enveloped signature into the CEB message FILE (CEB311, 411, 511, 621 and their kin)."""
    from host_tools.customs import ceb
    from host_tools.customs.dialect import Dialect

    where, data = _one_file(arguments, reader, engine, sm2_backend)
    with signing(where, pin_file, pin_stdin) as signer:
        made = ceb.sign(data, signer, Dialect(dialect) if dialect else None)
    files.write(out, made + b"\n")


@command.command("bytes", short_help="Show the bytes that must go to the card.")
@click.argument("file", type=click.Path(path_type=Path))
@out_option
def bytes_(file: Path, out: Path) -> None:
    """Give the bytes that are signed: the string of a notice 179, or the canonical SignedInfo of a signed CEB message.

    Write them to a file (--out) to compare them with yours; here a line break would only confuse, so none is added.
    """
    files.write(out, _to_sign(files.read(file)))


def _to_sign(data: bytes) -> bytes:
    from host_tools.customs import ceb, notice179
    from host_tools.customs.findings import NotReadable

    if not _is_xml(data):
        return notice179.notice(data).to_sign.encode()
    info = ceb.parse(data).find(f".//{{{ceb.DS}}}SignedInfo")
    if info is None:
        raise NotReadable("the message is not signed, so it has no SignedInfo; see simcard customs sign-ceb")
    return ceb.canonical(info)


def _is_xml(data: bytes) -> bool:
    return data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


@command.command(short_help="Check a signed notice 179 or CEB message.")
@click.argument("file", type=click.Path(path_type=Path))
@cert_option
@lang_option
@json_option
@engine_options
def verify(file: Path, cert: Path | None, lang: str, as_json: bool, engine: str, sm2_backend: str | None) -> None:
    """Check the signature in FILE; exit code 1 if it is not good. A notice 179 needs the certificate (--cert)."""
    from host_tools.customs.findings import insist

    data = files.read(file)
    _insist_on_certificate(data, cert)
    found = findings(data, cert, None, EngineChoice(engine, sm2_backend))
    insist(found)
    if as_json:
        say_json({"good": True, "findings": _rows(found, Lang(lang))})
    else:
        click.echo("签名正确" if lang == "zh" else "the signature is good")


def _insist_on_certificate(data: bytes, cert: Path | None) -> None:
    if cert is None and not _is_xml(data):
        raise click.UsageError("a notice 179 does not hold the certificate: name it with --cert")


@command.command(short_help="Say exactly what is wrong with a signed message.")
@click.argument("file", type=click.Path(path_type=Path))
@cert_option
@click.option("--signed", type=click.Path(path_type=Path), help="The bytes you gave to the card, to be compared.")
@lang_option
@json_option
@engine_options
def explain(
    file: Path, cert: Path | None, signed: Path | None, lang: str, as_json: bool, engine: str, sm2_backend: str | None
) -> int:
    """Say what is wrong with FILE, a signed CEB message or a notice 179 upload (JSON or form), down to the byte.

    A notice 179 needs the certificate (--cert), unless only bytes are compared (--signed). Exit code 0 when nothing
    is wrong, 1 when something is.
    """
    given = files.read(signed) if signed else None
    data = files.read(file)
    if given is None:
        _insist_on_certificate(data, cert)
    found = findings(data, cert, given, EngineChoice(engine, sm2_backend))
    if as_json:
        say_json({"findings": _rows(found, Lang(lang))})
    else:
        for finding in found:
            click.echo(f"{MARKS[finding.grade.value]} {finding.say(Lang(lang))}")
    return int(any(finding.grade.value == "wrong" for finding in found))


def findings(data: bytes, cert: Path | None, signed: bytes | None, choice: EngineChoice) -> tuple[Finding, ...]:
    """What is to be said about a message."""
    sm2 = EngineSm2(choice)
    if _is_xml(data):
        from host_tools.customs import explain_ceb

        return explain_ceb.look(data, sm2, signed)
    from host_tools.customs import explain_179, notice179

    return explain_179.look(notice179.upload(data), read_certificate(cert) if cert else None, sm2, signed)


def _rows(found: Iterable[Finding], lang: Lang) -> list[dict[str, str]]:
    return [{"grade": row.grade.value, "place": row.place, "text": row.text.say(lang)} for row in found]


def read_certificate(path: Path) -> Certificate:
    """A certificate file: DER, PEM, or the bare base64 that the client service gives."""
    from base64 import b64decode

    from host_tools.eport_client.identity import Certificate

    data = files.read(path)
    try:
        if not data.startswith(b"\x30"):
            lines = [line for line in data.splitlines() if not line.startswith(b"-----")]
            data = b64decode(b"".join(b"".join(lines).split()), validate=True)
        return Certificate.parse(data)
    except (ValueError, BadResponse):
        raise FileProblem(f"{path}: holds no certificate") from None


@command.command("stand-in", short_help="Run a local stand-in for the upload endpoint of notice 179.")
@click.option("--cert", "certs", multiple=True, type=click.Path(path_type=Path), help="A registered certificate.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=STAND_IN_PORT, show_default=True, help="0: any.")
@click.option("--as-real", is_flag=True, help="Do not check signatures, as the real one was seen not to.")
@lang_option
@engine_options
def stand_in(
    certs: tuple[Path, ...], host: str, port: int, as_real: bool, lang: str, engine: str, sm2_backend: str | None
) -> None:
    """Take uploads at /ceb2grab/grab/realTimeDataUpload and say 10000, or 20000 and why."""
    from time import time

    from host_tools.customs.upload_stand import PATH, UploadDesk, serve

    registered = {found.number: found for found in map(read_certificate, certs)}
    sm2 = EngineSm2(EngineChoice(engine, sm2_backend))
    desk = UploadDesk(registered, sm2, lambda: int(time() * 1000), Lang(lang), as_real)
    with serve(desk, host, port, say_json) as server:
        click.echo(f"http://{host}:{server.server_address[1]}{PATH}")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
