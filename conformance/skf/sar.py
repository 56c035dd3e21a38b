"""The return codes of GM/T 0016-2012, annex A, and those of the edition of 2023 (from 0A000033)."""

from __future__ import annotations

BASE = 0x0A000000
NAMES = (
    "FAIL",
    "UNKNOWNERR",
    "NOTSUPPORTYETERR",
    "FILEERR",
    "INVALIDHANDLEERR",
    "INVALIDPARAMERR",
    "READFILEERR",
    "WRITEFILEERR",
    "NAMELENERR",
    "KEYUSAGEERR",
    "MODULUSLENERR",
    "NOTINITIALIZEERR",
    "OBJERR",
    "MEMORYERR",
    "TIMEOUTERR",
    "INDATALENERR",
    "INDATAERR",
    "GENRANDERR",
    "HASHOBJERR",
    "HASHERR",
    "GENRSAKEYERR",
    "RSAMODULUSLENERR",
    "CSPIMPRTPUBKEYERR",
    "RSAENCERR",
    "RSADECERR",
    "HASHNOTEQUALERR",
    "KEYNOTFOUNTERR",
    "CERTNOTFOUNTERR",
    "NOTEXPORTERR",
    "DECRYPTPADERR",
    "MACLENERR",
    "BUFFER_TOO_SMALL",
    "KEYINFOTYPEERR",
    "NOT_EVENTERR",
    "DEVICE_REMOVED",
    "PIN_INCORRECT",
    "PIN_LOCKED",
    "PIN_INVALID",
    "PIN_LEN_RANGE",
    "USER_ALREADY_LOGGED_IN",
    "USER_PIN_NOT_INITIALIZED",
    "USER_TYPE_INVALID",
    "APPLICATION_NAME_INVALID",
    "APPLICATION_EXISTS",
    "USER_NOT_LOGGED_IN",
    "APPLICATION_NOT_EXISTS",
    "FILE_ALREADY_EXIST",
    "NO_ROOM",
    "FILE_NOT_EXIST",
    "REACH_MAX_CONTAINER_COUNT",
    "AUTH_BLOCKED",
    "CERTNOUSAGEERR",
    "INVALIDCONTAINERERR",
    "CONTAINER_NOT_EXISTS",
    "CONTAINER_EXISTS",
    "CERTUSAGEERR",
    "KEYNOUSAGEERR",
    "FILEATTRIBUTEERR",
    "DEVNOAUTH",
)

CODES = {"OK": 0, **{name: BASE + number for number, name in enumerate(NAMES, 1)}}
_NAMES_OF = {code: name for name, code in CODES.items()}

ANY_ERROR = "ERROR"
"""In a suite: whatever is not OK."""


def name_of(code: int) -> str:
    """The name without SAR_, or the number of a code that has none."""
    return _NAMES_OF.get(code, f"{code:08X}")
