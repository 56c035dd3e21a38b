"""A card in a PC/SC reader, through pyscard's thin layer over the system's PC/SC library.

The functions of that layer return a code beside their results; every code a user can cause has an error of its
own here. Importing this module loads pyscard; nothing else in `host_tools.link` does.
"""

from __future__ import annotations

from typing import Any

from host_tools.errors import (
    BadResponse,
    CardBusy,
    CardRemoved,
    HostError,
    LinkError,
    NoCard,
    NoReader,
    NoService,
)

try:
    from smartcard import scard  # type: ignore[import-untyped]  # pyscard has no types
except ImportError:
    raise NoService("pyscard is not installed; install the 'pcsc' extra: pip install 'simcard[pcsc]'") from None

_NO_SERVICE = "no PC/SC service answers; start pcscd (systemctl start pcscd) and try again"
_REMOVED = "the card is gone or was reset by somebody else; put it back and start again"

_ERRORS: dict[int, tuple[type[HostError], str]] = {
    scard.SCARD_E_NO_SERVICE: (NoService, _NO_SERVICE),
    scard.SCARD_E_SERVICE_STOPPED: (NoService, _NO_SERVICE),
    scard.SCARD_E_NO_READERS_AVAILABLE: (NoReader, "there is no reader; plug one in or start one (simcard run)"),
    scard.SCARD_E_UNKNOWN_READER: (NoReader, "the reader is gone; plug it in again"),
    scard.SCARD_E_READER_UNAVAILABLE: (NoReader, "the reader is gone; plug it in again"),
    scard.SCARD_E_NO_SMARTCARD: (NoCard, "there is no card in the reader; insert one"),
    scard.SCARD_W_UNRESPONSIVE_CARD: (NoCard, "the card does not answer the reset; take it out and insert it again"),
    scard.SCARD_W_UNPOWERED_CARD: (NoCard, "the card has no power; take it out and insert it again"),
    scard.SCARD_E_SHARING_VIOLATION: (CardBusy, "another program holds the card for itself; close it first"),
    scard.SCARD_W_REMOVED_CARD: (CardRemoved, _REMOVED),
    scard.SCARD_W_RESET_CARD: (CardRemoved, _REMOVED),
    scard.SCARD_E_NOT_TRANSACTED: (CardRemoved, "the card stopped answering; take it out and insert it again"),
}
PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1


_BY_CODE = {code & 0xFFFFFFFF: row for code, row in _ERRORS.items()}
"""By unsigned code: whether the layer's codes have a sign depends on how it was built."""


def _check(code: int, doing: str) -> None:
    if code == scard.SCARD_S_SUCCESS:
        return
    unsigned = code & 0xFFFFFFFF
    kind, text = _BY_CODE.get(unsigned, (LinkError, f"{scard.SCardGetErrorMessage(code)} (0x{unsigned:08X})"))
    raise kind(f"{doing}: {text}")


def _context() -> Any:
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    _check(code, "reaching the PC/SC service")
    return context


def _names(context: Any) -> list[str]:
    code, names = scard.SCardListReaders(context, [])
    if code == scard.SCARD_E_NO_READERS_AVAILABLE:
        return []
    _check(code, "listing readers")
    return list(names)


def reader_names() -> list[str]:
    """The readers the PC/SC service lists; `NoService` if there is none."""
    context = _context()
    try:
        return _names(context)
    finally:
        scard.SCardReleaseContext(context)


def choose(names: list[str], wanted: str) -> str:
    """The reader of exactly that name, or the only one whose name holds it; `NoReader` otherwise."""
    if wanted in names:
        return wanted
    found = [name for name in names if wanted.lower() in name.lower()]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(repr(name) for name in names) or "none"
    if found:
        raise NoReader(f"{len(found)} readers have {wanted!r} in their name; be more exact: {listed}")
    raise NoReader(f"no reader has {wanted!r} in its name; there are: {listed}")


class PcscLink:
    """A `CardLink` to the card in the reader that `wanted` names in full or in part."""

    def __init__(self, wanted: str) -> None:
        self._card: Any = None
        self._context: Any = _context()
        try:
            self.reader = choose(_names(self._context), wanted)
            self._connect()
        except HostError:
            self.close()
            raise

    def _connect(self) -> None:
        code, card, protocol = scard.SCardConnect(self._context, self.reader, scard.SCARD_SHARE_SHARED, PROTOCOLS)
        _check(code, f"connecting to {self.reader}")
        self._card, self._protocol = card, protocol
        self._atr = self._read_atr()

    def _read_atr(self) -> bytes:
        code, _, _, _, atr = scard.SCardStatus(self._card)
        _check(code, "asking for the ATR")
        return bytes(atr)

    @property
    def atr(self) -> bytes:
        return self._atr

    def transmit(self, command: bytes) -> bytes:
        header = scard.SCARD_PCI_T1 if self._protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0
        code, response = scard.SCardTransmit(self._card, header, list(command))
        _check(code, "sending a command")
        if len(response) < 2:
            raise BadResponse(f"the reader gave {len(response)} bytes; a status word has two")
        return bytes(response)

    def reset(self) -> bytes:
        return self._again(scard.SCARD_RESET_CARD)

    def cold(self) -> bytes:
        """Cold reset: the power is taken away and given again; the ATR."""
        return self._again(scard.SCARD_UNPOWER_CARD)

    def _again(self, how: int) -> bytes:
        code, protocol = scard.SCardReconnect(self._card, scard.SCARD_SHARE_SHARED, PROTOCOLS, how)
        _check(code, "resetting the card")
        self._protocol = protocol
        self._atr = self._read_atr()
        return self._atr

    def close(self) -> None:
        if self._card is not None:
            scard.SCardDisconnect(self._card, scard.SCARD_RESET_CARD)
            self._card = None
        if self._context is not None:
            scard.SCardReleaseContext(self._context)
            self._context = None
