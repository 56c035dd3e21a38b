"""When a card may be renewed, and by whom: pure rules over dates and states.

The holder of a legal-person card does it alone while the certificate is valid, from 180 days before its end, and the
card is not locked. Everything else of a legal-person card is the office's. The other cards of an enterprise are
renewed by its legal-person card; public sources give no window for them, so they have the same one, but for the end:
an expired one may still be renewed. The card of the office's operator renews itself, in that window too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from host_tools.eport_client.wording import Lang, Text
from host_tools.office.rules import Signer

WINDOW = 180
"""Days before its end from which a certificate may be renewed."""


class Against(StrEnum):
    """What stands against a renewal."""

    TOO_EARLY = "too-early"
    EXPIRED = "expired"
    OPERATOR_EXPIRED = "operator-expired"
    LOCKED = "locked"


TEXTS: dict[Against, Text] = {
    Against.TOO_EARLY: Text(
        "证书有效期至 {end}，距到期 {left} 天，超过 180 天，无需延期",
        "the certificate is valid until {end}, {left} days from now; it can be renewed in the last 180 days",
    ),
    Against.EXPIRED: Text(
        "证书已于 {end} 过期，请持卡到制卡中心办理",
        "the certificate expired on {end}; take the card to the office",
    ),
    Against.OPERATOR_EXPIRED: Text(
        "制卡员卡证书已于 {end} 过期，请更换制卡员卡（simcard office replace-card）",
        "the certificate of the office's operator card expired on {end}; make another card with "
        "simcard office replace-card",
    ),
    Against.LOCKED: Text("该卡已锁，请先解锁", "the card is locked; have it unlocked first"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules look at: the end of the certificate, now (both UTC), whether the PIN is locked, whose it is."""

    end: datetime
    now: datetime
    locked: bool
    of_office: bool = False

    @property
    def days_left(self) -> int:
        """Whole days from today's date to that of the end; negative when it is over."""
        return (self.end.date() - self.now.date()).days


def against(standing: Standing, signer: Signer) -> Against | None:
    """What stands against a renewal that this signer orders; None if nothing does."""
    if standing.locked:
        return Against.LOCKED
    if standing.now > standing.end:
        over = Against.OPERATOR_EXPIRED if standing.of_office else Against.EXPIRED
        return over if signer is Signer.SELF else None
    return Against.TOO_EARLY if standing.days_left > WINDOW else None


def say(found: Against, standing: Standing, lang: Lang) -> str:
    """The text for people."""
    return TEXTS[found].say(lang).format(end=f"{standing.end:%Y-%m-%d}", left=standing.days_left)
