"""Switches of the PIV door: the table `[card.options.piv]` of a build sheet.

    pin, puk, global    labels of the PINs behind the references 80, 81 and 00 ("user", "admin", "global")
    management          label of the secret key behind the reference 9B ("management")
    container           name of a container that 9A, 9C and 9D are a view of; none: each slot has its own
    yubico              answer the instructions that Yubico's tools need (false)
    version             the version these instructions report ("5.4.3")
    serial              the serial number they report (0)

A label nothing is called by means that the card has no such reference.
"""

from __future__ import annotations

from dataclasses import dataclass

from simcard.profile import Card as CardSheet


@dataclass(frozen=True, slots=True)
class PivOptions:
    """What the build sheet says of this door; reference bytes are 0 for what the card does not have."""

    pin: int
    puk: int
    shared: int
    """The global PIN, reference 00."""
    management: int
    container: bytes
    yubico: bool
    version: tuple[int, int, int]
    serial: int

    @classmethod
    def of(cls, sheet: CardSheet) -> PivOptions:
        table = sheet.options.get("piv", {})

        def text(key: str, default: str) -> str:
            return str(table.get(key, default))

        major, minor, patch = (int(part) for part in text("version", "5.4.3").split("."))
        return cls(
            pin=sheet.labels.get(text("pin", "user"), 0),
            puk=sheet.labels.get(text("puk", "admin"), 0),
            shared=sheet.labels.get(text("global", "global"), 0),
            management=sheet.labels.get("key:" + text("management", "management"), 0),
            container=text("container", "").encode(),
            yubico=bool(table.get("yubico", False)),
            version=(major, minor, patch),
            serial=int(table.get("serial", 0)),
        )
