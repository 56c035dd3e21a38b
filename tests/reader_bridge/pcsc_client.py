"""A PC/SC program of its own process, through pyscard and libpcsclite; driven by its arguments.

present READER HEX...   wait for the card, print its ATR and the response (or error code) to each command
reset READER HEX...     the same, with a warm reset (SCardReconnect) between commands
watch READER N          print `present` or `absent` at each change, N lines
readers                 print the reader names
"""

from __future__ import annotations

import sys
from typing import Any

from smartcard import scard  # type: ignore[import-untyped]  # pyscard has no type marker

WAIT_MS = 15_000


def checked(answer: list[Any]) -> Any:
    """The results of an SCard call, or the end of the program with its code."""
    if answer[0] != scard.SCARD_S_SUCCESS:
        sys.exit(f"{answer[0] & 0xFFFFFFFF:08X} {scard.SCardGetErrorMessage(answer[0])}")
    return answer[1] if len(answer) == 2 else answer[1:]


class Client:
    """One context."""

    def __init__(self) -> None:
        self.context = checked(scard.SCardEstablishContext(scard.SCARD_SCOPE_USER))

    def readers(self) -> list[str]:
        return list(checked(scard.SCardListReaders(self.context, [])))

    def await_change(self, reader: str, known: int) -> int:
        """Block until the reader's state is not `known` any more; the new state."""
        [[_, state, _]] = checked(scard.SCardGetStatusChange(self.context, WAIT_MS, [(reader, known)]))
        return int(state)

    def await_card(self, reader: str) -> None:
        state = scard.SCARD_STATE_UNAWARE
        while not state & scard.SCARD_STATE_PRESENT:
            state = self.await_change(reader, state & 0xFFFF & ~scard.SCARD_STATE_CHANGED)

    def commands(self, reader: str, commands: list[str], reset: bool) -> None:
        self.await_card(reader)
        either = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        card, protocol = checked(scard.SCardConnect(self.context, reader, scard.SCARD_SHARE_SHARED, either))
        pci = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        show("atr", checked(scard.SCardStatus(card))[3])
        for number, command in enumerate(commands):
            if number and reset:
                checked(scard.SCardReconnect(card, scard.SCARD_SHARE_SHARED, either, scard.SCARD_RESET_CARD))
            code, response = scard.SCardTransmit(card, pci, list(bytes.fromhex(command)))
            show(f"{code & 0xFFFFFFFF:08X}", response)

    def watch(self, reader: str, lines: int) -> None:
        state = scard.SCARD_STATE_UNAWARE
        last = None
        while lines:
            state = self.await_change(reader, state & ~scard.SCARD_STATE_CHANGED)
            now = "present" if state & scard.SCARD_STATE_PRESENT else "absent"
            if now != last:
                sys.stdout.write(now + "\n")
                sys.stdout.flush()
                last, lines = now, lines - 1


def show(what: str, data: list[int]) -> None:
    sys.stdout.write(f"{what} {bytes(data).hex()}\n")


def main(verb: str, *arguments: str) -> None:
    client = Client()
    if verb == "readers":
        sys.stdout.writelines(name + "\n" for name in client.readers())
        return
    reader = client.readers()[int(arguments[0])]
    if verb == "watch":
        client.watch(reader, int(arguments[1]))
    else:
        client.commands(reader, list(arguments[1:]), reset=verb == "reset")


if __name__ == "__main__":
    main(*sys.argv[1:])
