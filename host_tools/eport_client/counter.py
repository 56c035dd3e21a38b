"""The counter at which calls queue: one at a time reaches the card, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TypeVar

from host_tools.eport_client import envelope, methods
from host_tools.eport_client.arguments import Args
from host_tools.eport_client.calls import Call
from host_tools.eport_client.desk import Desk, Session, Status
from host_tools.eport_client.envelope import Request
from host_tools.eport_client.faults import SECONDS_OF_A_SLOW_SIGNATURE, Fault
from host_tools.eport_client.journal import Journal, masked
from host_tools.eport_client.refusals import EportRefusal
from host_tools.eport_client.wording import Lang

T = TypeVar("T")
Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: its data, or why it failed."""

    data: list[object]
    refusal: EportRefusal | None = None


class Counter:
    """Runs calls on the desk, in one thread. `pause` waits; tests replace it."""

    def __init__(self, desk: Desk, journal: Journal, lang: Lang, files: Path | None, pause: Pause) -> None:
        self.desk = desk
        self.journal = journal
        self._lang = lang
        self._files = files
        self._pause = pause
        self._thread = ThreadPoolExecutor(1, "eport-card")
        self._turn = asyncio.Lock()
        self._calls = 0

    async def call(self, client: str, session: Session, request: Request) -> str:
        """Run a call; the message to answer with."""
        began = monotonic()
        async with self._turn:
            call = Call(request.method, self.desk, session, Args(request.args), self._files)
            outcome = await self.in_thread(lambda: _outcome(call))
            if Fault.SLOW in self.desk.faults and methods.signs(request.method):
                await self._pause(SECONDS_OF_A_SLOW_SIGNATURE)
        self._note(client, request, outcome, monotonic() - began)
        if outcome.refusal is not None:
            return envelope.failure(request.method, request.ident, outcome.refusal, self._lang)
        return envelope.reply(request, outcome.data)

    def _note(self, client: str, request: Request, outcome: Outcome, seconds: float) -> None:
        self._calls += 1
        refusal = outcome.refusal
        self.journal.note(
            {
                "type": "call",
                "number": self._calls,
                "client": client,
                "method": request.method[:80],
                "args": masked(request.args),
                "ok": refusal is None,
                "code": refusal.symbol if refusal else "",
                "text": refusal.text.zh if refusal else "",
                "text_en": refusal.text.en if refusal else "",
                "ms": round(seconds * 1000, 1),
            }
        )

    async def status(self) -> Status:
        """What there is in the reader now."""
        async with self._turn:
            return await self.in_thread(self.desk.status)

    async def leave(self, session: Session) -> None:
        """End a session whose connection is gone."""
        async with self._turn:
            await self.in_thread(lambda: _leave(self.desk, session))

    async def restart(self) -> None:
        """What restarting the real client service does to the card: let it go, and mend a reader that hangs."""
        async with self._turn:
            self.desk.faults.restart()
            await self.in_thread(self.desk.close)

    async def in_thread(self, action: Callable[[], T]) -> T:
        """Run in the one thread that may use the card."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, action)

    async def close(self) -> None:
        """Let the card and the thread go."""
        await self.in_thread(self.desk.close)
        self._thread.shutdown()


def _outcome(call: Call) -> Outcome:
    try:
        return Outcome(methods.run(call))
    except EportRefusal as refusal:
        return Outcome([], refusal)


def _leave(desk: Desk, session: Session) -> None:
    try:
        desk.leave(session)
    except EportRefusal:
        # The card is gone, and with it what it knew.
        return
