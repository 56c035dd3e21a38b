"""A card under test in a PC/SC reader, as `conformance.judge` wants it (a rig). Loads pyscard."""

from __future__ import annotations

from host_tools.errors import CardRemoved
from host_tools.link.pcsc import PcscLink
from host_tools.link.pcsc_calls import PcscCalls


class ReaderRig:
    """One card in a PC/SC reader, for all cases: shared by a link, or called by several connections at once."""

    abilities = frozenset(("link.cold", "link.pcsc"))
    disposable = False

    def __init__(self, reader: str) -> None:
        self._reader = reader
        self._link: PcscLink | None = None
        self._calls: PcscCalls | None = None

    def insert(self) -> PcscLink:
        self._leave_calls()
        if self._link is None:
            self._link = PcscLink(self._reader)
        self._link.reset()
        return self._link

    def cold(self) -> bytes:
        assert self._link is not None, "no card was inserted"
        return self._link.cold()

    def cut(self, after: int, tear: str) -> None:
        raise CardRemoved("the power of a reader cannot be cut at an operation of the card's memory")

    def pcsc(self, by: str, call: str, data: bytes) -> tuple[str, bytes]:
        if self._link is not None:
            self._link.close()
            self._link = None
        if self._calls is None:
            self._calls = PcscCalls(self._reader)
        return self._calls.call(by, call, data)

    def close(self) -> None:
        """Let the card go."""
        self._leave_calls()
        if self._link is not None:
            self._link.close()
            self._link = None

    def _leave_calls(self) -> None:
        if self._calls is not None:
            self._calls.close()
            self._calls = None
