"""Faults on demand: what can be switched on to see how a client takes it.

A fault lives in the service, never in the card. `Faults` may be read by several threads; switching is atomic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from host_tools.eport_client.wording import Text


class Fault(StrEnum):
    """What can go wrong on purpose."""

    NO_READER = "no-reader"
    NO_CARD = "no-card"
    HUNG = "hung"
    SLOW = "slow"
    DROP = "drop"
    NO_HELLO = "no-hello"
    LATE_HELLO = "late-hello"
    EXPIRED = "expired"
    OTHER_CARD = "other-card"


TEXTS: dict[Fault, Text] = {
    Fault.NO_READER: Text("读卡器或Key未插入", "no reader, or the key is not plugged in"),
    Fault.NO_CARD: Text("读卡器中没有卡", "no card in the reader"),
    Fault.HUNG: Text("读卡器死机，直到重启服务", "the reader hangs until the service is restarted"),
    Fault.SLOW: Text("慢卡：每次签名约240毫秒", "slow card: about 240 ms a signature"),
    Fault.DROP: Text("收到调用后断开连接", "the connection is cut instead of a reply"),
    Fault.NO_HELLO: Text("新连接不发握手消息", "new connections get no hello"),
    Fault.LATE_HELLO: Text("收到第一条消息后才发握手消息", "the hello comes only after the client's first message"),
    Fault.EXPIRED: Text("证书显示为已过期", "the certificate is shown as expired"),
    Fault.OTHER_CARD: Text("显示为其他企业的卡", "the card is shown as another enterprise's"),
}

SECONDS_OF_A_SLOW_SIGNATURE = 0.24
"""A real key makes about 250 signatures a minute."""


@dataclass(slots=True)
class Faults:
    """The faults that are on."""

    on: frozenset[Fault] = field(default=frozenset())

    def switch(self, fault: Fault, on: bool) -> None:
        """Switch one fault."""
        self.on = self.on | {fault} if on else self.on - {fault}

    def restart(self) -> None:
        """What restarting the client service mends: a reader that hangs."""
        self.switch(Fault.HUNG, False)

    def __contains__(self, fault: Fault) -> bool:
        return fault in self.on
