"""Files that are views: a certificate exists once, in its container, and reads as a transparent file.

The proprietary template (tag 85) of such a file holds C0 with container and role. Its size is that of the
certificate, and writing it is refused: certificates are put where they live.
"""

from __future__ import annotations

from simcard.applet.base import Context, Rooms
from simcard.fs.descriptor import Descriptor, Kind, LifeCycle
from simcard.fs.tree import MF
from simcard.key.containers import Slot
from simcard.key.pair import Role
from simcard.wire import tlv
from simcard.wire.status import SW, Refused

LINK_TAG = 0xC0


def link_of(file: Descriptor) -> Slot | None:
    """The slot whose certificate this file shows, None for a file with a body of its own."""
    if not file.extra:
        return None
    try:
        value = tlv.find(file.extra, LINK_TAG)
        return Slot(value[0], Role(value[1])) if value is not None and len(value) == 2 else None
    except (tlv.TlvError, ValueError):
        return None


def body_size(ctx: Context, file: Descriptor) -> int:
    slot = link_of(file)
    return file.size if slot is None else len(ctx.rooms.containers.certificate(slot) or b"")


def read_body(ctx: Context, file: Descriptor, offset: int, length: int) -> bytes:
    """Bytes of a transparent file, its own or those of the certificate it shows."""
    slot = link_of(file)
    if slot is None:
        return ctx.rooms.files.binary.read(file, offset, length)
    body = ctx.rooms.containers.certificate(slot) or b""
    if offset >= len(body) and (offset or length):
        raise Refused(SW.OFFSET)
    return body[offset : offset + length]


def refuse_view(file: Descriptor) -> None:
    """6981 when a command would write the body of a view."""
    if link_of(file) is not None:
        raise Refused(SW.INCOMPATIBLE_FILE)


def file_at(rooms: Rooms, path: str) -> Descriptor | None:
    """The living transparent file at a path of the profile, such as "3F00/DF01/0011"."""
    tree = rooms.files.tree
    found: Descriptor | None = tree.file(MF)
    for fid in path.split("/")[1:]:
        found = tree.child(found.number, int(fid, 16)) if found is not None and found.is_df else None
    if found is None or found.kind is not Kind.TRANSPARENT:
        return None
    asleep = (LifeCycle.DEACTIVATED, LifeCycle.TERMINATED)
    return None if tree.effective_life_cycle(found) in asleep else found


def body_of(ctx: Context, file: Descriptor) -> bytes:
    """The body without the erased rest behind it."""
    return read_body(ctx, file, 0, body_size(ctx, file)).rstrip(b"\0")
