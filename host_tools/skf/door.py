"""One token's door: commands of GM/T 0017 over a link, whole responses back, errors with SAR codes.

Always the extended form; 6A9E is answered by the same command once more, 61xx by GET RESPONSE. Rules:
- One thread at a time; `together` keeps a sequence (random number and its answer, pieces of one response) together,
  also against other programs, as far as the link can (`exclusive`).
- After a removal every further command says so, also when another card is in: its handles are not this card's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from threading import RLock

from host_tools.errors import BadResponse, CardBusy, CardRemoved, LinkError, NoCard, NoReader, NoService
from host_tools.link.base import CardLink
from host_tools.skf.dialect import Dialect
from host_tools.skf.sar import Sar, SkfError, SkfRemoved, refusal
from simcard.wire.apdu import CommandApdu, Ins, ResponseApdu
from simcard.wire.gmt0017 import DEV_INFO_SIZE, MAX_ID, DevInfo, GmtIns, GmtSW, Order
from simcard.wire.status import SW

PLAIN, PROTECTED = 0x80, 0x84
GONE = (CardRemoved, NoCard, NoReader, NoService)
LARGEST_RESPONSE = 0x4000
SMALLEST_ROOM = 255
LARGEST_ALGORITHM = 0xFFFF
MOST_PIECES = 256
Exclusive = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Ask:
    """One command; `ne` 0 expects no data. `better` overrides what some status words mean."""

    ins: GmtIns
    doing: str
    data: bytes = b""
    p1: int = 0
    p2: int = 0
    ne: int = 0
    cla: int = PLAIN
    better: Mapping[int, Sar] | None = None
    long: bool = False
    """The response may come in several pieces, which nobody's command may part."""

    @property
    def header(self) -> bytes:
        return bytes((self.cla, self.ins, self.p1, self.p2))

    def encode(self) -> bytes:
        return CommandApdu(self.cla, self.ins, self.p1, self.p2, self.data, self.ne, True).encode()


class Door:
    """The way to one token, shared by everything that is open on it."""

    def __init__(self, link: CardLink, dialect: Dialect | None = None, exclusive: Exclusive = nullcontext) -> None:
        self.link = link
        self.dialect = dialect or Dialect()
        self.removed = False
        self._exclusive = exclusive
        self._lock = RLock()
        self._order: Order | None = self.dialect.int_order
        self._room = 0
        self._alg_dev_auth = 0

    # -- numbers

    @property
    def order(self) -> Order:
        """Byte order of numbers in data fields."""
        if self._order is None:
            self.info()
        return self._order or "big"

    @property
    def room(self) -> int:
        """How many bytes of data one command may bring."""
        if not self._room:
            self.info()
        return self._room

    @property
    def alg_dev_auth(self) -> int:
        """Algorithm of the device key."""
        if not self._alg_dev_auth:
            self.info()
        return self._alg_dev_auth

    def u2(self, value: int) -> bytes:
        return _number(value, 2, self.order)

    def u4(self, value: int) -> bytes:
        return _number(value, 4, self.order)

    def number(self, raw: bytes) -> int:
        return int.from_bytes(raw, self.order)

    def counted(self, data: bytes) -> bytes:
        """Length (4) and data."""
        return self.u4(len(data)) + data

    def identity(self, ident: bytes) -> bytes:
        """A counted user identity."""
        if len(ident) > MAX_ID:
            raise SkfError(Sar.INDATALENERR, f"an identity of {len(ident)} bytes is too long")
        return self.counted(ident)

    def info(self) -> DevInfo:
        """GetDevInfo; also tells the byte order and the room for data."""
        raw = self.ask(Ask(GmtIns.GET_DEV_INFO, "asking for the device information", ne=DEV_INFO_SIZE))
        if len(raw) != DEV_INFO_SIZE:
            raise SkfError(Sar.UNKNOWNERR, f"device information of {len(raw)} bytes; {DEV_INFO_SIZE} were expected")
        big = DevInfo.decode(raw, "big")
        if self._order is None:
            # Only one order makes an algorithm identifier of these four bytes.
            self._order = "big" if big.alg_dev_auth <= LARGEST_ALGORITHM else "little"
        found = DevInfo.decode(raw, self._order)
        self._room = max(SMALLEST_ROOM, min(found.max_apdu, LARGEST_RESPONSE))
        self._alg_dev_auth = found.alg_dev_auth
        return found

    # -- commands

    @contextmanager
    def together(self) -> Iterator[None]:
        """Nobody else's command comes between those inside."""
        with self._lock:
            self._check_present()
            with self._translated("beginning a transaction"), self._exclusive():
                yield

    def ask(self, command: Ask) -> bytes:
        """The whole response data; the `SkfError` for any status word but success."""
        with self.together() if command.long else self._lock:
            answer = self._whole(command.encode(), command.doing)
        if answer.sw != SW.OK:
            raise refusal(answer.sw, command.doing, command.better)
        return answer.data

    def _whole(self, raw: bytes, doing: str) -> ResponseApdu:
        data, following = b"", raw
        for _ in range(MOST_PIECES):
            answer = self.transmit(following, doing)
            data += answer.data
            if answer.sw >> 8 == 0x61:
                following = CommandApdu(0, Ins.GET_RESPONSE, 0, 0, b"", answer.sw & 0xFF or 256).encode()
            elif answer.sw == GmtSW.MORE_DATA:
                following = raw
            else:
                return ResponseApdu(data, answer.sw)
        raise SkfError(Sar.UNKNOWNERR, f"{doing}: the token has more than {MOST_PIECES} pieces to say")

    def transmit(self, raw: bytes, doing: str = "sending a command") -> ResponseApdu:
        """One command as it is, one response as it is."""
        with self._lock, self._translated(doing):
            self._check_present()
            return ResponseApdu.parse(self.link.transmit(raw))

    def _check_present(self) -> None:
        if self.removed:
            raise SkfRemoved("the token was removed; connect to it again")

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except GONE as gone:
            self.removed = True
            raise SkfRemoved(f"{doing}: {gone}") from None
        except CardBusy as busy:
            raise SkfError(Sar.TIMEOUTERR, f"{doing}: {busy}") from None
        except (LinkError, BadResponse) as failed:
            raise SkfError(Sar.FAIL, f"{doing}: {failed}") from None

    def close(self) -> None:
        """Let the card go."""
        with self._lock:
            self.removed = True
            self.link.close()


def _number(value: int, size: int, order: Order) -> bytes:
    if not 0 <= value < 1 << 8 * size:
        raise SkfError(Sar.INVALIDPARAMERR, f"{value} does not fit into {size} bytes")
    return value.to_bytes(size, order)


def names_of(raw: bytes) -> list[str]:
    """A list of names, each ended by NUL."""
    return [name.decode("utf-8", "replace") for name in raw.split(b"\0") if name]


def name_bytes(name: str, limit: int, sar: Sar = Sar.NAMELENERR) -> bytes:
    """A name as it goes to the token; the error for one that is empty or has more bytes than `limit`."""
    raw = name.encode()
    if not 1 <= len(raw) <= limit or b"\0" in raw:
        raise SkfError(sar, f"a name has 1 to {limit} bytes, and {name!r} has {len(raw)}")
    return raw


def sized(raw: bytes, *sizes: int) -> bytes:
    """An answer that has one of these lengths; SAR_UNKNOWNERR for one that a token cannot have meant."""
    if len(raw) not in sizes:
        raise SkfError(Sar.UNKNOWNERR, f"the token answered {len(raw)} bytes; {sizes[0]} were expected")
    return raw
