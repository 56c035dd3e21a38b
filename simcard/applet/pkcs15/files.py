"""Files as the door shows and makes them: SELECT, READ BINARY and, on a writable card, CREATE FILE.

Rules travel in tag 86 the way OpenSC's isoApplet driver writes them: FF, then a security condition byte for each of
the seven rights, from deletion down to reading: 00 always, 90 with the PIN, FF never.
"""

from __future__ import annotations

from typing import ClassVar

from simcard.applet.access import file_rules
from simcard.applet.base import Command, Context, Reply, expect
from simcard.applet.iso import admin, binary, select
from simcard.applet.iso.select import By
from simcard.applet.iso.session import enter
from simcard.applet.pkcs15.session import Dialect, in_view
from simcard.applet.pkcs15.view import APPLICATION, PKCS15_AID
from simcard.fs.descriptor import Descriptor, LifeCycle
from simcard.fs.tree import MF
from simcard.wire import tlv
from simcard.wire.access import (
    ALWAYS,
    NEVER,
    RIGHT_BITS,
    Condition,
    UserAuth,
    encode_expanded,
)
from simcard.wire.apdu import CommandApdu
from simcard.wire.status import SW, Refused

ISO_APPLET_AID = bytes.fromhex("F276A288BCFBA69D34F31001")
PIN, PUK = 1, 2
"""The two references of a writable card."""

MAJOR, MINOR = 0, 6
EXTENDED_APDUS, RANDOM, CURVES = 0x01, 0x02, 0x04
GREETING = bytes((MAJOR, MINOR, EXTENDED_APDUS | RANDOM | CURVES))
"""What the driver is told when it selects its AID: version of the interface and features."""

SECURITY = 0x86
ALL_RIGHTS = 0xFF
CONDITIONS: dict[int, Condition] = {0x00: ALWAYS, 0x90: UserAuth(PIN), 0xFF: NEVER}


def security_bytes(ctx: Context, file: Descriptor) -> bytes:
    """The value of tag 86 for a file."""
    rules = file_rules(ctx, file)
    open_ = rules is None or file.life_cycle in (LifeCycle.CREATION, LifeCycle.INITIALISATION)
    wanted = [ALWAYS if open_ or rules is None else rules.of(right) for right in RIGHT_BITS]
    codes = {condition: code for code, condition in CONDITIONS.items()}
    return bytes((ALL_RIGHTS, *(codes.get(condition, 0x90) for condition in wanted)))


def rules_of(security: bytes) -> bytes:
    """The value of tag AB for a value of tag 86; 6A80 for one that is none."""
    expect(len(security) == 1 + len(RIGHT_BITS) and security[0] == ALL_RIGHTS, SW.WRONG_DATA)
    expect(set(security[1:]) <= CONDITIONS.keys(), SW.WRONG_DATA)
    return encode_expanded({right: CONDITIONS[code] for right, code in zip(RIGHT_BITS, security[1:])})


class Select(select.Select):
    """SELECT (ISO/IEC 7816-4:2013, 11.1.1): by AID the door itself, else a file; its template has tag 86 too."""

    def run(self, ctx: Context) -> bytes | Reply:
        view = in_view(ctx)
        if self.by is By.NAME:
            self._speak(view)
            if ctx.session.dialect is Dialect.ISO_APPLET:
                # The driver sends no Le and yet expects these bytes, as cards of its kind answer under T=1.
                return Reply(GREETING, final=True)
            return Reply(self._described(view, select.describe_file(view, self._current(view), self.answer)))
        answer = select.Select.run(self, view)
        reply = answer if isinstance(answer, Reply) else Reply(answer)
        return Reply(self._described(view, reply.data), reply.sw)

    def _speak(self, ctx: Context) -> None:
        """Stand at the MF for the driver, in the application for everyone else."""
        tree = ctx.rooms.files.tree
        if ISO_APPLET_AID.startswith(self.name):
            ctx.session.dialect = Dialect.ISO_APPLET
            enter(ctx, tree.file(MF))
            return
        application = tree.by_name(PKCS15_AID) or tree.child(MF, APPLICATION)
        if application is None:
            raise Refused(SW.FILE_NOT_FOUND)
        ctx.session.dialect = Dialect.ISO
        enter(ctx, application)

    @staticmethod
    def _current(ctx: Context) -> Descriptor:
        cursor = ctx.session.cursor
        return ctx.rooms.files.tree.file(cursor.ef or cursor.df)

    def _described(self, ctx: Context, template: bytes) -> bytes:
        if not template:
            return b""
        (whole,) = tlv.parse(template)
        return tlv.tlv(whole.tag, whole.value, tlv.tlv(SECURITY, security_bytes(ctx, self._current(ctx))))


class ReadBinary(binary.ReadBinary):
    """READ BINARY (ISO/IEC 7816-4:2013, 11.2.3) of a generated or of a real file."""

    def run(self, ctx: Context) -> bytes | Reply:
        return binary.ReadBinary.run(self, in_view(ctx))


class CreateFile(admin.CreateFile):
    """CREATE FILE (ISO/IEC 7816-9:2017, 6.2), rules in tag 86; a file gets no short identifier of itself."""

    KEPT: ClassVar[frozenset[int]] = frozenset((0x80, 0x81, 0x82, 0x83, 0x84, 0x8A))

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        try:
            (whole,) = tlv.parse(apdu.data)
            found = tlv.fields(whole.value)
        except (tlv.TlvError, ValueError):
            raise Refused(SW.WRONG_DATA) from None
        expect(whole.tag in (0x62, 0x6F), SW.WRONG_DATA)
        items = [(tag, value) for tag, value in found.items() if tag in cls.KEPT]
        # Many identifiers of this profile end in the same five bits, which would clash as short identifiers.
        items.append((0x88, b""))
        if SECURITY in found:
            items.append((0xAB, rules_of(found[SECURITY])))
        data = tlv.tlv(0x62, tlv.build(items))
        made = super().parse(CommandApdu(apdu.cla, apdu.ins, apdu.p1, apdu.p2, data, apdu.ne, extended=True))
        assert isinstance(made, admin.CreateFile)
        return cls(made.wanted)
