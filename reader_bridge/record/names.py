"""Names for what passes: applications by AID, instructions by application, parameters in words.

Rules: tables before branches; a name that is not in a table is the number itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from simcard.wire.apdu import CommandApdu, Ins
from simcard.wire.gmt0017 import TEXT as GMT_TEXT
from simcard.wire.gmt0017 import GmtIns
from simcard.wire.status import describe

PROPRIETARY = 0x80


def _spelled(name: str) -> str:
    return name.replace("_", " ")


ISO: dict[int, str] = {int(ins): _spelled(ins.name.removesuffix("_ODD")) for ins in Ins}
GMT: dict[int, str] = {int(ins): _spelled(ins.name) for ins in GmtIns}
GLOBAL_PLATFORM: dict[int, str] = {
    0x50: "INITIALIZE UPDATE",
    0x82: "EXTERNAL AUTHENTICATE",
    0xCA: "GET DATA",
    0xD8: "PUT KEY",
    0xE2: "STORE DATA",
    0xE4: "DELETE",
    0xE6: "INSTALL",
    0xE8: "LOAD",
    0xF0: "SET STATUS",
    0xF2: "GET STATUS",
}
PIV: dict[int, str] = {0xF7: "GET METADATA", 0xF9: "ATTEST", 0xFB: "RESET", 0xFD: "GET VERSION", 0xFE: "IMPORT KEY"}
OPENPGP: dict[int, str] = {0xE6: "TERMINATE DF", 0xF1: "GET VERSION"}


@dataclass(frozen=True, slots=True)
class Application:
    """An application: its name, instructions beside ISO's in each class, and status words of its own."""

    name: str
    interindustry: Mapping[int, str] = field(default_factory=dict)
    proprietary: Mapping[int, str] = field(default_factory=lambda: GMT)
    status: Mapping[int, str] = field(default_factory=dict)


DEFAULT = Application("")
TOKEN = Application("GM/T 0017", {}, GMT, GMT_TEXT)
APPLICATIONS: dict[str, Application] = {
    "A000000063504B43532D3135": Application("PKCS#15"),
    "A000000308": Application("PIV", PIV, {}),
    "D27600012401": Application("OpenPGP", OPENPGP, {}),
    "A000000151": Application("issuer security domain", {}, GLOBAL_PLATFORM),
    "A0000000030000": Application("issuer security domain", {}, GLOBAL_PLATFORM),
    "F053494D4341524400": Application("ISO card"),
}
"""By the digits that the AID begins with."""

SELECT_BY = {
    0: "by file identifier",
    1: "child DF",
    2: "EF under the current DF",
    3: "parent DF",
    4: "by DF name",
    8: "path from MF",
    9: "path from current DF",
}
MSE_TEMPLATES = {0xA4: "AT", 0xA6: "KAT", 0xAA: "HT", 0xB4: "CCT", 0xB6: "DST", 0xB8: "CT"}
MSE_ACTIONS = {1: "SET", 2: "STORE", 3: "RESTORE", 4: "ERASE"}
OPERATIONS = {
    0x9E9A: "COMPUTE DIGITAL SIGNATURE",
    0x9080: "HASH",
    0x90A0: "HASH",
    0x8086: "DECIPHER",
    0x8680: "ENCIPHER",
    0x00A8: "VERIFY DIGITAL SIGNATURE",
    0x00BE: "VERIFY CERTIFICATE",
    0x8E80: "COMPUTE CRYPTOGRAPHIC CHECKSUM",
    0x00A2: "VERIFY CRYPTOGRAPHIC CHECKSUM",
}


def application(aid: bytes) -> Application:
    """The application that an AID names."""
    digits = aid.hex().upper()
    for start, found in APPLICATIONS.items():
        if digits.startswith(start):
            return found
    return Application(digits)


def instruction(cla: int, ins: int, current: Application) -> str:
    """The name of an instruction in the current application; its number if nobody knows it."""
    table = current.proprietary if cla >= PROPRIETARY else {**ISO, **current.interindustry}
    return table.get(ins, f"INS {ins:02X}")


def meaning(sw: int, cla: int, current: Application) -> str:
    """The meaning of a status word in the current application; commands of a token have the token's."""
    token = cla >= PROPRIETARY and current.proprietary is GMT
    own = {**(GMT_TEXT if token else {}), **current.status}
    return own.get(sw) or describe(sw)


def _select(apdu: CommandApdu) -> str:
    how = SELECT_BY.get(apdu.p1, f"P1 {apdu.p1:02X}")
    occurrence = ("first", "last", "next", "previous")[apdu.p2 & 3]
    return how if occurrence == "first" else f"{how}, {occurrence}"


def _binary(apdu: CommandApdu) -> str:
    if apdu.p1 & 0x80:
        return f"short EF {apdu.p1 & 0x1F}, offset {apdu.p2}"
    return f"offset {apdu.p1p2}"


def _record(apdu: CommandApdu) -> str:
    place = f"record {apdu.p1}" if apdu.p1 else "current record"
    return f"{place}, short EF {apdu.p2 >> 3}" if apdu.p2 >> 3 else place


def _reference(apdu: CommandApdu) -> str:
    scope = "local" if apdu.p2 & 0x80 else "global"
    return f"{scope} reference {apdu.p2 & 0x1F}"


def _data(apdu: CommandApdu) -> str:
    return f"tag {apdu.p1p2:04X}"


def _environment(apdu: CommandApdu) -> str:
    action = MSE_ACTIONS.get(apdu.p1 & 0x0F, f"P1 {apdu.p1:02X}")
    return f"{action} {MSE_TEMPLATES.get(apdu.p2, f'{apdu.p2:02X}')}"


def _operation(apdu: CommandApdu) -> str:
    return OPERATIONS.get(apdu.p1p2, f"{apdu.p1:02X} to {apdu.p2:02X}")


PARAMETERS: dict[int, Callable[[CommandApdu], str]] = {
    Ins.SELECT: _select,
    Ins.READ_BINARY: _binary,
    Ins.UPDATE_BINARY: _binary,
    Ins.WRITE_BINARY: _binary,
    Ins.ERASE_BINARY: _binary,
    Ins.READ_RECORD: _record,
    Ins.UPDATE_RECORD: _record,
    Ins.VERIFY: _reference,
    Ins.CHANGE_REFERENCE_DATA: _reference,
    Ins.RESET_RETRY_COUNTER: _reference,
    Ins.ENABLE_VERIFICATION: _reference,
    Ins.DISABLE_VERIFICATION: _reference,
    Ins.GET_DATA: _data,
    Ins.GET_DATA_ODD: _data,
    Ins.PUT_DATA: _data,
    Ins.PUT_DATA_ODD: _data,
    Ins.MANAGE_SECURITY_ENVIRONMENT: _environment,
    Ins.PERFORM_SECURITY_OPERATION: _operation,
}


def parameters(apdu: CommandApdu) -> str:
    """P1 and P2 of an interindustry command in words; empty where no table has them."""
    spoken = PARAMETERS.get(apdu.ins) if apdu.cla < PROPRIETARY else None
    return spoken(apdu) if spoken else ""
