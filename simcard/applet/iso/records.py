"""Commands for record files: READ, WRITE, UPDATE, APPEND, ERASE and SEARCH RECORD."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from simcard.applet.access import require_file
from simcard.applet.base import Command, Context, expect
from simcard.applet.iso.binary import DATA_TAG, offset_and_data
from simcard.applet.iso.session import ef_by_sfi
from simcard.fs.binary import merge
from simcard.fs.descriptor import RECORD_KINDS, Descriptor, Write
from simcard.wire import tlv
from simcard.wire.access import Right
from simcard.wire.apdu import SHORT_NE, CommandApdu, Ins
from simcard.wire.status import SW, Refused


class Which(IntEnum):
    """P2 bits 3-1: how records are meant (table 49)."""

    FIRST = 0
    LAST = 1
    NEXT = 2
    PREVIOUS = 3
    NUMBER = 4
    FROM_NUMBER_TO_LAST = 5
    FROM_LAST_TO_NUMBER = 6


BY_IDENTIFIER = frozenset((Which.FIRST, Which.LAST, Which.NEXT, Which.PREVIOUS))


@dataclass(frozen=True, slots=True)
class Target:
    """A record file and the records meant in it."""

    sfi: int
    number: int
    which: Which

    @classmethod
    def parse(cls, apdu: CommandApdu, allowed: frozenset[int]) -> Target:
        which = apdu.p2 & 0x07
        expect(which in allowed and apdu.p2 >> 3 != 0x1F and apdu.p1 != 0xFF, SW.WRONG_P1P2)
        return cls(apdu.p2 >> 3, apdu.p1, Which(which))

    def file(self, ctx: Context) -> Descriptor:
        found = ef_by_sfi(ctx, self.sfi)
        expect(found.kind in RECORD_KINDS, SW.INCOMPATIBLE_FILE)
        return found

    def record(self, ctx: Context, file: Descriptor) -> int:
        """The one record meant, which becomes current when it was named by identifier; 6A83 for none."""
        records, cursor = ctx.rooms.files.records, ctx.session.cursor
        if self.which not in BY_IDENTIFIER:
            number = self.number or cursor.record
            expect(1 <= number <= records.count(file), SW.RECORD_NOT_FOUND)
            return int(number)
        order = range(1, records.count(file) + 1)
        if self.which is Which.NEXT and cursor.record:
            order = range(cursor.record + 1, records.count(file) + 1)
        elif self.which is Which.PREVIOUS and cursor.record:
            order = range(1, cursor.record)
        backwards = self.which in (Which.LAST, Which.PREVIOUS)
        for number in reversed(order) if backwards else order:
            # The identifier of a record is its first byte; 00 means any record (7.2.2).
            if not self.number or records.read(file, number)[:1] == bytes((self.number,)):
                cursor.record = number
                return number
        raise Refused(SW.RECORD_NOT_FOUND)


ONE = frozenset((0, 1, 2, 3, 4))
ANY = ONE | {5, 6}


@dataclass(frozen=True, slots=True)
class ReadRecord(Command):
    """READ RECORD (ISO/IEC 7816-4:2013, 11.3.3), even INS: whole records."""

    target: Target
    ne: int

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.ne > 0, SW.WRONG_LENGTH)
        if apdu.ins == Ins.READ_RECORD_ODD:
            return ReadPartOfRecord.parse(apdu)
        expect(not apdu.data, SW.WRONG_LENGTH)
        return cls(Target.parse(apdu, ANY), apdu.ne)

    def run(self, ctx: Context) -> bytes:
        file = self.target.file(ctx)
        require_file(ctx, file, Right.READ)
        number = self.target.record(ctx, file)
        records = ctx.rooms.files.records
        numbers = [number]
        if self.target.which is Which.FROM_NUMBER_TO_LAST:
            numbers = list(range(number, records.count(file) + 1))
        elif self.target.which is Which.FROM_LAST_TO_NUMBER:
            numbers = list(range(records.count(file), number - 1, -1))
        found = b"".join(records.read(file, each) for each in numbers)
        if self.ne not in (SHORT_NE, 65536) and self.ne != len(found) and 0 < len(found) <= SHORT_NE:
            raise Refused(SW.WRONG_LE | len(found) & 0xFF)
        return found


@dataclass(frozen=True, slots=True)
class ReadPartOfRecord(Command):
    """READ RECORD (ISO/IEC 7816-4:2013, 11.3.3), odd INS: part of one record, in a data object 53."""

    target: Target
    offset: int
    ne: int

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        return cls(Target.parse(apdu, ONE), offset_and_data(apdu.data)[0], apdu.ne)

    def run(self, ctx: Context) -> bytes:
        file = self.target.file(ctx)
        require_file(ctx, file, Right.READ)
        record = ctx.rooms.files.records.read(file, self.target.record(ctx, file))
        expect(self.offset < len(record), SW.OFFSET)
        return tlv.tlv(DATA_TAG, record[self.offset :])


@dataclass(frozen=True, slots=True)
class UpdateRecord(Command):
    """UPDATE RECORD (ISO/IEC 7816-4:2013, 11.3.5), even INS: a whole record."""

    target: Target
    data: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(bool(apdu.data), SW.WRONG_LENGTH)
        if apdu.ins == Ins.UPDATE_RECORD_ODD:
            return UpdatePartOfRecord.parse(apdu)
        return cls(Target.parse(apdu, ONE), apdu.data)

    def run(self, ctx: Context) -> bytes:
        file = self.target.file(ctx)
        require_file(ctx, file, Right.UPDATE)
        ctx.rooms.files.records.update(file, self.target.record(ctx, file), self.data)
        return b""


MERGES = {4: Write.PROPRIETARY, 5: Write.AND, 6: Write.OR}
"""P2 bits 3-1 of an odd UPDATE RECORD: replace, AND, OR (table 53); 7, exclusive OR, is worked out apart."""


@dataclass(frozen=True, slots=True)
class UpdatePartOfRecord(Command):
    """UPDATE RECORD (ISO/IEC 7816-4:2013, 11.3.5), odd INS: part of record P1, replaced or combined."""

    target: Target
    action: int
    offset: int
    data: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p2 & 0x07 >= 4 and apdu.p2 >> 3 != 0x1F, SW.WRONG_P1P2)
        offset, data = offset_and_data(apdu.data)
        expect(bool(data), SW.WRONG_DATA)
        return cls(Target(apdu.p2 >> 3, apdu.p1, Which.NUMBER), apdu.p2 & 0x07, offset, data)

    def run(self, ctx: Context) -> bytes:
        file = self.target.file(ctx)
        require_file(ctx, file, Right.UPDATE)
        records, number = ctx.rooms.files.records, self.target.record(ctx, file)
        record = records.read(file, number)
        end = self.offset + len(self.data)
        expect(self.offset < len(record), SW.OFFSET)
        expect(end <= len(record), SW.NO_SPACE)
        old = record[self.offset : end]
        new = merge(MERGES[self.action], old, self.data) if self.action in MERGES else _xor(old, self.data)
        records.update(file, number, record[: self.offset] + new + record[end:])
        return b""


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b))


@dataclass(frozen=True, slots=True)
class WriteRecord(Command):
    """WRITE RECORD (ISO/IEC 7816-4:2013, 11.3.4): by the file's data coding byte."""

    target: Target
    data: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(bool(apdu.data), SW.WRONG_LENGTH)
        return cls(Target.parse(apdu, ONE), apdu.data)

    def run(self, ctx: Context) -> bytes:
        file = self.target.file(ctx)
        require_file(ctx, file, Right.WRITE)
        records, number = ctx.rooms.files.records, self.target.record(ctx, file)
        old = records.read(file, number)
        expect(len(old) == len(self.data) or not old, SW.WRONG_LENGTH)
        records.update(file, number, merge(file.write_mode, old, self.data) if old else self.data)
        return b""


