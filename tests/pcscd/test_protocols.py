"""Protocols out of an ATR, and the one that is used."""

from __future__ import annotations

import pytest

from reader_bridge.pcscd.codes import Protocol
from reader_bridge.pcscd.protocols import choose, offered

BOTH = Protocol.T0 | Protocol.T1


@pytest.mark.parametrize(
    ("protocols", "atr"),
    [
        (Protocol.T0, "3B00"),
        (Protocol.T0, "3B0453494D31"),
        (Protocol.T0, "3F1196"),
        (Protocol.T1, "3B800181"),
        (BOTH, "3B8980014543484F20434152443D"),
        (Protocol.T0 | Protocol.T15, "3B80801F00"),
        (Protocol.T0, "3B80901000"),
        (Protocol.T1, "3B80901100"),
        (Protocol.UNDEFINED, "3B801F00"),
        (Protocol.UNDEFINED, "3B80901300"),
        (Protocol.UNDEFINED, "3C00"),
        (Protocol.UNDEFINED, "3B"),
        (Protocol.UNDEFINED, ""),
        (Protocol.UNDEFINED, "3BF0" + "F0" * 40),
    ],
)
def test_offered(protocols: Protocol, atr: str) -> None:
    """ISO/IEC 7816-3:2006, 8.2.3, as pcscd reads it."""
    assert protocols == offered(bytes.fromhex(atr))


@pytest.mark.parametrize(
    ("chosen", "wanted", "available"),
    [
        (Protocol.T1, 3, BOTH),
        (Protocol.T0, 1, BOTH),
        (Protocol.T1, 2, BOTH),
        (Protocol.T0, 3, Protocol.T0),
        (Protocol.T1, 0x1000, BOTH),
        (Protocol.UNDEFINED, 1, Protocol.T1),
        (Protocol.UNDEFINED, 8, BOTH),
        (Protocol.UNDEFINED, 3, Protocol.UNDEFINED),
    ],
)
def test_choose(chosen: Protocol, wanted: int, available: Protocol) -> None:
    """T=1 before T=0."""
    assert chosen == choose(wanted, available)
