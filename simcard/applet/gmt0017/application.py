"""Application management (GM/T 0017-2012, 9.3). An application is a DF with two local PINs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from simcard.applet.base import Context, expect
from simcard.applet.gmt0017.access import limits, require_device
from simcard.applet.gmt0017.applications import Application, Applications
from simcard.applet.gmt0017.command import GmtCommand
from simcard.applet.gmt0017.fields import Fields
from simcard.applet.gmt0017.rights import checked, encoded, mask_of
from simcard.applet.gmt0017.session import applications, opened, session_of
from simcard.fs.descriptor import Descriptor, Kind
from simcard.fs.tree import MF
from simcard.hal.engine import Hash
from simcard.pin.reference import PinId, Policy, Reference
from simcard.wire.access import Right
from simcard.wire.gmt0017 import MAX_APPLICATION_NAME, GmtSW
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

USER, ADMIN = 1, 2
"""Numbers of the local PINs of a created application."""
PIN_FIELD = 16
PIN_POLICY = Policy(min_length=6, max_length=16)
"""GM/T 0027-2014, 9.2: six characters or more."""
FIRST_FID = 0xDF10
MAX_DF_NAME = 16


def name_list(names: list[bytes]) -> bytes:
    """Names, a NUL after each and one more at the end; two for an empty list."""
    return b"".join(name + b"\0" for name in names) + b"\0" if names else b"\0\0"


def by_name(ctx: Context, name: bytes) -> Application:
    application = applications(ctx).by_name(name)
    if application is None:
        raise Refused(session_of(ctx).switches.application_not_found)
    return application


def free_fid(ctx: Context, parent: int, start: int) -> int:
    """The first file identifier from `start` that no child of the DF has."""
    tree = ctx.rooms.files.tree
    return next(fid for fid in range(start, 0xFFFF) if tree.child(parent, fid) is None)


@dataclass(frozen=True, slots=True)
class CreateApplication(GmtCommand):
    """CreateApplication (GM/T 0017-2012, 9.3; INS 20): name, two PINs with their tries, rights and limits.

    Data: name (32, zero-padded), administrator PIN (16), tries (4), user PIN (16), tries (4), who may create files
    (4), containers, certificates (1 each) and files (2) at most; a limit of 0 is the token's own.
    """

    name: bytes
    pins: tuple[Secret, Secret]
    tries: tuple[int, int]
    rights: int
    limits: tuple[int, int, int]
    secret_data = True

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        name = fields.name(MAX_APPLICATION_NAME, fields.take(fields.switches.name_field_len))
        admin, admin_tries = Secret(fields.take(PIN_FIELD).rstrip(b"\0")), limits(fields.u4())
        user, user_tries = Secret(fields.take(PIN_FIELD).rstrip(b"\0")), limits(fields.u4())
        rights = checked(fields.u4())
        most = (fields.u1(), fields.u1(), fields.u2())
        fields.end()
        return cls(name, (user, admin), (user_tries, admin_tries), rights, most)

    def act(self, ctx: Context) -> bytes:
        require_device(ctx)
        switches, known = session_of(ctx).switches, applications(ctx)
        expect(known.by_name(self.name) is None, GmtSW.APPLICATION_EXISTS)
        expect(len(known.all()) < switches.max_applications, SW.NO_SPACE)
        df = self._directory(ctx).number
        pins = PinId(df, USER), PinId(df, ADMIN)
        for pin, value, tries, unblock in zip(pins, self.pins, self.tries, (ADMIN, 0)):
            ctx.rooms.pins.create(pin, Reference(value, value, PIN_POLICY, unblock=unblock), tries)
        own = (switches.max_containers, switches.max_certificates, switches.max_files)
        containers, certificates, files = (asked or default for asked, default in zip(self.limits, own))
        known.put(Application(known.free_slot(), df, *pins, containers, certificates, files, False, self.name))
        return b""

    def _directory(self, ctx: Context) -> Descriptor:
        """The DF of the application. What may happen in it is the same at every door."""
        name = self.name
        if len(name) > MAX_DF_NAME:
            name = name[:8] + ctx.rooms.crypto.digest(Hash.SM3, name)[:8]
        create: dict[int, int] = {Right.CREATE_EF: self.rights, Right.DELETE_CHILD: self.rights}
        # The DF does not exist yet, but local references are coded alike in all of them.
        rules = encoded(create, PinId(MF, USER), PinId(MF, ADMIN))
        wanted = Descriptor(0, 0, Kind.DF, free_fid(ctx, MF, FIRST_FID), name=name, expanded=rules)
        expect(ctx.rooms.files.tree.by_name(name) is None, GmtSW.APPLICATION_EXISTS)
        return ctx.rooms.files.create(MF, wanted)


@dataclass(frozen=True, slots=True)
class EnumApplication(GmtCommand):
    """EnumApplication (GM/T 0017-2012, 9.3; INS 22): the names of all applications."""

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        fields.end()
        return cls()

    def act(self, ctx: Context) -> bytes:
        return name_list([application.name for application in applications(ctx).all()])


@dataclass(frozen=True, slots=True)
class DeleteApplication(GmtCommand):
    """DeleteApplication (GM/T 0017-2012, 9.3; INS 24): by name, with its files, PINs and containers."""

    name: bytes

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        return cls(fields.name(MAX_APPLICATION_NAME))

    def act(self, ctx: Context) -> bytes:
        require_device(ctx)
        application = by_name(ctx, self.name)
        session = session_of(ctx)
        for container in applications(ctx).delete(application):
            session.forget_container(container)
        for file in ctx.rooms.files.delete(ctx.rooms.files.tree.file(application.df)):
            ctx.rooms.pins.delete_scope(file.number)
        session.open.discard(application.ident)
        return b""


@dataclass(frozen=True, slots=True)
class OpenApplication(GmtCommand):
    """OpenApplication (GM/T 0017-2012, 9.3; INS 26): by name; who may create files, the limits and the AppID."""

    name: bytes

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        return cls(fields.name(MAX_APPLICATION_NAME))

    def act(self, ctx: Context) -> bytes:
        session, application = session_of(ctx), by_name(ctx, self.name)
        again = application.ident in session.open
        expect(not again or session.switches.app_open_twice == "allow", GmtSW.APPLICATION_ALREADY_OPEN)
        session.open.add(application.ident)
        df = ctx.rooms.files.tree.file(application.df)
        u2, u4 = session.switches.u2, session.switches.u4
        rights = mask_of(ctx, application, df, Right.CREATE_EF)
        most = bytes((application.max_containers, application.max_certificates)) + u2(application.max_files)
        return u4(rights) + most + u2(application.ident)


@dataclass(frozen=True, slots=True)
class CloseApplication(GmtCommand):
    """CloseApplication (GM/T 0017-2012, 9.3; INS 28): what was proved stays proved (GM/T 0016-2012, 7.3.6)."""

    application: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        application = fields.u2()
        fields.end()
        return cls(application)

    def act(self, ctx: Context) -> bytes:
        session, application = session_of(ctx), opened(ctx, self.application)
        session.open.discard(application.ident)
        if session.switches.close_clears_login:
            ctx.channel.security.pins -= {application.user, application.admin}
        owned = Applications(ctx.rooms.store).containers(application)
        for container in owned:
            session.forget_container(container)
        return b""
