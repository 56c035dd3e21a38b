"""The table that compares the rootless service with pcscd and vpcd: `docs/pcsc-conformance.md`.

python -m tests.pcscd.conformance     runs the script on both and writes the table
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.pcscd import sides

DOCUMENT = Path(__file__).parents[2] / "docs" / "pcsc-conformance.md"
HEAD = """# PC/SC behaviour, side by side

The same script of SCard calls (`tests/pcscd/scenarios.py`) run through an unmodified libpcsclite 1.9.9, once with
pcscd 1.9.9 and vpcd's driver as Debian 12 has them, once with the rootless service `reader_bridge/pcscd`. The card
is the same. `PCSCLITE_NO_BLOCKING` is set, so that refusals are seen and not tried again. Codes are written without
`SCARD_`; `waits` means that the call had not come back after {wait} s.

{total} calls, {equal} equal, {different} different. Written by `python -m tests.pcscd.conformance`; tests compare
both columns with what the services do.

## Differences, and why

"""
FURTHER_TITLE = "## Not in the table"
FURTHER: tuple[tuple[str, str, str], ...] = (
    (
        "waiting for a transaction",
        "polled every 0.1 s by client and server, who comes first is chance",
        "woken at once, in the order of arrival",
    ),
    (
        "a client that connects again, or disconnects with a reset, while it holds the transaction itself",
        "waits for itself without end",
        "connects; the disconnection is refused with E_SHARING_VIOLATION",
    ),
    (
        "an APDU of no bytes",
        "waits without end (vpcd waits for an answer to nothing)",
        "goes to the card",
    ),
    (
        "a handle of another client",
        "the connection ends after 2 s",
        "the connection ends",
    ),
    (
        "insertion and removal",
        "seen within 0.4 s (vpcd is polled)",
        "seen at once",
    ),
    (
        "clients at a time",
        "200",
        "400, configurable",
    ),
    (
        "protocol versions",
        "4:4 only",
        "4:2 (1.8.4 and later) to 4:5; newer clients are told 4:5 and come back with it",
    ),
    (
        "PIN pad",
        "none",
        "optional; see `reader_bridge/pcscd/pinpad.py`",
    ),
    (
        "readers coming and going",
        "fixed when pcscd starts (vpcd)",
        "any time, `\\\\?PnP?\\Notification` included",
    ),
    (
        "readers at a time",
        "16",
        "16, which is what libpcsclite up to 2.4 lists",
    ),
    (
        "socket",
        "open to all users (mode 666), polkit decides",
        "only for its owner (mode 600)",
    ),
)
"""What the script cannot show: subject, pcscd 1.9.9 with vpcd, this service."""

DIFFERENCES: dict[str, str] = {
    r"inquiry: SCardGetAttrib DEVICE_\w+_NAME": (
        "pcscd wants to give the reader's name, but vpcd has set the room for it to zero before."
    ),
    r"inquiry: SCardGetAttrib [A-Z_]+": (
        "vpcd knows no attribute but the ATR under its IFD tag. This service gives those that CCID readers give."
    ),
    r"disconnect: SCardTransmit after reconnecting after SCardDisconnect 2": (
        "A sharer powered the card off and nobody has powered it since (pcscd does not on such a reconnection). "
        "Through vpcd half a status word comes from the card server, as success with one byte; here the card is "
        "silent."
    ),
    r"removal during: SCardTransmit": (
        "vpcd takes the end of its connection for an answer of no bytes, and pcscd calls that a success. "
        "Here it is the code that pcscd has for a card that went during the command."
    ),
    r"silence: SCardTransmit.*": (
        "vpcd has no way to say that the card did not answer, so half a status word comes back as success. "
        "Here it is the code that pcscd gives when a driver reports a failed exchange."
    ),
}


def explanation(label: str) -> str | None:
    """Why this case differs; None if it should not."""
    return next((why for pattern, why in DIFFERENCES.items() if re.fullmatch(pattern, label)), None)


def render(real: Mapping[str, str], ours: Mapping[str, str], wait: float) -> str:
    """The document."""
    different = [label for label in real if real[label] != ours[label]]
    parts = [HEAD.format(total=len(real), equal=len(real) - len(different), different=len(different), wait=wait)]
    parts.append("| case | pcscd and vpcd | this service | why |\n|---|---|---|---|\n")
    parts += [
        f"| {label} | {real[label]} | {ours[label]} | {explanation(label) or '**unexplained**'} |\n"
        for label in different
    ]
    parts.append(f"\n{FURTHER_TITLE}\n\n| subject | pcscd 1.9.9 with vpcd | this service |\n|---|---|---|\n")
    parts += [f"| {' | '.join(row)} |\n" for row in FURTHER]
    section = ""
    for label in real:
        name, _, case = label.partition(": ")
        if name != section:
            section = name
            parts.append(f"\n## {name}\n\n| case | pcscd and vpcd | this service |\n|---|---|---|\n")
        parts.append(f"| {case.replace('|', chr(92) + '|')} | {real[label]} | {mark(real[label], ours[label])} |\n")
    return "".join(parts)


def mark(real: str, ours: str) -> str:
    """Differences in bold."""
    return ours if ours == real else f"**{ours}**"


def columns(document: str) -> tuple[dict[str, str], dict[str, str]]:
    """The two columns of a document, real one first."""
    real: dict[str, str] = {}
    ours: dict[str, str] = {}
    section = ""
    for line in document.partition(FURTHER_TITLE)[2].splitlines()[1:]:
        if line.startswith("## "):
            section = line[3:]
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if section and len(cells) == 3 and cells[0] not in ("case", "---"):
            label = f"{section}: {cells[0]}"
            real[label], ours[label] = cells[1], cells[2].strip("*")
    return real, ours


def main() -> None:
    """Run both sides and write the document."""
    from tests.pcscd.desk import WAIT_SECONDS

    with sides.real_side() as real_side:
        real = sides.run(real_side)
    with sides.our_side() as our_side:
        ours = sides.run(our_side)
    text = render(real, ours, WAIT_SECONDS)
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(text)
    sys.stdout.write(f"{len(real)} cases, {text.count('unexplained')} unexplained differences\n")


if __name__ == "__main__":
    main()
