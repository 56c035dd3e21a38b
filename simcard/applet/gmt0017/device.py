"""Device management (GM/T 0017-2012, 9.1) and GenRandom (9.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from simcard.applet.base import Context, expect
from simcard.applet.gmt0017.command import GmtCommand
from simcard.applet.gmt0017.fields import Fields
from simcard.applet.gmt0017.session import applications, session_of
from simcard.applet.gmt0017.switches import Switches, version
from simcard.wire.gmt0017 import MAX_LABEL, SGD_SM4_ECB, DevInfo
from simcard.wire.status import SW

MAX_RANDOM = 4096


@dataclass(frozen=True, slots=True)
class SetLabel(GmtCommand):
    """SetLabel (GM/T 0017-2012, 9.1; INS 02): the token's label, at most 32 bytes."""

    label: bytes

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        return cls(fields.name(MAX_LABEL))

    def act(self, ctx: Context) -> bytes:
        applications(ctx).set_label(self.label)
        return b""


@dataclass(frozen=True, slots=True)
class GetDevInfo(GmtCommand):
    """GetDevInfo (GM/T 0017-2012, 9.1; INS 04): 288 bytes of what the token is and has room for."""

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        fields.end()
        return cls()

    def act(self, ctx: Context) -> bytes:
        return device_info(ctx, session_of(ctx).switches).encode(session_of(ctx).switches.int_order)


def device_info(ctx: Context, switches: Switches) -> DevInfo:
    store = ctx.rooms.store
    label = applications(ctx).label()
    return DevInfo(
        manufacturer=switches.manufacturer.encode()[:64],
        issuer=switches.issuer.encode()[:64],
        label=switches.label.encode()[:32] if label is None else label,
        serial=(switches.serial or ctx.rooms.sheet.name).encode()[:32],
        hardware=version(switches.hardware),
        firmware=version(switches.firmware),
        alg_sym=switches.alg_sym,
        alg_asym=switches.alg_asym,
        alg_hash=switches.alg_hash,
        alg_dev_auth=SGD_SM4_ECB,
        total=store.capacity,
        free=store.free,
        max_apdu=switches.max_apdu,
        max_containers=switches.max_containers,
        max_certificates=switches.max_certificates,
        max_files=switches.max_files,
    )


@dataclass(frozen=True, slots=True)
class GenRandom(GmtCommand):
    """GenRandom (GM/T 0017-2012, 9.6; INS 50): Le random bytes; the first 8 are good for one authentication."""

    length: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        fields.end()
        expect(1 <= fields.apdu.ne <= MAX_RANDOM, SW.WRONG_LENGTH)
        return cls(fields.apdu.ne)

    def act(self, ctx: Context) -> bytes:
        ctx.channel.challenge = ctx.rooms.noise.challenge.read(self.length)
        return ctx.channel.challenge
