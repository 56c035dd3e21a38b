"""`simcard trace`: recordings, or live packets, decoded."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from host_tools.cli.lab import read_recording
from host_tools.cli.world import address
from host_tools.errors import CannotServe, FileProblem
from reader_bridge.record import gsmtap, pcapng, present
from reader_bridge.record.decode import Decoder
from reader_bridge.record.mask import Mask
from reader_bridge.record.model import Exchange

LOOPBACK = "127.0.0.1"
LONGEST_PACKET = 65535
FORMATS = ("text", "json", "pcapng")


@click.command(short_help="Show a recording, or live packets, decoded.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--live", is_flag=True, help="Show what arrives over UDP (simcard exec --gsmtap, or any GSMTAP source).")
@click.option("--listen", metavar="HOST[:PORT]", default=LOOPBACK, show_default=True, help="Where --live listens.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to show it.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to this file instead.")
@click.option("--gsmtap", "send", metavar="HOST[:PORT]", help="Send the recording as packets (UDP 4729) as well.")
@click.option("--secrets", is_flag=True, help="Show PINs and keys, if they were recorded.")
def command(
    file: Path | None, live: bool, listen: str, form: str, output: Path | None, send: str | None, secrets: bool
) -> None:
    """Show FILE decoded: names, data objects, status words and times.

    With --format pcapng it becomes a capture that Wireshark and tshark decode as ISO 7816. PINs and keys are masked,
    and what was masked when it was recorded stays so.
    """
    if live == (file is not None):
        raise click.UsageError("name a recording, or say --live")
    if file is None:
        show_live(*address(listen), form == "json", secrets)
        return
    mask = Mask(secrets)
    exchanges = [mask.exchange(exchange) for exchange in read_recording(file)]
    write(_formed(exchanges, form), output)
    if send is not None:
        with gsmtap.UdpSink(*address(send)) as sink:
            for exchange in exchanges:
                sink.send(exchange)


def _formed(exchanges: list[Exchange], form: str) -> Iterable[bytes]:
    if form == "pcapng":
        return pcapng.file(exchanges)
    decoder = Decoder()
    return (shown(decoder, exchange, form == "json") for exchange in exchanges)


def shown(decoder: Decoder, exchange: Exchange, as_json: bool) -> bytes:
    """One exchange, as lines of text or one line of JSON."""
    decoded = decoder.decode(exchange)
    if as_json:
        return json.dumps(present.json_object(decoded), ensure_ascii=False).encode() + b"\n"
    return "".join(line + "\n" for line in present.text(decoded)).encode()


def write(parts: Iterable[bytes], output: Path | None) -> None:
    """To the file, or to standard output."""
    if output is None:
        for part in parts:
            sys.stdout.buffer.write(part)
        sys.stdout.flush()
        return
    try:
        output.write_bytes(b"".join(parts))
    except OSError as error:
        raise FileProblem(f"{output}: cannot be written ({error.strerror})") from None


def show_live(host: str, port: int, as_json: bool, secrets: bool) -> None:
    """Show packets until interrupted; one decoder and one mask for each reader."""
    followed: dict[int, tuple[Decoder, Mask]] = {}
    for found in received(host, port):
        decoder, mask = followed.setdefault(found.reader, (Decoder(), Mask(secrets)))
        write([shown(decoder, mask.exchange(found.exchange), as_json)], None)


def received(host: str, port: int) -> Iterator[gsmtap.Heard]:
    """The packets that arrive at an address."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.bind(where)
    except OSError as error:
        raise CannotServe(f"cannot listen at {host}:{port}: {error.strerror}; choose another with --listen") from None
    with listening:
        click.echo(f"listening at {host}:{listening.getsockname()[1]}", err=True)
        while True:
            found = gsmtap.heard(listening.recv(LONGEST_PACKET))
            if found is not None:
                yield found
