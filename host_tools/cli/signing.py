"""`simcard sign` and `simcard verify`."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from pathlib import Path

import click

from host_tools.cli import files
from host_tools.cli.cards import EngineChoice, engine_options, make_engine, reader_option, target
from host_tools.cli.keyoptions import find_key, key_option
from host_tools.cli.output import json_option, say_json
from host_tools.cli.secrets import NEVER_HERE, PIN, obtain, pin_options, reference_option
from host_tools.client.iso import IsoCard
from host_tools.errors import BadSignature, FileProblem
from host_tools.pki.keys import SCHEMES, USUAL_HASH, Hash, Kind, PublicKey, Scheme

FORMATS = ("hex", "base64", "raw", "der")


@dataclass(frozen=True, slots=True)
class Algorithm:
    """Hash and scheme that fit a key."""

    hash: Hash
    scheme: Scheme


def algorithm_for(kind: Kind, hash_: str | None, scheme: str | None) -> Algorithm:
    """What was asked for, or what is usual; a `UsageError` for what the key cannot do."""
    chosen = Scheme(scheme) if scheme else SCHEMES[kind][0]
    if chosen not in SCHEMES[kind]:
        possible = ", ".join(each.value for each in SCHEMES[kind])
        raise click.UsageError(f"a key of kind {kind.value} signs by {possible}, not by {chosen.value}")
    named = Hash(hash_) if hash_ else USUAL_HASH[kind]
    if (named is Hash.SM3) != (kind is Kind.SM2):
        raise click.UsageError(f"a key of kind {kind.value} does not go with the hash {named.value}")
    return Algorithm(named, chosen)


hash_option = click.option("--hash", "hash_", type=click.Choice([h.value for h in Hash]), help="Hash function.")
scheme_option = click.option(
    "--scheme", type=click.Choice([s.value for s in Scheme]), help="Signature scheme; for RSA pkcs1 (usual) or pss."
)


@click.command(short_help="Sign a file with a key of a card.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE] FILE")
@reader_option
@key_option
@hash_option
@scheme_option
@click.option("--hash-on-card", is_flag=True, help="Let the card hash the file (up to 60000 bytes), not the host.")
@reference_option
@pin_options
@click.option("--out", "-o", type=click.Path(path_type=Path), default="-", help="Where the signature goes; - is here.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="hex (to a terminal), base64, raw (to a file), der.")
@json_option
@engine_options
def sign(
    arguments: tuple[str, ...],
    reader: str | None,
    key: str | None,
    hash_: str | None,
    scheme: str | None,
    hash_on_card: bool,
    reference: int,
    pin_file: Path | None,
    pin_stdin: bool,
    out: Path,
    form: str | None,
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Sign FILE (- is standard input) with a key of the card in IMAGE, or in a PC/SC reader with --reader.

    An SM2 signature is made over SM3(ZA || file) with the usual signer identifier 1234567812345678. Raw signatures
    of SM2 and ECDSA are r || s; --format der gives SEQUENCE { r, s } instead.
    """
    where, rest = target(arguments, reader, engine, sm2_backend)
    message = files.read(_one_file(rest, pin_stdin))
    with where.link() as link:
        card = IsoCard(link)
        card.enter()
        found = find_key(card, key)
        algorithm = algorithm_for(found.kind, hash_, scheme)
        card.verify_pin(reference, obtain(PIN, pin_file, pin_stdin))
        made = card.sign(found.reference, message, algorithm.hash, algorithm.scheme, hash_on_card)
    _give(made, found.kind, algorithm, out, form, as_json)


def _one_file(rest: tuple[str, ...], pin_stdin: bool = False) -> Path:
    if len(rest) != 1:
        raise click.UsageError("expected one FILE" + (f", got {len(rest)}; {NEVER_HERE}" if rest else ""))
    path = Path(rest[0])
    if pin_stdin and path == files.STANDARD:
        raise click.UsageError("the file and the PIN cannot both come from standard input")
    return path


def _give(made: bytes, kind: Kind, algorithm: Algorithm, out: Path, form: str | None, as_json: bool) -> None:
    if form == "der" and kind is not Kind.RSA:
        from host_tools.pki import der

        made = der.ec_signature(made)
    if as_json:
        say_json({"signature": made, "hash": algorithm.hash, "scheme": algorithm.scheme})
        return
    form = form or ("hex" if out == files.STANDARD else "raw")
    encoded = {"hex": made.hex().upper().encode() + b"\n", "base64": b64encode(made) + b"\n"}
    files.write(out, encoded.get(form, made))


@click.command(short_help="Check a signature over a file.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE] FILE")
@reader_option
@key_option
@hash_option
@scheme_option
@click.option(
    "--signature", "-s", type=click.Path(path_type=Path), required=True, help="File with the signature, in any format."
)
@click.option("--cert", type=click.Path(path_type=Path), help="Check with this certificate (DER or PEM), not a card.")
@json_option
@engine_options
def verify(
    arguments: tuple[str, ...],
    reader: str | None,
    key: str | None,
    hash_: str | None,
    scheme: str | None,
    signature: Path,
    cert: Path | None,
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Check a signature over FILE with the public key of a card or of a certificate. Exit code 1 if it is not good.

    The key comes from the card in IMAGE, from the card in a PC/SC reader (--reader), or from a certificate (--cert,
    then FILE stands alone).
    """
    choice = EngineChoice(engine, sm2_backend)
    if cert is not None:
        rest, public = arguments, _key_of_certificate(files.read(cert), cert)
    else:
        where, rest = target(arguments, reader, engine, sm2_backend)
        _one_file(rest)
        with where.link() as link:
            card = IsoCard(link)
            card.enter()
            public = card.public_key(find_key(card, key).reference)
    algorithm = algorithm_for(public.kind, hash_, scheme)
    message = files.read(_one_file(rest))
    check(public, algorithm, message, _decoded(files.read(signature), public), choice)
    if as_json:
        say_json({"good": True, "hash": algorithm.hash, "scheme": algorithm.scheme})
    else:
        click.echo("the signature is good")


def check(public: PublicKey, algorithm: Algorithm, message: bytes, signature: bytes, choice: EngineChoice) -> None:
    """Raise `BadSignature` unless the signature is good; SM2 is checked by a crypto engine."""
    from host_tools.pki import verify as checking
    from simcard.hal.engine import CryptoFault

    def sm2_check(point: bytes, digest: bytes, raw: bytes) -> None:
        try:
            make_engine(choice).sm2_verify(point, digest, raw)
        except CryptoFault:
            raise BadSignature("the signature does not belong to this message and key") from None

    checking.verify(public, algorithm.hash, algorithm.scheme, message, signature, sm2_check)


def _key_of_certificate(data: bytes, path: Path) -> PublicKey:
    from host_tools.pki import der

    body = der.from_pem(data, "CERTIFICATE") if data.lstrip().startswith(b"-----BEGIN") else data
    if body is None:
        raise FileProblem(f"{path}: holds no certificate in PEM")
    return der.public_key_of(body)


def _decoded(data: bytes, public: PublicKey) -> bytes:
    """The signature's bytes, whichever of the formats of `sign` it is in."""
    text = data.strip()
    size = (public.bits + 7) // 8 * (1 if public.kind is Kind.RSA else 2)
    if len(data) == size:
        return data
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        pass
    try:
        return b64decode(text, validate=True)
    except Base64Error:
        return data
