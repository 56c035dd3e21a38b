"""Container management (GM/T 0017-2012, 9.5), certificates and public keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from simcard.applet.access import require_key
from simcard.applet.base import Context, expect
from simcard.applet.gmt0017.application import name_list
from simcard.applet.gmt0017.applications import Application
from simcard.applet.gmt0017.command import GmtCommand
from simcard.applet.gmt0017.fields import Fields
from simcard.applet.gmt0017.session import (
    FIRST_CONTAINER_ID,
    applications,
    opened,
    pair_of,
    place,
    require_login,
    session_of,
)
from simcard.hal.engine import KeyKind
from simcard.key.containers import Slot
from simcard.key.pair import Role
from simcard.wire.access import Right
from simcard.wire.gmt0017 import EXCHANGE_KEY, MAX_CONTAINER_NAME, SIGN_KEY, SM2_BITS, ContainerType, GmtSW
from simcard.wire.status import SW, Refused

TYPES = {KeyKind.RSA: ContainerType.RSA, KeyKind.SM2: ContainerType.SM2}
MAX_CERTIFICATE = 0x4000


def by_name(ctx: Context, application: Application, name: bytes) -> int:
    """The application's container of this name; 6A91 when there is none."""
    number = ctx.rooms.containers.by_name(name, applications(ctx).containers(application))
    if number is None:
        raise Refused(GmtSW.CONTAINER_NOT_FOUND)
    return number


def role_of(sign: bool) -> Role:
    return Role.SIGN if sign else Role.EXCHANGE


class _Named(GmtCommand):
    """A command whose data are AppID and container name."""

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        return cls(fields.u2(), fields.name(MAX_CONTAINER_NAME))

    def __init__(self, application: int, name: bytes) -> None:
        self.application = application
        self.name = name


class CreateContainer(_Named):
    """CreateContainer (GM/T 0017-2012, 9.5; INS 40): empty and open; its ContainerID."""

    durable = True

    def act(self, ctx: Context) -> bytes:
        application, known = opened(ctx, self.application), applications(ctx)
        require_login(ctx, application.user)
        session, mine = session_of(ctx), known.containers(application)
        exists = ctx.rooms.containers.by_name(self.name, mine) is not None
        expect(not exists, session.switches.container_exists)
        expect(len(mine) < application.max_containers, SW.NO_SPACE)
        number = ctx.rooms.containers.create(self.name, among=mine)
        known.own(number, application)
        session.containers.add(number)
        return session.switches.u2(FIRST_CONTAINER_ID + number)


class OpenContainer(_Named):
    """OpenContainer (GM/T 0017-2012, 9.5; INS 42): by name; its ContainerID."""

    def act(self, ctx: Context) -> bytes:
        session = session_of(ctx)
        number = by_name(ctx, opened(ctx, self.application), self.name)
        session.containers.add(number)
        return session.switches.u2(FIRST_CONTAINER_ID + number)


class DeleteContainer(_Named):
    """DeleteContainer (GM/T 0017-2012, 9.5; INS 48): destroy it with its keys and certificates."""

    def act(self, ctx: Context) -> bytes:
        application = opened(ctx, self.application)
        require_login(ctx, application.user)
        number = by_name(ctx, application, self.name)
        applications(ctx).delete_container(number)
        session_of(ctx).forget_container(number)
        return b""


class GetContainerInfo(_Named):
    """GetContainerInfo (GM/T 0017-2012, 9.5; INS 4A): type, bits of both keys, presence of both certificates."""

    def act(self, ctx: Context) -> bytes:
        number = by_name(ctx, opened(ctx, self.application), self.name)
        slots = [Slot(number, role) for role in (Role.SIGN, Role.EXCHANGE)]
        pairs = [ctx.rooms.containers.pair(slot) for slot in slots]
        kinds = [TYPES.get(KeyKind(pair.kind), ContainerType.EMPTY) for pair in pairs if pair]
        bits = b"".join(session_of(ctx).switches.u4(pair.bits if pair else 0) for pair in pairs)
        certificates = bytes(ctx.rooms.containers.certificate(slot) is not None for slot in slots)
        return bytes((max(kinds, default=ContainerType.EMPTY),)) + bits + certificates


