"""The control service: list, insert, remove, reset and stop in a running card server, over a Unix socket.

One JSON object per line each way. A request names its operation in `op`; the answer has `ok`, and either
the result or `error` with `code` and `text`:

    {"op": "list"}                                            {"ok": true, "readers": [{"name": ...}, ...]}
    {"op": "insert", "image": "a.simcard", "reader": "0"}     {"ok": true, "reader": "0"}
    {"op": "remove", "reader": "0"}                           {"ok": true, "reader": "0"}
    {"op": "reset", "reader": "0", "kind": "cold"}            {"ok": true, "reader": "0"}
    {"op": "stop"}                                            {"ok": true}

Rules:
- Only the user who runs the server reaches it: the socket has mode 600, its default folder mode 700.
- A bad request gets an error object and costs nobody else anything.
- Cards are made and taken back by callbacks of the wiring; this module opens no image.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import msgspec

from reader_bridge.server import ReaderStatus, ResetKind, ServerError
from reader_bridge.slot import CardLike

LONGEST_LINE = 64 * 1024
ANSWER_SECONDS = 30.0
PARTING_SECONDS = 5.0


class ControlError(Exception):
    """A request that was refused, or a service that cannot be had; `code` is one word for programs."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class CannotInsert(Exception):
    """Raised by the wiring's `MakeCard`: this image gives no card; the text tells the user why."""


class Cards(Protocol):
    """What is served: readers that cards can be put into. Refusals are `ServerError`s."""

    def insert(self, card: CardLike, name: str | None = None) -> str:
        """Put a card into the named reader, or the first empty one; the reader's name."""
        ...

    async def remove(self, name: str) -> CardLike:
        """Pull the card out of the named reader and give it back."""
        ...

    async def reset(self, name: str, kind: ResetKind) -> None:
        """Reset the card in the named reader."""
        ...

    def status(self) -> list[ReaderStatus]:
        """Every reader."""
        ...


MakeCard = Callable[[Path], CardLike]
TakeBack = Callable[[CardLike], None]


class _Request(msgspec.Struct, tag_field="op", forbid_unknown_fields=True, frozen=True):
    """What all requests share."""


class List(_Request, tag="list", frozen=True):
    """Tell of every reader."""


class Insert(_Request, tag="insert", frozen=True):
    """Open the card image and put it into the reader, or the first empty one."""

    image: str
    reader: str | None = None


class Remove(_Request, tag="remove", frozen=True):
    """Take the card out of the reader and close its image."""

    reader: str


class Reset(_Request, tag="reset", frozen=True):
    """Reset the card in the reader."""

    reader: str
    kind: ResetKind = ResetKind.WARM


class Stop(_Request, tag="stop", frozen=True):
    """End the server."""


Request = List | Insert | Remove | Reset | Stop
Answer = dict[str, Any]


