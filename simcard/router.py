"""Which channel and which applet a command is for: logical channels and SELECT by AID.

SELECT with P1 = 04 goes to the applet whose AID it names; every other name belongs to the ISO applet, the first
one, which owns the file system. Everything else belongs to the applet selected in the channel, if that takes the
command's class, else to the one left last or the first of the card that does: hosts of tokens send CLA 80 without
a SELECT.
On a SELECT the old applet is closed and the new one opened; if the new one refuses, nothing has changed. An applet
that is left without a SELECT has its session parked, and finds it again when a command of its class comes.
"""

from __future__ import annotations

from collections.abc import Sequence

from simcard.applet.base import Applet, Channel, Command, Context, Environment, Reply, Rooms, expect
from simcard.applet.channel import ManageChannel
from simcard.chain import GetResponse
from simcard.fs.descriptor import LifeCycle
from simcard.fs.tree import MF
from simcard.pin.reference import PinId
from simcard.wire import cla as classes
from simcard.wire.apdu import CommandApdu, Ins
from simcard.wire.cla import Cla, SecureMessaging
from simcard.wire.status import SW, Refused

SELECT_BY_NAME = 0x04

COMMON: dict[int, type[Command]] = {Ins.GET_RESPONSE: GetResponse, Ins.MANAGE_CHANNEL: ManageChannel}
"""Commands every applet has."""

WHEN_TERMINATED = frozenset((Ins.SELECT, Ins.GET_RESPONSE, Ins.GET_DATA))
"""What a terminated card still answers, so that a host can see what happened to it."""


class Router(Environment):
    """The open channels of a powered card and the applets they lead to. Made anew at every reset."""

    def __init__(self, rooms: Rooms, applets: Sequence[Applet]) -> None:
        self.rooms = rooms
        self.applets = applets
        self.channels: dict[int, Context] = {}
        """The context of each open channel, by its number."""
        self.forget()

    def context(self, number: int) -> Context:
        """Where commands on the open channel with this number run; 6881 when it is not open."""
        ctx = self.channels.get(number)
        if ctx is None:
            raise Refused(SW.CHANNEL_NOT_SUPPORTED)
        return ctx

    def _open(self, number: int, applet: Applet) -> None:
        ctx = Context(self.rooms, Channel(number, applet), self)
        ctx.channel.session = applet.open(ctx)
        self.channels[number] = ctx

    def open_channel(self, wanted: int, opener: Channel) -> int:
        free = [n for n in range(1, self.rooms.sheet.channels) if n not in self.channels]
        number = wanted or (free[0] if free else 0)
        expect(number in free, SW.FUNCTION_NOT_SUPPORTED)
        # Opened from the basic channel it starts at the MF, else where its opener stands (11.1.2).
        self._open(number, opener.applet if opener.number else self.applets[0])
        if opener.number:
            opener.applet.inherit(self.channels[number].session, opener.session)
        return number

    def close_channel(self, number: int) -> None:
        expect(number != 0 and number in self.channels, SW.CHANNEL_NOT_SUPPORTED)
        del self.channels[number]

    def expire(self, pin: PinId) -> None:
        for ctx in self.channels.values():
            ctx.channel.security.pins.discard(pin)

    def distrust(self) -> None:
        for ctx in self.channels.values():
            ctx.channel.security.clear()

    def forget(self) -> None:
        self.channels.clear()
        self._open(0, self.applets[0])
        self._terminated = self._is_terminated()

    def route(self, ctx: Context, apdu: CommandApdu) -> Command:
        """The typed command for an APDU, of the applet it belongs to."""
        channel = ctx.channel
        proprietary = classes.decode(apdu.cla).proprietary
        if self._terminated and (proprietary or apdu.ins not in WHEN_TERMINATED):
            raise Refused(SW.CONDITIONS)
        if not proprietary:
            if apdu.ins in COMMON:
                return COMMON[apdu.ins].parse(apdu)
            if apdu.ins == Ins.SELECT and apdu.p1 == SELECT_BY_NAME:
                named = self._named(apdu.data)
                # An applet that takes no interindustry commands cannot answer its own name; selecting it is ours.
                if named is not channel.applet or not named.interindustry:
                    return SelectApplet(named, apdu)
        applet = self._door(channel, proprietary)
        if applet is None:
            raise Refused(SW.CLA_NOT_SUPPORTED)
        if applet is not channel.applet:
            self._turn(ctx, applet)
        return applet.accept(channel, apdu)

    def unwraps(self, channel: Channel, cla: Cla) -> bool:
        """Does the applet a command of this class goes to do its own secure messaging?"""
        applet = self._door(channel, cla.proprietary)
        own = cla.proprietary and cla.secure_messaging is SecureMessaging.PROPRIETARY
        return own and applet is not None and applet.messaging

    def _door(self, channel: Channel, proprietary: bool) -> Applet | None:
        """The applet that takes this class: the selected one, else one whose session is parked, else the first."""
        if channel.applet.proprietary if proprietary else channel.applet.interindustry:
            return channel.applet
        parked = (applet for applet in self.applets if applet.name in channel.parked)
        doors = (*parked, *self.applets)
        return next((a for a in doors if (a.proprietary if proprietary else a.interindustry)), None)

    @staticmethod
    def _turn(ctx: Context, applet: Applet) -> None:
        """Select an applet without a SELECT: the session of the one that is left waits for its return."""
        channel = ctx.channel
        channel.parked[channel.applet.name] = channel.session
        channel.applet = applet
        kept = channel.parked.pop(applet.name, None)
        channel.session = applet.open(ctx) if kept is None else kept

    def _named(self, aid: bytes) -> Applet:
        others = (applet for applet in self.applets[1:] if applet.matches(aid))
        return next(others, self.applets[0])

    def _is_terminated(self) -> bool:
        tree = self.rooms.files.tree
        return tree.exists(MF) and tree.file(MF).life_cycle is LifeCycle.TERMINATED


class SelectApplet(Command):
    """SELECT by application identifier (ISO/IEC 7816-4:2013, 11.1.1 and 12.2.3)."""

    def __init__(self, applet: Applet, apdu: CommandApdu) -> None:
        self._applet = applet
        self._apdu = apdu

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        raise AssertionError("the router builds this command")

    def run(self, ctx: Context) -> bytes | Reply:
        channel = ctx.channel
        before = channel.applet, channel.session
        channel.applet, channel.session = self._applet, self._applet.open(ctx)
        try:
            answer = self._applet.select(ctx, self._apdu)
        except Refused:
            channel.applet, channel.session = before
            raise
        before[0].close(ctx)
        channel.parked.clear()
        return answer
