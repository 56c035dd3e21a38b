"""SELECT and its answers: FCP, FCI and FMD templates."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from enum import IntEnum

from simcard.applet.base import Command, Context, Reply, expect
from simcard.applet.iso.session import STATE_WARNING, current_df, enter
from simcard.applet.view import body_size
from simcard.fs.descriptor import MF_FID, Descriptor
from simcard.fs.tree import MF, Tree
from simcard.wire import tlv
from simcard.wire.apdu import CommandApdu
from simcard.wire.status import SW, Refused

CURRENT_DF_FID = 0x3FFF


class By(IntEnum):
    """P1: how the file is named (table 39)."""

    FID = 0x00
    CHILD_DF = 0x01
    EF_UNDER_DF = 0x02
    PARENT = 0x03
    NAME = 0x04
    PATH_FROM_MF = 0x08
    PATH_FROM_DF = 0x09


LENGTHS: dict[int, Container[int]] = {
    By.FID: (0, 2),
    By.CHILD_DF: (2,),
    By.EF_UNDER_DF: (2,),
    By.PARENT: (0,),
    By.NAME: range(1, 17),
    By.PATH_FROM_MF: range(2, 65536, 2),
    By.PATH_FROM_DF: range(2, 65536, 2),
}
"""Lengths of the data field for each P1."""


class Occurrence(IntEnum):
    """P2 bits 2-1: which of several files with a matching name."""

    FIRST = 0
    LAST = 1
    NEXT = 2
    PREVIOUS = 3


class Answer(IntEnum):
    """P2 bits 4-3: what to say of the file (table 40)."""

    FCI = 0x00
    FCP = 0x04
    FMD = 0x08
    NOTHING = 0x0C


TEMPLATES = {Answer.FCI: 0x6F, Answer.FCP: 0x62, Answer.FMD: 0x64}


@dataclass(frozen=True, slots=True)
class Select(Command):
    """SELECT (ISO/IEC 7816-4:2013, 11.1.1)."""

    by: By
    name: bytes
    answer: Answer
    occurrence: Occurrence

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        lengths = LENGTHS.get(apdu.p1)
        if lengths is None or apdu.p2 & 0xF0:
            raise Refused(SW.WRONG_P1P2)
        expect(len(apdu.data) in lengths, SW.NC_INCONSISTENT_WITH_P1P2)
        return cls(By(apdu.p1), apdu.data, Answer(apdu.p2 & 0x0C), Occurrence(apdu.p2 & 0x03))

    def run(self, ctx: Context) -> bytes | Reply:
        expect(self.by is By.NAME or self.occurrence is Occurrence.FIRST, SW.FUNCTION_NOT_SUPPORTED)
        file = self._find(ctx)
        if file is None:
            raise Refused(SW.FILE_NOT_FOUND)
        warning = STATE_WARNING.get(ctx.rooms.files.tree.effective_life_cycle(file), SW.OK)
        enter(ctx, file)
        return Reply(describe_file(ctx, file, self.answer), warning)

    def _find(self, ctx: Context) -> Descriptor | None:
        tree, here = ctx.rooms.files.tree, current_df(ctx)
        current = here.number
        match self.by:
            case By.FID:
                return _nearby(tree, here, int.from_bytes(self.name, "big") if self.name else MF_FID)
            case By.CHILD_DF | By.EF_UNDER_DF:
                found = tree.child(current, int.from_bytes(self.name, "big"))
                return found if found and found.is_df == (self.by is By.CHILD_DF) else None
            case By.PARENT:
                return tree.file(here.parent)
            case By.NAME:
                return self._named(tree, here.name)
            case By.PATH_FROM_MF:
                return _walk(ctx, MF, self.name)
            case By.PATH_FROM_DF:
                return _walk(ctx, current, self.name)

    def _named(self, tree: Tree, here: bytes) -> Descriptor | None:
        """A DF by its name or the beginning of it; next and previous count from the current DF's, `here`."""
        names = tree.names(self.name)
        if self.occurrence is Occurrence.NEXT:
            names = [name for name in names if name > here]
        elif self.occurrence is Occurrence.PREVIOUS:
            names = [name for name in names if name < here]
        if not names:
            return None
        last = self.occurrence in (Occurrence.LAST, Occurrence.PREVIOUS)
        return tree.by_name(names[-1 if last else 0])


def _nearby(tree: Tree, current: Descriptor, fid: int) -> Descriptor | None:
    """MF; a child of the current DF; the DF itself; its parent; a child of its parent (11.1.1)."""
    if fid == MF_FID:
        return tree.file(MF)
    if fid in (current.fid, CURRENT_DF_FID):
        return current
    parent = tree.file(current.parent)
    return tree.child(current.number, fid) or (parent if fid == parent.fid else tree.child(parent.number, fid))


def _walk(ctx: Context, start: int, path: bytes) -> Descriptor | None:
    """Follow a path of file identifiers; one from the MF may name it or leave it out."""
    tree = ctx.rooms.files.tree
    found: Descriptor | None = tree.file(start)
    fids = [int.from_bytes(path[i : i + 2], "big") for i in range(0, len(path), 2)]
    if start == MF and fids[0] == MF_FID:
        fids = fids[1:]
    for fid in fids:
        if found is None or not found.is_df:
            return None
        found = tree.child(found.number, fid)
    return found


def describe_file(ctx: Context, file: Descriptor, answer: Answer) -> bytes:
    """The template SELECT answers with (7.4); FMD holds the name, and the label of an application."""
    if answer is Answer.NOTHING:
        return b""
    if answer is Answer.FMD:
        return tlv.tlv(TEMPLATES[answer], tlv.tlv(0x84, file.name) if file.name else b"")
    return tlv.tlv(TEMPLATES[answer], file.fcp(body_size(ctx, file)))
