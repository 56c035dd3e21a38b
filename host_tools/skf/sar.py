"""Error codes of GM/T 0016 (annex A), the errors that carry them, and what each status word of a token becomes.

Status words become errors in `refusal`, and only there. No text holds a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import ClassVar

from host_tools.errors import HostError
from simcard.wire.gmt0017 import TEXT, GmtSW
from simcard.wire.status import SW, describe

BASE = 0x0A000000


class Sar(IntEnum):
    """SAR codes; those from 33 on are of the 2023 edition and of vendors."""

    OK = 0
    FAIL = BASE + 0x01
    UNKNOWNERR = BASE + 0x02
    NOTSUPPORTYETERR = BASE + 0x03
    FILEERR = BASE + 0x04
    INVALIDHANDLEERR = BASE + 0x05
    INVALIDPARAMERR = BASE + 0x06
    READFILEERR = BASE + 0x07
    WRITEFILEERR = BASE + 0x08
    NAMELENERR = BASE + 0x09
    KEYUSAGEERR = BASE + 0x0A
    MODULUSLENERR = BASE + 0x0B
    NOTINITIALIZEERR = BASE + 0x0C
    OBJERR = BASE + 0x0D
    MEMORYERR = BASE + 0x0E
    TIMEOUTERR = BASE + 0x0F
    INDATALENERR = BASE + 0x10
    INDATAERR = BASE + 0x11
    GENRANDERR = BASE + 0x12
    HASHOBJERR = BASE + 0x13
    HASHERR = BASE + 0x14
    GENRSAKEYERR = BASE + 0x15
    RSAMODULUSLENERR = BASE + 0x16
    CSPIMPRTPUBKEYERR = BASE + 0x17
    RSAENCERR = BASE + 0x18
    RSADECERR = BASE + 0x19
    HASHNOTEQUALERR = BASE + 0x1A
    KEYNOTFOUNTERR = BASE + 0x1B
    CERTNOTFOUNTERR = BASE + 0x1C
    NOTEXPORTERR = BASE + 0x1D
    DECRYPTPADERR = BASE + 0x1E
    MACLENERR = BASE + 0x1F
    BUFFER_TOO_SMALL = BASE + 0x20
    KEYINFOTYPEERR = BASE + 0x21
    NOT_EVENTERR = BASE + 0x22
    DEVICE_REMOVED = BASE + 0x23
    PIN_INCORRECT = BASE + 0x24
    PIN_LOCKED = BASE + 0x25
    PIN_INVALID = BASE + 0x26
    PIN_LEN_RANGE = BASE + 0x27
    USER_ALREADY_LOGGED_IN = BASE + 0x28
    USER_PIN_NOT_INITIALIZED = BASE + 0x29
    USER_TYPE_INVALID = BASE + 0x2A
    APPLICATION_NAME_INVALID = BASE + 0x2B
    APPLICATION_EXISTS = BASE + 0x2C
    USER_NOT_LOGGED_IN = BASE + 0x2D
    APPLICATION_NOT_EXISTS = BASE + 0x2E
    FILE_ALREADY_EXIST = BASE + 0x2F
    NO_ROOM = BASE + 0x30
    FILE_NOT_EXIST = BASE + 0x31
    REACH_MAX_CONTAINER_COUNT = BASE + 0x32
    AUTH_BLOCKED = BASE + 0x33
    CERTNOUSAGEERR = BASE + 0x34
    INVALIDCONTAINERERR = BASE + 0x35
    CONTAINER_NOT_EXISTS = BASE + 0x36
    CONTAINER_EXISTS = BASE + 0x37
    CERTUSAGEERR = BASE + 0x38
    KEYNOUSAGEERR = BASE + 0x39
    FILEATTRIBUTEERR = BASE + 0x3A
    DEVNOAUTH = BASE + 0x3B


class SkfError(HostError):
    """An SKF call failed: `sar` says how, `sw` is the token's status word if it had one, `tries` the tries left."""

    code = "skf"

    def __init__(self, sar: Sar, text: str, sw: int | None = None, tries: int | None = None) -> None:
        super().__init__(f"{text} (SAR_{sar.name})")
        self.sar = sar
        self.sw = sw
        self.tries = tries


class SkfPinError(SkfError):
    """A PIN or device key that is wrong or locked."""

    exit_code: ClassVar[int] = 5
    code = "pin"


class SkfRemoved(SkfError):
    """The token is gone; connect to it again."""

    exit_code: ClassVar[int] = 3
    code = "card-removed"

    def __init__(self, text: str) -> None:
        super().__init__(Sar.DEVICE_REMOVED, text)


