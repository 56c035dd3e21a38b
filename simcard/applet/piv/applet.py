"""The PIV card application: SELECT's answer and the table of its commands (NIST SP 800-73-4 part 2)."""

from __future__ import annotations

from typing import ClassVar

from simcard.applet.base import Applet, Command, Context, Reply, expect
from simcard.applet.piv import authenticate, data, keys, pins, yubico
from simcard.applet.piv.options import PivOptions
from simcard.applet.piv.session import AID, PivSession, home_df
from simcard.fs.tree import MF
from simcard.profile import Card as CardSheet
from simcard.wire import tlv
from simcard.wire.apdu import CommandApdu, Ins
from simcard.wire.status import SW, Refused

RID_SIZE = 5
IMPORT_KEY, GET_METADATA, GET_SERIAL, ATTEST = 0xFE, 0xF7, 0xF8, 0xF9
SET_PIN_RETRIES, RESET, GET_VERSION, SET_MANAGEMENT_KEY = 0xFA, 0xFB, 0xFD, 0xFF


class SelectAgain(Command):
    """SELECT of the application that is already selected (NIST SP 800-73-4 part 2, 3.1.1).

    The standard keeps the security status; a YubiKey ends it, and `yubico-piv-tool` counts on that.
    """

    def __init__(self, apdu: CommandApdu) -> None:
        self._apdu = apdu

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        return cls(apdu)

    def run(self, ctx: Context) -> bytes | Reply:
        applet = ctx.channel.applet
        answer = applet.select(ctx, self._apdu)
        if ctx.session.options.yubico:
            applet.close(ctx)
            ctx.channel.session = applet.open(ctx)
        return answer


class PivApplet(Applet):
    """The door of NIST SP 800-73-4."""

    name = "piv"
    aid = AID

    commands: ClassVar[dict[int, type[Command]]] = {
        Ins.VERIFY: pins.Verify,
        Ins.CHANGE_REFERENCE_DATA: pins.ChangeReferenceData,
        Ins.RESET_RETRY_COUNTER: pins.ResetRetryCounter,
        Ins.GENERATE_KEY_PAIR_ODD: keys.GenerateKeyPair,
        Ins.GENERAL_AUTHENTICATE_ODD: authenticate.GeneralAuthenticate,
        Ins.SELECT: SelectAgain,
        Ins.GET_DATA_ODD: data.GetData,
        Ins.PUT_DATA_ODD: data.PutData,
        GET_METADATA: yubico.GetMetadata,
        GET_SERIAL: yubico.GetSerial,
        ATTEST: yubico.Attest,
        SET_PIN_RETRIES: yubico.SetPinRetries,
        RESET: yubico.Reset,
        GET_VERSION: yubico.GetVersion,
        IMPORT_KEY: keys.ImportKeyPair,
        SET_MANAGEMENT_KEY: yubico.SetManagementKey,
    }

    extensions: ClassVar[frozenset[int]] = frozenset(
        (GET_METADATA, GET_SERIAL, ATTEST, SET_PIN_RETRIES, RESET, GET_VERSION, IMPORT_KEY, SET_MANAGEMENT_KEY)
    )
    """Instructions of Yubico's."""

    def __init__(self, sheet: CardSheet) -> None:
        self._options = PivOptions.of(sheet)
        self._label = f"{sheet.name} PIV".encode()
        # `yubico-piv-tool` sends no Le and wants what fits at once, as a YubiKey gives it.
        self.eager = self._options.yubico

    def command(self, apdu: CommandApdu) -> Command:
        expect(self._options.yubico or apdu.ins not in self.extensions, SW.INS_NOT_SUPPORTED)
        return super().command(apdu)

    def open(self, ctx: Context) -> PivSession:
        return PivSession(self._options)

    def select(self, ctx: Context, apdu: CommandApdu) -> bytes | Reply:
        """The application property template (NIST SP 800-73-4 part 2, table 3)."""
        expect(apdu.p2 & 0xF3 == 0, SW.WRONG_P1P2)
        if apdu.p1 != 0x04 or not self.matches(apdu.data):
            raise Refused(SW.FILE_NOT_FOUND)
        ctx.channel.security.enter(ctx.rooms.files.tree.ancestry(home_df(ctx)))
        authority = tlv.tlv(0x79, tlv.tlv(0x4F, AID[:RID_SIZE]))
        return tlv.tlv(0x61, tlv.tlv(0x4F, AID[RID_SIZE:]), authority, tlv.tlv(0x50, self._label))

    def close(self, ctx: Context) -> None:
        """The application's PIN and the management key end with it (800-73-4 part 1, 5.4); other doors' PINs stay."""
        security, options = ctx.channel.security, self._options
        security.keys.discard(options.management)
        security.enter((MF,))
        if not options.container:
            security.pins = {pin for pin in security.pins if pin.reference != options.pin}
