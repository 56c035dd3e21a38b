"""BLOCKTXT: how large messages are cut into text frames, and put together again. No sockets here.

A frame is a header of 128 ASCII characters and a piece of the message: BLOCKTXT(8), check code of the whole message(4),
of the piece(4), length of the message(16), of the piece(8), number of pieces(4), GUID(36), index from 0(4), zeros(44).
Lengths are UTF-16 code units, decimal; a check code is CRC-16/MODBUS over the low byte of every unit, low byte first.
The receiver asks for piece after piece with `_nextBlock`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MARK = "BLOCKTXT"
HEADER = 128
PIECE_BYTES = 120 * 1024 - 3
"""A piece ends at the character that takes it beyond this, CJK characters counted as 3 bytes and others as 1."""
MAX_PIECES = 1024
MAX_UNITS = 32 * 1024 * 1024
MAX_PIECE = 256 * 1024
MAX_UNFINISHED = 4
_WIDTHS = (8, 4, 4, 16, 8, 4, 36, 4, 44)


class FrameError(ValueError):
    """A frame that is none; there is no telling which piece to ask for again."""


def _crc_table() -> tuple[int, ...]:
    def entry(value: int) -> int:
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        return value

    return tuple(map(entry, range(256)))


_TABLE = _crc_table()
_CRC_START = 0xFFFF


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def check_code(text: str) -> str:
    """CRC-16/MODBUS over the low bytes of the UTF-16 units, low byte first, upper case: "123456789" gives 374B."""
    return _shown(_crc(text, _CRC_START))


def _crc(text: str, crc: int) -> int:
    for low in text.encode("utf-16-le", "surrogatepass")[::2]:
        crc = crc >> 8 ^ _TABLE[(crc ^ low) & 0xFF]
    return crc


def _shown(crc: int) -> str:
    return crc.to_bytes(2, "little").hex().upper()


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; `length` and `total` as its header states them."""

    whole_code: str
    piece_code: str
    total: int
    length: int
    count: int
    guid: str
    index: int
    piece: str

    @classmethod
    def parse(cls, message: str) -> Frame:
        """The frame in a text message; `FrameError` unless header and numbers make sense."""
        if len(message) < HEADER or not message.startswith(MARK):
            raise FrameError("no BLOCKTXT header of 128 characters")
        fields = list(_fields(message[:HEADER]))
        numbers = [fields[place] for place in (3, 4, 5, 7)]
        if not all(number.isascii() and number.isdigit() for number in numbers):
            raise FrameError("lengths, count and index of a BLOCKTXT header are decimal")
        total, length, count, index = map(int, numbers)
        if not 0 < count <= MAX_PIECES or index >= count or total > MAX_UNITS or len(message) > MAX_PIECE:
            raise FrameError("count, index or length of the BLOCKTXT header is out of range")
        return cls(fields[1].upper(), fields[2].upper(), total, length, count, fields[6], index, message[HEADER:])

    @property
    def whole(self) -> bool:
        """Whether the piece is what the header says it is."""
        return units(self.piece) == self.length and check_code(self.piece) == self.piece_code

    def encode(self) -> str:
        """The text message."""
        numbers = f"{self.total:016d}{self.length:08d}{self.count:04d}{self.guid:0>36}{self.index:04d}"
        return f"{MARK}{self.whole_code}{self.piece_code}{numbers}{'0' * 44}{self.piece}"


def _fields(header: str) -> Iterator[str]:
    at = 0
    for width in _WIDTHS:
        yield header[at : at + width]
        at += width


def _is_wide(char: str) -> bool:
    return char > "\u00ff"


def cut(message: str) -> list[str]:
    """The pieces of a message; never inside a character."""
    pieces, begin, weight = [], 0, 0
    for at, char in enumerate(message):
        weight += (6 if char > "\uffff" else 3) if _is_wide(char) else 1
        if weight > PIECE_BYTES:
            pieces.append(message[begin : at + 1])
            begin, weight = at + 1, 0
    if begin < len(message) or not pieces:
        pieces.append(message[begin:])
    return pieces


def frames_of(message: str, guid: str) -> list[Frame]:
    """The frames of a message."""
    pieces, code, total = cut(message), check_code(message), units(message)
    return [
        Frame(code, check_code(piece), total, units(piece), len(pieces), guid, index, piece)
        for index, piece in enumerate(pieces)
    ]


@dataclass(frozen=True, slots=True)
class NextBlock:
    """What a receiver asks for: `good` says whether the last piece was, `following` which one is wanted."""

    good: bool
    guid: str
    following: int
    finish: bool

    def data(self) -> dict[str, object]:
        """The object in `Data`."""
        return {"guid": self.guid, "next": self.following, "finish": self.finish}


@dataclass(slots=True)
class _Unfinished:
    first: Frame
    pieces: list[str] = field(default_factory=list)
    refused: int = 0
    crc: int = _CRC_START
    units: int = 0


class Assembler:
    """Puts the messages of one connection together. `feed` gives what to ask for next and, at the end, the message.

    A piece is asked for again until it is good, three times as often as there are pieces; then the message is
    dropped with `FrameError`, as is one that grows beyond what its header says.
    """

    def __init__(self) -> None:
        self._unfinished: dict[str, _Unfinished] = {}

    def feed(self, message: str) -> tuple[NextBlock, str | None]:
        """Take a frame."""
        frame = Frame.parse(message)
        if not frame.index and frame.whole:
            self._begin(frame)
        state = self._unfinished.get(frame.guid)
        if state is None:
            if frame.index:
                raise FrameError("a piece of a message whose first piece never came")
            state = self._begin(frame)
        wanted = len(state.pieces)
        if frame.index != wanted or not frame.whole or _differs(frame, state.first):
            return self._again(state, wanted), None
        state.pieces.append(frame.piece)
        state.units += frame.length
        # Kept up piece by piece, so that the end of a long message does not keep everybody waiting.
        state.crc = _crc(frame.piece, state.crc)
        if wanted + 1 < frame.count:
            return NextBlock(True, frame.guid, wanted + 1, False), None
        return self._finish(state)

    def _begin(self, frame: Frame) -> _Unfinished:
        if len(self._unfinished) >= MAX_UNFINISHED and frame.guid not in self._unfinished:
            # The oldest is given up: a client that never finishes must not fill the memory.
            self._unfinished.pop(next(iter(self._unfinished)))
        refused = self._unfinished[frame.guid].refused if frame.guid in self._unfinished else 0
        state = self._unfinished[frame.guid] = _Unfinished(frame, refused=refused)
        return state

    def _again(self, state: _Unfinished, wanted: int) -> NextBlock:
        state.refused += 1
        if state.refused > 3 * state.first.count:
            self._unfinished.pop(state.first.guid, None)
            raise FrameError("the message was damaged too often")
        return NextBlock(False, state.first.guid, wanted, False)

    def _finish(self, state: _Unfinished) -> tuple[NextBlock, str | None]:
        del self._unfinished[state.first.guid]
        if state.units != state.first.total or _shown(state.crc) != state.first.whole_code:
            raise FrameError("the pieces are good, but together they are not the message of the header")
        return NextBlock(True, state.first.guid, state.first.count, True), "".join(state.pieces)


def _differs(frame: Frame, first: Frame) -> bool:
    return (frame.whole_code, frame.total, frame.count) != (first.whole_code, first.total, first.count)
