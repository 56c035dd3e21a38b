"""`simcard apdu`: raw commands to a card, and what it answered."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from host_tools.cli.cards import engine_options, reader_option, target
from host_tools.cli.output import json_option, say_json
from host_tools.client import explain
from host_tools.errors import CardRefused
from host_tools.link.base import CardLink
from host_tools.link.recorder import RecordingLink
from simcard.wire.apdu import ResponseApdu

RESET = "reset"


@dataclass(frozen=True, slots=True)
class Options:
    """How the exchange is shown."""

    explain: bool
    strict: bool
    secrets: bool
    as_json: bool


@click.command(short_help="Send commands in hexadecimal to a card.")
@click.argument("arguments", nargs=-1, metavar="[IMAGE] HEX...")
@reader_option
@click.option("--explain", "explained", is_flag=True, help="Say in words what each command and response means.")
@click.option("--strict", is_flag=True, help="Stop with exit code 1 at the first status word that is no success.")
@click.option("--show-secrets", is_flag=True, help="Show PINs and keys in full; by default only their length.")
@json_option
@engine_options
def command(
    arguments: tuple[str, ...],
    reader: str | None,
    explained: bool,
    strict: bool,
    show_secrets: bool,
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Send commands in hexadecimal to a card: to the one in IMAGE, or in a PC/SC reader with --reader.

    Each HEX is one command; the word `reset` resets the card. Without HEX, or with `-`, lines are read from
    standard input, where # begins a comment. Each exchange is shown as two lines, `> HEX` and `< HEX SW`. Commands
    go out as they are: nothing is chained and no GET RESPONSE is sent for you.
    """
    where, words = target(arguments, reader, engine, sm2_backend)
    commands = [_parsed(word) for word in words] if words not in ((), ("-",)) else _lines(sys.stdin)
    options = Options(explained, strict, show_secrets, as_json)
    with where.link() as link:
        _exchange(link, commands, options)


def _lines(stream: Iterable[str]) -> Iterator[bytes]:
    for line in stream:
        text = line.partition("#")[0].strip().removeprefix(">").strip()
        if text:
            yield _parsed(text)


def _parsed(text: str) -> bytes:
    """The bytes of a command; empty for a reset."""
    if text.strip().lower() == RESET:
        return b""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        # The text may hold a PIN with a slip in it, so it is not repeated.
        raise click.UsageError("expected commands as pairs of hexadecimal digits, or the word reset") from None
    if not raw:
        raise click.UsageError("expected a command, got an empty one")
    return raw


def _exchange(link: CardLink, commands: Iterable[bytes], options: Options) -> None:
    lines: list[str] = []
    recorded = RecordingLink(link, lines.append, options.secrets)
    for raw in commands:
        lines.clear()
        answer = recorded.transmit(raw) if raw else recorded.reset()
        words = _words(raw, answer, lines) if options.explain else ([], [])
        _show(lines, words, options.as_json)
        if raw and options.strict:
            _insist(answer)


def _words(raw: bytes, answer: bytes, lines: list[str]) -> tuple[list[str], list[str]]:
    if not raw:
        return ["reset"], [explain.atr(answer)]
    hidden = lines[-1].startswith("< [")
    return [explain.command(raw)], explain.response(answer[-2:] if hidden else answer)


def _show(lines: list[str], words: tuple[list[str], list[str]], as_json: bool) -> None:
    if as_json:
        shown: dict[str, Any] = {"command": lines[0][2:], "response": lines[1][2:]}
        shown |= {"meaning": {"command": words[0], "response": words[1]}} if words[0] else {}
        say_json(shown)
        return
    for line, explanation in zip(lines, words):
        click.echo(line)
        for text in explanation:
            click.echo(f"    {text}")


def _insist(answer: bytes) -> None:
    sw = ResponseApdu.parse(answer).sw
    if sw >> 8 not in (0x90, 0x61, 0x62):
        raise CardRefused(f"stopped: the card answered {explain.response(answer[-2:])[0]}", sw)
