"""A card in this process for the host's tools, links that follow a script, and openssl as a judge."""

from __future__ import annotations

import subprocess
from pathlib import Path

from host_tools.client.iso import IsoCard
from host_tools.link.inprocess import InProcessLink
from simcard.hal.power import PowerLost
from simcard.wire.secret import Secret
from tests.kit import Bench, bench, bench_of_text

PIN = Secret(b"88888888")
ADMIN = Secret(b"66666666")
USER = 1
RSA_2048 = """
extends = "eport-operator-rsa"
[[container]]
name = "EportRSA"
sign = { kind = "rsa", bits = 2048 }
exchange = { kind = "rsa", bits = 2048 }
"""
CURVES = """
extends = "eport-operator"
[[container]]
name = "P256"
sign = { kind = "p256" }
exchange = { kind = "p256" }
[[container]]
name = "P384"
sign = { kind = "p384", bits = 384 }
[[change]]
path = "3F00/DF01/0021"
certificate = "P256/sign"
[[change]]
path = "3F00/DF01/0022"
certificate = "P256/exchange"
"""


class ScriptedLink:
    """A link that answers what it was given, in order, and keeps what it was sent."""

    def __init__(self, *answers: str, atr: str = "3B878131FE4580739421C081058E") -> None:
        self.atr = bytes.fromhex(atr)
        self.sent: list[str] = []
        self._answers = [bytes.fromhex(answer) for answer in answers]

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command.hex().upper())
        return self._answers.pop(0)

    def reset(self) -> bytes:
        return self.atr

    def close(self) -> None:
        """Nothing to let go."""


def linked(card: Bench) -> InProcessLink:
    return InProcessLink(card.card, PowerLost)


def iso_card(profile: str = "eport-operator", extended: bool | None = None, verified: bool = True) -> IsoCard:
    """The ISO door of a fresh card of a profile (a name or a text), its user PIN verified."""
    made = bench(profile) if "\n" not in profile else bench_of_text(profile)
    card = IsoCard(linked(made), extended)
    if verified:
        card.verify_pin(USER, PIN)
    return card


def openssl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """One run of the program; the caller looks at the return code."""
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
