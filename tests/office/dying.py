"""A process that dies (SIGKILL) at one step of carrying out an order; used by `test_interruption.py`.

A step is a write into the authority's book or a commit of the registry; there is a moment before it and one after.
Children come from a fork server that has imported everything, so that each costs milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from host_tools.office.desk import Desk
from host_tools.office.folder import Office
from host_tools.office.orders import Signed
from host_tools.pki.ledger import Ledger
from tests.pki.support import SM2, SetClock

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload([__name__])


class Reaper:
    """Counts moments and kills this process at one of them; 0 lets it live."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.passed = 0

    def moment(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, with a moment before it and one after."""

        def watched(*arguments: Any, **named: Any) -> Any:
            self.moment()
            result = call(*arguments, **named)
            self.moment()
            return result

        return watched


def _child(folder: Path, now: datetime, signed: Signed, step: int, back: Connection) -> None:
    reaper = Reaper(step)
    for kind, name in ((Ledger, "revoke"), (Ledger, "release"), (Session, "commit")):
        setattr(kind, name, reaper.around(getattr(kind, name)))
    with Office(folder, SetClock(now), SM2) as office:
        Desk(office).submit(signed)
    back.send(reaper.passed)


def hand_in(folder: Path, now: datetime, signed: Signed, step: int = 0) -> int:
    """Let another process hand an order in; its moments if it lived, the negative signal if it died."""
    here, there = SERVER.Pipe(duplex=False)
    child = SERVER.Process(target=_child, args=(folder, now, signed, step, there))
    child.start()
    there.close()
    child.join()
    assert child.exitcode is not None
    assert child.exitcode <= 0, "the desk failed by itself"
    return here.recv() if child.exitcode == 0 else child.exitcode
