"""The ISO applet: owner of the file system, selected at reset, and the table of its commands."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from simcard.applet.base import Applet, Command, Context, Reply
from simcard.applet.iso import admin, authenticate, binary, data, environment, keys, operations, pins, records, select
from simcard.applet.iso.session import IsoSession
from simcard.profile import Card as CardSheet
from simcard.wire.apdu import CommandApdu, Ins


class IsoApplet(Applet):
    """The door of ISO/IEC 7816-4, -8 and -9."""

    name = "iso"

    commands: ClassVar[dict[int, type[Command]]] = {
        Ins.DEACTIVATE_FILE: admin.DeactivateFile,
        Ins.ERASE_RECORD: records.EraseRecord,
        Ins.ERASE_BINARY: binary.EraseBinary,
        Ins.ERASE_BINARY_ODD: binary.EraseBinary,
        Ins.VERIFY: pins.Verify,
        Ins.VERIFY_ODD: pins.Verify,
        Ins.MANAGE_SECURITY_ENVIRONMENT: environment.ManageSecurityEnvironment,
        Ins.CHANGE_REFERENCE_DATA: pins.ChangeReferenceData,
        Ins.DISABLE_VERIFICATION: pins.SwitchVerification,
        Ins.ENABLE_VERIFICATION: pins.SwitchVerification,
        Ins.PERFORM_SECURITY_OPERATION: operations.PerformSecurityOperation,
        Ins.RESET_RETRY_COUNTER: pins.ResetRetryCounter,
        Ins.ACTIVATE_FILE: admin.ActivateFile,
        Ins.GENERATE_KEY_PAIR: keys.GenerateKeyPair,
        Ins.GENERATE_KEY_PAIR_ODD: keys.GenerateKeyPair,
        Ins.EXTERNAL_AUTHENTICATE: authenticate.ExternalAuthenticate,
        Ins.GET_CHALLENGE: authenticate.GetChallenge,
        Ins.INTERNAL_AUTHENTICATE: authenticate.InternalAuthenticate,
        Ins.SEARCH_BINARY: binary.SearchBinary,
        Ins.SEARCH_BINARY_ODD: binary.SearchBinary,
        Ins.SEARCH_RECORD: records.SearchRecord,
        Ins.SELECT: select.Select,
        Ins.READ_BINARY: binary.ReadBinary,
        Ins.READ_BINARY_ODD: binary.ReadBinary,
        Ins.READ_RECORD: records.ReadRecord,
        Ins.READ_RECORD_ODD: records.ReadRecord,
        Ins.GET_DATA: data.GetData,
        Ins.GET_DATA_ODD: data.GetData,
        Ins.WRITE_BINARY: binary.WriteBinary,
        Ins.WRITE_BINARY_ODD: binary.WriteBinary,
        Ins.WRITE_RECORD: records.WriteRecord,
        Ins.UPDATE_BINARY: binary.UpdateBinary,
        Ins.UPDATE_BINARY_ODD: binary.UpdateBinary,
        Ins.PUT_DATA: data.PutData,
        Ins.PUT_DATA_ODD: data.PutData,
        Ins.UPDATE_RECORD: records.UpdateRecord,
        Ins.UPDATE_RECORD_ODD: records.UpdateRecord,
        Ins.CREATE_FILE: admin.CreateFile,
        Ins.APPEND_RECORD: records.AppendRecord,
        Ins.DELETE_FILE: admin.DeleteFile,
        Ins.TERMINATE_DF: admin.TerminateDf,
        Ins.TERMINATE_EF: admin.TerminateEf,
        Ins.TERMINATE_CARD: admin.TerminateCard,
    }

    def __init__(self, sheet: CardSheet) -> None:
        self._sheet = sheet

    def open(self, ctx: Context) -> IsoSession:
        return IsoSession()

    def inherit(self, session: IsoSession, opener: IsoSession) -> None:
        session.cursor = replace(opener.cursor, record=0)

    def place(self, session: IsoSession) -> tuple[int, int, int]:
        return session.cursor.df, session.cursor.ef, session.cursor.record

    def go_back(self, session: IsoSession, place: tuple[int, int, int]) -> None:
        session.cursor.df, session.cursor.ef, session.cursor.record = place

    def select(self, ctx: Context, apdu: CommandApdu) -> bytes | Reply:
        return select.Select.parse(apdu).run(ctx)
