"""Flash memory: the physics that every store on the board has to live with.

Rules of the device: an erase sets a whole page to FF and wears it, a program only clears bits, every
operation asks the power supply for leave. A page that has used up its endurance refuses to be erased and can
still be read. `FlashDevice` holds these rules once; `RamFlash` and `FileFlash` only say where the bytes live.
Scripted failures (`fail`) live here too, so that no product code knows about tests.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NoReturn, Protocol

from simcard.hal.power import PowerLost, PowerSupply, Tear
from simcard.wire.status import SW, Refused

ENDURANCE = 100_000  # erase cycles per page; what makers of card flash commonly promise


class FlashFault(Exception):
    """The caller broke a rule of the device: a bug, never a condition of the memory."""


class MemoryFailure(Refused):
    """The memory did not do what it was told (6581); what was stored before can still be read."""

    def __init__(self) -> None:
        super().__init__(SW.MEMORY_FAILURE)


class Flash(Protocol):
    """Non-volatile memory of `size` bytes in pages of `page_size` bytes."""

    @property
    def size(self) -> int:
        """Bytes in all; a multiple of `page_size`."""

    @property
    def page_size(self) -> int:
        """Bytes that one erase sets to FF."""

    def read(self, address: int, length: int) -> bytes:
        """`length` bytes from `address`."""

    def program(self, address: int, data: bytes) -> None:
        """Clear bits so that `data` stands at `address`; FlashFault if a bit would have to be set."""

    def erase(self, page: int) -> None:
        """Set page number `page` to FF; MemoryFailure once its endurance is used up."""

    def sync(self) -> None:
        """Return when everything programmed and erased so far would survive a loss of power."""

    def wear(self) -> tuple[int, ...]:
        """How many times an erase of each page began."""

    def close(self) -> None:
        """Give back what the device holds; no operation may follow."""


class FlashDevice(ABC):
    """The rules of the device over any place that can keep bytes."""

    __slots__ = ("_endurance", "_failure", "_page_size", "_power", "_size")

    def __init__(self, size: int, page_size: int, power: PowerSupply | None, endurance: int) -> None:
        if page_size <= 0 or size <= 0 or size % page_size:
            raise FlashFault(f"{size} bytes are not a whole number of pages of {page_size}")
        self._size = size
        self._page_size = page_size
        self._power = power if power is not None else PowerSupply()
        self._endurance = endurance
        self._failure = -1

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    @property
    def page_size(self) -> int:
        """Bytes that one erase sets to FF."""
        return self._page_size

    @property
    def power(self) -> PowerSupply:
        """The supply that this device asks for leave."""
        return self._power

    def fail(self, after: int) -> None:
        """Let operation number `after` from now (0 is the very next) raise MemoryFailure and do nothing.

        A negative number takes back an order that was not carried out yet.
        """
        self._failure = after

    def read(self, address: int, length: int) -> bytes:
        """`length` bytes from `address`."""
        self._check(address, length)
        if self._ask() is not None:
            raise PowerLost
        return self._load(address, length)

    def program(self, address: int, data: bytes) -> None:
        """Clear bits so that `data` stands at `address`; FlashFault if a bit would have to be set."""
        self._check(address, len(data))
        tear = self._ask()
        before = self._load(address, len(data))
        if int.from_bytes(data, "big") & ~int.from_bytes(before, "big"):
            raise FlashFault(f"program at {address:#x} would have to set a bit")
        if tear is not None:
            self._tear(tear, address, before, data)
        self._keep(address, data)

    def erase(self, page: int) -> None:
        """Set page number `page` to FF; MemoryFailure once its endurance is used up."""
        address = page * self._page_size
        self._check(address, self._page_size)
        tear = self._ask()
        if self._erasures(page) >= self._endurance:
            raise MemoryFailure
        if tear is not None:
            before = self._load(address, self._page_size)
            if tear is not Tear.ABSENT:
                self._wipe(page)
            self._tear(tear, address, before, b"\xff" * self._page_size)
        self._wipe(page)

    def sync(self) -> None:
        """Return when everything programmed and erased so far would survive a loss of power."""
        if self._ask() is not None:
            raise PowerLost
        self._settle()

    def wear(self) -> tuple[int, ...]:
        """How many times an erase of each page began."""
        return tuple(self._erasures(page) for page in range(self._size // self._page_size))

    def close(self) -> None:  # most devices hold nothing that has to be given back
        """Give back what the device holds."""

    def _check(self, address: int, length: int) -> None:
        if address < 0 or length < 0 or address + length > self._size:
            raise FlashFault(f"{length} bytes at {address:#x} reach outside {self._size} bytes of flash")

    def _ask(self) -> Tear | None:
        tear = self._power.request()
        if self._failure >= 0:
            self._failure -= 1
            if self._failure < 0 and tear is None:
                raise MemoryFailure
        return tear

    def _tear(self, tear: Tear, address: int, before: bytes, wanted: bytes) -> NoReturn:
        self._keep(address, self._power.remains(tear, before, wanted))
        raise PowerLost

    @abstractmethod
    def _load(self, address: int, length: int) -> bytes:
        """The bytes there."""

    @abstractmethod
    def _keep(self, address: int, data: bytes) -> None:
        """Put the bytes there, whatever was there."""

    @abstractmethod
    def _wipe(self, page: int) -> None:
        """Set the page to FF and count the erasure."""

    @abstractmethod
    def _erasures(self, page: int) -> int:
        """How many times the page was wiped."""

    @abstractmethod
    def _settle(self) -> None:
        """Make what was kept durable."""


class RamFlash(FlashDevice):
    """Flash in RAM. Only pages that are not blank take memory, so that idle cards are cheap."""

    __slots__ = ("_pages", "_wear")

    def __init__(
        self, size: int, page_size: int = 512, power: PowerSupply | None = None, endurance: int = ENDURANCE
    ) -> None:
        super().__init__(size, page_size, power, endurance)
        self._pages: dict[int, bytearray] = {}
        self._wear: dict[int, int] = {}

    def image(self) -> bytes:
        """All bytes of the device, outside the rules of power: for a bench that looks at the chip."""
        whole = bytearray(b"\xff" * self._size)
        for number, cells in self._pages.items():
            whole[number * self._page_size : (number + 1) * self._page_size] = cells
        return bytes(whole)

    @classmethod
    def of_image(cls, image: bytes, page_size: int = 512, power: PowerSupply | None = None) -> RamFlash:
        """A device that holds `image`; its length must be a whole number of pages."""
        flash = cls(len(image), page_size, power)
        blank = b"\xff" * page_size
        pages = (image[start : start + page_size] for start in range(0, len(image), page_size))
        flash._pages = {number: bytearray(cells) for number, cells in enumerate(pages) if cells != blank}
        return flash

    def _load(self, address: int, length: int) -> bytes:
        page, offset = divmod(address, self._page_size)
        if offset + length <= self._page_size:
            cells = self._pages.get(page)
            return bytes(cells[offset : offset + length]) if cells is not None else b"\xff" * length
        last = (address + length - 1) // self._page_size
        blank = b"\xff" * self._page_size
        whole = b"".join(self._pages.get(number, blank) for number in range(page, last + 1))
        return whole[offset : offset + length]

    def _keep(self, address: int, data: bytes) -> None:
        page, offset = divmod(address, self._page_size)
        start = 0
        while start < len(data):
            end = min(len(data), start + self._page_size - offset)
            self._keep_in_page(page, offset, data[start:end])
            page, offset, start = page + 1, 0, end

    def _keep_in_page(self, page: int, offset: int, data: bytes) -> None:
        cells = self._pages.get(page)
        if cells is None:
            if data.count(0xFF) == len(data):
                return
            cells = self._pages[page] = bytearray(b"\xff" * self._page_size)
        cells[offset : offset + len(data)] = data

    def _wipe(self, page: int) -> None:
        self._pages.pop(page, None)
        self._wear[page] = self._erasures(page) + 1

    def _erasures(self, page: int) -> int:
        return self._wear.get(page, 0)

    def _settle(self) -> None:
        """RAM that models flash has nothing behind it to wait for."""
