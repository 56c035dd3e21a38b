"""PINs as the door uses them; on a blank writable card CHANGE REFERENCE DATA also brings them into being."""

from __future__ import annotations

from dataclasses import replace

from simcard.applet.base import Context, expect
from simcard.applet.iso import pins
from simcard.applet.pkcs15.files import PIN, PUK
from simcard.applet.pkcs15.session import in_view
from simcard.fs.descriptor import LifeCycle
from simcard.fs.tree import MF
from simcard.pin.reference import Flag, PinId, Policy, Reference
from simcard.wire.access import Condition, Right, UserAuth, encode_expanded
from simcard.wire.secret import Secret
from simcard.wire.status import SW

LENGTHS = {PIN: (4, 16), PUK: (16, 16)}
TRIES = {PIN: ("pin_tries", 3), PUK: ("puk_tries", 5)}
"""Options of the profile that set the tries, and what holds without them."""

PAD = 0x00


class Verify(pins.Verify):
    """VERIFY (ISO/IEC 7816-4:2013, 11.5.6)."""

    def run(self, ctx: Context) -> bytes:
        return pins.Verify.run(self, in_view(ctx))


class ResetRetryCounter(pins.ResetRetryCounter):
    """RESET RETRY COUNTER (ISO/IEC 7816-4:2013, 11.5.10)."""

    def run(self, ctx: Context) -> bytes:
        return pins.ResetRetryCounter.run(self, in_view(ctx))


class ChangeReferenceData(pins.ChangeReferenceData):
    """CHANGE REFERENCE DATA (ISO/IEC 7816-4:2013, 11.5.7); P1 01 sets a reference that a blank card lacks.

    The unblocking reference comes first if there is to be one. With the PIN the card begins to ask for it: its MF
    leaves the initialisation state.
    """

    def run(self, ctx: Context) -> bytes:
        pin = PinId(0, self.reference)
        if not ctx.session.writable or self.with_old or pin in ctx.rooms.pins.all():
            return pins.ChangeReferenceData.run(self, in_view(ctx))
        expect(self.reference in LENGTHS, SW.REFERENCE_NOT_FOUND)
        expect(blank(ctx), SW.CONDITIONS)
        self._create(ctx, pin)
        if pin.number == PIN:
            _activate(ctx)
        return b""

    def _create(self, ctx: Context, pin: PinId) -> None:
        name, tries = TRIES[pin.number]
        low, high = LENGTHS[pin.number]
        policy = Policy(low, high, pad=PAD)
        value = Secret(policy.normalise(self.data))
        unblock = PUK if pin.number == PIN and PinId(0, PUK) in ctx.rooms.pins.all() else 0
        limit = int(ctx.rooms.sheet.options.get("pkcs15", {}).get(name, tries))
        ctx.rooms.pins.create(pin, Reference(value, value, policy, Flag.ENABLED, unblock), limit)


def blank(ctx: Context) -> bool:
    """No PIN yet."""
    return ctx.rooms.files.tree.file(MF).life_cycle in (LifeCycle.CREATION, LifeCycle.INITIALISATION)


def _activate(ctx: Context) -> None:
    tree = ctx.rooms.files.tree
    asked = UserAuth(PIN)
    rules: dict[int, Condition] = {Right.CREATE_DF: asked, Right.CREATE_EF: asked, Right.DELETE_CHILD: asked}
    tree.set_life_cycle(replace(tree.file(MF), expanded=encode_expanded(rules)), LifeCycle.ACTIVATED)
