"""What a PC/SC client sees of each fault: one scene each, with the outcomes on both services.

Steps are commands in hexadecimal or words; a step `gone` waits until the client is told that the card has gone, `sync`
until another program has done its work. An echo card answers `T`, GET CHALLENGE, with 01 to 08 and 9000.
"""

from __future__ import annotations

from dataclasses import dataclass

T = "0084000008"
VERIFY = "00200001083132333435363738"
WRONG = "00200001083030303030303030"
ASK = "00200001"
WORDS = {T: "GET CHALLENGE", VERIFY: "VERIFY right PIN", WRONG: "VERIFY wrong PIN", ASK: "VERIFY without data"}
SILENT_STEPS = ("gone", "sync")

OK = "SUCCESS"
ECHO = "SUCCESS 01020304050607089000"
NO_CARD, REMOVED, RESET = "E_NO_SMARTCARD", "W_REMOVED_CARD", "W_RESET_CARD"
SILENT, HALF = "E_NOT_TRANSACTED", "SUCCESS 6F"


@dataclass(frozen=True, slots=True)
class Scene:
    """A script of faults, the client's steps and what it sees on this service and, if that differs, on pcscd with
    vpcd. `real`: the card is a blank ISO card, else an echo card."""

    name: str
    script: str
    steps: tuple[str, ...]
    ours: tuple[str, ...]
    pcscd: tuple[str, ...] = ()
    real: bool = False

    @property
    def expected(self) -> dict[str, tuple[str, ...]]:
        """Outcomes by service."""
        return {"ours": self.ours, "pcscd": self.pcscd or self.ours}


SCENES = (
    Scene(
        "removed before the command",
        "at 2 remove",
        (T, T, "gone", T, "status", "reconnect"),
        (ECHO, NO_CARD, REMOVED, REMOVED, NO_CARD),
        (ECHO, OK, REMOVED, REMOVED, NO_CARD),
    ),
    Scene(
        "removed after the command",
        "at 2 remove after",
        (T, T, "gone", T, "status", "reconnect"),
        (ECHO, NO_CARD, REMOVED, REMOVED, NO_CARD),
        (ECHO, OK, REMOVED, REMOVED, NO_CARD),
    ),
    Scene(
        "removed in a transaction",
        "at 2 in transaction remove",
        ("begin", T, T, "gone", T, "end"),
        (OK, ECHO, NO_CARD, REMOVED, REMOVED),
        (OK, ECHO, OK, REMOVED, REMOVED),
    ),
    Scene(
        "reset by another program",
        "at 1 reset",
        (T, "sync", T, "status", "reconnect", T),
        (ECHO, RESET, RESET, OK, ECHO),
    ),
    Scene(
        "reset nobody is told of",
        "on 00200001 at 2 glitch",
        (VERIFY, ASK),
        ("SUCCESS 9000", "SUCCESS 63C3"),
        real=True,
    ),
    Scene("late answer", "at 1 late 300", (T, T), (ECHO, ECHO)),
    Scene(
        "lost answer",
        "at 1 lost",
        (T, T, "reconnect with reset", T),
        (SILENT, SILENT, OK, ECHO),
        (HALF, HALF, OK, ECHO),
    ),
    Scene(
        "answer of one byte",
        "at 1 short 1",
        (T, T, "reconnect with reset", T),
        (SILENT, SILENT, OK, ECHO),
        (HALF, HALF, OK, ECHO),
    ),
    Scene("answer cut short", "at 1 short 4", (T, T), ("SUCCESS 01020304", ECHO)),
    Scene("flipped bit", "at 1 flip", (T, T), ("SUCCESS 21020304050607089000", ECHO)),
    Scene("memory failure", "on 0020 memory", (WRONG, VERIFY), ("SUCCESS 6581", "SUCCESS 9000"), real=True),
    Scene("noise failure", "at 1 noise", (T, ASK), ("SUCCESS 6400", "SUCCESS 63C3"), real=True),
    Scene(
        "power cut",
        "on 0020 cut 1 prefix",
        (WRONG, ASK, "reconnect with reset", ASK),
        (SILENT, SILENT, OK, "SUCCESS 63C2"),
        (HALF, HALF, OK, "SUCCESS 63C2"),
        real=True,
    ),
)


def table() -> str:
    """The table of docs/faults.md."""
    rows = ["| fault | script | step | this service | pcscd and vpcd |", "|---|---|---|---|---|"]
    for scene in SCENES:
        told = [step for step in scene.steps if step not in SILENT_STEPS]
        first = f"{scene.name} | `{scene.script}`"
        for step, ours, pcscd in zip(told, scene.ours, scene.expected["pcscd"], strict=True):
            other = "the same" if ours == pcscd else pcscd
            rows.append(f"| {first} | {WORDS.get(step, step)} | {ours} | {other} |")
            first = " | "
    return "\n".join(rows)
