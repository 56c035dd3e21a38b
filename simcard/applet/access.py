"""May this be done now? Access rules of files and keys against the channel's security status (7816-4:2013, 9)."""

from __future__ import annotations

from simcard.applet.base import Context, expect
from simcard.fs.descriptor import RECORD_KINDS, Descriptor, LifeCycle
from simcard.fs.tree import MF
from simcard.key.pair import KeyPair
from simcard.pin.pins import Pins
from simcard.pin.reference import GLOBAL, LOCAL, Flag
from simcard.wire import access, tlv
from simcard.wire.access import (
    AllOf,
    AnyOf,
    Condition,
    Environment,
    KeyAuth,
    Leaf,
    Not,
    Right,
    Rules,
    UserAuth,
)
from simcard.wire.status import SW, Refused


def environment_key(number: int) -> bytes:
    """Where the store keeps the condition that security environment `number` stands for."""
    return b"e" + bytes((number,))


def require(ctx: Context, condition: Condition, df: int = MF) -> None:
    """6982 unless the condition holds; local references are those of `df` and the DFs above it."""
    if not allowed(ctx, condition, df):
        raise Refused(SW.SECURITY_STATUS)


def allowed(ctx: Context, condition: Condition, df: int = MF) -> bool:
    """Does the condition hold in this channel?"""
    # Most rules are one PIN, and every signature asks.
    if isinstance(condition, UserAuth):
        return user_proved(ctx, condition.reference, df)

    def fact(leaf: Leaf) -> bool:
        match leaf:
            case UserAuth(reference):
                return user_proved(ctx, reference, df)
            case KeyAuth(reference):
                return reference in ctx.channel.security.keys
            case Environment():
                return _environment(ctx, leaf, df)

    return access.holds(condition, fact)


def user_proved(ctx: Context, reference: int, df: int) -> bool:
    """Verified in this channel, or nobody asks for it because verification is disabled."""
    proved = ctx.channel.security.pins
    if GLOBAL.get(reference) in proved:
        return True
    pins: Pins = ctx.rooms.pins
    scopes = ctx.rooms.files.tree.ancestry(df) if reference & LOCAL else ()
    try:
        pin = pins.resolve(reference, scopes)
    except Refused:
        return False
    return pin in proved or Flag.ENABLED not in pins.read(pin).flags


def _environment(ctx: Context, asked: Environment, df: int) -> bool:
    """A compact condition: the kinds of authentication it asks for, of those its environment names."""
    kept = ctx.rooms.store.get(environment_key(asked.number))
    if kept is None or asked.messaging:
        return False
    leaves = _leaves(access.decode_condition(kept))
    wanted = [
        leaf
        for leaf in leaves
        if (asked.user and isinstance(leaf, UserAuth)) or (asked.external and isinstance(leaf, KeyAuth))
    ]
    verdicts = [allowed(ctx, leaf, df) for leaf in wanted]
    return bool(verdicts) and (all(verdicts) if asked.every else any(verdicts))


def _leaves(condition: Condition) -> list[Leaf]:
    match condition:
        case AnyOf(parts) | AllOf(parts):
            return [leaf for part in parts for leaf in _leaves(part)]
        case Not(part):
            return _leaves(part)
        case UserAuth() | KeyAuth() | Environment():
            return [condition]
        case _:
            return []


def file_rules(ctx: Context, file: Descriptor) -> Rules | None:
    """The rules of a file, its own or those EF.ARR holds for it; None for a file without any."""
    if not file.referenced:
        return file.rules
    tree = ctx.rooms.files.tree
    fid, record = int.from_bytes(file.referenced[:-1], "big"), file.referenced[-1]
    for df in tree.ancestry(file.number if file.is_df else file.parent):
        found = tree.child(df, fid)
        if found is not None and found.kind in RECORD_KINDS:
            try:
                return access.parse_expanded(ctx.rooms.files.records.read(found, record))
            except (access.AccessError, tlv.TlvError):
                break
    # A reference that leads nowhere protects rather than opens.
    return Rules()


def require_file(ctx: Context, file: Descriptor, right: int, ins: int = 0) -> None:
    """6985 for a file that is not alive, 6982 when its rules do not allow this now.

    A file without security attributes, or still in creation or initialisation state, is open.
    """
    expect(ctx.rooms.files.tree.effective_life_cycle(file) not in ASLEEP, SW.CONDITIONS)
    permit(ctx, file, right, ins)


UNBORN = frozenset((LifeCycle.CREATION, LifeCycle.INITIALISATION))
ASLEEP = frozenset((LifeCycle.DEACTIVATED, LifeCycle.TERMINATED))


def permit(ctx: Context, file: Descriptor, right: int, ins: int = 0) -> None:
    """The rules alone, without looking at the life cycle: what ACTIVATE and DELETE need."""
    if file.life_cycle in UNBORN:
        return
    rules = file_rules(ctx, file)
    if rules is not None:
        condition = rules.by_ins.get(ins) or rules.of(right)
        require(ctx, condition, file.number if file.is_df else file.parent)


def end_of_signature(ctx: Context, pair: KeyPair, df: int = MF) -> None:
    """Where each signature needs a login of its own, the one that allowed this is used up (GM/T 0027-2014, 9.2)."""
    if not ctx.rooms.sheet.pin_per_signature:
        return
    named = {leaf.reference for leaf in _leaves(pair.rules.of(Right.USE)) if isinstance(leaf, UserAuth)}
    scopes = {0, *ctx.rooms.files.tree.ancestry(df)}
    proved = ctx.channel.security.pins
    proved -= {pin for pin in proved if pin.reference in named and pin.scope in scopes}


def require_key(ctx: Context, pair: KeyPair, right: int, df: int = MF) -> None:
    """6982 when the key's rules do not allow this now, 6985 when the card is put to sleep.

    `df` is the DF whose local references the rules may name.
    """
    tree = ctx.rooms.files.tree
    if tree.file(MF).life_cycle in ASLEEP:
        raise Refused(SW.CONDITIONS)
    require(ctx, pair.rules.of(right), df)
