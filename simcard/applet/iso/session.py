"""What one channel knows while the ISO applet is selected in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from simcard.applet.base import Context
from simcard.fs.cursor import Cursor
from simcard.fs.descriptor import Descriptor, LifeCycle
from simcard.fs.tree import MF
from simcard.wire.status import SW, Refused

Template = dict[int, bytes]
"""A control reference template: values by tag."""


@dataclass(slots=True)
class IsoSession:
    """Current file, current security environment, and the hash a signature may still use."""

    cursor: Cursor = field(default_factory=Cursor)
    environment: dict[int, Template] = field(default_factory=dict)
    """The current SE: control reference templates by their tag (A4, AA, B4, B6, B8)."""
    hashed: bytes = b""
    """Result of PSO HASH, until the next signature."""
    public_keys: dict[bytes, tuple[str, bytes]] = field(default_factory=dict)
    """Public keys from verified certificates, by holder reference: kind and encoding."""


def current_df(ctx: Context) -> Descriptor:
    """The current DF; the MF when another channel has deleted the one this channel stood in."""
    tree, cursor = ctx.rooms.files.tree, ctx.session.cursor
    found = tree.find(cursor.df)
    if found is None:
        cursor.enter(MF)
        return tree.file(MF)
    return found


def current_ef(ctx: Context) -> Descriptor:
    """The current EF; 6986 when there is none."""
    number = ctx.session.cursor.ef
    found = ctx.rooms.files.tree.find(number) if number else None
    if found is None:
        raise Refused(SW.NO_CURRENT_EF)
    return found


def ef_by_sfi(ctx: Context, sfi: int) -> Descriptor:
    """The EF with this short identifier in the current DF, which thereby becomes current; 0: the current EF."""
    if not sfi:
        return current_ef(ctx)
    found = ctx.rooms.files.tree.by_sfi(current_df(ctx).number, sfi)
    if found is None:
        raise Refused(SW.FILE_NOT_FOUND)
    if ctx.session.cursor.ef != found.number:
        ctx.session.cursor.open(found.parent, found.number)
    return found


def enter(ctx: Context, file: Descriptor) -> None:
    """Make a file current. Leaving a DF ends the status of its local PINs (7816-4:2013, 9.2)."""
    cursor: Cursor = ctx.session.cursor
    df = file.number if file.is_df else file.parent
    if df != cursor.df:
        ctx.channel.security.enter(ctx.rooms.files.tree.ancestry(df))
    if file.is_df:
        cursor.enter(df)
    else:
        cursor.open(df, file.number)


def after_removal(ctx: Context, parent: int) -> None:
    """The current file may be gone: stand in the DF that held it."""
    tree = ctx.rooms.files.tree
    df = parent if tree.exists(parent) else MF
    ctx.session.cursor.enter(df)


STATE_WARNING = {LifeCycle.DEACTIVATED: SW.DEACTIVATED, LifeCycle.TERMINATED: SW.TERMINATED}
"""What SELECT says of a file that cannot be used."""
