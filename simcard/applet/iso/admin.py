"""File management (ISO/IEC 7816-9): CREATE, DELETE, ACTIVATE, DEACTIVATE and TERMINATE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from simcard.applet.access import permit, require_file
from simcard.applet.base import Command, Context, expect
from simcard.applet.iso.select import By
from simcard.applet.iso.session import after_removal, current_df, current_ef, enter
from simcard.fs.descriptor import Descriptor, LifeCycle, from_fcp
from simcard.fs.tree import MF
from simcard.wire import tlv
from simcard.wire.access import Right
from simcard.wire.apdu import CommandApdu, Ins
from simcard.wire.status import SW, Refused


@dataclass(frozen=True, slots=True)
class CreateFile(Command):
    """CREATE FILE (ISO/IEC 7816-9:2017, 6.2): a DF or EF under the current DF, described by an FCP template (62).

    The new file becomes current.
    """

    wanted: Descriptor

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1p2 == 0, SW.WRONG_P1P2)
        try:
            fcp = tlv.find(apdu.data, 0x62) or tlv.find(apdu.data, 0x6F)
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None
        if fcp is None:
            raise Refused(SW.WRONG_DATA)
        wanted = from_fcp(fcp, 0, 0)
        expect(wanted.life_cycle is not LifeCycle.TERMINATED, SW.WRONG_DATA)
        # Views are made by the card maker, not by whoever may create a file.
        return cls(replace(wanted, extra=b""))

    def run(self, ctx: Context) -> bytes:
        parent = current_df(ctx)
        require_file(ctx, parent, Right.CREATE_DF if self.wanted.is_df else Right.CREATE_EF)
        enter(ctx, ctx.rooms.files.create(parent.number, self.wanted))
        return b""


@dataclass(frozen=True, slots=True)
class Addressed(Command):
    """A command for the current file, or for one named like in SELECT (P1 00, 01, 02; 7816-9:2017, 6.1)."""

    by: By
    fid: bytes
    kinds: ClassVar[str] = "any"
    """Which files it is for: "any", "ef" or "df"."""

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 in (0, 1, 2) and apdu.p2 & 0xF3 == 0, SW.WRONG_P1P2)
        expect(len(apdu.data) in ((0, 2) if apdu.p1 == 0 else (2,)), SW.WRONG_LENGTH)
        return cls(By(apdu.p1), apdu.data)

    def run(self, ctx: Context) -> bytes:
        file = self._file(ctx)
        expect(self.kinds == "any" or file.is_df == (self.kinds == "df"), SW.INCOMPATIBLE_FILE)
        self.act(ctx, file)
        return b""

    def _file(self, ctx: Context) -> Descriptor:
        if not self.fid:
            return current_ef(ctx) if ctx.session.cursor.ef else current_df(ctx)
        found = ctx.rooms.files.tree.child(current_df(ctx).number, int.from_bytes(self.fid, "big"))
        if found is None or (self.by is not By.FID and found.is_df != (self.by is By.CHILD_DF)):
            raise Refused(SW.FILE_NOT_FOUND)
        return found

    def act(self, ctx: Context, file: Descriptor) -> None:
        """Do it."""
        raise AssertionError("each command says what it does")


class DeleteFile(Addressed):
    """DELETE FILE (ISO/IEC 7816-9:2017, 6.3): a file and all below it; the MF only by making a new card."""

    def act(self, ctx: Context, file: Descriptor) -> None:
        expect(file.number != MF, SW.CONDITIONS)
        parent = ctx.rooms.files.tree.file(file.parent)
        expect(ctx.rooms.files.tree.effective_life_cycle(parent) is not LifeCycle.TERMINATED, SW.CONDITIONS)
        # Either the file lets itself be deleted, or its DF lets its children be (7816-4, table 16 and 17).
        try:
            permit(ctx, file, Right.DELETE, Ins.DELETE_FILE)
        except Refused:
            permit(ctx, parent, Right.DELETE_CHILD)
        for gone in ctx.rooms.files.delete(file):
            if gone.is_df:
                ctx.rooms.pins.delete_scope(gone.number)
        after_removal(ctx, parent.number)


@dataclass(frozen=True, slots=True)
class ChangeState(Addressed):
    """A step in the life of a file (7816-4:2013, 7.4.10; 7816-9:2017, 6.4 to 6.7)."""

    right: ClassVar[int]
    leads_to: ClassVar[LifeCycle]
    comes_from: ClassVar[frozenset[LifeCycle]]

    def act(self, ctx: Context, file: Descriptor) -> None:
        expect(file.life_cycle in self.comes_from, SW.CONDITIONS)
        parent = ctx.rooms.files.tree.file(file.parent)
        above = ctx.rooms.files.tree.effective_life_cycle(parent) if file.number != MF else None
        expect(above is not LifeCycle.TERMINATED, SW.CONDITIONS)
        permit(ctx, file, self.right)
        ctx.rooms.files.tree.set_life_cycle(file, self.leads_to)


LIVING = frozenset((LifeCycle.CREATION, LifeCycle.INITIALISATION, LifeCycle.ACTIVATED, LifeCycle.DEACTIVATED))


class ActivateFile(ChangeState):
    """ACTIVATE FILE (ISO/IEC 7816-9:2017, 6.5)."""

    right = Right.ACTIVATE
    leads_to = LifeCycle.ACTIVATED
    comes_from = LIVING - {LifeCycle.ACTIVATED}


class DeactivateFile(ChangeState):
    """DEACTIVATE FILE (ISO/IEC 7816-9:2017, 6.4)."""

    right = Right.DEACTIVATE
    leads_to = LifeCycle.DEACTIVATED
    comes_from = frozenset((LifeCycle.ACTIVATED,))


class TerminateEf(ChangeState):
    """TERMINATE EF (ISO/IEC 7816-9:2017, 6.6): for ever."""

    right = Right.TERMINATE
    leads_to = LifeCycle.TERMINATED
    comes_from = LIVING
    kinds = "ef"


class TerminateDf(ChangeState):
    """TERMINATE DF (ISO/IEC 7816-9:2017, 6.6): for ever, with all below it."""

    right = Right.TERMINATE
    leads_to = LifeCycle.TERMINATED
    comes_from = LIVING
    kinds = "df"

    def act(self, ctx: Context, file: Descriptor) -> None:
        expect(file.number != MF, SW.CONDITIONS)
        ChangeState.act(self, ctx, file)


@dataclass(frozen=True, slots=True)
class TerminateCard(Command):
    """TERMINATE CARD USAGE (ISO/IEC 7816-9:2017, 6.7): for ever; needs the MF's right to terminate."""

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1p2 == 0, SW.WRONG_P1P2)
        expect(not apdu.data, SW.WRONG_LENGTH)
        return cls()

    def run(self, ctx: Context) -> bytes:
        tree = ctx.rooms.files.tree
        permit(ctx, tree.file(MF), Right.TERMINATE)
        tree.set_life_cycle(tree.file(MF), LifeCycle.TERMINATED)
        ctx.card.forget()
        return b""
