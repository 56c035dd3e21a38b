"""One client's connection: hello, messages in, answers out, blocks both ways. Sockets are behind `Wire`.

A client may speak before it has read the hello, and need not read it at all. Answers come in the order of the calls.
A client that asks for it in the address (`?frames=both`) gets long answers in blocks; the official script does not
understand such answers, so nobody else does.
"""

from __future__ import annotations

import uuid
from typing import Protocol

from host_tools.eport_client import envelope, frames
from host_tools.eport_client.calls import VERSION
from host_tools.eport_client.counter import Counter
from host_tools.eport_client.desk import Session
from host_tools.eport_client.envelope import BadRequest, Request
from host_tools.eport_client.faults import Fault
from host_tools.eport_client.frames import Assembler, Frame, FrameError
from host_tools.eport_client.refusals import Base, base
from host_tools.eport_client.wording import Lang

MAX_OUTGOING = 4


class Wire(Protocol):
    """The connection itself."""

    async def send(self, message: str) -> None:
        """Send a text message."""
        ...

    def cut(self) -> None:
        """Break the connection without a word."""
        ...


class Conversation:
    """What is said on one connection."""

    def __init__(self, wire: Wire, counter: Counter, client: str, lang: Lang, blocks_out: bool) -> None:
        self.session = Session()
        self._wire = wire
        self._counter = counter
        self._client = client
        self._lang = lang
        self._blocks_out = blocks_out
        self._incoming = Assembler()
        self._outgoing: dict[str, list[Frame]] = {}
        self._greeted = False

    async def begin(self) -> None:
        """Say hello, unless a fault forbids it."""
        if self._counter.desk.faults.on.isdisjoint({Fault.NO_HELLO, Fault.LATE_HELLO}):
            await self._greet()

    async def _greet(self) -> None:
        self._greeted = True
        await self._wire.send(envelope.hello(VERSION))

    async def take(self, message: str | bytes) -> None:
        """Answer a message."""
        if not self._greeted and Fault.LATE_HELLO in self._counter.desk.faults:
            await self._greet()
        if isinstance(message, bytes):
            await self._refuse(BadRequest(base(Base.NOT_JSON, "请发送文本消息", "send text messages")))
        elif message.startswith(frames.MARK):
            await self._take_block(message)
        else:
            await self._take_request(message)

    async def _take_block(self, message: str) -> None:
        try:
            asked, whole = self._incoming.feed(message)
        except FrameError as error:
            await self._refuse(BadRequest(base(Base.BAD_BLOCK, f"数据块错误（{error}）", f"bad block: {error}")))
            return
        await self._wire.send(envelope.next_block(asked.good, asked.data()))
        if whole is not None:
            await self._take_request(whole)

    async def _take_request(self, message: str) -> None:
        try:
            request = envelope.parse(message)
        except BadRequest as bad:
            await self._refuse(bad)
            return
        if request.method == envelope.NEXT_BLOCK:
            await self._next_block(request)
            return
        answer = await self._counter.call(self._client, self.session, request)
        if Fault.DROP in self._counter.desk.faults:
            self._wire.cut()
            return
        await self._answer(answer)

    async def _refuse(self, bad: BadRequest) -> None:
        await self._wire.send(envelope.failure(bad.method, bad.ident, bad.refusal, self._lang))

    async def _answer(self, answer: str) -> None:
        if not self._blocks_out or len(answer) <= frames.PIECE_BYTES // 3:
            await self._wire.send(answer)
            return
        guid = str(uuid.uuid4())
        if len(self._outgoing) >= MAX_OUTGOING:
            self._outgoing.pop(next(iter(self._outgoing)))
        self._outgoing[guid] = frames.frames_of(answer, guid)
        await self._wire.send(self._outgoing[guid][0].encode())

    async def _next_block(self, request: Request) -> None:
        """The client pulls a block of an answer: {"Result": good, "Data": [{"guid", "next", "finish"}]}."""
        asked = request.args.get("Data")
        wanted = asked[0] if isinstance(asked, list) and asked and isinstance(asked[0], dict) else {}
        guid, index = wanted.get("guid"), wanted.get("next")
        waiting = self._outgoing.get(guid, []) if isinstance(guid, str) else []
        if waiting and wanted.get("finish") is True:
            self._outgoing.pop(str(guid))
        elif isinstance(index, int) and 0 <= index < len(waiting):
            await self._wire.send(waiting[index].encode())
        else:
            zh, en = "没有这个数据块", "there is no such block"
            await self._refuse(BadRequest(base(Base.BAD_BLOCK, zh, en), request.ident, request.method))
