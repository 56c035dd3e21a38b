"""One exchange with a card, as a recording keeps it.

Bytes that must not be kept are hidden: only their number is known (`Shown.hidden`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from simcard.wire.apdu import CommandApdu


class Kind(Enum):
    """What the host did."""

    POWER_ON = "power-on"
    RESET = "reset"
    POWER_OFF = "power-off"
    APDU = "apdu"


class HiddenBytes(ValueError):
    """The bytes are needed and were not recorded."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Bytes of which a stretch in the middle may be hidden."""

    head: bytes
    hidden: int = 0
    tail: bytes = b""

    def __len__(self) -> int:
        return len(self.head) + self.hidden + len(self.tail)

    def __str__(self) -> str:
        stretch = f"[{self.hidden} bytes]" if self.hidden else ""
        return " ".join(part for part in (self.head.hex().upper(), stretch, self.tail.hex().upper()) if part)

    def reveal(self) -> bytes:
        """All bytes; `HiddenBytes` if some are not known."""
        if self.hidden:
            raise HiddenBytes(f"{self.hidden} bytes are hidden in {self}; record again with secrets")
        return self.head + self.tail

    def padded(self) -> bytes:
        """All bytes, with zeros for the hidden ones."""
        return self.head + bytes(self.hidden) + self.tail

    def fits(self, raw: bytes) -> bool:
        """Whether `raw` may be what was recorded.

        A command that hides its data right behind the header (no Lc, as some recorders write it) fits every command
        with this header and this number of data bytes.
        """
        if not self.hidden:
            return self.head + self.tail == raw
        if not (raw.startswith(self.head) and raw.endswith(self.tail)):
            return False
        without_lc = len(self.head) == 4 and not self.tail
        return len(self) == len(raw) or (without_lc and _data_length(raw) == self.hidden)


def _data_length(raw: bytes) -> int:
    try:
        return len(CommandApdu.parse(raw).data)
    except ValueError:
        return -1


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the host did, and what the card answered.

    `response` is the ATR after power-on and reset, None when nothing answered. Times are seconds: `at` since the
    recording began, `took` until the answer; None if they were not written down.
    """

    kind: Kind
    command: Shown = Shown(b"")
    response: Shown | None = None
    at: float | None = None
    took: float | None = None

    @property
    def sw(self) -> int | None:
        """The status word of an APDU; None when nothing answered."""
        if self.kind is not Kind.APDU or self.response is None or len(self.response) < 2:
            return None
        return int.from_bytes(self.response.padded()[-2:], "big")
