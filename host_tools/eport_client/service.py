"""The sockets of the service: WebSocket connections of clients, the page for people, and its console.

`ws://host:port/` is for clients, with any path but `/console`, which is the page's. Pages of other origins are refused
with HTTP 403 and a text that says how to allow them. With a TLS context the same is served on a second port.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from ssl import SSLContext
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from host_tools.eport_client import console, origins
from host_tools.eport_client.conversation import Conversation
from host_tools.eport_client.counter import Counter, Pause
from host_tools.eport_client.desk import Desk
from host_tools.eport_client.journal import Entry, Journal
from host_tools.eport_client.origins import OriginPolicy
from host_tools.eport_client.wording import Lang
from host_tools.errors import CannotServe

HOST, PORT, TLS_PORT = "127.0.0.1", 61232, 61231
MAX_MESSAGE = 8 * 1024 * 1024
MAX_CLIENTS = 1000
QUEUE = 16
RESTARTED = 1012
BUSY = 1013
SECONDS_BETWEEN_LOOKS = 2.0
CONSOLE = "/console"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve. A port of 0 takes a free one; without `tls` there is no second port."""

    host: str = HOST
    port: int = PORT
    tls_port: int = TLS_PORT
    tls: SSLContext | None = None
    lang: Lang = Lang.ZH
    origins: OriginPolicy = field(default_factory=OriginPolicy)
    files: Path | None = None


class _NotOurFault(logging.Filter):
    """Leaves out what only says that somebody who connected speaks no WebSocket: a probe, a browser's reserve."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.msg != "opening handshake failed"


def _log() -> logging.Logger:
    log = logging.getLogger("simcard.eport_client")
    if not log.filters:
        log.addFilter(_NotOurFault())
        log.setLevel(logging.WARNING)
    return log


class _Socket:
    """`Wire` over a WebSocket."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    async def send(self, message: str) -> None:
        await self._connection.send(message)

    def cut(self) -> None:
        self._connection.transport.abort()


class EportService:
    """The service in front of one desk. `pause` waits; tests replace it."""

    def __init__(self, desk: Desk, settings: Settings, pause: Pause = asyncio.sleep) -> None:
        self.journal = Journal()
        self._settings = settings
        self._pause = pause
        self._counter = Counter(desk, self.journal, settings.lang, settings.files, pause)
        self._clients: set[ServerConnection] = set()
        self._numbered = 0
        self.ports: tuple[int, ...] = ()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve for as long as the context lasts; `CannotServe` when an address is taken."""
        servers: list[Server] = []
        looking = asyncio.create_task(self._look())
        try:
            for port, tls in self._doors():
                servers.append(await self._serve(port, tls))
            self.ports = tuple(server.sockets[0].getsockname()[1] for server in servers)
            yield
        finally:
            looking.cancel()
            for server in servers:
                server.close()
            for server in servers:
                await server.wait_closed()
            await self._counter.close()

    def _doors(self) -> list[tuple[int, SSLContext | None]]:
        plain: list[tuple[int, SSLContext | None]] = [(self._settings.port, None)]
        tls = self._settings.tls
        return plain if tls is None else [*plain, (self._settings.tls_port, tls)]

    async def _serve(self, port: int, tls: SSLContext | None) -> Server:
        host = self._settings.host
        try:
            return await serve(
                self._accepted,
                host,
                port,
                ssl=tls,
                process_request=self._requested,
                compression=None,
                max_size=MAX_MESSAGE,
                max_queue=QUEUE,
                server_header=None,
                close_timeout=2,
                logger=_log(),
            )
        except OSError as error:
            raise CannotServe(f"{host}:{port} cannot be had ({error.strerror}); choose another with --port") from None

    # -- HTTP before the upgrade

    async def _requested(self, connection: ServerConnection, request: Request) -> Response | None:
        """None to go on with the upgrade."""
        path = urlsplit(request.path).path
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return _page(path)
        origin = request.headers.get("Origin")
        if self._settings.origins.allows(origin, request.headers.get("Host", "")):
            return None
        text = origins.refusal(origin or "")
        self.journal.note({"type": "refused", "origin": (origin or "")[:200]})
        return _response(HTTPStatus.FORBIDDEN, f"{text.zh}\n{text.en}\n".encode(), "text/plain; charset=utf-8")

    # -- after it

    async def _accepted(self, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            if connection.request is not None and urlsplit(connection.request.path).path == CONSOLE:
                await self._watched(connection)
            elif len(self._clients) >= MAX_CLIENTS:
                await connection.close(BUSY, "too many clients")
            else:
                await self._talk(connection)

    async def _talk(self, connection: ServerConnection) -> None:
        self._numbered += 1
        path = connection.request.path if connection.request else "/"
        blocks_out = parse_qs(urlsplit(path).query).get("frames") == ["both"]
        client, lang = f"#{self._numbered}", self._settings.lang
        conversation = Conversation(_Socket(connection), self._counter, client, lang, blocks_out)
        self._clients.add(connection)
        try:
            await conversation.begin()
            async for message in connection:
                await conversation.take(message)
        finally:
            self._clients.discard(connection)
            await asyncio.shield(self._counter.leave(conversation.session))

    # -- the console

    async def _watched(self, connection: ServerConnection) -> None:
        queue = self.journal.watch()
        for entry in (console.methods(), await self._state(), *self.journal.entries):
            queue.put_nowait(entry)
        telling = asyncio.create_task(_tell(connection, queue))
        try:
            async for message in connection:
                await self._command(console.command(message))
        finally:
            self.journal.unwatch(queue)
            telling.cancel()

    async def _command(self, wanted: dict[str, object]) -> None:
        if wanted.get("do") == "fault":
            console.switch(self._counter.desk.faults, wanted)
        elif wanted.get("do") == "restart":
            await self.restart()
        # The program that waits for its command to be done recognises the state after it.
        self.journal.tell({**await self._state(), "answers": wanted.get("id")})

    async def restart(self) -> None:
        """Do what restarting the real service does: let the card go, end every client's connection."""
        await self._counter.restart()
        for client in tuple(self._clients):
            with suppress(ConnectionClosed):
                await client.close(RESTARTED, "restart")

    async def _state(self) -> Entry:
        return console.state(await self._counter.status(), self._counter.desk.faults, self._settings.lang)

    async def _look(self) -> None:
        """Look at the card now and then: one that was taken out ends what was verified, though nobody calls."""
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            if self.journal.watchers or self._clients:
                self.journal.tell(await self._state())


async def _tell(connection: ServerConnection, queue: asyncio.Queue[Entry]) -> None:
    with suppress(ConnectionClosed):
        while True:
            await connection.send(json.dumps(await queue.get(), ensure_ascii=False))


def _page(path: str) -> Response:
    found = console.asset(path)
    if found is None:
        return _response(HTTPStatus.NOT_FOUND, b"not found\n", "text/plain; charset=utf-8")
    return _response(HTTPStatus.OK, *found)


def _response(status: HTTPStatus, body: bytes, kind: str) -> Response:
    headers = Headers({"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"})
    headers.update(console.HEADERS)
    return Response(status.value, status.phrase, headers, body)
