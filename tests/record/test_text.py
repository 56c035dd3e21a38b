"""The text of a recording."""

from __future__ import annotations

import pytest

from reader_bridge.record import text
from reader_bridge.record.model import Exchange, HiddenBytes, Kind, Shown
from reader_bridge.record.text import BadRecording

SELECT = bytes.fromhex("00A4000C023F00")
OK = b"\x90\x00"
SAMPLES = [
    Exchange(Kind.POWER_ON, response=Shown(b"\x3b\x00"), at=0.0, took=0.5),
    Exchange(Kind.APDU, Shown(SELECT), Shown(OK), 1.0, 0.25),
    Exchange(Kind.APDU, Shown(b"\x00\x20\x00\x01\x08", 8), Shown(OK), 2.0, 0.25),
    Exchange(Kind.APDU, Shown(SELECT), Shown(b"", 16, OK), 3.0, 0.25),
    Exchange(Kind.APDU, Shown(SELECT), None, 4.0, 0.25),
    Exchange(Kind.RESET, response=None, at=5.0, took=0.5),
    Exchange(Kind.POWER_OFF, at=6.0),
]


def test_what_is_written_is_read_again() -> None:
    assert SAMPLES == text.parse(text.written(SAMPLES))


def test_the_file_reads_as_documented() -> None:
    expected = ["# simcard recording 1", "@2.000000 > 0020000108 [8 bytes]", "@2.250000 < 9000", ""]
    assert "\n".join(expected) == text.written([SAMPLES[2]])


def test_a_list_of_commands_is_a_recording() -> None:
    assert [Exchange(Kind.APDU, Shown(SELECT)), Exchange(Kind.RESET)] == text.parse("00 A4 00 0C 02 3F 00 # MF\nreset")


def test_times_are_optional() -> None:
    assert [Exchange(Kind.APDU, Shown(SELECT), Shown(OK))] == text.parse("> 00A4000C023F00\n< 90 00")


@pytest.mark.parametrize("lines", [1, 2, 4])
def test_a_file_cut_short_is_good_up_to_there(lines: int) -> None:
    whole = text.written(SAMPLES).splitlines()
    found = text.parse("\n".join(whole[: lines + 1]))
    assert (lines + 1) // 2 == len(found)


@pytest.mark.parametrize("line", ["< 9000", "> 00A", "> jump", "zz", "> 00 [x bytes]", "> [8 bytes] 00 [8 bytes]"])
def test_what_cannot_be_read_is_named_by_its_line(line: str) -> None:
    with pytest.raises(BadRecording, match="line 3: "):
        text.parse(f"# simcard recording 1\n\n{line}")


def test_hidden_bytes_cannot_be_taken_out() -> None:
    with pytest.raises(HiddenBytes, match="8 bytes are hidden"):
        Shown(b"\x00\x20\x00\x01\x08", 8).reveal()


@pytest.mark.parametrize(
    ("shown", "raw", "expected"),
    [
        (Shown(SELECT), SELECT, True),
        (Shown(SELECT), SELECT + b"\x00", False),
        (Shown(b"\x00\x20\x00\x01\x02", 2), bytes.fromhex("0020000102AABB"), True),
        (Shown(b"\x00\x20\x00\x01\x02", 2), bytes.fromhex("0020000103AABBCC"), False),
        (Shown(b"\x00\x20\x00\x01", 2), bytes.fromhex("0020000102AABB"), True),
        (Shown(b"\x00\x20\x00\x01", 2), bytes.fromhex("0020000103AABBCC"), False),
        (Shown(b"\x00\x20\x00\x01", 2), bytes.fromhex("00200001FF"), False),
    ],
)
def test_hidden_bytes_fit_any_of_their_number(shown: Shown, raw: bytes, expected: bool) -> None:
    assert expected == shown.fits(raw)
