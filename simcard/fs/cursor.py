"""What is current in one logical channel: DF, EF and record (ISO/IEC 7816-4:2013, 7.1.3). Forgotten at reset."""

from __future__ import annotations

from dataclasses import dataclass

from simcard.fs.tree import MF


@dataclass(slots=True)
class Cursor:
    """Numbers of the current DF and EF (0 for none), and the current record (0 for undefined)."""

    df: int = MF
    ef: int = 0
    record: int = 0

    def enter(self, df: int) -> None:
        self.df, self.ef, self.record = df, 0, 0

    def open(self, df: int, ef: int) -> None:
        """An EF becomes current and its DF with it; the record pointer starts undefined."""
        self.df, self.ef, self.record = df, ef, 0
