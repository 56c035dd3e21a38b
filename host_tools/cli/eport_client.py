"""`simcard eport-client` and `simcard eport-control`: the client service of the Electronic Port, and its switches."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from host_tools.cli.cards import Target, close_card, engine_options, only_target, open_card, reader_option
from host_tools.cli.languages import lang_option
from host_tools.cli.national import EngineSm2
from host_tools.eport_client.faults import TEXTS, Fault
from host_tools.eport_client.wording import Lang
from host_tools.errors import NoService

if TYPE_CHECKING:
    from host_tools.eport_client.card import CardSource, EportCard
    from host_tools.eport_client.service import EportService, Settings

PORT, TLS_PORT = 61232, 61231
SECONDS_FOR_AN_ANSWER = 5
FAULTS = [fault.value for fault in Fault]

READY = {
    Lang.ZH: "客户端服务已启动：{ws}\n网页：{page}\n仅供测试：签名不会被真实海关系统接受。按 Ctrl+C 结束。",
    Lang.EN: "the client service runs: {ws}\npage: {page}\nFor tests only: the real customs accept no such signature. "
    "Ctrl+C ends it.",
}
WITH_TLS = {
    Lang.ZH: "wss 端口 {port}；请信任 {ca}，并在 hosts 文件中加入：{hosts}",
    Lang.EN: "wss on port {port}; trust {ca} and add to the hosts file: {hosts}",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    target: Target
    settings: Settings
    faults: tuple[str, ...]
    tls_folder: Path | None


@click.command(short_help="Run the Electronic Port client service (WebSocket).")
@click.argument("arguments", nargs=-1, metavar="[IMAGE]")
@reader_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Port for ws; 0: any.")
@click.option("--tls", "tls_folder", type=click.Path(path_type=Path), help="Serve wss too; its certificate lives here.")
@click.option("--tls-port", type=click.IntRange(0, 65535), default=TLS_PORT, show_default=True, help="Port for wss.")
@click.option("--allow-origin", "listed", multiple=True, metavar="ORIGIN", help="Let pages of this origin connect.")
@click.option("--fault", "faults", multiple=True, type=click.Choice(FAULTS), help="Begin with this fault switched on.")
@click.option("--files", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Folder base_ may read.")
@lang_option("Language of messages.")
@engine_options
def command(
    arguments: tuple[str, ...],
    reader: str | None,
    host: str,
    port: int,
    tls_folder: Path | None,
    tls_port: int,
    listed: tuple[str, ...],
    faults: tuple[str, ...],
    files: Path | None,
    lang: str,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Serve the card in IMAGE, or in a PC/SC reader, as the Electronic Port client control does.

    Pages and programs written for ws://127.0.0.1:61232 work unchanged; http://127.0.0.1:61232/ shows what happens.
    """
    from host_tools.eport_client import tls
    from host_tools.eport_client.origins import OriginPolicy
    from host_tools.eport_client.service import Settings

    context = tls.context(tls_folder, tls.now()) if tls_folder else None
    policy = OriginPolicy(frozenset(origin.rstrip("/").lower() for origin in listed))
    settings = Settings(host, port, tls_port, context, Lang(lang), policy, files)
    wish = Wish(only_target(arguments, reader, engine, sm2_backend), settings, faults, tls_folder)
    with source_of(wish.target) as source:
        serve(wish, source)


@contextmanager
def source_of(where: Target) -> Iterator[CardSource]:
    """Cards of a reader as they come and go, or the one card of an image."""
    from host_tools.eport_client.card import CardSource, IsoEportCard
    from host_tools.link.inprocess import InProcessLink
    from simcard.hal.power import PowerLost

    if where.reader is not None:
        name = where.reader
        yield CardSource(name, lambda: in_reader(name))
        return
    assert where.image is not None
    card = open_card(where.image, where.engine)
    try:
        yield CardSource(str(where.image), lambda: IsoEportCard(InProcessLink(card, PowerLost)))
    finally:
        close_card(card)