@dataclass(frozen=True, slots=True)
class AppendRecord(Command):
    """APPEND RECORD (ISO/IEC 7816-4:2013, 11.3.6): the new record becomes current."""

    sfi: int
    data: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 == 0 and apdu.p2 & 0x07 == 0 and apdu.p2 >> 3 != 0x1F, SW.WRONG_P1P2)
        expect(bool(apdu.data), SW.WRONG_LENGTH)
        return cls(apdu.p2 >> 3, apdu.data)

    def run(self, ctx: Context) -> bytes:
        file = Target(self.sfi, 0, Which.NUMBER).file(ctx)
        require_file(ctx, file, Right.WRITE)
        number = ctx.rooms.files.records.append(file, self.data)
        ctx.session.cursor.record = number
        return b""


@dataclass(frozen=True, slots=True)
class EraseRecord(Command):
    """ERASE RECORD (ISO/IEC 7816-4:2013, 11.3.8): record P1, or all from P1 to the last."""

    target: Target

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(not apdu.data, SW.WRONG_LENGTH)
        return cls(Target.parse(apdu, frozenset((4, 5))))

    def run(self, ctx: Context) -> bytes:
        file = self.target.file(ctx)
        require_file(ctx, file, Right.UPDATE)
        records, first = ctx.rooms.files.records, self.target.record(ctx, file)
        last = records.count(file) if self.target.which is Which.FROM_NUMBER_TO_LAST else first
        for number in range(first, last + 1):
            records.erase(file, number)
        return b""