def default_path() -> Path:
    """$XDG_RUNTIME_DIR/simcard/control, or /tmp/simcard-UID/control."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime) / "simcard" if runtime else Path(f"/tmp/simcard-{os.getuid()}")
    return folder / "control"


def described(status: ReaderStatus) -> Answer:
    """A reader as JSON: name, endpoint, connected, state, and the ATR in hexadecimal."""
    return {
        "name": status.name,
        "endpoint": status.endpoint,
        "connected": status.connected,
        "state": status.state.value,
        "atr": status.atr.hex().upper(),
    }


class ControlService:
    """Serves one card server's control socket; an async context manager.

    `stopped` is set when a client asks to stop; what that ends is the wiring's business.
    """

    def __init__(self, server: Cards, make: MakeCard, take_back: TakeBack, path: Path) -> None:
        self.stopped = asyncio.Event()
        self._server = server
        self._make = make
        self._take_back = take_back
        self._path = path
        self._listening: asyncio.Server | None = None
        self._decoder = msgspec.json.Decoder(Request)
        self._clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def __aenter__(self) -> ControlService:
        sock = bound(self._path)
        self._listening = await asyncio.start_unix_server(self._accept, sock=sock, limit=LONGEST_LINE)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, where: TracebackType | None
    ) -> None:
        assert self._listening is not None
        self._path.unlink(missing_ok=True)
        self._listening.close()
        await self._part()

    async def _part(self) -> None:
        """Close every connection and wait until what they asked for is done, so that no card is left half inserted."""
        for client in self._clients.values():
            client.close()
        if waiting := [*self._clients]:
            _, late = await asyncio.wait(waiting, timeout=PARTING_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def answer(self, line: bytes) -> Answer:
        """The answer to one line. Never raises for what a client can send."""
        try:
            return {"ok": True, **await self._obey(self._decoder.decode(line))}
        except (msgspec.DecodeError, UnicodeError) as bad:
            return refusal("bad-request", str(bad))
        except (CannotInsert, OSError) as bad:
            return refusal("bad-image", str(bad))
        except ServerError as refused:
            return refusal("refused", str(refused))

    async def _obey(self, request: Request) -> Answer:
        match request:
            case List():
                return {"readers": [described(status) for status in self._server.status()]}
            case Insert():
                return {"reader": await self._insert(request)}
            case Remove():
                self._take_back(await self._server.remove(request.reader))
                return {"reader": request.reader}
            case Reset():
                await self._server.reset(request.reader, request.kind)
                return {"reader": request.reader}
            case Stop():
                self.stopped.set()
                return {}

    async def _insert(self, request: Insert) -> str:
        card = await asyncio.to_thread(self._make, Path(request.image))
        try:
            return self._server.insert(card, request.reader)
        except ServerError:
            self._take_back(card)
            raise

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task that asyncio made of a coroutine here could not be awaited, and would be cut off with a traceback.
        task = asyncio.create_task(self._serve(reader, writer))
        self._clients[task] = writer
        task.add_done_callback(self._clients.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await self._line(reader):
                answer = refusal("too-long", f"a request has at most {LONGEST_LINE} bytes")
                if line.endswith(b"\n"):
                    answer = await self.answer(line)
                writer.write(msgspec.json.encode(answer) + b"\n")
                await writer.drain()
                if not line.endswith(b"\n"):
                    return
        except ConnectionError:
            return
        finally:
            writer.close()

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        """A line with its end; without its end if it is too long; empty if the client is gone."""
        try:
            return await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return b""
        except asyncio.LimitOverrunError:
            return b"too long"


def refusal(code: str, text: str) -> Answer:
    """The error object."""
    return {"ok": False, "error": {"code": code, "text": text}}


def bound(path: Path) -> socket.socket:
    """A socket bound at `path` with mode 600; what a dead server left there is replaced.

    `ControlError` if a server lives there, if the folder is open to others, or if the path is something else.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent == default_path().parent:
        _insist_on_privacy(path.parent)
    _remove_dead(path)
    sock = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        sock.bind(str(path))
    except OSError as refused:
        sock.close()
        raise ControlError("cannot-listen", f"{path}: {refused.strerror or refused}") from None
    finally:
        os.umask(before)
    return sock


def _insist_on_privacy(folder: Path) -> None:
    """In /tmp anybody may have made the folder first; `ControlError` then."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ControlError("not-private", f"{folder} must be a folder of yours with mode 700")


def _remove_dead(path: Path) -> None:
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise ControlError("cannot-listen", f"{path} exists and is not a socket")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
        else:
            raise ControlError("already-running", f"a card server answers at {path}")


def ask(request: Request, path: Path | None = None) -> Answer:
    """Send one request to the running service and give its answer without `ok`.

    `ControlError` with code `no-service`, `bad-answer`, or the code of the service's refusal.
    """
    where = path or default_path()
    with socket.socket(socket.AF_UNIX) as sock, contextlib.ExitStack() as files:
        sock.settimeout(ANSWER_SECONDS)
        try:
            sock.connect(str(where))
            sock.sendall(msgspec.json.encode(request) + b"\n")
            line = files.enter_context(sock.makefile("rb")).readline()
        except OSError as failed:
            raise ControlError("no-service", _why_not(where, failed)) from None
    return _result(line)


def _why_not(where: Path, failed: OSError) -> str:
    """Mostly nobody ever served here, or it has ended; only what is neither needs the system's words."""
    usual = isinstance(failed, (FileNotFoundError, ConnectionRefusedError))
    return f"no card server answers at {where}" + ("" if usual else f" ({failed.strerror or failed})")


def _result(line: bytes) -> Answer:
    try:
        answer = msgspec.json.decode(line, type=Answer)
        if not answer.pop("ok"):
            raise ControlError(answer["error"]["code"], answer["error"]["text"])
    except (msgspec.DecodeError, KeyError, TypeError):
        raise ControlError("bad-answer", "the card server's answer cannot be read") from None
    return answer
