"""Account masks of GM/T 0016 and the card's own access rules: the same thing in two languages.

A file made through this door gets rules from its masks; a file made elsewhere is shown with the masks its rules come
to. What a mask cannot say (a device key, two PINs at once) shows as NEVER.
"""

from __future__ import annotations

from collections.abc import Mapping

from simcard.applet.access import file_rules
from simcard.applet.base import Context, expect
from simcard.applet.gmt0017.applications import Application
from simcard.fs.descriptor import Descriptor
from simcard.pin.reference import PinId
from simcard.wire import access
from simcard.wire.access import ALWAYS, NEVER, Always, AnyOf, Condition, Right, UserAuth
from simcard.wire.gmt0017 import Account
from simcard.wire.status import SW, Refused


def checked(mask: int) -> int:
    """A mask of CreateFile or CreateApplication; 6A80 for one that has no meaning."""
    expect(mask == Account.ANYONE or mask & ~(Account.ADMIN | Account.USER) == 0, SW.WRONG_DATA)
    return mask


def condition_of(mask: int, user: int, admin: int) -> Condition:
    """The condition a mask stands for; `user` and `admin` are reference bytes as in P2 of VERIFY."""
    if mask == Account.ANYONE:
        return ALWAYS
    parts = tuple(
        UserAuth(reference) for bit, reference in ((Account.USER, user), (Account.ADMIN, admin)) if mask & bit
    )
    if not parts:
        return NEVER
    return parts[0] if len(parts) == 1 else AnyOf(parts)


def encoded(masks: Mapping[int, int], user: PinId, admin: PinId) -> bytes:
    """Rights to masks as expanded rules."""
    conditions = {right: condition_of(mask, user.reference, admin.reference) for right, mask in masks.items()}
    return access.encode_expanded(conditions)


def mask_of(ctx: Context, application: Application, file: Descriptor, right: Right) -> int:
    """The mask a file's rules for this right come to."""
    rules = file_rules(ctx, file)
    return Account.ANYONE if rules is None else _mask(ctx, application, rules.of(right))


def _mask(ctx: Context, application: Application, condition: Condition) -> int:
    match condition:
        case Always():
            return Account.ANYONE
        case UserAuth(reference):
            return _account(ctx, application, reference)
        case AnyOf(parts):
            mask = 0
            for part in parts:
                mask |= _mask(ctx, application, part)
            return mask
        case _:
            return Account.NEVER


def _account(ctx: Context, application: Application, reference: int) -> int:
    scopes = ctx.rooms.files.tree.ancestry(application.df)
    try:
        pin = ctx.rooms.pins.resolve(reference, scopes)
    except Refused:
        return Account.NEVER
    return {application.user: Account.USER, application.admin: Account.ADMIN}.get(pin, Account.NEVER)
