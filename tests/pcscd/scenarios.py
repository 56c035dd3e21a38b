"""One script of SCard calls, good and bad, for any PC/SC service. Run as a program in the service's world.

    python -m tests.pcscd.scenarios READER EMPTY_READER

It writes JSON lines: `["do", ACTION]` asks whoever holds the cards to act and waits for a line in return,
`["case", LABEL, OUTCOME]` reports. Labels are unique and the outcomes of a right service do not depend on time.
Actions: `insert RECIPE`, `remove`, `busy` (wait until the slow card works), `kill` (a client process that
waits to be killed, see `hold`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from tests.pcscd import alone, together
from tests.pcscd import winscard as w
from tests.pcscd.desk import Desk

SCENARIOS: dict[str, Callable[[Desk], None]] = {
    "contexts": alone.contexts,
    "connect": alone.connecting,
    "sharing": together.sharing,
    "reconnect": alone.reconnecting,
    "disconnect": together.disconnecting,
    "transaction": alone.transactions,
    "exclusive": alone.exclusive_transactions,
    "locked out": together.locked_out,
    "locked out, disconnect": together.disconnecting_while_locked,
    "death": together.dying,
    "SCardTransmit": alone.transmitting,
    "inquiry": alone.inquiring,
    "SCardGetStatusChange": alone.watching,
    "removal": together.removing,
    "removal, exclusive": together.removing_from_exclusive,
    "removal during": together.removing_during,
    "silence": alone.silent,
    "protocols": alone.protocols,
}


def main(reader: str, empty: str) -> None:
    """Run everything. Without blocking, so that refusals are seen and not tried again."""
    os.environ["PCSCLITE_NO_BLOCKING"] = "1"
    desk = Desk(reader, empty)
    desk.until(w.PRESENT)
    for prefix, scenario in SCENARIOS.items():
        with desk.scenario(prefix):
            scenario(desk)


if __name__ == "__main__":
    if sys.argv[1] == "--hold":
        together.be_killed(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
