"""Long commands in, long responses out: command chaining, ENVELOPE and GET RESPONSE (ISO/IEC 7816-4:2013, 5.3).

A chain is a run of commands with the chaining bit set and equal CLA, INS, P1 and P2; the last one has the bit
clear. Anything else in between ends the chain with 6883 and forgets it. A response longer than Ne, or one that
comes where no Le was sent, waits for GET RESPONSE; the next other command forgets it.
"""

from __future__ import annotations

from simcard.applet.base import Channel, Command, Context, Reply, expect
from simcard.wire import cla as classes
from simcard.wire.apdu import SHORT_NE, ApduError, CommandApdu, Ins, ResponseApdu
from simcard.wire.cla import Cla, SecureMessaging
from simcard.wire.status import SW, Refused

MAX_GATHERED = 65535
FULL_PIECE = 255
"""An ENVELOPE piece shorter than this is the last one (ISO/IEC 7816-3:2006, 12.2.5)."""


def gather(channel: Channel, cla: Cla, apdu: CommandApdu) -> CommandApdu | None:
    """The whole command once its last piece is here, None while more is to come."""
    if apdu.ins != Ins.GET_RESPONSE or cla.proprietary:
        channel.pending = None
    # C2 means ENVELOPE in the interindustry class only.
    enveloped = apdu.ins == Ins.ENVELOPE and not cla.proprietary
    if not cla.chaining and not channel.chain:
        return unwrap(channel, apdu) if enveloped else apdu
    header = (apdu.cla & ~0x10, apdu.ins, apdu.p1, apdu.p2)
    if channel.chain not in ((), header):
        forget(channel)
        raise Refused(SW.LAST_OF_CHAIN_EXPECTED)
    if len(channel.gathered) + len(apdu.data) > MAX_GATHERED:
        forget(channel)
        raise Refused(SW.WRONG_LENGTH)
    if cla.chaining:
        channel.chain, channel.gathered = header, channel.gathered + apdu.data
        return None
    whole = CommandApdu(*header, data=channel.gathered + apdu.data, ne=apdu.ne, extended=True)
    forget(channel)
    return unwrap(channel, whole) if enveloped else whole


def forget(channel: Channel) -> None:
    channel.chain, channel.gathered = (), b""


def unwrap(channel: Channel, apdu: CommandApdu) -> CommandApdu | None:
    """The command inside ENVELOPE pieces once the last is here, None while more is to come (7816-4, 11.6.2)."""
    expect(apdu.p1p2 == 0, SW.WRONG_P1P2)
    whole, channel.envelope = channel.envelope + apdu.data, b""
    expect(len(whole) <= MAX_GATHERED, SW.WRONG_LENGTH)
    if len(apdu.data) == FULL_PIECE and not apdu.extended:
        channel.envelope = whole
        return None
    try:
        inner = CommandApdu.parse(whole)
    except ApduError as error:
        raise Refused(error.sw) from None
    expect(inner.ins not in (Ins.ENVELOPE, Ins.GET_RESPONSE), SW.CONDITIONS)
    cla = classes.decode(inner.cla)
    expect(cla.channel == channel.number, SW.CHANNEL_NOT_SUPPORTED)
    expect(cla.secure_messaging is SecureMessaging.NONE, SW.SM_NOT_SUPPORTED)
    expect(not cla.chaining, SW.CHAINING_NOT_SUPPORTED)
    return inner


def release(channel: Channel, apdu: CommandApdu, answer: bytes | Reply, secret: bool = False) -> ResponseApdu:
    """What may leave now: at most Ne bytes, the rest waits behind 61xx, unless the reply is final as it is."""
    reply = answer if isinstance(answer, Reply) else Reply(answer)
    ne = apdu.ne or (SHORT_NE if channel.applet.eager else 0)
    if reply.final or len(reply.data) <= ne:
        return ResponseApdu(reply.data, reply.sw)
    channel.pending = Reply(reply.data[ne:], reply.sw, secret)
    return ResponseApdu(reply.data[:ne], _more(channel.pending))


class GetResponse(Command):
    """GET RESPONSE (ISO/IEC 7816-4:2013, 11.6.1): the next bytes of a waiting response."""

    def __init__(self, ne: int) -> None:
        self._ne = ne

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1p2 == 0, SW.WRONG_P1P2)
        expect(apdu.ne > 0 and not apdu.data, SW.WRONG_LENGTH)
        return cls(apdu.ne)

    def run(self, ctx: Context) -> bytes | Reply:
        waiting = ctx.channel.pending
        if waiting is None:
            raise Refused(SW.CONDITIONS)
        if len(waiting.data) < self._ne < SHORT_NE:
            # Too much asked for: say how much there is, and keep it (6Cxx, table 6).
            raise Refused(SW.WRONG_LE | len(waiting.data))
        self.secret_reply = waiting.secret
        rest = waiting.data[self._ne :]
        ctx.channel.pending = Reply(rest, waiting.sw, waiting.secret) if rest else None
        sw = _more(ctx.channel.pending) if ctx.channel.pending else waiting.sw
        return Reply(waiting.data[: self._ne], sw)


def _more(waiting: Reply) -> int:
    return SW.MORE_DATA | (len(waiting.data) if len(waiting.data) < SHORT_NE else 0)
