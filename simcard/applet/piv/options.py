"""Switches of the PIV door: the table `[card.options.piv]` of a build sheet.

A label nothing is called by means that the card has no such PIN or key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from simcard.profile import Card as CardSheet
from simcard.profile import ProfileError

DOOR = "piv"


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"shared": "global"}):
    """The table as it is written."""

    pin: str = "user"
    """Label of the PIN behind the reference 80."""
    puk: str = "admin"
    """Label of the PIN behind the reference 81."""
    shared: str = "global"
    """`global`: label of the PIN behind the reference 00."""
    management: str = "management"
    """Label of the secret key behind the reference 9B."""
    container: str = ""
    """Name of a container that 9A, 9C and 9D are a view of; empty: each slot has its own."""
    yubico: bool = False
    """Answer the instructions that Yubico's tools need."""
    version: Annotated[str, Meta(pattern=r"^\d{1,2}\.\d{1,2}\.\d{1,2}$")] = "5.4.3"
    """The version these instructions report."""
    serial: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] = 0
    """The serial number they report."""


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
        """The options of a card; raises `ProfileError` for one that does not exist or a value it cannot have."""
        try:
            table = msgspec.convert(sheet.options.get(DOOR, {}), Table)
        except msgspec.ValidationError as error:
            raise ProfileError(f"card.options.{DOOR}: {error}") from None
        major, minor, patch = (int(part) for part in table.version.split("."))
        return cls(
            pin=sheet.labels.get(table.pin, 0),
            puk=sheet.labels.get(table.puk, 0),
            shared=sheet.labels.get(table.shared, 0),
            management=sheet.labels.get(f"key:{table.management}", 0),
            container=table.container.encode(),
            yubico=table.yubico,
            version=(major, minor, patch),
            serial=table.serial,
        )