@dataclass(frozen=True, slots=True)
class SearchRecord(Command):
    """SEARCH RECORD (ISO/IEC 7816-4:2013, 11.3.7): numbers of the records that hold the search string.

    Simple search (P2 bits 3-1 100 forward, 101 backward from P1); enhanced search (110), where the data begin
    with two bytes: how to go through the records, and at which offset, or after which byte value, to look.
    """

    target: Target
    start: str
    """"here", "next" or "previous": where the search begins, seen from the record named."""
    backward: bool
    offset: int
    after: int | None
    pattern: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        mode = apdu.p2 & 0x07
        expect(mode in (4, 5, 6) and apdu.p2 >> 3 != 0x1F, SW.WRONG_P1P2)
        target = Target(apdu.p2 >> 3, apdu.p1, Which.NUMBER)
        if mode != 6:
            expect(bool(apdu.data), SW.WRONG_LENGTH)
            return cls(target, "here", mode == 5, 0, None, apdu.data)
        expect(len(apdu.data) >= 3, SW.WRONG_LENGTH)
        how, where = apdu.data[:2]
        expect(how & 0xF4 == 0x04, SW.WRONG_DATA)
        start = "here" if how & 3 < 2 else ("previous" if how & 1 else "next")
        by_value = bool(how & 0x08)
        return cls(target, start, bool(how & 1), 0 if by_value else where, where if by_value else None, apdu.data[2:])

    def run(self, ctx: Context) -> bytes:
        file = self.target.file(ctx)
        require_file(ctx, file, Right.READ)
        records, cursor = ctx.rooms.files.records, ctx.session.cursor
        count = records.count(file)
        first = self.target.number or cursor.record or (count if self.backward else 1)
        expect(1 <= first <= count, SW.RECORD_NOT_FOUND)
        first += {"here": 0, "next": 1, "previous": -1}[self.start]
        order = range(first, 0, -1) if self.backward else range(first, count + 1)
        found = [number for number in order if self._matches(records.read(file, number))]
        if not found:
            return b""
        cursor.record = found[0]
        return bytes(found)

    def _matches(self, record: bytes) -> bool:
        start = self.offset
        if self.after is not None:
            at = record.find(bytes((self.after,)))
            if at < 0:
                return False
            start = at + 1
        return self.pattern in record[start:]
