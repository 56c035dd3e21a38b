"""What all commands of this door have in common: reading their fields, failing, and giving long responses.

A response longer than Ne, or than the token gives in one piece, goes out in pieces: each but the last has 6A9E, and
repeating the same command fetches the next one. Without Le everything that fits one piece leaves at once, because
hosts leave Le out and read on. A command that has changed memory cannot say 6A9E, which is a refusal by its first
byte; it is refused with 6C00 instead, before anything has changed.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from simcard.applet.base import Command, Context, Reply, expect
from simcard.applet.gmt0017.fields import Fields
from simcard.applet.gmt0017.session import session_of
from simcard.applet.gmt0017.switches import Switches
from simcard.hal.engine import CryptoFault
from simcard.wire.apdu import SHORT_NE, CommandApdu
from simcard.wire.gmt0017 import GmtSW
from simcard.wire.status import SW, Refused


class GmtCommand(Command):
    """One command of GM/T 0017."""

    protected: bool = False
    """Comes with a MAC, in class 84."""
    durable: bool = False
    """Answers with data after changing memory."""
    fault: int = SW.WRONG_DATA
    """What a failure of the coprocessor means here."""

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        return cls.read(Fields(apdu, Switches()))

    @classmethod
    @abstractmethod
    def read(cls, fields: Fields) -> GmtCommand:
        """The typed command, in the byte order of this token."""

    @abstractmethod
    def act(self, ctx: Context) -> bytes:
        """Do it; the whole response."""

    def run(self, ctx: Context) -> Reply:
        try:
            answer = self.act(ctx)
        except CryptoFault:
            raise Refused(self.fault) from None
        limit = piece(ctx)
        expect(not self.durable or len(answer) <= limit, SW.WRONG_LE)
        return first(ctx, Reply(answer, secret=self.secret_reply), limit)


def piece(ctx: Context) -> int:
    """How many bytes the present command can be answered with at once."""
    session = session_of(ctx)
    apdu = session.apdu
    room = session.switches.max_response if apdu.extended else SHORT_NE
    return min(apdu.ne, room) if apdu.ne else room


def first(ctx: Context, reply: Reply, limit: int) -> Reply:
    """The first piece of a reply; the rest waits for the same command."""
    if len(reply.data) <= limit:
        return reply._replace(final=True)
    session = session_of(ctx)
    session.rest = session.apdu, reply._replace(data=reply.data[limit:])
    return Reply(reply.data[:limit], GmtSW.MORE_DATA, reply.secret, final=True)


@dataclass(slots=True)
class NextPiece(Command):
    """The next piece of a long response (GM/T 0017-2012, 8.6; status 6A9E): the same command once more."""

    waiting: Reply
    secret_data = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        raise AssertionError("the door builds this command")

    def run(self, ctx: Context) -> Reply:
        self.secret_reply = self.waiting.secret
        return first(ctx, self.waiting, piece(ctx))
