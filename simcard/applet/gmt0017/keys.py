"""How a key pair comes into a container of this door: who may, which rules it gets, what else may be there."""

from __future__ import annotations

from simcard.applet.access import require_key
from simcard.applet.base import Context, expect
from simcard.applet.gmt0017.applications import Application
from simcard.applet.gmt0017.rights import condition_of
from simcard.applet.gmt0017.session import Place, require_login
from simcard.hal.engine import CryptoFault, KeyKind
from simcard.key.pair import DEFAULT_USAGE, KeyPair, Origin, Role
from simcard.wire import access
from simcard.wire.access import ALWAYS, Right
from simcard.wire.gmt0017 import Account
from simcard.wire.secret import Secret
from simcard.wire.status import SW


def admit(ctx: Context, where: Place, role: Role, kind: KeyKind) -> bytes:
    """May a pair of this kind come into this place? The rules it will have.

    6982 without the right to replace what is there (or the user's login where nothing is), 6985 when the other pair
    of the container is of another kind: a container is RSA or SM2 (GM/T 0016-2012, 5).
    """
    containers = ctx.rooms.containers
    other = containers.pair(where.slot(Role(1 - role)))
    old = containers.pair(where.slot(role))
    if old is not None:
        require_key(ctx, old, Right.REPLACE, where.application.df)
    else:
        require_login(ctx, where.application.user)
    expect(other is None or other.kind == kind, SW.CONDITIONS)
    return _rules(ctx, where.application) if old is None else old.expanded


def _rules(ctx: Context, application: Application) -> bytes:
    """Rules of a key in an empty place: those of the card's sheet, or in a created application the user's."""
    if application.made:
        sheet = ctx.rooms.sheet
        return access.encode_expanded(sheet.new_keys.conditions(sheet.labels))
    user = condition_of(Account.USER, application.user.reference, application.admin.reference)
    return access.encode_expanded({Right.USE: user, Right.REPLACE: user, Right.EXPORT_PUBLIC: ALWAYS})


def generate(ctx: Context, where: Place, kind: KeyKind, bits: int) -> KeyPair:
    """Make the signing pair on board (GM/T 0027-2014, 9.2)."""
    expanded = admit(ctx, where, Role.SIGN, kind)
    private, public = ctx.rooms.crypto.generate(kind, bits, ctx.rooms.noise.key)
    pair = KeyPair(kind, bits, private, public, DEFAULT_USAGE[Role.SIGN], Origin.GENERATED, expanded)
    ctx.rooms.containers.put_pair(where.slot(Role.SIGN), pair)
    return pair


def install(ctx: Context, where: Place, kind: KeyKind, private: Secret, public: bytes, expanded: bytes) -> None:
    """Put an exchange pair that came from outside into its place; raises `CryptoFault` when its halves differ."""
    ctx.rooms.crypto.check_pair(kind, private, public)
    bits = ctx.rooms.crypto.bits_of(kind, public)
    if kind is KeyKind.RSA and bits not in RSA_BITS:
        raise CryptoFault(f"RSA keys of {bits} bits are not kept")
    pair = KeyPair(kind, bits, private, public, DEFAULT_USAGE[Role.EXCHANGE], Origin.IMPORTED, expanded)
    ctx.rooms.containers.put_pair(where.slot(Role.EXCHANGE), pair)


RSA_BITS = range(1024, 4097, 64)
