"""Commands of the ISO door that make sense on a blank ISO card, for random streams."""

from __future__ import annotations

from conformance.laws import Grammar
from simcard.wire.apdu import Ins
from simcard.wire.tlv import tlv
from tests.kit import command

USER, PUK, ADMIN = b"12345678", b"87654321", b"11223344"
FIDS = tuple(bytes.fromhex(fid) for fid in ("3F00", "2F00", "DF01", "0101", "0102", "0103", "3FFF"))


def fcp(fid: str, described: str, *more: bytes) -> bytes:
    return tlv(0x62, tlv(0x82, bytes.fromhex(described)), tlv(0x83, bytes.fromhex(fid)), *more)


def _files() -> list[bytes]:
    size = tlv(0x80, b"\x01\x20")
    rules = tlv(0x8C, bytes.fromhex("03 91 00"))
    created = (
        fcp("DF01", "3821", tlv(0x84, b"\xa0\x00\x00\x00\x01")),
        fcp("0101", "0121", size, tlv(0x88, b"\x08")),
        fcp("0102", "0121", size, rules),
        fcp("0103", "02210004 05", tlv(0x88, b"\x18")),
        fcp("0104", "04210008 03"),
        fcp("0105", "06210004 03"),
        fcp("0106", "3921", size),
    )
    found = [command(Ins.CREATE_FILE, data=data) for data in created]
    for fid in FIDS:
        found.append(command(Ins.SELECT, 0, 0x0C, fid))
        found.append(command(Ins.SELECT, 0, 0x04, fid, ne=256))
    found.append(command(Ins.DELETE_FILE, 0, 0, bytes.fromhex("0101")))
    found += [command(ins) for ins in (Ins.DELETE_FILE, Ins.ACTIVATE_FILE, Ins.DEACTIVATE_FILE, Ins.TERMINATE_EF)]
    return [*found, command(Ins.SELECT, 4, 0, b"\xa0\x00\x00\x00", ne=256), command(Ins.SELECT, 3, 0x0C)]


def _bodies() -> list[bytes]:
    odd = tlv(0x54, b"\x02") + tlv(0x53, b"\xaa\xbb")
    return [
        command(Ins.READ_BINARY, ne=16),
        command(Ins.READ_BINARY, 0x81, 0x10, ne=256),
        command(Ins.UPDATE_BINARY, 0x81, 0x00, b"hello"),
        command(Ins.UPDATE_BINARY, 0x00, 0xFE, b"over a block"),
        command(Ins.WRITE_BINARY, 0x00, 0x08, b"\x0f"),
        command(Ins.ERASE_BINARY, 0x00, 0x10),
        command(Ins.UPDATE_BINARY_ODD, 1, 1, odd),
        command(Ins.READ_BINARY_ODD, 1, 1, tlv(0x54, b"\x00"), ne=256),
        command(Ins.SEARCH_BINARY, 0x81, 0, b"l", ne=256),
        command(Ins.APPEND_RECORD, 0, 0x18, b"abcd"),
        command(Ins.APPEND_RECORD, 0, 0, b"efgh"),
        command(Ins.UPDATE_RECORD, 1, 0x1C, b"ijkl"),
        command(Ins.UPDATE_RECORD_ODD, 1, 4, tlv(0x54, b"\x01") + tlv(0x53, b"\xcc")),
        command(Ins.READ_RECORD, 1, 0x1C, ne=256),
        command(Ins.READ_RECORD, 1, 5, ne=256),
        command(Ins.WRITE_RECORD, 1, 4, b"\1\1\1\1"),
        command(Ins.ERASE_RECORD, 1, 4),
        command(Ins.SEARCH_RECORD, 1, 0x1C, b"b", ne=256),
        command(Ins.PUT_DATA, 0x00, 0xC1, b"data"),
        command(Ins.GET_DATA, 0x00, 0xC1, ne=256),
        command(Ins.PUT_DATA_ODD, 0x3F, 0xFF, tlv(0x5F20, b"x") + tlv(0xC2, b"y")),
        command(Ins.GET_DATA_ODD, 0x3F, 0xFF, tlv(0x5C), ne=256),
    ]


def _people() -> list[bytes]:
    return [
        command(Ins.VERIFY, 0, 1, USER),
        command(Ins.VERIFY, 0, 3, ADMIN),
        command(Ins.VERIFY, 0, 1, b"00000000"),
        command(Ins.VERIFY, 0, 1),
        command(Ins.VERIFY, 0xFF, 1),
        command(Ins.CHANGE_REFERENCE_DATA, 0, 1, USER + b"23456789"),
        command(Ins.CHANGE_REFERENCE_DATA, 1, 1, USER),
        command(Ins.RESET_RETRY_COUNTER, 0, 1, PUK + USER),
        command(Ins.RESET_RETRY_COUNTER, 1, 1, PUK),
        command(Ins.DISABLE_VERIFICATION, 0, 1, USER),
        command(Ins.ENABLE_VERIFICATION, 0, 1, USER),
        command(Ins.GET_CHALLENGE, ne=16),
        command(Ins.EXTERNAL_AUTHENTICATE, 0, 1, bytes(16)),
        command(Ins.EXTERNAL_AUTHENTICATE, 0, 1, bytes(32), ne=256),
        command(Ins.INTERNAL_AUTHENTICATE, 0, 1, bytes(16), ne=256),
        command(Ins.INTERNAL_AUTHENTICATE, 0, 0x81, bytes(32), ne=256),
        command(Ins.MANAGE_CHANNEL, 0, 0, ne=1),
        command(Ins.MANAGE_CHANNEL, 0x80, 1),
    ]


