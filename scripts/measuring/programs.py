"""What a program people use takes with the card, beside the same program with a card that only repeats its answers."""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter

from reader_bridge.private_world import PrivateWorld
from reader_bridge.slot import CardLike
from scripts.measuring.bench_cards import PIN, RSA_SHEET, insist, ram_card, verify_apdu
from scripts.measuring.turns import Row

TURNS = 7
SHEET = RSA_SHEET.replace(
    'extends = "eport-operator-rsa"', 'extends = "eport-operator-rsa"\n[card]\napplets = ["iso", "pkcs15"]'
)
SIGN = f"pkcs11-tool --login --pin {PIN.decode()} --sign --mechanism SHA256-RSA-PKCS --id 01 -i message -o signature"


class NoProgram(Exception):
    """The program is not installed, or did not succeed; the text says which."""


class Parrot:
    """An echo card for a program that expects sense: learns a card's answers, then gives them without it."""

    def __init__(self, card: CardLike) -> None:
        self._card: CardLike | None = card
        self.atr = card.atr
        self._known: dict[bytes, deque[bytes]] = {}

    def power_on(self) -> bytes:
        return self._card.power_on() if self._card else self.atr

    def reset(self) -> bytes:
        return self._card.reset() if self._card else self.atr

    def power_off(self) -> None:
        if self._card:
            self._card.power_off()

    def transmit(self, command: bytes) -> bytes:
        answers = self._known.setdefault(command, deque())
        if self._card:
            answers.append(self._card.transmit(command))
            return answers[-1]
        # The same commands come in the same order in every run, so each answer's turn comes again.
        answers.rotate(-1)
        return answers[-1] if answers else b"\x6f\x00"

    def let_go(self) -> None:
        """From now on without the card."""
        self._card = None


def seconds_of(environment: Mapping[str, str], folder: Path) -> float:
    """Wall-clock seconds of one signature by pkcs11-tool."""
    start = perf_counter()
    try:
        subprocess.run(SIGN.split(), env=environment, cwd=folder, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as failed:
        raise NoProgram(f"pkcs11-tool (Debian package opensc): {failed}") from None
    return perf_counter() - start


def pkcs11_tool(folder: Path) -> Iterator[Row]:
    """pkcs11-tool: find the card, list it, log in and sign; in the rootless PC/SC service."""
    (folder / "message").write_bytes(b"a declaration")
    card = ram_card(SHEET)
    insist(card, verify_apdu())
    parrot = Parrot(ram_card(SHEET))
    spent: dict[str, list[float]] = {"ours": [], "floor": []}
    with PrivateWorld() as ours, PrivateWorld() as floor:
        ours.add_reader(card=card)
        floor.add_reader(card=parrot)
        seconds_of(floor.environment(), folder)
        parrot.let_go()
        for _ in range(TURNS):
            spent["ours"].append(seconds_of(ours.environment(), folder))
            spent["floor"].append(seconds_of(floor.environment(), folder))
    name = "pkcs11-tool: log in and sign, RSA-2048"
    yield Row("programs", name, "s", median(spent["ours"]), median(spent["floor"]), "repeated answers", better="less")
