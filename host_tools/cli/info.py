"""`simcard info`: what is on a card."""

from __future__ import annotations

from collections.abc import Iterator

import click

from host_tools.cli.cards import engine_options, only_target, reader_option
from host_tools.cli.output import json_option, say_json
from host_tools.client.info import ContainerInfo, Contents, FileInfo, KeyInfo, PinInfo
from host_tools.client.iso import IsoCard


@click.command(short_help="Show what is on a card.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@json_option
@engine_options
def command(
    arguments: tuple[str, ...], reader: str | None, as_json: bool, engine: str, sm2_backend: str | None
) -> None:
    """Show what is on the card in IMAGE, or in a PC/SC reader: files, containers, PINs, memory and engine.

    Needs no PIN and shows no secret.
    """
    with only_target(arguments, reader, engine, sm2_backend).link() as link:
        card = IsoCard(link)
        card.enter()
        found, atr = card.info(), link.atr
    if as_json:
        say_json({"atr": atr, **_as_dict(found)})
    else:
        click.echo("\n".join(_text(found, atr)))


def _as_dict(found: Contents) -> dict[str, object]:
    return {"card": found.card, "pins": found.pins, "containers": found.containers, "files": found.files}


def _text(found: Contents, atr: bytes) -> Iterator[str]:
    card = found.card
    used = card.capacity - card.free
    yield f"{card.name}: {card.title}"
    yield f"  ATR     {atr.hex(' ').upper()}"
    yield f"  memory  {card.free} of {card.capacity} bytes free ({used} used)"
    yield f"  engine  {card.engine}, SM2 by {card.backend}"
    yield "PINs"
    yield from map(_pin, found.pins)
    yield "Containers" if found.containers else "Containers: none"
    for container in found.containers:
        yield from _container(container)
    yield "Files"
    yield from map(_file, found.files)


def _pin(pin: PinInfo) -> str:
    state = "locked" if not pin.left else f"{pin.left} of {pin.limit} tries left"
    notes = [] if pin.enabled else ["not asked for"]
    notes += ["must be changed"] if pin.must_change else []
    notes += ["still the first value"] if pin.default else []
    scope = f", of directory {pin.scope}" if pin.scope else ""
    return f"  {pin.reference:02X}  " + ", ".join([state, *notes]) + scope


def _container(container: ContainerInfo) -> Iterator[str]:
    yield f"  {container.number}  {container.name}"
    yield from map(_key, container.keys)


def _key(key: KeyInfo) -> str:
    certificate = f"certificate of {key.certificate} bytes" if key.certificate else "no certificate"
    kind = f"{key.kind.value}-{key.bits}"
    return f"     key {key.reference:02X}  {key.role.value:<8}  {kind:<9}  {key.origin}, {certificate}"


def _file(file: FileInfo) -> str:
    shape = f"{file.size} bytes" if file.size >= 0 else ""
    if file.record_count:
        shape = f"{file.record_count} records of up to {file.record_size} bytes"
    words = [file.kind, shape, f"name {file.name}" if file.name else "", f"SFI {file.sfi}" if file.sfi else ""]
    words += [file.life_cycle] if file.life_cycle != "activated" else []
    return "  " + "  " * file.depth + f"{file.fid:04X}  " + ", ".join(word for word in words if word)
