"""The words of GM/T 0017: instruction codes, status words, algorithm identifiers and the device information.

Shared by the card's door and by hosts, so nothing here has state or needs a cipher. Where status words differ in
meaning from ISO/IEC 7816-4 (6A89, 6A8A), the meaning here is that of the token.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

Order = Literal["big", "little"]


class GmtIns(IntEnum):
    """Instruction codes (GM/T 0017-2012, 8.3)."""

    SET_LABEL = 0x02
    GET_DEV_INFO = 0x04
    DEV_AUTH = 0x10
    CHANGE_DEV_AUTH_KEY = 0x12
    GET_PIN_INFO = 0x14
    CHANGE_PIN = 0x16
    VERIFY_PIN = 0x18
    UNBLOCK_PIN = 0x1A
    CLEAR_SECURE_STATE = 0x1C
    CREATE_APPLICATION = 0x20
    ENUM_APPLICATION = 0x22
    DELETE_APPLICATION = 0x24
    OPEN_APPLICATION = 0x26
    CLOSE_APPLICATION = 0x28
    CREATE_FILE = 0x30
    DELETE_FILE = 0x32
    ENUM_FILES = 0x34
    GET_FILE_INFO = 0x36
    READ_FILE = 0x38
    WRITE_FILE = 0x3A
    CREATE_CONTAINER = 0x40
    OPEN_CONTAINER = 0x42
    CLOSE_CONTAINER = 0x44
    ENUM_CONTAINER = 0x46
    DELETE_CONTAINER = 0x48
    GET_CONTAINER_INFO = 0x4A
    IMPORT_CERTIFICATE = 0x4C
    EXPORT_CERTIFICATE = 0x4E
    GEN_RANDOM = 0x50
    GEN_EXT_RSA_KEY = 0x52
    GEN_RSA_KEY_PAIR = 0x54
    IMPORT_RSA_KEY_PAIR = 0x56
    RSA_SIGN_DATA = 0x58
    RSA_EXPORT_SESSION_KEY = 0x5A
    EXT_RSA_KEY_OPERATION = 0x5C
    RSA_VERIFY = 0x5E
    EXT_RSA_KEY_OPERATION_2 = 0x60
    GEN_ECC_KEY_PAIR = 0x70
    IMPORT_ECC_KEY_PAIR = 0x72
    ECC_SIGN_DATA = 0x74
    ECC_VERIFY = 0x76
    ECC_EXPORT_SESSION_KEY = 0x78
    EXT_ECC_ENCRYPT = 0x7A
    EXT_ECC_DECRYPT = 0x7C
    EXT_ECC_SIGN = 0x7E
    EXT_ECC_VERIFY_ODD = 0x7F
    EXT_ECC_VERIFY = 0x80
    GENERATE_AGREEMENT_DATA = 0x82
    GENERATE_AGREEMENT_DATA_AND_KEY = 0x84
    GENERATE_KEY = 0x86
    EXPORT_PUBLIC_KEY = 0x88
    IMPORT_SESSION_KEY = 0xA0
    SET_SYMM_KEY = 0xA2
    ENCRYPT_INIT = 0xA4
    ENCRYPT = 0xA6
    ENCRYPT_UPDATE = 0xA8
    ENCRYPT_FINAL = 0xAA
    DECRYPT_INIT = 0xAC
    DECRYPT = 0xAE
    DECRYPT_UPDATE = 0xB0
    DECRYPT_FINAL = 0xB2
    DIGEST_INIT = 0xB4
    DIGEST = 0xB6
    DIGEST_UPDATE = 0xB8
    DIGEST_FINAL = 0xBA
    MAC_INIT = 0xBC
    MAC = 0xBE
    MAC_UPDATE = 0xC0
    MAC_FINAL = 0xC2
    DESTROY_SESSION_KEY = 0xC4
    # Ours, among the codes that vendors use: decryption for the host, and the issuing office's scripts.
    ECC_DECRYPT = 0xF2
    SCRIPT_STATE = 0xF6
    EXECUTE_SCRIPT = 0xF8


class GmtSW(IntEnum):
    """Status words with a meaning of their own at this door (GM/T 0017-2012, 8.6)."""

    RSA_GENERATION_FAILED = 0x6915
    NO_RANDOM = 0x6984
    APPLICATION_NOT_OPEN = 0x698A
    APPLICATION_EXISTS = 0x6A89
    APPLICATION_ALREADY_OPEN = 0x6A8A
    APPLICATION_NOT_FOUND = 0x6A8B
    SESSION_KEY_NOT_FOUND = 0x6A8C
    CONTAINER_NOT_FOUND = 0x6A91
    FILE_EXISTS = 0x6A92
    FILE_NOT_FOUND = 0x6A93
    CONTAINER_ID_NOT_FOUND = 0x6A94
    NO_KEY_PAIR = 0x6A95
    NO_CERTIFICATE = 0x6A96
    VERIFY_FAILED = 0x6A98
    SESSION_ALGORITHM = 0x6A99
    ENCRYPTION_FAILED = 0x6A9A
    DECRYPTION_FAILED = 0x6A9B
    SIGNATURE_FAILED = 0x6A9C
    HASH_ALGORITHM = 0x6A9D
    MORE_DATA = 0x6A9E
    AGREEMENT_DATA_FAILED = 0x6B01
    AGREEMENT_KEY_FAILED = 0x6B02
    CONTAINER_EXISTS = 0x6E02


TEXT: dict[int, str] = {
    GmtSW.RSA_GENERATION_FAILED: "RSA key generation failed",
    GmtSW.NO_RANDOM: "no fresh random number to answer",
    GmtSW.APPLICATION_NOT_OPEN: "application is not open",
    GmtSW.APPLICATION_EXISTS: "application exists",
    GmtSW.APPLICATION_ALREADY_OPEN: "application is open already",
    GmtSW.APPLICATION_NOT_FOUND: "application not found",
    GmtSW.SESSION_KEY_NOT_FOUND: "session key not found",
    GmtSW.CONTAINER_NOT_FOUND: "container not found by name",
    GmtSW.FILE_EXISTS: "file exists",
    GmtSW.FILE_NOT_FOUND: "file not found",
    GmtSW.CONTAINER_ID_NOT_FOUND: "container not open",
    GmtSW.NO_KEY_PAIR: "no key pair in the container",
    GmtSW.NO_CERTIFICATE: "no certificate in the container",
    GmtSW.VERIFY_FAILED: "signature is not good",
    GmtSW.SESSION_ALGORITHM: "algorithm of session key not supported",
    GmtSW.ENCRYPTION_FAILED: "asymmetric encryption failed",
    GmtSW.DECRYPTION_FAILED: "asymmetric decryption failed",
    GmtSW.SIGNATURE_FAILED: "signing failed",
    GmtSW.HASH_ALGORITHM: "hash algorithm not supported",
    GmtSW.MORE_DATA: "more data, repeat the command",
    GmtSW.AGREEMENT_DATA_FAILED: "key agreement data cannot be made",
    GmtSW.AGREEMENT_KEY_FAILED: "key agreement failed",
    GmtSW.CONTAINER_EXISTS: "container exists",
}
"""Meanings at this door, in a few words; what is missing here means what ISO/IEC 7816-4 says."""


class PinType(IntEnum):
    """Whose PIN (GM/T 0016-2012, 6.4.2)."""

    ADMIN = 0
    USER = 1


class Account(IntEnum):
    """Who may do something to a file or create one; ADMIN and USER may be joined (GM/T 0016-2012, 6.4.9)."""

    NEVER = 0x00
    ADMIN = 0x01
    USER = 0x10
    ANYONE = 0xFF


class ContainerType(IntEnum):
    """What a container holds (GM/T 0016-2012, 7.5.6)."""

    EMPTY = 0
    RSA = 1
    SM2 = 2


class HashId(IntEnum):
    """P2 of commands that hash."""

    SM3 = 1
    SHA1 = 2
    SHA256 = 3
    SHA384 = 4
    SHA512 = 5


class DeviceCipher(IntEnum):
    """P2 of DevAuth and ChangeDevAuthKey: the cipher of the device authentication key."""

    SM1 = 0
    SSF33 = 1
    SM4 = 2


class ScriptTag(IntEnum):
    """Operations of an office script, by their BER-TLV tag. The format is ours: docs/renewal.md."""

    RESET_PIN = 0x80
    """Number of a global PIN: back to its first value, its tries restored, its blocking ended."""
    SWITCH = 0x81
    """Name of a container: what is staged for it takes its place."""
    FILE = 0xA2
    """83 path of identifiers from the MF, 53 new body: replace the body of a transparent file."""
    NEW_KEY = 0x83
    """A new management key, one block enciphered under the present one."""
    TERMINATE = 0x84
    """No data: the card ends here."""
    NEW_PIN = 0x85
    """Number of a global PIN, and its value from now on, one block enciphered under the present management key."""


SCRIPT_LABEL = b"simcard office script 1"
SCRIPT_COUNTER, SCRIPT_MAC = 4, 16
STAGED = b".next"
"""Suffix of the container in which a renewal is made ready beside the one it will replace."""


def script_message(card_number: bytes, counter: int, operations: bytes) -> bytes:
    """What the CMAC of an office script covers: the script is good for one card and one count."""
    number = bytes((len(card_number),)) + card_number
    return SCRIPT_LABEL + number + counter.to_bytes(SCRIPT_COUNTER, "big") + operations


SIGN_KEY, EXCHANGE_KEY = 0x01, 0x00
"""P1 and type bytes: which of a container's two pairs or certificates."""

