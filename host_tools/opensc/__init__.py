"""Settings for OpenSC, whose programs and PKCS#11 module use the cards unmodified.

Without any settings OpenSC asks its drivers in its own order and finds the card by AID: a PIV application first, then
the PKCS#15 application by the name its isoApplet driver knows. Each file here pins one way; `DRIVERS` says when to
take which. `OPENSC_CONF` is OpenSC's own variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

VARIABLE = "OPENSC_CONF"

DRIVERS: Mapping[str, str] = {
    "iso": "PKCS#15 by plain ISO 7816 commands: RSA keys of 1024, 2048 and 3072 bits, all objects",
    "isoApplet": "PKCS#15 through OpenSC's isoApplet driver: RSA-2048, ECDSA with SHA-1, SM2, writable blank cards",
    "piv": "the PIV application",
    "read": "PKCS#15 through OpenSC's driver for unknown cards: everything can be read, no key can be used",
}
"""The ways, and what OpenSC 0.23 can do on each."""


def configuration(driver: str) -> Path:
    """The configuration file for one of `DRIVERS`."""
    if driver not in DRIVERS:
        raise ValueError(f"expected one of {', '.join(DRIVERS)}, got {driver!r}")
    return Path(__file__).parent / f"{driver}.conf"


def environment(driver: str) -> dict[str, str]:
    """What a program that loads OpenSC needs in its environment."""
    return {VARIABLE: str(configuration(driver))}
