"""The language of dialogues says what it means."""

from __future__ import annotations

import pytest

from tests.dialogue import bytes_of, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00A4 04 00", "00A40400"),
        ("'AZ' 00", "415A00"),
        ("[ 0102 ]", "020102"),
        ("{62 {83 3F00}}", "6204 83023F00"),
        ("{7F49 {86 04}}", "7F4903 860104"),
        ("00E00000 [{62 {82 01}}]", "00E0000005 6203820101"),
    ],
)
def test_bytes_of_a_text(text: str, expected: str) -> None:
    assert bytes.fromhex(expected) == bytes_of(text)


def test_a_long_data_field_is_counted_in_the_extended_form() -> None:
    assert bytes.fromhex("000100") == bytes_of("[" + "00" * 256 + "]")[:3]


@pytest.mark.parametrize("text", ["[00", "{62 00", "00]", "0 0", "?"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        bytes_of(text)


def test_a_line_is_a_command_and_a_response() -> None:
    (exchange,) = read("# why\n\n 0084000008 = .. 9000 # eight bytes\n")
    assert (bytes.fromhex("0084000008"), None, 0x9000) == (exchange.command, exchange.data, exchange.sw)