@dataclass(frozen=True, slots=True)
class CloseContainer(GmtCommand):
    """CloseContainer (GM/T 0017-2012, 9.5; INS 44): session keys stay until they are destroyed or it is deleted."""

    application: int
    container: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        application, container = fields.u2(), fields.u2()
        fields.end()
        return cls(application, container)

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        session_of(ctx).containers.discard(where.number)
        return b""


@dataclass(frozen=True, slots=True)
class EnumContainer(GmtCommand):
    """EnumContainer (GM/T 0017-2012, 9.5; INS 46): the names of an application's containers."""

    application: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        application = fields.u2()
        fields.end()
        return cls(application)

    def act(self, ctx: Context) -> bytes:
        numbers = applications(ctx).containers(opened(ctx, self.application))
        return name_list([ctx.rooms.containers.name(number) for number in numbers])


@dataclass(frozen=True, slots=True)
class ImportCertificate(GmtCommand):
    """ImportCertificate (GM/T 0017-2012, 9.5; INS 4C): AppID, ContainerID, type (01 sign), length, certificate."""

    application: int
    container: int
    sign: bool
    certificate: bytes

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        application, container, kind = fields.u2(), fields.u2(), fields.u1()
        expect(kind in (SIGN_KEY, EXCHANGE_KEY), SW.WRONG_DATA)
        certificate = fields.counted()
        fields.end()
        expect(0 < len(certificate) <= MAX_CERTIFICATE, SW.WRONG_LENGTH)
        return cls(application, container, kind == SIGN_KEY, certificate)

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        application, containers = where.application, ctx.rooms.containers
        slot = where.slot(role_of(self.sign))
        pair = containers.pair(slot)
        if pair is None:
            require_login(ctx, application.user)
        else:
            require_key(ctx, pair, Right.REPLACE, application.df)
        mine = applications(ctx).containers(application)
        held = [s for number in mine for s in (Slot(number, role) for role in Role) if containers.certificate(s)]
        expect(slot in held or len(held) < application.max_certificates, SW.NO_SPACE)
        containers.put_certificate(slot, self.certificate)
        return b""


@dataclass(frozen=True, slots=True)
class ExportCertificate(GmtCommand):
    """ExportCertificate (GM/T 0017-2012, 9.5; INS 4E): length and certificate; 6A96 when there is none."""

    application: int
    container: int
    sign: bool

    @classmethod
    def read(cls, fields: Fields) -> Self:
        sign, application, container = fields.role(), fields.u2(), fields.u2()
        fields.end()
        return cls(application, container, sign)

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        certificate = ctx.rooms.containers.certificate(where.slot(role_of(self.sign)))
        if certificate is None:
            raise Refused(GmtSW.NO_CERTIFICATE)
        return session_of(ctx).switches.u4(len(certificate)) + certificate


@dataclass(frozen=True, slots=True)
class ExportPublicKey(GmtCommand):
    """ExportPublicKey (GM/T 0017-2012, 9.6; INS 88): SM2 bits (4), X, Y; RSA bits (2), exponent (4), modulus."""

    application: int
    container: int
    sign: bool

    @classmethod
    def read(cls, fields: Fields) -> Self:
        sign, application, container = fields.role(), fields.u2(), fields.u2()
        fields.end()
        return cls(application, container, sign)

    def act(self, ctx: Context) -> bytes:
        where = place(ctx, self.application, self.container)
        pair = pair_of(ctx, where, role_of(self.sign))
        require_key(ctx, pair, Right.EXPORT_PUBLIC, where.application.df)
        switches = session_of(ctx).switches
        if pair.kind == KeyKind.RSA:
            n, e = ctx.rooms.crypto.rsa_public_parts(pair.public)
            return switches.u2(pair.bits) + e.rjust(4, b"\0") + n
        expect(pair.kind == KeyKind.SM2, SW.CONDITIONS)
        return switches.u4(SM2_BITS) + pair.public[1:]
