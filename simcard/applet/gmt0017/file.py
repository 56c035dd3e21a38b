"""File management (GM/T 0017-2012, 9.4). A file is a transparent EF of the application's DF, under a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from simcard.applet.access import require_file
from simcard.applet.base import Context, expect
from simcard.applet.gmt0017.application import free_fid, name_list
from simcard.applet.gmt0017.applications import Application
from simcard.applet.gmt0017.command import GmtCommand
from simcard.applet.gmt0017.fields import Fields
from simcard.applet.gmt0017.rights import checked, encoded, mask_of
from simcard.applet.gmt0017.session import applications, opened, session_of
from simcard.applet.view import body_size, read_body, refuse_view
from simcard.fs.descriptor import Descriptor, Kind
from simcard.wire.access import Right
from simcard.wire.gmt0017 import MAX_FILE_NAME, GmtSW
from simcard.wire.status import SW, Refused

FIRST_FID = 0xE001
MAX_SIZE = 0xFFFF
NAME_FIELD = 32


def named(ctx: Context, application: Application, name: bytes) -> Descriptor:
    """The file under a name; 6A93 when there is none."""
    file = applications(ctx).file(application, name)
    if file is None:
        raise Refused(GmtSW.FILE_NOT_FOUND)
    return file


@dataclass(frozen=True, slots=True)
class CreateFile(GmtCommand):
    """CreateFile (GM/T 0017-2012, 9.4; INS 30): name (32), size, who may read, who may write (4 each)."""

    application: int
    name: bytes
    size: int
    reading: int
    writing: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        name = fields.name(MAX_FILE_NAME, fields.take(NAME_FIELD))
        size, reading, writing = fields.u4(), checked(fields.u4()), checked(fields.u4())
        fields.end()
        expect(size > 0, SW.WRONG_DATA)
        return cls(fields.apdu.p1p2, name, size, reading, writing)

    def act(self, ctx: Context) -> bytes:
        application, known = opened(ctx, self.application), applications(ctx)
        tree = ctx.rooms.files.tree
        require_file(ctx, tree.file(application.df), Right.CREATE_EF)
        expect(known.file(application, self.name) is None, GmtSW.FILE_EXISTS)
        room = len(known.files(application)) < application.max_files
        expect(room and self.size <= MAX_SIZE, SW.NO_SPACE)
        masks: dict[int, int] = {Right.READ: self.reading, Right.UPDATE: self.writing, Right.WRITE: self.writing}
        rules = encoded(masks, application.user, application.admin)
        fid = free_fid(ctx, application.df, FIRST_FID)
        wanted = Descriptor(0, 0, Kind.TRANSPARENT, fid, size=self.size, expanded=rules)
        file = ctx.rooms.files.create(application.df, wanted)
        known.name_file(application.df, self.name, file.number)
        return b""


@dataclass(frozen=True, slots=True)
class DeleteFile(GmtCommand):
    """DeleteFile (GM/T 0017-2012, 9.4; INS 32): by name, for who may create files."""

    application: int
    name: bytes

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.apdu.p1p2, fields.name(MAX_FILE_NAME))

    def act(self, ctx: Context) -> bytes:
        application = opened(ctx, self.application)
        require_file(ctx, ctx.rooms.files.tree.file(application.df), Right.DELETE_CHILD)
        ctx.rooms.files.delete(named(ctx, application, self.name))
        applications(ctx).forget_file(application, self.name)
        return b""


@dataclass(frozen=True, slots=True)
class EnumFiles(GmtCommand):
    """EnumFiles (GM/T 0017-2012, 9.4; INS 34): the names of an application's files."""

    application: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.end()
        return cls(fields.apdu.p1p2)

    def act(self, ctx: Context) -> bytes:
        return name_list(applications(ctx).files(opened(ctx, self.application)))


@dataclass(frozen=True, slots=True)
class GetFileInfo(GmtCommand):
    """GetFileInfo (GM/T 0017-2012, 9.4; INS 36): size, who may read, who may write."""

    application: int
    name: bytes

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.apdu.p1p2, fields.name(MAX_FILE_NAME))

    def act(self, ctx: Context) -> bytes:
        application = opened(ctx, self.application)
        file = named(ctx, application, self.name)
        u4 = session_of(ctx).switches.u4
        reading, writing = (mask_of(ctx, application, file, right) for right in (Right.READ, Right.UPDATE))
        return u4(body_size(ctx, file)) + u4(reading) + u4(writing)


def _place(fields: Fields) -> tuple[int, int, bytes]:
    """AppID, offset and counted name, as ReadFile and WriteFile begin."""
    fields.no_parameters()
    application, offset = fields.u2(), fields.u2()
    return application, offset, fields.name(MAX_FILE_NAME, fields.take(fields.u2()))


@dataclass(frozen=True, slots=True)
class ReadFile(GmtCommand):
    """ReadFile (GM/T 0017-2012, 9.4; INS 38): at most Le bytes from an offset."""

    application: int
    offset: int
    name: bytes
    length: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        application, offset, name = _place(fields)
        fields.end()
        return cls(application, offset, name, fields.apdu.ne)

    def act(self, ctx: Context) -> bytes:
        file = named(ctx, opened(ctx, self.application), self.name)
        expect(file.kind is Kind.TRANSPARENT, SW.INCOMPATIBLE_FILE)
        require_file(ctx, file, Right.READ)
        return read_body(ctx, file, self.offset, self.length or MAX_SIZE)


@dataclass(frozen=True, slots=True)
class WriteFile(GmtCommand):
    """WriteFile (GM/T 0017-2012, 9.4; INS 3A): bytes to an offset, all of them inside the file."""

    application: int
    offset: int
    name: bytes
    data: bytes

    @classmethod
    def read(cls, fields: Fields) -> Self:
        application, offset, name = _place(fields)
        data = fields.take(fields.u2())
        fields.end()
        return cls(application, offset, name, data)

    def act(self, ctx: Context) -> bytes:
        file = named(ctx, opened(ctx, self.application), self.name)
        expect(file.kind is Kind.TRANSPARENT, SW.INCOMPATIBLE_FILE)
        refuse_view(file)
        require_file(ctx, file, Right.UPDATE)
        ctx.rooms.files.binary.update(file, self.offset, self.data)
        return b""
