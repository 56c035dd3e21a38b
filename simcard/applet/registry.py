"""The doors there are, by the name profiles give them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simcard.applet.base import Applet
from simcard.applet.gmt0017.applet import Gmt0017Applet
from simcard.applet.iso.applet import IsoApplet
from simcard.applet.piv.applet import PivApplet
from simcard.applet.pkcs15.applet import Pkcs15Applet
from simcard.profile import Card as CardSheet

APPLETS: dict[str, Callable[[CardSheet], Applet]] = {
    "gmt0017": Gmt0017Applet,
    "iso": IsoApplet,
    "piv": PivApplet,
    "pkcs15": Pkcs15Applet,
}


def applets_of(sheet: CardSheet) -> Sequence[Applet]:
    """The applets of a card; the first is the one selected at reset."""
    return tuple(APPLETS[name](sheet) for name in sheet.applets)
