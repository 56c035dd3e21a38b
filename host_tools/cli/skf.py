"""`simcard skf`: try a token, by the interface that most Chinese host software uses (GM/T 0016)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host_tools.cli import files, skf_judge
from host_tools.cli.output import json_option, say_json
from host_tools.cli.secrets import PIN, file_option, obtain, pin_options
from host_tools.cli.skf_token import (
    ADMIN_PIN,
    DEVICE_KEY,
    KEY_SIZE,
    NEW_USER_PIN,
    application_of,
    application_option,
    container_of,
    key_of,
    login,
    opened,
    place_options,
    token_options,
)

if TYPE_CHECKING:
    from host_tools.skf.application import Application
    from host_tools.skf.container import Container
    from host_tools.skf.device import Device

BLOCK = 16
SIGNER = b"1234567812345678"
WRAPPED = 1 + 3 * 32 + KEY_SIZE
"""Bytes of a session key as a cryptogram."""


@click.group(short_help="Try a token by the SKF interface (GM/T 0016).")
def command() -> None:
    """Try a token by the SKF interface (GM/T 0016): applications, containers, keys, certificates, signatures.

    IMAGE is a card image; with --reader it is left out. PINs come from --pin-file, --pin-stdin, the environment
    (SIMCARD_PIN, SIMCARD_ADMIN_PIN, SIMCARD_NEW_PIN), or the terminal; the device key from SIMCARD_DEVICE_KEY or
    the terminal.
    """


command.add_command(skf_judge.command)


@command.command("list", short_help="List devices, applications and containers.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@token_options
@json_option
def list_all(arguments: tuple[str, ...], as_json: bool, **where: Any) -> None:
    """Show the device, its applications, and their PINs, files and containers. Needs no PIN."""
    with opened(arguments, 0, **where) as (device, _):
        found = _described(device)
    if as_json:
        say_json(found)
    else:
        click.echo("\n".join(_lines(found)))


def _described(device: Device) -> dict[str, Any]:
    from simcard.wire.gmt0017 import PinType

    info = device.info()
    found: dict[str, Any] = {"serial": _text(info.serial), "label": _text(info.label), "free": info.free}
    found["applications"] = []
    for name in device.applications():
        application = device.open_application(name)
        containers = [{"name": each, **_content(application, each)} for each in application.containers()]
        pins = {kind.name.lower(): application.pin_info(kind) for kind in PinType}
        found["applications"].append(
            {"name": name, "pins": pins, "files": application.files(), "containers": containers}
        )
    return found


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _content(application: Application, name: str) -> dict[str, Any]:
    info = application.open_container(name).info()
    return {
        "kind": info.kind.name,
        "sign_bits": info.sign_bits,
        "exchange_bits": info.exchange_bits,
        "sign_certificate": info.sign_certificate,
        "exchange_certificate": info.exchange_certificate,
    }


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['serial']}: {found['label']}, {found['free']} bytes free"
    for application in found["applications"]:
        yield f"  application {application['name']}"
        for kind, pin in application["pins"].items():
            yield f"    {kind} PIN: {pin.left} of {pin.limit} tries left"
        for file in application["files"]:
            yield f"    file {file}"
        for each in application["containers"]:
            keys = f"signing {each['sign_bits']} bits, exchange {each['exchange_bits']} bits"
            held = [kind for kind in ("sign", "exchange") if each[f"{kind}_certificate"]]
            yield f"    container {each['name']}: {each['kind']}, {keys}, certificates: {', '.join(held) or 'none'}"


@command.command("create-application", short_help="Make an application with its two PINs.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE] NAME")
@click.option("--tries", type=click.IntRange(1, 15), default=10, show_default=True, help="Tries of both PINs.")
@file_option("--pin-file", "Read the user PIN from this file.")
@file_option("--admin-pin-file", "Read the administrator PIN from this file.")
@file_option("--device-key-file", "Read the device key from this file.")
@token_options
def create_application(
    arguments: tuple[str, ...],
    tries: int,
    pin_file: Path | None,
    admin_pin_file: Path | None,
    device_key_file: Path | None,
    **where: Any,
) -> None:
    """Make the application NAME. Needs the device key; sets both PINs."""
    key = key_of(obtain(DEVICE_KEY, device_key_file, False))
    admin, user = obtain(ADMIN_PIN, admin_pin_file, False), obtain(NEW_USER_PIN, pin_file, False)
    with opened(arguments, 1, **where) as (device, (name,)):
        device.authenticate(key)
        device.create_application(name, admin, user, (tries, tries))


@command.command("create-container", short_help="Make a container and its signing pair.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE] NAME")
@click.option(
    "--key", "kind", type=click.Choice(["sm2", "rsa1024", "rsa2048", "none"]), default="sm2", show_default=True
)
@application_option
@pin_options
@token_options
def create_container(
    arguments: tuple[str, ...],
    kind: str,
    application_name: str | None,
    pin_file: Path | None,
    pin_stdin: bool,
    **where: Any,
) -> None:
    """Make the container NAME with a signing pair made on board; prints its public key in hexadecimal."""
    pin = obtain(PIN, pin_file, pin_stdin)
    with opened(arguments, 1, **where) as (device, (name,)):
        application = application_of(device, application_name)
        login(application, pin)
        container = application.create_container(name)
        if kind == "sm2":
            click.echo(container.generate_sm2().hex().upper())
        elif kind != "none":
            click.echo(container.generate_rsa(int(kind.removeprefix("rsa"))).n.hex().upper())


@command.command("import", short_help="Import a certificate.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE] CERTIFICATE")
@click.option("--exchange", is_flag=True, help="Beside the exchange pair, not the signing pair.")
@place_options
@pin_options
@token_options
def import_certificate(
    arguments: tuple[str, ...],
    exchange: bool,
    application_name: str | None,
    container_name: str | None,
    pin_file: Path | None,
    pin_stdin: bool,
    **where: Any,
) -> None:
    """Put CERTIFICATE (DER or PEM; - is standard input) beside a pair."""
    from host_tools.pki import der

    pin = obtain(PIN, pin_file, pin_stdin)
    with opened(arguments, 1, **where) as (device, (path,)):
        raw = files.read(Path(path))
        body = der.from_pem(raw, "CERTIFICATE") if raw.lstrip().startswith(b"-----BEGIN") else raw
        application = application_of(device, application_name)
        login(application, pin)
        container_of(application, container_name).import_certificate(not exchange, body or raw)


@command.command("export", short_help="Take a certificate out.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@click.option("--exchange", is_flag=True, help="Of the exchange pair, not the signing pair.")
@click.option("--out", "-o", type=click.Path(path_type=Path), default="-", help="Where it goes; - is here.")
@place_options
@token_options
def export_certificate(
    arguments: tuple[str, ...],
    exchange: bool,
    out: Path,
    application_name: str | None,
    container_name: str | None,
    **where: Any,
) -> None:
    """Give the certificate of a pair, DER."""
    with opened(arguments, 0, **where) as (device, _):
        container = container_of(application_of(device, application_name), container_name)
        files.write(out, container.certificate(not exchange))


@command.command("sign", short_help="Sign a file with the signing key of a container.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE] FILE")
@place_options
@pin_options
@token_options
def sign(
    arguments: tuple[str, ...],
    application_name: str | None,
    container_name: str | None,
    pin_file: Path | None,
    pin_stdin: bool,
    **where: Any,
) -> None:
    """Sign FILE; the signature in hexadecimal.

    SM2: r || s over SM3(ZA || file) with the usual signer identifier, digested by the token. RSA: PKCS#1 v1.5 over the
    file's SHA-256.
    """
    pin = obtain(PIN, pin_file, pin_stdin)
    with opened(arguments, 1, **where) as (device, (path,)):
        message = files.read(Path(path))
        application = application_of(device, application_name)
        login(application, pin)
        container = container_of(application, container_name)
        click.echo(_signature(device, container, message).hex().upper())


SHA256_INFO = bytes.fromhex("3031300D060960864801650304020105000420")
"""DigestInfo of SHA-256 without the digest (PKCS #1 v2.2, 9.2)."""


def _signature(device: Device, container: Container, message: bytes) -> bytes:
    from host_tools.skf.values import RsaPublic

    key = container.public_key(True)
    if isinstance(key, RsaPublic):
        return container.sign_rsa(SHA256_INFO + hashlib.sha256(message).digest())
    return container.sign_digest(device.digest(1, (key, SIGNER)).final(message))


@command.command("verify", short_help="Let the token check a signature.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE] FILE")
@click.option("--signature", "-s", type=click.Path(path_type=Path), required=True, help="File with it, hexadecimal.")
@place_options
@token_options
def verify(
    arguments: tuple[str, ...],
    signature: Path,
    application_name: str | None,
    container_name: str | None,
    **where: Any,
) -> None:
    """Check a signature of `simcard skf sign` over FILE with the public key of a container. Needs no PIN."""
    from host_tools.skf.values import RsaPublic

    try:
        made = bytes.fromhex(files.read(signature).decode("ascii"))
    except ValueError:
        raise click.UsageError(f"{signature}: holds no hexadecimal signature") from None
    with opened(arguments, 1, **where) as (device, (path,)):
        message = files.read(Path(path))
        key = container_of(application_of(device, application_name), container_name).public_key(True)
        if isinstance(key, RsaPublic):
            device.external.rsa_verify(key, SHA256_INFO + hashlib.sha256(message).digest(), made)
        else:
            device.external.ecc_verify(key, device.digest(1, (key, SIGNER)).final(message), made)
    click.echo("the signature is good")


out_option = click.option(
    "--out", "-o", type=click.Path(path_type=Path), default="-", help="Where the result goes; - is here."
)


@command.command("encrypt", short_help="Encrypt a file for a container.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE] FILE")
@out_option
@place_options
@token_options
def encrypt(
    arguments: tuple[str, ...], out: Path, application_name: str | None, container_name: str | None, **where: Any
) -> None:
    """Encrypt FILE with a session key (SM4, CBC) that the token makes for the container's exchange key.

    The result is the IV, the session key as an SM2 cryptogram, and the cipher text. Needs no PIN.
    """
    from host_tools.skf.session import BlockCipher
    from simcard.wire.gmt0017 import PKCS5_PADDING, SGD_SM4_CBC

    with opened(arguments, 1, **where) as (device, (path,)):
        container = container_of(application_of(device, application_name), container_name)
        public = container.public_key(False)
        if not isinstance(public, bytes):
            raise click.UsageError("only SM2 containers encrypt here")
        iv = device.random(BLOCK)
        session, wrapped = container.export_session_key(public, SGD_SM4_CBC)
        body = session.encrypt(files.read(Path(path)), BlockCipher(iv, PKCS5_PADDING))
        files.write(out, iv + wrapped + body)


@command.command("decrypt", short_help="Decrypt what `encrypt` made.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE] FILE")
@out_option
@place_options
@pin_options
@token_options
def decrypt(
    arguments: tuple[str, ...],
    out: Path,
    application_name: str | None,
    container_name: str | None,
    pin_file: Path | None,
    pin_stdin: bool,
    **where: Any,
) -> None:
    """Decrypt FILE, a result of `simcard skf encrypt`, with the container's exchange key."""
    from host_tools.skf.session import BlockCipher
    from simcard.wire.gmt0017 import PKCS5_PADDING, SGD_SM4_CBC

    pin = obtain(PIN, pin_file, pin_stdin)
    with opened(arguments, 1, **where) as (device, (path,)):
        data = files.read(Path(path))
        application = application_of(device, application_name)
        login(application, pin)
        container = container_of(application, container_name)
        iv, wrapped, body = data[:BLOCK], data[BLOCK : BLOCK + WRAPPED], data[BLOCK + WRAPPED :]
        session = container.import_session_key(SGD_SM4_CBC, wrapped)
        files.write(out, session.decrypt(body, BlockCipher(iv, PKCS5_PADDING)))
