"""The GM/T 0017 applet: a token's door, and the table of its commands.

Hosts of tokens send class 80 (84 with a MAC) without a SELECT; the router leads those here. The applet also has an
identifier of our own making, F0 53 49 4D 47 4D 30 30 31 37 ("SIMGM0017" in the range of proprietary identifiers).
"""

from __future__ import annotations

from typing import ClassVar

from simcard.applet.base import Applet, Channel, Command, Context, Reply, expect
from simcard.applet.gmt0017 import (
    access,
    agreement,
    application,
    cipher,
    container,
    device,
    digest,
    file,
    rsa,
    script,
    sm2,
)
from simcard.applet.gmt0017.command import GmtCommand, NextPiece
from simcard.applet.gmt0017.fields import Fields
from simcard.applet.gmt0017.session import GmtSession
from simcard.applet.gmt0017.switches import DOOR, Switches
from simcard.key.session import SessionKeys
from simcard.profile import Card as CardSheet
from simcard.wire import cla as classes
from simcard.wire import tlv
from simcard.wire.apdu import CommandApdu
from simcard.wire.cla import SecureMessaging
from simcard.wire.gmt0017 import GmtIns
from simcard.wire.status import SW, Refused

VARIANTS: dict[tuple[str, str], dict[int, type[GmtCommand]]] = {
    ("ext_ecc_verify_ins", "7F"): {
        GmtIns.EXT_ECC_VERIFY_ODD: sm2.EccVerify,
        GmtIns.EXT_ECC_VERIFY: sm2.EccExportSessionKeyEx,
    },
    ("ins_5c", "exportEx"): {GmtIns.EXT_RSA_KEY_OPERATION: rsa.RsaExportSessionKeyEx},
}
"""Instruction codes that vendors use differently, by switch and value."""