def _keys() -> list[bytes]:
    private = tlv(0x84, b"\x03") + tlv(0x80, b"\x02") + tlv(0x7F48, tlv(0x92, bytes(31) + b"\x07"))
    return [
        command(Ins.GENERATE_KEY_PAIR, 0x80, 0, tlv(0xB6, tlv(0x84, b"\1")) + tlv(0xAC, tlv(0x80, b"\4")), ne=256),
        command(Ins.GENERATE_KEY_PAIR, 0x82, 0, tlv(0xB8, tlv(0x84, b"\2")) + tlv(0xAC, tlv(0x80, b"\2"))),
        command(Ins.GENERATE_KEY_PAIR, 0x81, 0, tlv(0xB6, tlv(0x84, b"\1")), ne=256),
        command(Ins.PUT_DATA_ODD, 0x3F, 0xFF, tlv(0xB6, private)),
        command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xB6, bytes.fromhex("840101")),
        command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xB8, bytes.fromhex("840102")),
        command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0x81, 0xB6, bytes.fromhex("830101")),
        command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0xC1, 0xB8, bytes.fromhex("830102")),
        command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xAA, bytes.fromhex("800165")),
        command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0xF2, 0x01),
        command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0xF3, 0x01),
        command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0xF4, 0x01),
        command(Ins.PERFORM_SECURITY_OPERATION, 0x90, 0x80, b"message", ne=256),
        command(Ins.PERFORM_SECURITY_OPERATION, 0x9E, 0x9A, bytes(32), ne=256),
        command(Ins.PERFORM_SECURITY_OPERATION, 0x9E, 0x9A, ne=256),
        command(Ins.PERFORM_SECURITY_OPERATION, 0x00, 0xA8, tlv(0x9A, bytes(32)) + tlv(0x9E, bytes(64))),
        command(Ins.PERFORM_SECURITY_OPERATION, 0x86, 0x80, b"plain", ne=256),
        command(Ins.PERFORM_SECURITY_OPERATION, 0x80, 0x86, b"\x00" + bytes(100), ne=256),
        command(Ins.PERFORM_SECURITY_OPERATION, 0x8E, 0x80, b"plain", ne=256),
        command(Ins.PUT_DATA, 0x7F, 0x21, b"certificate"),
        command(Ins.GET_DATA, 0x7F, 0x21, ne=256),
        *(command(Ins.GET_DATA, 1, p2, ne=256) for p2 in range(4)),
    ]


WORDS = ("840101", "830102", "800112", "540100", "53026162", "5C00", "82020121", "83020107", "80020040")
VALUES = (USER, PUK, ADMIN, *FIDS, bytes(16), b"\xff", b"\x00", *map(bytes.fromhex, WORDS))

GRAMMAR = Grammar(
    (*_files(), *_bodies(), *_people(), *_keys()),
    VALUES,
    tuple(ins for ins in Ins if ins not in (Ins.GENERATE_KEY_PAIR, Ins.GENERATE_KEY_PAIR_ODD, Ins.TERMINATE_CARD)),
)

FURNITURE = (
    command(Ins.VERIFY, 0, 1, USER),
    command(Ins.VERIFY, 0, 3, ADMIN),
    *(
        command(Ins.CREATE_FILE, data=fcp(fid, described, *more))
        for fid, described, *more in (
            ("0101", "0121", tlv(0x80, b"\x01\x20"), tlv(0x88, b"\x08")),
            ("0106", "3921", tlv(0x80, b"\x01\x20")),
            ("0103", "02210004 05", tlv(0x88, b"\x18")),
        )
    ),
    command(Ins.APPEND_RECORD, 0, 0x18, b"abcd"),
    command(Ins.APPEND_RECORD, 0, 0x18, b"efgh"),
    command(Ins.GENERATE_KEY_PAIR, 0x82, 0, tlv(0xB6, tlv(0x84, b"\1")) + tlv(0xAC, tlv(0x80, b"\4"))),
    command(Ins.GENERATE_KEY_PAIR, 0x82, 0, tlv(0xB8, tlv(0x84, b"\2")) + tlv(0xAC, tlv(0x80, b"\2"))),
    command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xB6, bytes.fromhex("840101")),
    command(Ins.MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xB8, bytes.fromhex("840102")),
    command(Ins.MANAGE_CHANNEL, 0, 1),
)
"""What every second stream begins with: files, keys and proofs to work with."""
