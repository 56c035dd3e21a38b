"""A PC/SC client that goes through scenes with libpcsclite and tells every return code.

Speaks JSON lines: `["do", what]` asks the other side to do something and waits for a line; `["seen", scene, step,
outcome]` is an outcome. Runs as a process of its own, for libpcsclite looks for its service once per process.
"""

from __future__ import annotations

import json
import sys

from tests.faults.scenes import SCENES, Scene
from tests.pcscd.winscard import EMPTY, LEAVE, PRESENT, RESET, Answer, Winscard

MILLISECONDS = 20_000


def tell(*words: object) -> None:
    print(json.dumps(words), flush=True)  # noqa: T201 - this is a program


def ask(what: str) -> None:
    tell("do", what)
    sys.stdin.readline()


class Client:
    """One context and one connection at a time."""

    def __init__(self, reader: str) -> None:
        self._api = Winscard()
        self._context = self._api.context()
        self._reader = reader
        self._card = 0

    def wait(self, state: int) -> None:
        """Until the reader is in this state."""
        seen = 0
        while not seen & state:
            answer = self._api.status_change(self._context, MILLISECONDS, (self._reader, seen))
            assert answer.code == "SUCCESS", answer
            seen = answer.value

    def play(self, scene: Scene) -> None:
        ask(f"insert {scene.name}")
        self.wait(PRESENT)
        self._card = self._api.connect(self._context, self._reader).value
        for step in scene.steps:
            if step == "sync":
                ask("sync")
            elif step == "gone":
                self.wait(EMPTY)
            else:
                tell("seen", scene.name, step, self.act(step))
        self._api.disconnect(self._card)
        ask("clear")
        self.wait(EMPTY)

    def act(self, step: str) -> str:
        """The outcome of a step: the code, and what the card answered if it did."""
        if step == "begin":
            return self._api.begin(self._card)
        if step == "end":
            return self._api.end(self._card)
        if step == "status":
            return self._api.status(self._card).code
        if step.startswith("reconnect"):
            return self._api.reconnect(self._card, initialization=RESET if "reset" in step else LEAVE).code
        answer: Answer = self._api.transmit(self._card, bytes.fromhex(step))
        return f"{answer.code} {answer.data.hex().upper()}".strip()


def main(reader: str) -> None:
    client = Client(reader)
    client.wait(EMPTY)
    for scene in SCENES:
        client.play(scene)


if __name__ == "__main__":
    main(sys.argv[1])
