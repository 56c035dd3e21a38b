"""Our card under vsmartcard's own Python program: `VirtualICC` with our slot as its operating system.

For comparison with that program's cards, and for those who already drive it. Rules:
- The package is not a dependency: `load` finds it where Debian puts it (`python3-virtualsmartcard` installs
  beside the interpreter's path) or on the path. It needs a `Crypto` package, which PyCryptodome provides.
- Its constructor makes a card of its own and connects; it is not run. Its `run` loop is, unchanged.
- Its loop receives once per message and trusts that all of it came; `WholeSocket` makes that true.
"""

from __future__ import annotations

import importlib
import socket
import sys
from pathlib import Path
from typing import Any, Protocol, cast

from reader_bridge import vpcd
from reader_bridge.line import QUICKACK
from reader_bridge.slot import Slot

DEBIAN_FOLDER = Path("/usr/lib/python3/site-packages/virtualsmartcard")
MODULE = "virtualsmartcard.VirtualSmartcard"


class ViccError(Exception):
    """vsmartcard's package cannot be loaded; the text says why."""


class VirtualIcc(Protocol):
    """What of vsmartcard's `VirtualICC` is used."""

    def run(self) -> None:
        """Serve the reader; ends by SystemExit when the reader is gone."""
        ...


class CardOs:
    """A slot with the methods that `VirtualICC` expects of a card's operating system."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot

    def getATR(self) -> bytes:  # noqa: N802 - the name is vsmartcard's
        """The ATR; empty if there is no card, which ends the connection."""
        return self._slot.atr() or b""

    def powerUp(self) -> None:  # noqa: N802 - the name is vsmartcard's
        """Cold reset."""
        self._slot.power_on()

    def powerDown(self) -> None:  # noqa: N802 - the name is vsmartcard's
        """Power off."""
        self._slot.power_off()

    def reset(self) -> None:
        """Warm reset."""
        self._slot.reset()

    def execute(self, msg: bytes) -> bytes:
        """The response APDU, or `vpcd.NO_ANSWER` from a mute card."""
        return self._slot.transmit(msg) or vpcd.NO_ANSWER


class WholeSocket(socket.socket):
    """A socket whose `recv` gives all bytes asked for, unless the stream ends, and acknowledges at once."""

    def recv(self, size: int, flags: int = 0) -> bytes:
        """`size` bytes, or fewer at the end of the stream."""
        if QUICKACK is not None and self.family != socket.AF_UNIX:
            self.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
        return super().recv(size, flags | socket.MSG_WAITALL)


def load(folder: Path = DEBIAN_FOLDER) -> Any:
    """vsmartcard's module VirtualSmartcard, from the path or from `folder`. `ViccError` if it will not load."""
    if str(folder) not in sys.path and folder.is_dir():
        sys.path.append(str(folder))
    try:
        return importlib.import_module(MODULE)
    except (ImportError, SyntaxError) as failed:
        raise ViccError(f"vsmartcard's Python package does not load: {failed}") from None


def virtual_icc(slot: Slot, connected: socket.socket, folder: Path = DEBIAN_FOLDER) -> VirtualIcc:
    """A `VirtualICC` whose card is `slot`, on a socket already connected to vpcd, which it takes over."""
    module = load(folder)
    connected.setblocking(True)
    icc = module.VirtualICC.__new__(module.VirtualICC)
    icc.os = CardOs(slot)
    icc.type = "slot"
    icc.host, icc.port = "connected", 0
    icc.server_sock = None
    icc.sock = WholeSocket(fileno=connected.detach())
    return cast(VirtualIcc, icc)


def serve(icc: VirtualIcc) -> None:
    """Run the loop until the reader is gone; its way to say so, SystemExit, ends here."""
    try:
        icc.run()
    except (SystemExit, OSError):
        return