SM4_FAMILY = 0x00000400
"""SGD identifiers of SM4 (GM/T 0006): family in the higher bytes, mode in the lowest."""


class CipherMode(IntEnum):
    """Lowest byte of a symmetric algorithm identifier (GM/T 0006)."""

    ECB = 0x01
    CBC = 0x02
    CFB = 0x04
    OFB = 0x08
    MAC = 0x10


SGD_SM4_ECB = SM4_FAMILY | CipherMode.ECB
SGD_SM4_CBC = SM4_FAMILY | CipherMode.CBC
SGD_SM4_CFB = SM4_FAMILY | CipherMode.CFB
SGD_SM4_OFB = SM4_FAMILY | CipherMode.OFB
SGD_SM4_MAC = SM4_FAMILY | CipherMode.MAC

PKCS5_PADDING = 1
SM2_BITS = 256
CHALLENGE = 8
"""Bytes of the last random number that an authentication answers."""
MAC_LENGTH = 4
MAX_APPLICATION_NAME = 32
MAX_FILE_NAME = 32
MAX_CONTAINER_NAME = 64
MAX_LABEL = 32
MAX_ID = 8191


@dataclass(frozen=True, slots=True)
class DevInfo:
    """Device information as GetDevInfo answers it: 288 bytes, packed (GM/T 0017-2012, 9.1).

    Versions are two bytes, major and minor; texts are cut or zero-padded to their fields.
    """

    manufacturer: bytes
    issuer: bytes
    label: bytes
    serial: bytes
    hardware: tuple[int, int]
    firmware: tuple[int, int]
    alg_sym: int
    alg_asym: int
    alg_hash: int
    alg_dev_auth: int
    total: int
    free: int
    max_apdu: int
    max_containers: int
    max_certificates: int
    max_files: int
    structure: tuple[int, int] = (1, 0)
    specification: tuple[int, int] = (1, 0)
    user_auth: int = 0
    device_type: int = 0

    def encode(self, order: Order) -> bytes:
        texts = (self.manufacturer, self.issuer, self.label, self.serial)
        numbers = (self.alg_sym, self.alg_asym, self.alg_hash, self.alg_dev_auth, self.total, self.free)
        limits = (self.max_apdu, self.user_auth, self.device_type, self.max_containers, self.max_certificates)
        return _layout(order).pack(
            *self.structure, *self.specification, *texts, *self.hardware, *self.firmware, *numbers, *limits,
            self.max_files, b"",
        )  # fmt: skip

    @classmethod
    def decode(cls, raw: bytes, order: Order = "big") -> DevInfo:
        """From 288 bytes; raises `struct.error` for another length."""
        v = _layout(order).unpack(raw)
        m, i, label, serial = (text.rstrip(b"\0") for text in v[4:8])
        return cls(
            m, i, label, serial, (v[8], v[9]), (v[10], v[11]), v[12], v[13], v[14], v[15], v[16], v[17],
            v[18], v[21], v[22], v[23], (v[0], v[1]), (v[2], v[3]), v[19], v[20],
        )  # fmt: skip


