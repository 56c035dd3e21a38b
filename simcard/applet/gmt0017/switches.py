"""How this token does what the standard leaves open: `[card.options.gmt0017]` of a profile.

Real tokens differ in byte order, padding, status words and instruction codes. The defaults are those of a token
that was watched on USB (big-endian numbers, LD-LE challenge blocks); each switch names what others do.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from simcard.profile import Card as CardSheet
from simcard.profile import ProfileError
from simcard.wire.gmt0017 import CHALLENGE_FORMS, MAC_HEADERS, GmtSW

DOOR = "gmt0017"

Text64 = Annotated[str, Meta(max_length=64)]
Text32 = Annotated[str, Meta(max_length=32)]
Version = Annotated[str, Meta(pattern=r"^\d{1,2}\.\d{1,2}$")]
Mask = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]
Count = Annotated[int, Meta(ge=1, le=255)]

STATUS = {
    "6A8B": GmtSW.APPLICATION_NOT_FOUND,
    "6A88": 0x6A88,
    "6E02": GmtSW.CONTAINER_EXISTS,
    "6A89": GmtSW.APPLICATION_EXISTS,
}


class Switches(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"ins_5c": "ins_5C"}):
    """All switches with their defaults."""

    # numbers and frames
    int_order: Literal["big", "little"] = "big"
    name_field_len: Literal[32, 40, 48] = 32
    """Width of the application name in CreateApplication."""
    max_response: Annotated[int, Meta(ge=256, le=65535)] = 0x4000
    """Longest response in one piece; what is longer goes in several, each but the last with 6A9E."""
    # authentication
    pin_block: Literal["LD-LE", "LD-BE", "ZERO", "any"] = "LD-LE"
    pin_key_pad: Literal["zero16", "none"] = "zero16"
    mac_header: Literal["ga6", "syno8", "sunyard", "any"] = "any"
    changepin_requires_login: bool = False
    """ChangePIN and UnblockPIN need a login besides the MAC under the PIN's key."""
    close_clears_login: bool = False
    """CloseApplication also ends the logins of the application."""
    device_key: str = "device"
    """Label of the secret key that DevAuth proves."""
    script_key: str = ""
    """Label of the secret key that office scripts are made with; empty: this token takes none."""
    script_card: str = ""
    """Path of the file with the card number that scripts are bound to."""
    # answers that differ
    import_ecc_order: Literal["std", "syno"] = "std"
    digest_len_prefix: bool = False
    gen_ecc_bits: bool = False
    """GenECCKeyPair puts the bit length before the point."""
    ext_cipher_bits: bool = True
    """ExtECCEncrypt puts the bit length before the cryptogram."""
    ext_ecc_verify_ins: Literal["80", "7F"] = "80"
    ins_5c: Literal["extop", "exportEx"] = "extop"
    app_not_found_sw: Literal["6A8B", "6A88"] = "6A8B"
    app_open_twice: Literal["allow", "refuse"] = "allow"
    container_exists_sw: Literal["6E02", "6A89"] = "6E02"
    # what GetDevInfo says, and limits
    manufacturer: Text64 = "simcard"
    issuer: Text64 = "simcard"
    label: Text32 = "simcard"
    serial: Text32 = ""
    """Serial number; empty: made from the card's name."""
    hardware: Version = "5.00"
    firmware: Version = "2.15"
    alg_sym: Mask = 0x0000041F
    alg_asym: Mask = 0x00030700
    alg_hash: Mask = 0x00000007
    max_apdu: Annotated[int, Meta(ge=256, le=65535)] = 0x4000
    max_applications: Count = 8
    max_containers: Count = 10
    max_certificates: Count = 20
    max_files: Annotated[int, Meta(ge=1, le=1024)] = 32
    session_keys: Count = 16

    @classmethod
    def of(cls, sheet: CardSheet) -> Switches:
        """The switches of a card; raises `ProfileError` for one that does not exist or a value it cannot have."""
        try:
            return msgspec.convert(sheet.options.get(DOOR, {}), cls)
        except msgspec.ValidationError as error:
            raise ProfileError(f"card.options.{DOOR}: {error}") from None

    def u2(self, value: int) -> bytes:
        return value.to_bytes(2, self.int_order)

    def u4(self, value: int) -> bytes:
        return value.to_bytes(4, self.int_order)

    @property
    def application_not_found(self) -> int:
        return STATUS[self.app_not_found_sw]

    @property
    def container_exists(self) -> int:
        return STATUS[self.container_exists_sw]

    @property
    def challenge_forms(self) -> tuple[str, ...]:
        return CHALLENGE_FORMS if self.pin_block == "any" else (self.pin_block,)

    @property
    def mac_forms(self) -> tuple[str, ...]:
        return MAC_HEADERS if self.mac_header == "any" else (self.mac_header,)


def version(text: str) -> tuple[int, int]:
    """ "5.00" as two bytes, 05 00; the minor part is read as it is written, in decimal."""
    major, minor = text.split(".")
    return int(major), int(minor)