def in_reader(name: str) -> EportCard:
    """The card that is in a reader now."""
    from host_tools.eport_client.card import IsoEportCard
    from host_tools.link.pcsc import PcscLink

    return IsoEportCard(PcscLink(name))


def serve(wish: Wish, source: CardSource) -> None:
    """Serve until somebody ends the program."""
    import asyncio

    from host_tools.eport_client.desk import Desk
    from host_tools.eport_client.faults import Faults
    from host_tools.eport_client.service import EportService

    faults = Faults(frozenset(map(Fault, wish.faults)))
    desk = Desk(source, faults, EngineSm2(wish.target.engine), lambda: datetime.now(UTC))
    asyncio.run(_until_interrupted(EportService(desk, wish.settings), wish))


async def _until_interrupted(service: EportService, wish: Wish) -> None:
    import asyncio
    import signal

    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    async with service.running():
        for line in ready(wish, service.ports):
            click.echo(line)
        await over.wait()


def ready(wish: Wish, ports: tuple[int, ...]) -> Iterator[str]:
    """What is said when the service runs."""
    from host_tools.eport_client.tls import CA_FILE, HOSTS_ENTRY

    host, lang = wish.settings.host, wish.settings.lang
    shown = f"[{host}]" if ":" in host else host
    yield READY[lang].format(ws=f"ws://{shown}:{ports[0]}", page=f"http://{shown}:{ports[0]}/")
    if wish.tls_folder is not None:
        yield WITH_TLS[lang].format(port=ports[1], ca=wish.tls_folder / CA_FILE, hosts=HOSTS_ENTRY)


@click.command(short_help="Switch faults of a running client service.")
@click.option("--url", default=f"ws://127.0.0.1:{PORT}", show_default=True, help="Where the service is.")
@click.option("--on", "on", multiple=True, type=click.Choice(FAULTS), help="Switch this fault on.")
@click.option("--off", "off", multiple=True, type=click.Choice(FAULTS), help="Switch this fault off.")
@click.option("--restart", is_flag=True, help="Restart it as SetAccessControl -restart does: mends a hanging reader.")
@lang_option("Language of messages.")
def control(url: str, on: tuple[str, ...], off: tuple[str, ...], restart: bool, lang: str) -> None:
    """Switch faults of a running service on and off, restart it, and show what is on."""
    wanted: list[dict[str, object]] = [{"do": "fault", "fault": name, "on": True} for name in on]
    wanted += [{"do": "fault", "fault": name, "on": False} for name in off]
    wanted += [{"do": "restart"}] if restart else []
    state = tell(url, [*wanted, {"do": "look"}])
    switched = {str(row["name"]) for row in _rows(state, "faults") if row["on"]}
    for fault in Fault:
        mark = "x" if fault.value in switched else " "
        click.echo(f"[{mark}] {fault.value:<11} {TEXTS[fault].say(Lang(lang))}")


def _rows(state: dict[str, object], name: str) -> list[dict[str, object]]:
    found = state.get(name)
    return found if isinstance(found, list) else []


def tell(url: str, wanted: list[dict[str, object]]) -> dict[str, object]:
    """Send commands to the console of a service; the state after the last one. `NoService` when it does not answer."""
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect

    try:
        with connect(url.rstrip("/") + "/console", open_timeout=SECONDS_FOR_AN_ANSWER, proxy=None) as socket:
            for number, command_ in enumerate(wanted, 1):
                socket.send(json.dumps({**command_, "id": number}))
            return _state_after(len(wanted), socket.recv)
    except (OSError, WebSocketException, TimeoutError) as error:
        raise NoService(f"no client service answers at {url} ({error}); start one with simcard eport-client") from None


def _state_after(number: int, receive: Callable[[float], str | bytes]) -> dict[str, object]:
    """The state that answers a command."""
    while True:
        message = json.loads(receive(SECONDS_FOR_AN_ANSWER))
        if message.get("type") == "state" and message.get("answers") == number:
            found: dict[str, object] = message
            return found
