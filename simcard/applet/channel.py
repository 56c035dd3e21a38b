"""MANAGE CHANNEL, which every applet has."""

from __future__ import annotations

from dataclasses import dataclass

from simcard.applet.base import Command, Context, expect
from simcard.wire.apdu import CommandApdu
from simcard.wire.cla import MAX_CHANNELS
from simcard.wire.status import SW, Refused


@dataclass(frozen=True, slots=True)
class ManageChannel(Command):
    """MANAGE CHANNEL (ISO/IEC 7816-4:2013, 11.1.2): open (P1 00) or close (P1 80) a logical channel."""

    close: bool
    number: int
    """P2: the channel, 0 for "assign one" when opening and "this one" when closing."""

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 in (0x00, 0x80) and apdu.p2 < MAX_CHANNELS, SW.WRONG_P1P2)
        expect(not apdu.data, SW.WRONG_LENGTH)
        return cls(bool(apdu.p1), apdu.p2)

    def run(self, ctx: Context) -> bytes:
        if not self.close:
            number = ctx.card.open_channel(self.number, ctx.channel)
            return b"" if self.number else bytes((number,))
        number = self.number or ctx.channel.number
        if number == 0:
            raise Refused(SW.CONDITIONS)
        ctx.card.close_channel(number)
        return b""
