"""`simcard ca`: a test authority in a folder, of both generations of Electronic Port certificates."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli import files
from host_tools.cli.cards import EngineChoice, engine_options, make_engine, only_target, reader_option
from host_tools.cli.days import Day
from host_tools.cli.keyoptions import find_key, key_option
from host_tools.cli.output import json_option, say_json
from host_tools.cli.secrets import PIN, Wanted, obtain, pin_options, reference_option
from simcard.wire.secret import Secret

if TYPE_CHECKING:
    from host_tools.pki.authority import Authority, Clock
    from host_tools.pki.envelope import EnvelopedKey
    from host_tools.pki.folder import Folder
    from host_tools.pki.generation import Subject
    from host_tools.pki.responder import Pages
    from host_tools.pki.sm2 import Sm2

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
PASSPHRASE = Wanted("authority's passphrase", "SIMCARD_CA_PASSPHRASE")
GENERATIONS = ("sm2", "rsa")
REASONS = ("unspecified", "key-compromise", "affiliation-changed", "superseded", "cessation", "hold")

folder_argument = click.argument("folder", type=click.Path(path_type=Path))
generation_option = click.option("--generation", "-g", type=click.Choice(GENERATIONS), default="sm2", show_default=True)
form_option = click.option("--format", "form", type=click.Choice(("pem", "der")), default="pem", show_default=True)
date_option = click.option("--date", "day", type=Day(), help="Work as on this day; today if not given.")
passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help="Read the passphrase of the authority's keys from this file; else from SIMCARD_CA_PASSPHRASE, else none.",
)


def out_option(text: str) -> Callable[[Decorated], Decorated]:
    """`--out`, as the parameter `out`."""
    return click.option("--out", "-o", type=click.Path(path_type=Path), default="-", help=text)


def subject_options(function: Decorated) -> Decorated:
    """Who the certificate names; each as a parameter of its own."""
    for name, text in (
        ("--organisation-code", "Organisation code, nine characters."),
        ("--card-number", "Number of the card, as AB1C123456789."),
        ("--document-number", "Number of the holder's identity document."),
        ("--unit", "Name of the enterprise."),
    ):
        function = click.option(name, default="", help=text)(function)
    return click.option("--name", required=True, help="Name of the holder; it is marked as a test.")(function)


def passphrase_of(file: Path | None) -> Secret | None:
    """The passphrase, None where none was given."""
    if file is None and PASSPHRASE.variable not in os.environ:
        return None
    return obtain(PASSPHRASE, file, from_stdin=False)


def clock_of(day: datetime | None) -> Clock:
    """The time of day now, on the day that was given."""

    def now() -> datetime:
        moment = datetime.now(UTC)
        return moment if day is None else datetime.combine(day.date(), time(), UTC)

    return now


def make_sm2() -> Sm2:
    """SM2 by the usual engine."""
    from host_tools.cli.sm2 import EngineSm2

    return EngineSm2(make_engine(EngineChoice()))


@contextmanager
def opened(folder: Path, day: datetime | None) -> Iterator[Folder]:
    """The authority's folder, for as long as the context lasts."""
    from host_tools.pki.folder import Folder

    found = Folder(folder, clock_of(day), make_sm2())
    try:
        yield found
    finally:
        found.close()


def authority_for(folder: Folder, number: str, passphrase_file: Path | None) -> tuple[Authority, int]:
    """The authority that gave a certificate number, and its serial."""
    from host_tools.pki.generation import serial_of

    generation, serial = serial_of(number)
    return folder.authority(generation, passphrase_of(passphrase_file)), serial


@click.group(short_help="A test authority: certificates, revocation, status.")
def command() -> None:
    """A test authority in a folder: certificates of both generations, revocation, status over HTTP.

    Everything it issues is marked as a test, and no software trusts it by itself.
    """


@command.command(short_help="Make an authority.")
@folder_argument
@click.option(
    "--generation", "-g", "generations", type=click.Choice(GENERATIONS), multiple=True, help="Both if not given."
)
@click.option("--url", default="http://ca.simcard.test", show_default=True, help="Base address in the certificates.")
@click.option("--rsa-bits", type=click.IntRange(1024, 4096), default=1024, show_default=True)
@click.option("--rsa-hash", type=click.Choice(("sha1", "sha256")), default="sha1", show_default=True)
@date_option
@passphrase_option
def init(
    folder: Path,
    generations: tuple[str, ...],
    url: str,
    rsa_bits: int,
    rsa_hash: str,
    day: datetime | None,
    passphrase_file: Path | None,
) -> None:
    """Make an authority in FOLDER: for each generation a root, an issuing authority and a key centre.

    RSA keys of 1024 bits and SHA-1 are what the old generation had.
    """
    from host_tools.pki.folder import Wish, create
    from host_tools.pki.generation import Addresses, Generation
    from host_tools.pki.keys import Hash

    chosen = tuple(map(Generation, dict.fromkeys(generations) or GENERATIONS))
    wish = Wish(chosen, Addresses(url.rstrip("/")), rsa_bits, Hash(rsa_hash))
    create(folder, wish, passphrase_of(passphrase_file), clock_of(day), make_sm2())
    click.echo(f"{folder}: a test authority for {' and '.join(chosen)}")


