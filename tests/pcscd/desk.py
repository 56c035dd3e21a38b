"""What the scripts of SCard calls work with: reports, cards that are moved, calls that may wait."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.pcscd import winscard as w
from tests.pcscd.winscard import Winscard

GET = bytes.fromhex("0084000008")
WAIT_SECONDS = 0.3
PATIENCE_SECONDS = 20.0
FEATURES = 0x42000000 + 3400


class Later:
    """A call in a thread of its own."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._result = ""
        self._thread = threading.Thread(target=self._run, args=(call,), daemon=True)
        self._thread.start()

    def _run(self, call: Callable[[], object]) -> None:
        self._result = str(call())

    def now(self) -> str:
        """The result, or `waits`."""
        self._thread.join(WAIT_SECONDS)
        return "waits" if self._thread.is_alive() else self._result

    def then(self) -> str:
        """The result, however long it takes."""
        self._thread.join(PATIENCE_SECONDS)
        return "hangs" if self._thread.is_alive() else self._result


class Desk:
    """Reports cases and has cards moved."""

    def __init__(self, reader: str, empty: str) -> None:
        self.api = Winscard()
        self.reader, self.empty = reader, empty
        self._prefix = ""
        self._contexts: list[int] = []

    def note(self, label: str, outcome: object) -> None:
        """Report one outcome."""
        self._write(["case", f"{self._prefix}: {label}", str(outcome)])

    def do(self, action: str) -> None:
        """Have something done, and done it is when this returns."""
        self._write(["do", action])
        sys.stdin.readline()

    def _write(self, message: list[str]) -> None:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    def context(self) -> int:
        """A context that is released when the scenario ends."""
        context = self.api.context()
        self._contexts.append(context)
        return context

    def card(self, context: int, share: int = w.SHARED, protocols: int = w.ANY) -> int:
        """A handle, which must be possible."""
        answer = self.api.connect(context, self.reader, share, protocols)
        assert answer.code == "SUCCESS", answer.code
        return answer.value

    def pair(self) -> tuple[int, int]:
        """Handles of two programs that share the card."""
        return self.card(self.context()), self.card(self.context())

    def insert(self, recipe: str) -> None:
        """Insert a card and wait until clients can see it."""
        self.do(f"insert {recipe}")
        self.until(w.PRESENT)

    def remove(self) -> None:
        """Remove the card and wait until clients can see that."""
        self.do("remove")
        self.until(w.EMPTY)

    def until(self, state: int) -> None:
        """Wait until clients see the card, or see that it has gone."""
        context = self.api.context()
        current = w.UNAWARE
        while True:
            answer = self.api.status_change(context, 5000, (self.reader, current))
            if answer.value & state:
                break
            current = answer.value & ~w.CHANGED
        self.api.release(context)

    @contextmanager
    def scenario(self, prefix: str) -> Iterator[None]:
        """Name the cases; afterwards the card is unpowered and nobody is connected."""
        self._prefix = prefix
        yield
        for context in self._contexts:
            self.api.release(context)
        self._contexts.clear()
        context = self.api.context()
        answer = self.api.connect(context, self.reader, w.SHARED, w.RAW)
        if answer.code == "SUCCESS":
            self.api.disconnect(answer.value, w.UNPOWER)
        self.api.release(context)


def notices(desk: Desk, when: str, card: int) -> None:
    """Every call on a handle."""
    api = desk.api
    desk.note(f"SCardStatus {when}", api.status(card))
    desk.note(f"SCardTransmit {when}", api.transmit(card, GET))
    desk.note(f"SCardGetAttrib {when}", api.get_attribute(card, 0x0303))
    desk.note(f"SCardSetAttrib {when}", api.set_attribute(card, 0x0303, b"x"))
    desk.note(f"SCardControl {when}", api.control(card, FEATURES))
    code = api.begin(card)
    desk.note(f"SCardBeginTransaction {when}", code)
    desk.note(f"SCardEndTransaction {when}", api.end(card))
