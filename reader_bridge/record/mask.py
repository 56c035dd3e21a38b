"""What of an exchange is never shown: PINs, keys, and what they unlock.

Rules:
- An instruction nobody knows, proprietary or not, may carry anything: its data and its answer are hidden.
- The pieces of a chain and the parts of a response (61xx, GET RESPONSE) are as secret as the whole.
- Bytes that are no command at all keep their header only.
"""

from __future__ import annotations

from dataclasses import replace

from reader_bridge.record.model import Exchange, Kind, Shown
from simcard.wire.apdu import CommandApdu, Ins
from simcard.wire.gmt0017 import GmtIns

PROPRIETARY = 0x80
DATA_START_SHORT, DATA_START_EXTENDED = 5, 7

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
        Ins.TERMINATE_CARD,  # in PIV the same number imports a key
    )
)
"""Interindustry instructions whose data are a PIN or a key, or may be either."""
KNOWN = frozenset(int(ins) for ins in Ins) | {0xF7, 0xF8, 0xF9, 0xFB, 0xFD}
"""ISO/IEC 7816 and the extensions of PIV that carry no secret: GET METADATA, GET SERIAL, ATTEST, RESET, GET VERSION."""

GMT_SECRET_DATA = frozenset(
    (
        GmtIns.CHANGE_DEV_AUTH_KEY,
        GmtIns.CHANGE_PIN,
        GmtIns.CREATE_APPLICATION,
        GmtIns.VERIFY_PIN,
        GmtIns.UNBLOCK_PIN,
        GmtIns.IMPORT_RSA_KEY_PAIR,
        GmtIns.IMPORT_ECC_KEY_PAIR,
        GmtIns.EXT_RSA_KEY_OPERATION,
        GmtIns.EXT_RSA_KEY_OPERATION_2,
        GmtIns.EXT_ECC_DECRYPT,
        GmtIns.EXT_ECC_SIGN,
        GmtIns.SET_SYMM_KEY,
        GmtIns.ENCRYPT,
        GmtIns.ENCRYPT_UPDATE,
        GmtIns.ENCRYPT_FINAL,
        GmtIns.EXT_ECC_ENCRYPT,
        GmtIns.EXECUTE_SCRIPT,  # a blank's first management key travels under a transport key that everybody knows
    )
)
GMT_SECRET_REPLY = frozenset(
    (
        GmtIns.GEN_EXT_RSA_KEY,
        GmtIns.EXT_RSA_KEY_OPERATION,
        GmtIns.EXT_RSA_KEY_OPERATION_2,
        GmtIns.EXT_ECC_DECRYPT,
        GmtIns.DECRYPT,
        GmtIns.DECRYPT_UPDATE,
        GmtIns.DECRYPT_FINAL,
        GmtIns.ECC_DECRYPT,
    )
)
KNOWN_GMT = frozenset(int(ins) for ins in GmtIns)
ENCIPHER = (Ins.PERFORM_SECURITY_OPERATION, 0x86, 0x80)
DECIPHER = (Ins.PERFORM_SECURITY_OPERATION, 0x80, 0x86)
GENERAL_AUTHENTICATE = (Ins.GENERAL_AUTHENTICATE, Ins.GENERAL_AUTHENTICATE_ODD)


class Mask:
    """Hides the secrets of the exchanges of one card, in their order; with `secrets` it hides nothing."""

    def __init__(self, secrets: bool = False) -> None:
        self._secrets = secrets
        self._reply_hidden = False

    def command(self, raw: bytes) -> Shown:
        """The command as it may be shown."""
        if self._secrets:
            return Shown(raw)
        if not continues(raw):
            self._reply_hidden = secret_reply(raw)
        return hidden_data(raw) if secret_data(raw) else Shown(raw)

    def response(self, raw: bytes) -> Shown:
        """The answer to the last command as it may be shown."""
        if not self._reply_hidden or len(raw) <= 2:
            return Shown(raw)
        return Shown(b"", len(raw) - 2, raw[-2:])

    def exchange(self, exchange: Exchange) -> Exchange:
        """An exchange as it may be shown; what is hidden already stays so."""
        if exchange.kind is not Kind.APDU:
            return exchange
        asked, response = self.command(exchange.command.padded()), exchange.response
        if response is not None and not response.hidden:
            response = self.response(response.padded())
        return replace(exchange, command=exchange.command if exchange.command.hidden else asked, response=response)


def continues(raw: bytes) -> bool:
    """Whether the command fetches the rest of an answer."""
    return len(raw) > 1 and raw[0] < PROPRIETARY and raw[1] == Ins.GET_RESPONSE


def secret_data(raw: bytes) -> bool:
    """Whether the command's data may be a secret. What is too short for a header hides everything but CLA."""
    if len(raw) < 4:
        return True
    if raw[0] >= PROPRIETARY:
        return raw[1] in GMT_SECRET_DATA or raw[1] not in KNOWN_GMT or unreadable(raw)
    known = raw[1] in KNOWN and raw[1] not in SECRET_DATA
    return not known or tuple(raw[1:4]) == ENCIPHER or unreadable(raw)


def secret_reply(raw: bytes) -> bool:
    """Whether the answer may be a secret: plaintext, a shared secret, a private key, or nobody knows what."""
    if len(raw) < 4:
        return False
    if raw[0] >= PROPRIETARY:
        return raw[1] in GMT_SECRET_REPLY or raw[1] not in KNOWN_GMT
    return tuple(raw[1:4]) == DECIPHER or raw[1] in GENERAL_AUTHENTICATE or raw[1] not in KNOWN


def unreadable(raw: bytes) -> bool:
    """Whether the lengths do not fit the bytes: a typing error beside a PIN is still a PIN."""
    try:
        CommandApdu.parse(raw)
    except ValueError:
        return True
    return False


def hidden_data(raw: bytes) -> Shown:
    """Header, Lc and Le stay, the data field goes."""
    try:
        apdu = CommandApdu.parse(raw)
    except ValueError:
        kept = min(4, max(0, len(raw) - 1))
        return Shown(raw[:kept], len(raw) - kept)
    if not apdu.data:
        return Shown(raw)
    start = DATA_START_EXTENDED if apdu.extended else DATA_START_SHORT
    return Shown(raw[:start], len(apdu.data), raw[start + len(apdu.data) :])
