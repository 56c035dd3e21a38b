"""The doors there are, by the name profiles give them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from simcard.applet.base import Applet
from simcard.profile import Card as CardSheet

APPLETS: dict[str, tuple[str, str]] = {
    "gmt0017": ("simcard.applet.gmt0017.applet", "Gmt0017Applet"),
    "iso": ("simcard.applet.iso.applet", "IsoApplet"),
    "piv": ("simcard.applet.piv.applet", "PivApplet"),
    "pkcs15": ("simcard.applet.pkcs15.applet", "Pkcs15Applet"),
}
"""Module and class of each door; a card imports the doors it has."""


def applets_of(sheet: CardSheet) -> Sequence[Applet]:
    """The applets of a card; the first is the one selected at reset."""
    return tuple(door(name)(sheet) for name in sheet.applets)


def door(name: str) -> type[Applet]:
    """The class of a door; imported now if it was not yet."""
    module, attribute = APPLETS[name]
    found: type[Applet] = getattr(import_module(module), attribute)
    return found