@command.command(short_help="Let a card ask for a certificate (PKCS#10).")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@key_option
@click.option("--name", required=True, help="Name of the holder.")
@click.option("--unit", default="", help="Name of the enterprise.")
@reference_option
@pin_options
@out_option("Where the request goes; - is standard output.")
@form_option
@engine_options
def request(
    arguments: tuple[str, ...],
    reader: str | None,
    key: str | None,
    name: str,
    unit: str,
    reference: int,
    pin_file: Path | None,
    pin_stdin: bool,
    out: Path,
    form: str,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Make a certification request for a signing key of the card in IMAGE, or in a PC/SC reader with --reader.

    The card signs the request; its key never leaves it.
    """
    from host_tools.cli.certifying import hash_of
    from host_tools.client.iso import IsoCard
    from host_tools.pki import request as requests
    from host_tools.pki.certificate import Issuer
    from host_tools.pki.generation import Subject, of_kind, subject_name

    with only_target(arguments, reader, engine, sm2_backend).link() as link:
        card = IsoCard(link)
        card.enter()
        found = find_key(card, key)
        card.verify_pin(reference, obtain(PIN, pin_file, pin_stdin))
        hash_ = hash_of(found)
        signer = Issuer(
            card.public_key(found.reference), hash_, lambda message: card.sign(found.reference, message, hash_)
        )
        body = requests.make(subject_name(of_kind(found.kind), Subject(name, unit)), signer)
    give(out, body, form, requests.PEM_LABEL)


def give(out: Path, body: bytes, form: str, label: str) -> None:
    """Write DER, or PEM with this label."""
    from host_tools.pki.der import pem

    files.write(out, pem(label, body).encode() if form == "pem" else body)


@command.command(short_help="Issue a certificate for a request.")
@folder_argument
@click.argument("request_file", type=click.Path(path_type=Path), metavar="REQUEST")
@subject_options
@click.option("--use", type=click.Choice(("sign", "exchange")), default="sign", show_default=True)
@click.option(
    "--pair",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Also let the key centre make an exchange pair; all four files go into this folder.",
)
@date_option
@passphrase_option
@out_option("Where the certificate goes; - is standard output.")
@form_option
def issue(
    folder: Path,
    request_file: Path,
    name: str,
    unit: str,
    document_number: str,
    card_number: str,
    organisation_code: str,
    use: str,
    pair: Path | None,
    day: datetime | None,
    passphrase_file: Path | None,
    out: Path,
    form: str,
) -> None:
    """Issue a certificate, valid for ten years, for the key of a PKCS#10 REQUEST (DER or PEM, - is standard input).

    With --pair the folder gets sign.pem, exchange.pem, and the exchange pair enveloped for the signing key:
    exchange.env (SM2EnvelopedKey of GM/T 0009) and, for SM2, exchange.blob (ENVELOPEDKEYBLOB of GM/T 0016).
    """
    from host_tools.pki.certificate import Use
    from host_tools.pki.generation import Subject, of_kind
    from host_tools.pki.request import Request

    if pair is not None and out != files.STANDARD:
        raise click.UsageError("--pair names the folder of all four files; --out does not go with it")
    body = files.read(request_file)
    document = "01" if document_number else ""
    subject = Subject(name, unit, document, document_number, card_number, organisation_code)
    with opened(folder, day) as found:
        generation = of_kind(Request.parse(body).key.kind)
        authority = found.authority(generation, passphrase_of(passphrase_file))
        if pair is not None:
            _issue_pair(authority, body, subject, pair)
            return
        made = authority.issue(body, subject, Use(use))
    give(out, made.encoded, form, "CERTIFICATE")
    click.echo(f"certificate {made.number}, valid until {made.not_after:%Y-%m-%d}", err=True)


def _issue_pair(authority: Authority, body: bytes, subject: Subject, into: Path) -> None:
    made = authority.issue_pair(body, subject)
    into.mkdir(parents=True, exist_ok=True)
    give(into / "sign.pem", made.signing.encoded, "pem", "CERTIFICATE")
    give(into / "exchange.pem", made.exchange.encoded, "pem", "CERTIFICATE")
    _give_envelope(into / "exchange.env", made.envelope)
    click.echo(f"{into}: certificates {made.signing.number} (sign) and {made.exchange.number} (exchange)", err=True)


def _give_envelope(out: Path, envelope: EnvelopedKey) -> None:
    from host_tools.pki.envelope import EnvelopedSm2Key

    files.write(out, envelope.encode())
    if isinstance(envelope, EnvelopedSm2Key) and out != files.STANDARD:
        files.write(out.with_suffix(".blob"), envelope.blob())


@command.command(short_help="Give an exchange key again, for a new signing key.")
@folder_argument
@click.argument("number")
@click.argument("certificate_file", type=click.Path(path_type=Path), metavar="CERTIFICATE")
@date_option
@passphrase_option
@out_option("Where the envelope goes; beside it, for SM2, a file .blob.")
def recover(
    folder: Path, number: str, certificate_file: Path, day: datetime | None, passphrase_file: Path | None, out: Path
) -> None:
    """Envelope the exchange key of certificate NUMBER for the signing key of CERTIFICATE (the same holder's)."""
    from host_tools.pki.view import Certificate

    receiver = Certificate.parse(files.read(certificate_file))
    with opened(folder, day) as found:
        authority, serial = authority_for(found, number, passphrase_file)
        _give_envelope(out, authority.recover(serial, receiver))


@command.command("list", short_help="List what was issued.")
@folder_argument
@generation_option
@json_option
def list_(folder: Path, generation: str, as_json: bool) -> None:
    """List the certificates of a generation: number, use, last day, and whether it is revoked."""
    from host_tools.pki.generation import Generation
    from host_tools.pki.view import Certificate

    with opened(folder, None) as found:
        rows = [
            (each.number, each.use.value, f"{Certificate.parse(each.body).not_after:%Y-%m-%d}",
             each.revoked.reason.name.lower() if each.revoked else "good")
            for each in found.ledger.entries(Generation(generation))
        ]  # fmt: skip
    if as_json:
        say_json([dict(zip(("number", "use", "until", "state"), row)) for row in rows])
    for row in () if as_json else rows:
        click.echo("  ".join(row))


@command.command(short_help="Revoke a certificate, or take a hold back.")
@folder_argument
@click.argument("number")
@click.option("--reason", type=click.Choice(REASONS), default="unspecified", show_default=True)
@click.option("--release", is_flag=True, help="Take back a hold.")
@date_option
def revoke(folder: Path, number: str, reason: str, release: bool, day: datetime | None) -> None:
    """Revoke certificate NUMBER (16 hexadecimal digits for SM2, 8 for RSA) from now on."""
    from host_tools.pki.generation import serial_of
    from host_tools.pki.revocation import Reason

    generation, serial = serial_of(number)
    with opened(folder, day) as found:
        if release:
            found.ledger.release(generation, serial)
        else:
            chosen = Reason[reason.upper().replace("-", "_")]
            found.ledger.revoke(generation, serial, clock_of(day)().replace(microsecond=0), chosen)
    click.echo(f"certificate {number} is {'no longer on hold' if release else f'revoked ({reason})'}")


@command.command(short_help="Write the revocation list of now.")
@folder_argument
@generation_option
@date_option
@passphrase_option
@out_option("Where the list goes; - is standard output.")
@form_option
def crl(
    folder: Path, generation: str, day: datetime | None, passphrase_file: Path | None, out: Path, form: str
) -> None:
    """Write the revocation list of a generation, good for seven days."""
    from host_tools.pki.generation import Generation
    from host_tools.pki.revocation import PEM_LABEL

    with opened(folder, day) as found:
        body = found.authority(Generation(generation), passphrase_of(passphrase_file)).crl()
    give(out, body, form, PEM_LABEL)


@command.command(short_help="Answer an OCSP question in a file.")
@folder_argument
@click.argument("question", type=click.Path(path_type=Path))
@date_option
@passphrase_option
@out_option("Where the answer goes (DER); - is standard output.")
def ocsp(folder: Path, question: Path, day: datetime | None, passphrase_file: Path | None, out: Path) -> None:
    """Answer the OCSP question (DER) in a file, as the service of `simcard ca serve` would."""
    with opened(folder, day) as found:
        page = _pages(found, passphrase_file).post("/ocsp", files.read(question))
    files.write(out, page.body)


def _pages(folder: Folder, passphrase_file: Path | None) -> Pages:
    from host_tools.pki.responder import Pages

    secret = passphrase_of(passphrase_file)
    return Pages({each: folder.authority(each, secret) for each in folder.generations})


@command.command(short_help="Serve lists and status over HTTP.")
@folder_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address.")
@click.option("--port", type=click.IntRange(0, 65535), default=8800, show_default=True, help="0 takes a free one.")
@date_option
@passphrase_option
@json_option
def serve(
    folder: Path, host: str, port: int, day: datetime | None, passphrase_file: Path | None, as_json: bool
) -> None:
    """Serve revocation lists, OCSP and the authority's certificates on the loopback interface, until interrupted.

    /crl/sm2.crl and /crl/rsa.crl, /ocsp, /ca/sm2-root.cer, /ca/sm2-issuing.cer and the same for rsa.
    """
    from host_tools.pki.responder import server

    with opened(folder, day) as found:
        running = server(_pages(found, passphrase_file), host, port, lambda line: click.echo(line, err=True))
        address = f"http://{host}:{running.server_address[1]}"
        if as_json:
            say_json({"url": address})
        else:
            click.echo(f"serving at {address}; Ctrl-C ends it")
        with running:
            running.serve_forever()
