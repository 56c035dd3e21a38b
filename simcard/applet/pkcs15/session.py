"""What one channel knows while the PKCS#15 door is selected in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from simcard.applet.base import Context
from simcard.applet.iso.session import IsoSession
from simcard.applet.pkcs15.view import build
from simcard.fs.files import Files


class Dialect(Enum):
    """By which name the door was entered: what follows differs in a few codes."""

    ISO = "iso"
    """The PKCS#15 AID: commands as in ISO/IEC 7816-4 and -8."""
    ISO_APPLET = "isoApplet"
    """The AID that OpenSC's isoApplet driver selects: that driver's codes."""


@dataclass(slots=True)
class Pkcs15Session(IsoSession):
    """The ISO door's session, the dialect spoken, and the generated files as long as they are true."""

    dialect: Dialect = Dialect.ISO
    writable: bool = False
    """The card's own files are PKCS#15 files, filled by the host; else the files are a view."""
    files: Files | None = None
    made_from: bytes = b""
    """Digest of the memory the files were made from."""


def in_view(ctx: Context) -> Context:
    """The context in which the generated files are the card's files; unchanged where the files are real ones."""
    session: Pkcs15Session = ctx.session
    if session.writable:
        return ctx
    digest = ctx.rooms.store.digest()
    if session.files is None or session.made_from != digest:
        session.files, session.made_from = build(ctx), digest
    return ctx._replace(rooms=replace(ctx.rooms, files=session.files))
