"""Commands for transparent files: READ, WRITE, UPDATE, ERASE and SEARCH BINARY, even and odd INS."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from simcard.applet.access import require_file
from simcard.applet.base import Command, Context, Reply, expect
from simcard.applet.iso.session import current_df, current_ef, ef_by_sfi, enter
from simcard.applet.view import body_size, read_body, refuse_view
from simcard.fs.binary import ERASED
from simcard.fs.descriptor import Descriptor, Kind
from simcard.wire import tlv
from simcard.wire.access import Right
from simcard.wire.apdu import CommandApdu, Ins
from simcard.wire.status import SW, Refused

OFFSET_TAG = 0x54
DATA_TAG = 0x53
ERASED_UNIT = bytes((ERASED,))


@dataclass(frozen=True, slots=True)
class Target:
    """Which file (11.2.2): by short identifier, by file identifier, or the current one when both are 0."""

    sfi: int = 0
    fid: int = 0

    @classmethod
    def even(cls, apdu: CommandApdu) -> tuple[Target, int]:
        """Target and offset from P1-P2 of an even INS."""
        if apdu.p1 & 0x80:
            expect(apdu.p1 & 0x60 == 0, SW.WRONG_P1P2)
            return cls(sfi=apdu.p1 & 0x1F), apdu.p2
        return cls(), apdu.p1p2

    @classmethod
    def odd(cls, apdu: CommandApdu) -> Target:
        """Target from P1-P2 of an odd INS: 0, a short identifier 1 to 30, or a file identifier."""
        return cls(sfi=apdu.p1p2) if apdu.p1p2 <= 30 else cls(fid=apdu.p1p2)

    def file(self, ctx: Context) -> Descriptor:
        """The transparent EF itself, now current; 6981 for any other structure."""
        if self.fid:
            found = ctx.rooms.files.tree.child(current_df(ctx).number, self.fid)
            if found is None or found.is_df:
                raise Refused(SW.FILE_NOT_FOUND)
            enter(ctx, found)
        else:
            found = ef_by_sfi(ctx, self.sfi) if self.sfi else current_ef(ctx)
        expect(found.kind is Kind.TRANSPARENT, SW.INCOMPATIBLE_FILE)
        return found


def offset_and_data(data: bytes) -> tuple[int, bytes]:
    """The data field of an odd INS: 54 offset, and 53 or 73 data (11.2.2)."""
    try:
        found = tlv.fields(data)
    except tlv.TlvError:
        raise Refused(SW.WRONG_DATA) from None
    if OFFSET_TAG not in found:
        raise Refused(SW.WRONG_DATA)
    return int.from_bytes(found[OFFSET_TAG], "big"), found.get(DATA_TAG, found.get(0x73, b""))


@dataclass(frozen=True, slots=True)
class ReadBinary(Command):
    """READ BINARY (ISO/IEC 7816-4:2013, 11.2.3)."""

    target: Target
    offset: int
    length: int
    wrapped: bool
    """Odd INS: the answer stands in a data object 53."""

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.ne > 0, SW.WRONG_LENGTH)
        if apdu.ins == Ins.READ_BINARY_ODD:
            return cls(Target.odd(apdu), offset_and_data(apdu.data)[0], apdu.ne, True)
        expect(not apdu.data, SW.WRONG_LENGTH)
        target, offset = Target.even(apdu)
        return cls(target, offset, apdu.ne, False)

    def run(self, ctx: Context) -> bytes | Reply:
        file = self.target.file(ctx)
        require_file(ctx, file, Right.READ)
        # The data object around the answer of an odd INS counts into Ne.
        length = max(0, self.length - _overhead(self.length)) if self.wrapped else self.length
        found = read_body(ctx, file, self.offset, length)
        # Ne of 256 or 65536 means "all there is"; any other number is a promise to notice.
        short = len(found) < length and self.length not in (256, 65536)
        return Reply(tlv.tlv(DATA_TAG, found) if self.wrapped else found, SW.END_OF_FILE if short else SW.OK)


def _overhead(length: int) -> int:
    return 2 if length < 0x82 else 3 if length < 0x103 else 4


@dataclass(frozen=True, slots=True)
class Change(Command):
    """What UPDATE and WRITE BINARY share: they differ in the right they need and in what they leave."""

    right: ClassVar[int]
    target: Target
    offset: int
    data: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(bool(apdu.data), SW.WRONG_LENGTH)
        if apdu.ins & 1:
            return cls(Target.odd(apdu), *offset_and_data(apdu.data))
        target, offset = Target.even(apdu)
        return cls(target, offset, apdu.data)

    def run(self, ctx: Context) -> bytes:
        file = self.target.file(ctx)
        require_file(ctx, file, self.right)
        refuse_view(file)
        self.apply(ctx, file)
        return b""

    @abstractmethod
    def apply(self, ctx: Context, file: Descriptor) -> None:
        """Change the body."""


class UpdateBinary(Change):
    """UPDATE BINARY (ISO/IEC 7816-4:2013, 11.2.5)."""

    right = Right.UPDATE

    def apply(self, ctx: Context, file: Descriptor) -> None:
        ctx.rooms.files.binary.update(file, self.offset, self.data)


class WriteBinary(Change):
    """WRITE BINARY (ISO/IEC 7816-4:2013, 11.2.4)."""

    right = Right.WRITE

    def apply(self, ctx: Context, file: Descriptor) -> None:
        ctx.rooms.files.binary.write(file, self.offset, self.data)


@dataclass(frozen=True, slots=True)
class EraseBinary(Command):
    """ERASE BINARY (ISO/IEC 7816-4:2013, 11.2.7): from an offset up to another one or the end of the file."""

    target: Target
    start: int
    end: int | None

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        if apdu.ins == Ins.ERASE_BINARY_ODD:
            return cls(Target.odd(apdu), *_range(apdu.data))
        expect(len(apdu.data) in (0, 2), SW.WRONG_LENGTH)
        target, offset = Target.even(apdu)
        return cls(target, offset, int.from_bytes(apdu.data, "big") if apdu.data else None)

    def run(self, ctx: Context) -> bytes:
        file = self.target.file(ctx)
        require_file(ctx, file, Right.UPDATE)
        refuse_view(file)
        ctx.rooms.files.binary.erase(file, self.start, file.size if self.end is None else self.end)
        return b""


def _range(data: bytes) -> tuple[int, int | None]:
    """None, one or two offset data objects: from where, and up to where."""
    try:
        offsets = [int.from_bytes(item.value, "big") for item in tlv.parse(data) if item.tag == OFFSET_TAG]
    except tlv.TlvError:
        raise Refused(SW.WRONG_DATA) from None
    expect(len(offsets) <= 2, SW.WRONG_DATA)
    return (offsets[0] if offsets else 0), (offsets[1] if len(offsets) == 2 else None)


@dataclass(frozen=True, slots=True)
class SearchBinary(Command):
    """SEARCH BINARY (ISO/IEC 7816-4:2013, 11.2.6): the offset of the first match, nothing when there is none.

    Without a search string the first erased data unit is meant.
    """

    target: Target
    start: int
    pattern: bytes
    wrapped: bool

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        if apdu.ins == Ins.SEARCH_BINARY_ODD:
            return cls(Target.odd(apdu), *offset_and_data(apdu.data), wrapped=True)
        target, offset = Target.even(apdu)
        return cls(target, offset, apdu.data, wrapped=False)

    def run(self, ctx: Context) -> bytes:
        file = self.target.file(ctx)
        require_file(ctx, file, Right.READ)
        size = body_size(ctx, file)
        at = read_body(ctx, file, self.start, size).find(self.pattern or ERASED_UNIT)
        if at < 0:
            return b""
        offset = (self.start + at).to_bytes(2, "big")
        return tlv.tlv(OFFSET_TAG, offset) if self.wrapped else offset
