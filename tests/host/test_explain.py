"""APDUs in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.client import explain


@pytest.mark.parametrize(
    ("apdu", "words"),
    [
        ("00A4000C023F00", "SELECT, by file identifier 3F00, 2 bytes of data"),
        ("00A4040005F0434849 4E".replace(" ", ""), "SELECT, by name F04348494E, 5 bytes of data"),
        ("0084000008", "GET CHALLENGE, up to 8 bytes wanted"),
        ("002000010831323334353637 38".replace(" ", ""), "VERIFY, reference 01, 8 bytes of data"),
        ("002A9E9A00", "PERFORM SECURITY OPERATION, compute digital signature, up to 256 bytes wanted"),
        ("10DA7F2101AA", "PUT DATA, certificate, chained, more to come, 1 bytes of data"),
        ("0170000001", "MANAGE CHANNEL, channel 1, up to 1 bytes wanted"),
        ("80F20000", "INS F2, proprietary class"),
        ("00B0010210", "READ BINARY, offset 258, up to 16 bytes wanted"),
        ("00", "not a command APDU: 1 bytes, a header has 4"),
    ],
)
def test_a_command_is_told_in_one_line(apdu: str, words: str) -> None:
    assert words == explain.command(bytes.fromhex(apdu))


def test_the_data_of_verify_are_not_shown() -> None:
    assert "31323334" not in explain.command(bytes.fromhex("00200001083132333435363738"))


def test_a_response_is_told_with_its_data_objects() -> None:
    lines = explain.response(bytes.fromhex("62078201388302 3F00".replace(" ", "") + "9000"))
    assert "9000: normal processing" == lines[0]
    assert ["  62 file control parameters", "    82 descriptor, or exponent: 38"] == lines[1:3]


def test_random_bytes_are_not_taken_for_data_objects() -> None:
    assert ["9000: normal processing"] == explain.response(bytes.fromhex("0102039000"))


def test_a_wrong_pin_is_told_with_its_tries() -> None:
    assert ["63C2: wrong, 2 tries left"] == explain.response(bytes.fromhex("63C2"))


def test_an_atr_is_told() -> None:
    assert "T=1; historical bytes 80739421C08105" == explain.atr(bytes.fromhex("3B878131FE4580739421C081058E"))
    assert explain.atr(b"\x3b").startswith("not an ATR")


@given(st.binary(max_size=300))
def test_any_bytes_can_be_told(raw: bytes) -> None:
    assert explain.command(raw)
    assert explain.response(raw)
    assert explain.atr(raw)
