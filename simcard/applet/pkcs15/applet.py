"""The PKCS#15 applet: found by the PKCS#15 AID and by the one OpenSC's isoApplet driver asks for.

On a card whose profile says `writable` in `[card.options.pkcs15]` the files below the MF are the PKCS#15 files and
the host makes them; on every other card they are a view of containers, PINs and holder data, and cannot be written.
"""

from __future__ import annotations

from typing import ClassVar

from simcard.applet.base import Applet, Command, Context, Reply
from simcard.applet.iso import admin, authenticate, binary
from simcard.applet.pkcs15 import files, keys, pins, security
from simcard.applet.pkcs15.session import Pkcs15Session
from simcard.applet.pkcs15.view import PKCS15_AID
from simcard.profile import Card as CardSheet
from simcard.wire.apdu import CommandApdu, Ins
from simcard.wire.status import SW, Refused

READING: dict[int, type[Command]] = {
    Ins.VERIFY: pins.Verify,
    Ins.MANAGE_SECURITY_ENVIRONMENT: security.ManageEnvironment,
    Ins.CHANGE_REFERENCE_DATA: pins.ChangeReferenceData,
    Ins.PERFORM_SECURITY_OPERATION: security.PerformSecurityOperation,
    Ins.RESET_RETRY_COUNTER: pins.ResetRetryCounter,
    Ins.GET_CHALLENGE: authenticate.GetChallenge,
    Ins.SELECT: files.Select,
    Ins.READ_BINARY: files.ReadBinary,
    Ins.READ_BINARY_ODD: files.ReadBinary,
}

WRITING: dict[int, type[Command]] = {
    Ins.GENERATE_KEY_PAIR: keys.GenerateKeyPair,
    Ins.UPDATE_BINARY: binary.UpdateBinary,
    Ins.UPDATE_BINARY_ODD: binary.UpdateBinary,
    Ins.ERASE_BINARY: binary.EraseBinary,
    Ins.PUT_DATA_ODD: keys.ImportKey,
    Ins.CREATE_FILE: files.CreateFile,
    Ins.DELETE_FILE: admin.DeleteFile,
}


class Pkcs15Applet(Applet):
    """The door of ISO/IEC 7816-15."""

    name = "pkcs15"
    aid = PKCS15_AID
    commands: ClassVar[dict[int, type[Command]]] = READING | WRITING

    def __init__(self, sheet: CardSheet) -> None:
        self._writable = bool(sheet.options.get("pkcs15", {}).get("writable", False))

    def matches(self, aid: bytes) -> bool:
        return len(aid) >= 5 and (PKCS15_AID.startswith(aid) or files.ISO_APPLET_AID.startswith(aid))

    def open(self, ctx: Context) -> Pkcs15Session:
        return Pkcs15Session(writable=self._writable)

    def inherit(self, session: Pkcs15Session, opener: Pkcs15Session) -> None:
        session.dialect = opener.dialect
        session.cursor.df = opener.cursor.df

    def select(self, ctx: Context, apdu: CommandApdu) -> bytes | Reply:
        return files.Select.parse(apdu).run(ctx)

    def command(self, apdu: CommandApdu) -> Command:
        if not self._writable and apdu.ins in WRITING:
            raise Refused(SW.INS_NOT_SUPPORTED)
        return Applet.command(self, apdu)
