"""A link that writes down what passes: `> HEX` for a command, `< HEX SW` for its response.

Secrets stay out unless asked for: of commands that carry PINs or keys only the header and the number of bytes are
written, and so it is with responses that are decrypted data. The pieces of a chain are treated like the whole.
"""

from __future__ import annotations

from collections.abc import Callable

from host_tools.link.base import CardLink
from simcard.wire.apdu import CommandApdu, Ins

Write = Callable[[str], None]

SECRET_DATA = frozenset(
    (
        Ins.VERIFY,
        Ins.VERIFY_ODD,
        Ins.CHANGE_REFERENCE_DATA,
        Ins.RESET_RETRY_COUNTER,
        Ins.ENABLE_VERIFICATION,
        Ins.DISABLE_VERIFICATION,
        Ins.PUT_DATA_ODD,
        Ins.ENVELOPE,
        Ins.ENVELOPE_ODD,
    )
)
"""Instructions whose data are a PIN, a key, or may be either."""

ENCIPHER = (Ins.PERFORM_SECURITY_OPERATION, 0x86, 0x80)
DECIPHER = (Ins.PERFORM_SECURITY_OPERATION, 0x80, 0x86)


def shown_command(command: bytes) -> str:
    """A command for a record; what may be secret is a count of bytes."""
    secret = len(command) > 1 and (command[1] in SECRET_DATA or tuple(command[1:4]) == ENCIPHER)
    if not secret or len(command) <= 5:
        return command.hex().upper()
    try:
        count = len(CommandApdu.parse(command).data)
    except ValueError:
        count = len(command) - 5
    return f"{command[:4].hex().upper()} [{count} bytes]" if count else command.hex().upper()


class RecordingLink:
    """A `CardLink` around another one, with a line to `write` for each command, response and reset."""

    def __init__(self, link: CardLink, write: Write, secrets: bool = False) -> None:
        self._link = link
        self._write = write
        self._secrets = secrets
        self._hidden = False

    @property
    def atr(self) -> bytes:
        return self._link.atr

    def transmit(self, command: bytes) -> bytes:
        # GET RESPONSE continues the response before it, so it is as secret as that.
        if len(command) > 1 and command[1] != Ins.GET_RESPONSE:
            self._hidden = tuple(command[1:4]) == DECIPHER and not self._secrets
        self._write("> " + (command.hex().upper() if self._secrets else shown_command(command)))
        response = self._link.transmit(command)
        self._write("< " + self._shown(response))
        return response

    def _shown(self, response: bytes) -> str:
        data, sw = response[:-2], response[-2:].hex().upper()
        if not data:
            return sw
        return f"[{len(data)} bytes] {sw}" if self._hidden else f"{data.hex().upper()} {sw}"

    def reset(self) -> bytes:
        atr = self._link.reset()
        self._write("> reset")
        self._write("< " + atr.hex().upper())
        return atr

    def close(self) -> None:
        self._link.close()
