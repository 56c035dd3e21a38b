"""When a card may be renewed, and by whom: pure rules over dates and states.

The state of the card comes first: only a normal one is renewed, and on one that is, what was begun may be finished.
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
from host_tools.registry.states import CardState

WINDOW = 180
"""Days before its end from which a certificate may be renewed."""


class Against(StrEnum):
    """What stands against a renewal."""

    PREPARING = "card-preparing"
    FROZEN = "card-frozen"
    LOST = "card-lost"
    VOID = "card-void"
    TOO_EARLY = "too-early"
    EXPIRED = "expired"
    OPERATOR_EXPIRED = "operator-expired"
    LOCKED = "locked"


STATES: dict[CardState, Against] = {
    CardState.PREPARING: Against.PREPARING,
    CardState.FROZEN: Against.FROZEN,
    CardState.LOST: Against.LOST,
    CardState.VOID: Against.VOID,
}
"""States of a card in which it is not renewed."""

TEXTS: dict[Against, Text] = {
    Against.PREPARING: Text("该卡尚未制作完成", "the card is not finished yet"),
    Against.FROZEN: Text("该卡已冻结，请先解冻", "the card is frozen; have it unfrozen first"),
    Against.LOST: Text(
        "该卡已挂失，请到制卡中心办理", "the card is reported lost; the office takes that back, or makes another"
    ),
    Against.VOID: Text("该卡已作废，不能延期", "the card is void; it is not renewed any more"),
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
MAY_RENEW = Text("该卡可以延期", "this card may be renewed now")
CUT_SHORT = Text(
    "上次延期未办完，停在“{step}”；再次运行本命令接着办理",
    'a renewal was begun and not finished; it waits before "{step}": run simcard renew again to go on',
)
RENEWED = Text("您的证书有效期已延期到：{end:%Y年%m月%d日}", "Your certificate is now valid until {end:%Y-%m-%d}")
NEW_PIN = Text("IC卡密码已恢复为初始密码：8个8", "The PIN is eight 8s again")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules look at: the end of the certificate, now (both UTC), whether the PIN is locked, whose it is.

    And how the card stands in the registry: its state, and whether a renewal was begun and not finished.
    """

    end: datetime
    now: datetime
    locked: bool
    of_office: bool = False
    state: CardState = CardState.NORMAL
    begun: bool = False

    @property
    def days_left(self) -> int:
        """Whole days from today's date to that of the end; negative when it is over."""
        return (self.end.date() - self.now.date()).days


def against(standing: Standing, signer: Signer) -> Against | None:
    """What stands against a renewal that this signer orders; None if nothing does."""
    if standing.state in STATES:
        return STATES[standing.state]
    if standing.begun:
        return None
    if standing.locked:
        return Against.LOCKED
    if standing.now > standing.end:
        over = Against.OPERATOR_EXPIRED if standing.of_office else Against.EXPIRED
        return over if signer is Signer.SELF else None
    return Against.TOO_EARLY if standing.days_left > WINDOW else None


def say(found: Against, standing: Standing, lang: Lang) -> str:
    """The text for people."""
    return TEXTS[found].say(lang).format(end=f"{standing.end:%Y-%m-%d}", left=standing.days_left)
