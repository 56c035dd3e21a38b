"""Device management and random numbers."""

from __future__ import annotations

import pytest

from simcard.wire.gmt0017 import DEV_INFO_SIZE, DevInfo
from tests.applet_gmt0017.support import token


def test_device_information_has_288_bytes() -> None:
    assert DEV_INFO_SIZE == len(token().ok(0x04, ne=288))


def test_device_information_says_what_the_sheet_says() -> None:
    made = DevInfo.decode(token().ok(0x04, ne=0))
    assert (b"simcard", b"SIMTOKEN", b"20260101-001-00001") == (made.manufacturer, made.label, made.serial)
    assert ((5, 0), (2, 15), 0x401) == (made.hardware, made.firmware, made.alg_dev_auth)
    assert made.total > made.free > 0


def test_device_information_stands_where_the_layout_says() -> None:
    raw = token().ok(0x04, ne=0)
    assert bytes.fromhex("01000100") == raw[:4]
    assert b"SIMTOKEN" + bytes(24) == raw[132:164]
    assert bytes.fromhex("0500" + "020F" + "0000041F" + "00030700" + "00000007" + "00000401") == raw[196:216]
    assert bytes(54) == raw[234:]


def test_device_information_little_endian_by_switch() -> None:
    raw = token(int_order="little").ok(0x04, ne=0)
    assert bytes.fromhex("1F040000") == raw[200:204]
    assert 0x401 == DevInfo.decode(raw, "little").alg_dev_auth


def test_device_information_round_trips() -> None:
    raw = token().ok(0x04, ne=0)
    assert raw == DevInfo.decode(raw).encode("big")


@pytest.mark.parametrize("label", [b"my token", b"\xe6\xb5\xb7\xe5\x85\xb3", b"x" * 32])
def test_the_label_is_kept(label: bytes) -> None:
    made = token()
    made.ok(0x02, label)
    made.bench.card.reset()
    assert label == DevInfo.decode(made.ok(0x04, ne=0)).label


@pytest.mark.parametrize("label", [b"\0", b"x" * 33, b"\xff\xfe", b"a\0b"])
def test_a_label_is_a_text_of_1_to_32_bytes(label: bytes) -> None:
    assert token().sw(0x02, label) == "6A80"


@pytest.mark.parametrize("length", [1, 8, 16, 255, 256, 4096])
def test_random_comes_in_the_length_asked_for(length: int) -> None:
    made = token()
    first, second = made.ok(0x50, ne=length), made.ok(0x50, ne=length)
    assert (length, length) == (len(first), len(second))
    assert length < 8 or first != second


@pytest.mark.parametrize("ne", [None, 0, 4097])
def test_a_random_number_has_a_length(ne: int | None) -> None:
    assert token().sw(0x50, ne=ne) == "6700"


@pytest.mark.parametrize("ins", [0x02, 0x04, 0x50])
def test_device_commands_take_no_parameters(ins: int) -> None:
    data = b"label" if ins == 0x02 else b""
    assert token().sw(ins, data, 1, ne=None if data else 8) == "6A86"