SAR_OF: dict[int, Sar] = {
    SW.MEMORY_FAILURE: Sar.WRITEFILEERR,
    SW.WRONG_LENGTH: Sar.INDATALENERR,
    GmtSW.RSA_GENERATION_FAILED: Sar.GENRSAKEYERR,
    SW.SECURITY_STATUS: Sar.USER_NOT_LOGGED_IN,
    SW.BLOCKED: Sar.PIN_LOCKED,
    GmtSW.NO_RANDOM: Sar.INDATAERR,
    SW.CONDITIONS: Sar.FAIL,
    0x6986: Sar.NOTSUPPORTYETERR,
    0x6988: Sar.MACLENERR,
    GmtSW.APPLICATION_NOT_OPEN: Sar.INVALIDHANDLEERR,
    SW.WRONG_DATA: Sar.INDATAERR,
    SW.FUNCTION_NOT_SUPPORTED: Sar.NOTSUPPORTYETERR,
    SW.FILE_NOT_FOUND: Sar.FILE_NOT_EXIST,
    SW.NO_SPACE: Sar.NO_ROOM,
    0x6A86: Sar.INVALIDPARAMERR,
    0x6A88: Sar.APPLICATION_NOT_EXISTS,
    GmtSW.APPLICATION_EXISTS: Sar.APPLICATION_EXISTS,
    GmtSW.APPLICATION_NOT_FOUND: Sar.APPLICATION_NOT_EXISTS,
    GmtSW.SESSION_KEY_NOT_FOUND: Sar.KEYNOTFOUNTERR,
    0x6A8D: Sar.INDATAERR,
    0x6A90: Sar.NOTSUPPORTYETERR,
    GmtSW.CONTAINER_NOT_FOUND: Sar.CONTAINER_NOT_EXISTS,
    GmtSW.FILE_EXISTS: Sar.FILE_ALREADY_EXIST,
    GmtSW.FILE_NOT_FOUND: Sar.FILE_NOT_EXIST,
    GmtSW.CONTAINER_ID_NOT_FOUND: Sar.INVALIDCONTAINERERR,
    GmtSW.NO_KEY_PAIR: Sar.KEYNOTFOUNTERR,
    GmtSW.NO_CERTIFICATE: Sar.CERTNOTFOUNTERR,
    0x6A97: Sar.WRITEFILEERR,
    GmtSW.VERIFY_FAILED: Sar.HASHNOTEQUALERR,
    GmtSW.SESSION_ALGORITHM: Sar.NOTSUPPORTYETERR,
    GmtSW.ENCRYPTION_FAILED: Sar.RSAENCERR,
    GmtSW.DECRYPTION_FAILED: Sar.RSADECERR,
    GmtSW.SIGNATURE_FAILED: Sar.FAIL,
    GmtSW.HASH_ALGORITHM: Sar.HASHERR,
    0x6A9F: Sar.KEYNOTFOUNTERR,
    0x6B00: Sar.INVALIDPARAMERR,
    GmtSW.AGREEMENT_DATA_FAILED: Sar.FAIL,
    GmtSW.AGREEMENT_KEY_FAILED: Sar.FAIL,
    0x6C00: Sar.BUFFER_TOO_SMALL,
    SW.INS_NOT_SUPPORTED: Sar.NOTSUPPORTYETERR,
    SW.CLA_NOT_SUPPORTED: Sar.NOTSUPPORTYETERR,
    0x6E01: Sar.BUFFER_TOO_SMALL,
    GmtSW.CONTAINER_EXISTS: Sar.CONTAINER_EXISTS,
    0x6F00: Sar.UNKNOWNERR,
}
"""What a status word means to a host; a command may know better (`refusal`)."""

PIN_CODES = frozenset((Sar.PIN_INCORRECT, Sar.PIN_LOCKED))
TRIES = 0x63C0


def refusal(sw: int, doing: str, better: Mapping[int, Sar] | None = None) -> SkfError:
    """The error for a status word; `better` overrides the table where the command gives it another meaning."""
    if sw & 0xFFF0 == TRIES:
        left = sw & 0x0F
        return SkfPinError(Sar.PIN_INCORRECT, f"{doing}: wrong, {left} tries are left ({sw:04X})", sw, left)
    sar = (better or {}).get(sw) or SAR_OF.get(sw, Sar.FAIL)
    tries = 0 if sar is Sar.PIN_LOCKED else None
    kind = SkfPinError if sar in PIN_CODES else SkfError
    return kind(sar, f"{doing}: {TEXT.get(sw) or describe(sw)} ({sw:04X})", sw, tries)