class Gmt0017Applet(Applet):
    """The door of GM/T 0017."""

    name = DOOR
    aid = b"\xf0SIMGM0017"
    proprietary = True
    interindustry = False
    messaging = True

    commands: ClassVar[dict[int, type[Command]]] = {
        GmtIns.SET_LABEL: device.SetLabel,
        GmtIns.GET_DEV_INFO: device.GetDevInfo,
        GmtIns.DEV_AUTH: access.DevAuth,
        GmtIns.CHANGE_DEV_AUTH_KEY: access.ChangeDevAuthKey,
        GmtIns.GET_PIN_INFO: access.GetPinInfo,
        GmtIns.CHANGE_PIN: access.ChangePin,
        GmtIns.VERIFY_PIN: access.VerifyPin,
        GmtIns.UNBLOCK_PIN: access.UnblockPin,
        GmtIns.CLEAR_SECURE_STATE: access.ClearSecureState,
        GmtIns.CREATE_APPLICATION: application.CreateApplication,
        GmtIns.ENUM_APPLICATION: application.EnumApplication,
        GmtIns.DELETE_APPLICATION: application.DeleteApplication,
        GmtIns.OPEN_APPLICATION: application.OpenApplication,
        GmtIns.CLOSE_APPLICATION: application.CloseApplication,
        GmtIns.CREATE_FILE: file.CreateFile,
        GmtIns.DELETE_FILE: file.DeleteFile,
        GmtIns.ENUM_FILES: file.EnumFiles,
        GmtIns.GET_FILE_INFO: file.GetFileInfo,
        GmtIns.READ_FILE: file.ReadFile,
        GmtIns.WRITE_FILE: file.WriteFile,
        GmtIns.CREATE_CONTAINER: container.CreateContainer,
        GmtIns.OPEN_CONTAINER: container.OpenContainer,
        GmtIns.CLOSE_CONTAINER: container.CloseContainer,
        GmtIns.ENUM_CONTAINER: container.EnumContainer,
        GmtIns.DELETE_CONTAINER: container.DeleteContainer,
        GmtIns.GET_CONTAINER_INFO: container.GetContainerInfo,
        GmtIns.IMPORT_CERTIFICATE: container.ImportCertificate,
        GmtIns.EXPORT_CERTIFICATE: container.ExportCertificate,
        GmtIns.GEN_RANDOM: device.GenRandom,
        GmtIns.GEN_EXT_RSA_KEY: rsa.GenExtRsaKey,
        GmtIns.GEN_RSA_KEY_PAIR: rsa.GenRsaKeyPair,
        GmtIns.IMPORT_RSA_KEY_PAIR: rsa.ImportRsaKeyPair,
        GmtIns.RSA_SIGN_DATA: rsa.RsaSignData,
        GmtIns.RSA_EXPORT_SESSION_KEY: rsa.RsaExportSessionKey,
        GmtIns.EXT_RSA_KEY_OPERATION: rsa.ExtRsaKeyOperation,
        GmtIns.RSA_VERIFY: rsa.RsaVerify,
        GmtIns.EXT_RSA_KEY_OPERATION_2: rsa.ExtRsaKeyOperation,
        GmtIns.GEN_ECC_KEY_PAIR: sm2.GenEccKeyPair,
        GmtIns.IMPORT_ECC_KEY_PAIR: sm2.ImportEccKeyPair,
        GmtIns.ECC_SIGN_DATA: sm2.EccSignData,
        GmtIns.ECC_VERIFY: sm2.EccVerify,
        GmtIns.ECC_EXPORT_SESSION_KEY: sm2.EccExportSessionKey,
        GmtIns.ECC_DECRYPT: sm2.EccDecrypt,
        GmtIns.EXT_ECC_ENCRYPT: sm2.ExtEccEncrypt,
        GmtIns.EXT_ECC_DECRYPT: sm2.ExtEccDecrypt,
        GmtIns.EXT_ECC_SIGN: sm2.ExtEccSign,
        GmtIns.EXT_ECC_VERIFY: sm2.EccVerify,
        GmtIns.GENERATE_AGREEMENT_DATA: agreement.GenerateAgreementData,
        GmtIns.GENERATE_AGREEMENT_DATA_AND_KEY: agreement.GenerateAgreementDataAndKey,
        GmtIns.GENERATE_KEY: agreement.GenerateKey,
        GmtIns.EXPORT_PUBLIC_KEY: container.ExportPublicKey,
        GmtIns.IMPORT_SESSION_KEY: sm2.ImportSessionKey,
        GmtIns.SET_SYMM_KEY: cipher.SetSymmKey,
        GmtIns.ENCRYPT_INIT: cipher.EncryptInit,
        GmtIns.ENCRYPT: cipher.EncryptFinal,
        GmtIns.ENCRYPT_UPDATE: cipher.EncryptUpdate,
        GmtIns.ENCRYPT_FINAL: cipher.EncryptFinal,
        GmtIns.DECRYPT_INIT: cipher.DecryptInit,
        GmtIns.DECRYPT: cipher.DecryptFinal,
        GmtIns.DECRYPT_UPDATE: cipher.DecryptUpdate,
        GmtIns.DECRYPT_FINAL: cipher.DecryptFinal,
        GmtIns.DIGEST_INIT: digest.DigestInit,
        GmtIns.DIGEST: digest.DigestFinal,
        GmtIns.DIGEST_UPDATE: digest.DigestUpdate,
        GmtIns.DIGEST_FINAL: digest.DigestFinal,
        GmtIns.MAC_INIT: cipher.MacInit,
        GmtIns.MAC: cipher.MacFinal,
        GmtIns.MAC_UPDATE: cipher.MacUpdate,
        GmtIns.MAC_FINAL: cipher.MacFinal,
        GmtIns.DESTROY_SESSION_KEY: cipher.DestroySessionKey,
        GmtIns.SCRIPT_STATE: script.ScriptState,
        GmtIns.EXECUTE_SCRIPT: script.ExecuteScript,
    }

    def __init__(self, sheet: CardSheet) -> None:
        self._switches = Switches.of(sheet)
        self._shelf = dict(self.commands)
        for (switch, value), changed in VARIANTS.items():
            if getattr(self._switches, switch) == value:
                self._shelf |= changed

    def open(self, ctx: Context) -> GmtSession:
        return GmtSession(self._switches, SessionKeys(self._switches.session_keys))

    def select(self, ctx: Context, apdu: CommandApdu) -> bytes | Reply:
        """FCI 6F { 84 identifier } unless P2 asks for nothing (0C)."""
        expect(apdu.p2 in (0x00, 0x0C), SW.WRONG_P1P2)
        return b"" if apdu.p2 == 0x0C else tlv.tlv(0x6F, tlv.tlv(0x84, self.aid))

    def accept(self, channel: Channel, apdu: CommandApdu) -> Command:
        session: GmtSession = channel.session
        rest, session.rest = session.rest, None
        session.apdu = apdu
        if rest is not None and rest[0] == apdu:
            return NextPiece(rest[1])
        return self.command(apdu)

    def command(self, apdu: CommandApdu) -> Command:
        found = self._shelf.get(apdu.ins)
        if found is None or not issubclass(found, GmtCommand):
            raise Refused(SW.INS_NOT_SUPPORTED)
        messaging = classes.decode(apdu.cla).secure_messaging is not SecureMessaging.NONE
        expect(found.protected or not messaging, SW.SM_NOT_SUPPORTED)
        return found.read(Fields(apdu, self._switches))
