"""Status words SW1-SW2 (ISO/IEC 7816-4:2013, 5.6, tables 5 and 6) and the one exception that carries them.

Card code refuses a command by raising `Refused`; `Card.transmit` catches it once. Host code turns a status
word into text with `describe`.
"""

from __future__ import annotations

from enum import IntEnum


class SW(IntEnum):
    """The status words this card answers, by their ISO/IEC 7816-4 meaning."""

    OK = 0x9000
    MORE_DATA = 0x6100
    WARNING = 0x6200
    CORRUPTED = 0x6281
    END_OF_FILE = 0x6282
    DEACTIVATED = 0x6283
    TERMINATED = 0x6285
    FAILED = 0x6300
    FILE_FULL = 0x6381
    EXECUTION_ERROR = 0x6400
    MEMORY_FAILURE = 0x6581
    WRONG_LENGTH = 0x6700
    CHANNEL_NOT_SUPPORTED = 0x6881
    SM_NOT_SUPPORTED = 0x6882
    LAST_OF_CHAIN_EXPECTED = 0x6883
    CHAINING_NOT_SUPPORTED = 0x6884
    INCOMPATIBLE_FILE = 0x6981
    SECURITY_STATUS = 0x6982
    BLOCKED = 0x6983
    REFERENCE_DATA_UNUSABLE = 0x6984
    CONDITIONS = 0x6985
    NO_CURRENT_EF = 0x6986
    SM_OBJECT_MISSING = 0x6987
    SM_OBJECT_WRONG = 0x6988
    WRONG_DATA = 0x6A80
    FUNCTION_NOT_SUPPORTED = 0x6A81
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    NO_SPACE = 0x6A84
    NC_INCONSISTENT_WITH_TLV = 0x6A85
    WRONG_P1P2 = 0x6A86
    NC_INCONSISTENT_WITH_P1P2 = 0x6A87
    REFERENCE_NOT_FOUND = 0x6A88
    FILE_EXISTS = 0x6A89
    DF_NAME_EXISTS = 0x6A8A
    OFFSET = 0x6B00
    WRONG_LE = 0x6C00
    INS_NOT_SUPPORTED = 0x6D00
    CLA_NOT_SUPPORTED = 0x6E00
    NO_DIAGNOSIS = 0x6F00


TEXT: dict[int, str] = {
    SW.OK: "normal processing",
    SW.WARNING: "warning, memory unchanged",
    SW.CORRUPTED: "part of the returned data may be corrupted",
    SW.END_OF_FILE: "end of file or record reached before Ne bytes",
    SW.DEACTIVATED: "selected file is deactivated",
    SW.TERMINATED: "selected file is in termination state",
    SW.FAILED: "warning, memory changed; verification failed",
    SW.FILE_FULL: "file filled up by the last write",
    SW.EXECUTION_ERROR: "execution error, memory unchanged",
    SW.MEMORY_FAILURE: "memory failure",
    SW.WRONG_LENGTH: "wrong length",
    SW.CHANNEL_NOT_SUPPORTED: "logical channel not open or not supported",
    SW.SM_NOT_SUPPORTED: "secure messaging not supported",
    SW.LAST_OF_CHAIN_EXPECTED: "last command of the chain expected",
    SW.CHAINING_NOT_SUPPORTED: "command chaining not supported",
    SW.INCOMPATIBLE_FILE: "command incompatible with file structure",
    SW.SECURITY_STATUS: "security status not satisfied",
    SW.BLOCKED: "authentication method blocked",
    SW.REFERENCE_DATA_UNUSABLE: "reference data not usable",
    SW.CONDITIONS: "conditions of use not satisfied",
    SW.NO_CURRENT_EF: "command not allowed, no current EF",
    SW.SM_OBJECT_MISSING: "expected secure messaging object missing",
    SW.SM_OBJECT_WRONG: "incorrect secure messaging object",
    SW.WRONG_DATA: "incorrect parameters in the command data field",
    SW.FUNCTION_NOT_SUPPORTED: "function not supported",
    SW.FILE_NOT_FOUND: "file or application not found",
    SW.RECORD_NOT_FOUND: "record not found",
    SW.NO_SPACE: "not enough memory space",
    SW.NC_INCONSISTENT_WITH_TLV: "Nc inconsistent with TLV structure",
    SW.WRONG_P1P2: "incorrect parameters P1-P2",
    SW.NC_INCONSISTENT_WITH_P1P2: "Nc inconsistent with P1-P2",
    SW.REFERENCE_NOT_FOUND: "referenced data or reference data not found",
    SW.FILE_EXISTS: "file already exists",
    SW.DF_NAME_EXISTS: "DF name already exists",
    SW.OFFSET: "wrong parameters P1-P2, offset outside the EF",
    SW.INS_NOT_SUPPORTED: "instruction code not supported or invalid",
    SW.CLA_NOT_SUPPORTED: "class not supported",
    SW.NO_DIAGNOSIS: "no precise diagnosis",
}


class Refused(Exception):
    """A command ends here with a status word; the transaction it ran in is rolled back."""

    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X} {describe(sw)}")
        self.sw = int(sw)


def tries_left(tries: int) -> int:
    """63Cx: the comparison failed and `tries` further ones are allowed (0 to 15)."""
    return 0x63C0 | min(tries, 15)


def describe(sw: int) -> str:
    """The meaning of a status word, in a few words."""
    sw1, sw2 = sw >> 8, sw & 0xFF
    if sw1 == 0x61:
        return f"{sw2 or 'at least 256'} more bytes to fetch"
    if sw1 == 0x6C:
        return f"wrong Le, {sw2 or 256} bytes are available"
    if sw & 0xFFF0 == 0x63C0:
        return f"wrong, {sw & 15} tries left"
    return TEXT.get(sw) or TEXT.get(sw1 << 8) or "not described in ISO/IEC 7816-4"


def changes_nothing(sw: int) -> bool:
    """The second law: unless SW1 is 90, 61, 63 or 65, the logical content of memory is as before."""
    return sw >> 8 not in (0x90, 0x61, 0x63, 0x65)
