"""What one channel knows while the PIV applet is selected in it, and who may do what."""

from __future__ import annotations

from dataclasses import dataclass

from simcard.applet.access import require_key
from simcard.applet.base import Context, expect
from simcard.applet.piv.options import PivOptions
from simcard.fs.tree import MF
from simcard.key.pair import KeyPair
from simcard.pin.reference import Flag, PinId
from simcard.wire.access import Right
from simcard.wire.status import SW, Refused

AID = bytes.fromhex("A0 00 00 03 08 00 00 10 00 01 00")
"""The PIV card application (NIST SP 800-73-4 part 1, 2.2), version 01 00."""


@dataclass(slots=True)
class PivSession:
    """State until another application is selected."""

    options: PivOptions
    witness: bytes = b""
    """The random block the host must give back, until it is used once."""
    challenge: bytes = b""
    """The random block the host must encipher, until it is used once."""
    fresh: bool = False
    """The PIN was given and no private key that wants it every time has been used since."""


APPLICATION_PIN, PUK, GLOBAL_PIN = 0x80, 0x81, 0x00


def pin_of(ctx: Context, reference: int) -> PinId:
    """The reference data behind a key reference of PIV; 6A88 when this card has none."""
    options: PivOptions = ctx.session.options
    known = {APPLICATION_PIN: options.pin, PUK: options.puk, GLOBAL_PIN: options.shared}
    if not known.get(reference):
        raise Refused(SW.REFERENCE_NOT_FOUND)
    return ctx.rooms.pins.resolve(known[reference], ctx.rooms.files.tree.ancestry(home_df(ctx)))


def home_df(ctx: Context) -> int:
    """The DF of the PIV application, or the MF on a card that has none."""
    found = ctx.rooms.files.tree.by_name(AID)
    return MF if found is None else found.number


def pin_given(ctx: Context) -> bool:
    """Has the cardholder proved to be there, by the application's PIN or by the global one?"""
    for reference in (APPLICATION_PIN, GLOBAL_PIN):
        try:
            pin = pin_of(ctx, reference)
        except Refused:
            continue
        if pin in ctx.channel.security.pins or Flag.ENABLED not in ctx.rooms.pins.read(pin).flags:
            return True
    return False


def management_given(ctx: Context) -> bool:
    """Has the card management key been proved?"""
    reference = ctx.session.options.management
    return bool(reference) and reference in ctx.channel.security.keys


def require_management(ctx: Context) -> None:
    """6982 unless the card management key has been proved."""
    expect(management_given(ctx), SW.SECURITY_STATUS)


def require_replace(ctx: Context, pair: KeyPair | None) -> None:
    """May the pair or the certificate of a slot be replaced? The pair's own rules say; for an empty slot 9B does."""
    if pair is None:
        require_management(ctx)
    else:
        require_key(ctx, pair, Right.REPLACE)
