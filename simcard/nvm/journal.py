"""Two banks of flash and the order in which they are written, so that a cut at any operation does no harm.

Rules. One bank is active. A commit is one program operation that appends a group to it, and one sync. When
the group does not fit, or the end of the bank is not clean, the content after the commit is written to the
other bank as one group; the header programmed after it is the commit point; then the old bank is marked
superseded and erased. Recovery is `mount`, which only reads: there is no other recovery code.

A group that does not check is a torn commit if nothing follows it, damage if anything does. Damage is
reported, never rolled back: a rollback could give PIN tries back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from simcard.hal.flash import Flash, MemoryFailure
from simcard.nvm.layout import (
    ALIGNMENT,
    GROUP_HEAD,
    GROUP_OVERHEAD,
    HEADER_SIZE,
    MARK_OFFSET,
    SUPERSEDED,
    VERSION,
    BankHeader,
    CorruptMemory,
    Group,
    NotFormatted,
    align,
    apply_records,
    decode_group,
    decode_head,
    decode_header,
    encode_group,
)
from simcard.nvm.repair import mend


class Journal:
    """The write position in flash: active bank, tail, sequence, and what is owed before the next append."""

    __slots__ = ("_active", "_bank_size", "_clean", "_flash", "_sequence", "_stale", "_tail")

    def __init__(self, flash: Flash) -> None:
        self._flash = flash
        self._bank_size = flash.size // flash.page_size // 2 * flash.page_size
        if self._bank_size <= HEADER_SIZE + GROUP_OVERHEAD + self.reserve:
            raise CorruptMemory(f"{flash.size} bytes of flash are too few for two banks")
        self._active = 0
        self._tail = 0
        self._sequence = 0
        self._clean = False  # the tail is blank and can be appended to
        self._stale = False  # the other bank has a valid header that does not say superseded

    @property
    def reserve(self) -> int:
        """Bytes of a bank that content may not fill, so that a full card does not compact at every commit."""
        return self._bank_size // 16

    @property
    def capacity(self) -> int:
        """Bytes of records that the whole content may take."""
        return self._bank_size - HEADER_SIZE - GROUP_OVERHEAD - self.reserve

    @classmethod
    def format(cls, flash: Flash) -> Journal:
        """Make an empty memory; whatever was in the flash is gone."""
        journal = cls(flash)
        for bank in (0, 1):
            journal._erase(bank)
        journal._active = 1
        journal._fill_other_bank(b"")
        journal._stale = False
        return journal

    @classmethod
    def mount(cls, flash: Flash) -> tuple[Journal, dict[bytes, bytes]]:
        """The journal and the content it tells. Writes nothing. Raises NotFormatted or CorruptMemory."""
        journal = cls(flash)
        journal._choose_bank()
        return journal, journal._replay()

    def commit(self, records: bytes, snapshot: Callable[[], bytes]) -> None:
        """Make `records` durable; `snapshot` gives the records of the whole content including them.

        MemoryFailure leaves the journal as it was before, or in doubt: then the next commit compacts.
        """
        if not self._clean or self._tail + GROUP_OVERHEAD + len(records) > self._bank_size:
            self.compact(snapshot())
            return
        self._clean = False
        if self._stale:
            self._supersede(1 - self._active)
        group = encode_group(self._sequence + 1, records)
        self._flash.program(self._active * self._bank_size + self._tail, group)
        self._flash.sync()
        self._sequence += 1
        self._tail = align(self._tail + len(group))
        self._clean = True

    def compact(self, snapshot: bytes) -> None:
        """Write the whole content to the other bank and go on there."""
        old = self._active
        self._fill_other_bank(snapshot)
        try:
            self._supersede(old)
            self._erase(old)
        except MemoryFailure:
            # The commit has happened; a page that is worn out is reported by the commit that needs it.
            pass

    def _fill_other_bank(self, snapshot: bytes) -> None:
        bank = 1 - self._active
        base = bank * self._bank_size
        group = encode_group(self._sequence + 1, snapshot)
        header = BankHeader(VERSION, self._bank_size, self._sequence + 1)
        self._erase(bank)
        self._flash.program(base + HEADER_SIZE, group)
        self._flash.sync()
        self._clean = False  # if the header fails, nobody knows which bank a mount would take
        self._flash.program(base, header.encode())
        self._flash.sync()
        self._active, self._tail = bank, align(HEADER_SIZE + len(group))
        self._sequence += 1
        self._clean = self._stale = True

    def _supersede(self, bank: int) -> None:
        self._flash.program(bank * self._bank_size + MARK_OFFSET, SUPERSEDED)
        self._stale = False

    def _erase(self, bank: int) -> None:
        """Erase what is not blank, the page of the header first: a bank that is half erased has none."""
        size = self._flash.page_size
        first = bank * self._bank_size // size
        content = self._flash.read(bank * self._bank_size, self._bank_size)
        blank = b"\xff" * size
        for page in range(self._bank_size // size):
            if content[page * size : (page + 1) * size] != blank:
                self._flash.erase(first + page)

    def _choose_bank(self) -> None:
        raw = [self._flash.read(bank * self._bank_size, HEADER_SIZE) for bank in (0, 1)]
        headers = [decode_header(each) for each in raw]
        valid = [(header.sequence, bank) for bank, header in enumerate(headers) if header is not None]
        if not valid:
            if raw == [b"\xff" * HEADER_SIZE] * 2:
                raise NotFormatted("the flash is blank; personalise the card")
            raise CorruptMemory("neither bank of the memory has a header that can be read")
        self._sequence, self._active = max(valid)
        header, other = headers[self._active], headers[1 - self._active]
        assert header is not None
        self._check_header(header)
        self._stale = other is not None and not other.superseded

    def _check_header(self, header: BankHeader) -> None:
        if header.version != VERSION:
            raise CorruptMemory(f"the memory is of format {header.version}, this card reads format {VERSION}")
        if header.bank_size != self._bank_size:
            raise CorruptMemory(f"the memory was made for banks of {header.bank_size} bytes, not {self._bank_size}")
        if header.superseded:
            raise CorruptMemory("the bank that superseded the readable one is damaged")

    def _replay(self) -> dict[bytes, bytes]:
        bank = self._flash.read(self._active * self._bank_size, self._bank_size)
        group = decode_group(bank, HEADER_SIZE)
        if group is None or group.sequence != self._sequence:
            raise CorruptMemory("the snapshot at the start of the memory is damaged")
        values: dict[bytes, bytes] = {}
        while group is not None and group.sequence == self._sequence:
            apply_records(group.records, values)
            self._tail = group.end
            self._sequence += 1
            group = decode_group(bank, self._tail)
        self._sequence -= 1
        self._clean = _blank_from(bank, self._tail)
        if not self._clean:
            last = self._judge_tail(bank)
            if last is not None:
                apply_records(last.records, values)
                self._sequence = last.sequence
        return values

    def _judge_tail(self, bank: bytes) -> Group | None:
        """The group at the tail if it is written but for one bit, None if it is torn, else CorruptMemory."""
        if decode_group(bank, self._tail) is not None:
            self._damaged()  # whole, but out of sequence
        group = mend(bank, self._tail)
        if group is not None and group.sequence == self._sequence + 1 and _blank_from(bank, group.end):
            return group
        head = decode_head(bank[self._tail : self._tail + GROUP_HEAD])
        if head is not None:
            # The extent of the last group is known; no commit has ever been made behind a torn one.
            if not _blank_from(bank, align(self._tail + GROUP_OVERHEAD + head[0])):
                self._damaged()
        elif self._whole_group_after(bank):
            self._damaged()
        return None

    def _whole_group_after(self, bank: bytes) -> bool:
        written = len(bank.rstrip(b"\xff"))  # no group begins in what is blank up to the end
        places = range(self._tail + ALIGNMENT, min(self._bank_size - GROUP_OVERHEAD + 1, written), ALIGNMENT)
        return any(self._is_later_group(bank, start) for start in places)

    def _is_later_group(self, bank: bytes, start: int) -> bool:
        group = decode_group(bank, start)
        return group is not None and group.sequence > self._sequence

    def _damaged(self) -> NoReturn:
        raise CorruptMemory(f"the memory is damaged at {self._active * self._bank_size + self._tail:#x}")


def _blank_from(bank: bytes, start: int) -> bool:
    """Whether the rest of the bank, from `start`, is blank; true at and beyond its end."""
    return bank[start:] == b"\xff" * max(0, len(bank) - start)