DEV_INFO_SIZE = 288


def _layout(order: Order) -> struct.Struct:
    return struct.Struct((">" if order == "big" else "<") + "2B2B64s64s32s32s2B2B6IHHHBBH54s")


MAC_HEADERS = ("ga6", "syno8", "sunyard")
"""How the command's header enters its MAC, by the family of tokens that does it so."""


def mac_input(form: str, header: bytes, data: bytes) -> bytes:
    """What the MAC of a protected command is made over, padded with 80 00.. to whole blocks of 16.

    `header` is CLA INS P1 P2, `data` the data field without the MAC. `ga6` counts the MAC in Lc, `syno8` does not
    and adds 00 00, `sunyard` counts it, little-endian, and adds 00 00.
    """
    with_mac = len(data) + MAC_LENGTH
    lengths = {
        "ga6": with_mac.to_bytes(2, "big"),
        "syno8": len(data).to_bytes(2, "big") + b"\0\0",
        "sunyard": with_mac.to_bytes(2, "little") + b"\0\0",
    }
    message = header + lengths[form] + data + b"\x80"
    return message + bytes(-len(message) % 16)


CHALLENGE_FORMS = ("LD-LE", "LD-BE", "ZERO")


def challenge_block(form: str, challenge: bytes) -> bytes:
    """The block of 16 bytes that is enciphered to answer a challenge of 8 (also 16 in form ZERO) bytes.

    `LD-LE` and `LD-BE` put a two-byte length before and 80 00.. behind, `ZERO` pads with zeros.
    """
    if form == "ZERO":
        return challenge.ljust(16, b"\0")
    length = len(challenge).to_bytes(2, "little" if form == "LD-LE" else "big")
    return (length + challenge + b"\x80").ljust(16, b"\0")
