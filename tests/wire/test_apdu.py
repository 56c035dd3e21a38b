"""Command and response APDUs: the seven forms, round trips, and bytes that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcard.wire.apdu import EXTENDED_NE, SHORT_NE, ApduError, CommandApdu, ResponseApdu
from simcard.wire.cla import MAX_CHANNELS, ClaError, SecureMessaging, decode, encode

FORMS = {
    "1": ("00A4000C", b"", 0, False),
    "2S": ("00B0000010", b"", 16, False),
    "2S, 256": ("00B0000000", b"", 256, False),
    "2E": ("00B00000000100", b"", 256, True),
    "2E, 65536": ("00B00000000000", b"", 65536, True),
    "3S": ("00A4000C023F00", b"\x3f\0", 0, False),
    "3E": ("00A4000C0000023F00", b"\x3f\0", 0, True),
    "4S": ("00A40000023F0000", b"\x3f\0", 256, False),
    "4E": ("00A400000000023F000010", b"\x3f\0", 16, True),
    "4E, 65536": ("00A400000000023F000000", b"\x3f\0", 65536, True),
}


@pytest.mark.parametrize(("text", "data", "ne", "extended"), FORMS.values(), ids=FORMS)
def test_a_form_is_read(text: str, data: bytes, ne: int, extended: bool) -> None:
    found = CommandApdu.parse(bytes.fromhex(text))
    assert (data, ne, extended) == (found.data, found.ne, found.extended)
    assert bytes.fromhex(text) == found.encode()


@pytest.mark.parametrize(
    "text",
    ["", "00", "00A400", "00A4000C0102FFFF", "00A4000C0300", "00A4000C0000", "00A4000C000000FF", "00A4000C00000100",
     "00A4000C000003AABB", "00A4000C000001AA00", "00A4000C000001AA000000"],
)  # fmt: skip
def test_what_is_no_command_is_refused(text: str) -> None:
    raw = bytes.fromhex(text)
    if text == "00A4000C00000100":
        raw += b"\0" * 300
    with pytest.raises(ApduError):
        CommandApdu.parse(raw)


headers = st.tuples(*[st.integers(0, 255)] * 4)


@given(headers, st.binary(max_size=400), st.integers(0, EXTENDED_NE), st.booleans())
def test_what_is_encoded_is_read_again(header: tuple[int, int, int, int], data: bytes, ne: int, extended: bool) -> None:
    found = CommandApdu.parse(CommandApdu(*header, data, ne, extended).encode())
    assert (header, data, ne) == ((found.cla, found.ins, found.p1, found.p2), found.data, found.ne)


@given(st.binary(max_size=600))
def test_what_is_read_is_encoded_as_it_was(raw: bytes) -> None:
    try:
        found = CommandApdu.parse(raw)
    except ApduError:
        return
    assert raw == found.encode()


def test_the_shortest_form_is_written() -> None:
    assert 5 == len(CommandApdu(0, 0xB0, 0, 0, ne=SHORT_NE).encode())
    assert 7 == len(CommandApdu(0, 0xB0, 0, 0, ne=SHORT_NE + 1).encode())


def test_more_than_65535_bytes_cannot_be_written() -> None:
    with pytest.raises(ApduError):
        CommandApdu(0, 0xB0, 0, 0, bytes(65536)).encode()


@given(st.binary(max_size=300), st.integers(0, 0xFFFF))
def test_a_response_is_read_again(data: bytes, sw: int) -> None:
    assert ResponseApdu(data, sw) == ResponseApdu.parse(ResponseApdu(data, sw).encode())


@pytest.mark.parametrize("raw", [b"", b"\x90"])
def test_a_response_has_two_bytes(raw: bytes) -> None:
    with pytest.raises(ApduError):
        ResponseApdu.parse(raw)


@pytest.mark.parametrize("channel", range(MAX_CHANNELS))
@pytest.mark.parametrize("chaining", [False, True])
@pytest.mark.parametrize("proprietary", [False, True])
def test_a_class_byte_is_read_again(channel: int, chaining: bool, proprietary: bool) -> None:
    found = decode(encode(channel, chaining, proprietary))
    assert (channel, chaining, proprietary) == (found.channel, found.chaining, found.proprietary)
    assert SecureMessaging.NONE is found.secure_messaging


@pytest.mark.parametrize(
    ("cla", "messaging"),
    [
        (0x04, SecureMessaging.PROPRIETARY),
        (0x08, SecureMessaging.HEADER_NOT_AUTHENTICATED),
        (0x0C, SecureMessaging.HEADER_AUTHENTICATED),
        (0x60, SecureMessaging.HEADER_NOT_AUTHENTICATED),
        (0x84, SecureMessaging.PROPRIETARY),
    ],
)
def test_secure_messaging_is_seen(cla: int, messaging: SecureMessaging) -> None:
    assert messaging is decode(cla).secure_messaging


@pytest.mark.parametrize("cla", [0xFF, 0x20, 0x3F, 0xA0, 0xBF])
def test_a_reserved_class_is_refused(cla: int) -> None:
    with pytest.raises(ClaError):
        decode(cla)


@pytest.mark.parametrize("channel", [-1, MAX_CHANNELS])
def test_a_channel_there_cannot_be_is_refused(channel: int) -> None:
    with pytest.raises(ClaError):
        encode(channel)
