"""GSMTAP packets and capture files, and what tshark makes of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from reader_bridge.record import gsmtap, pcapng, text
from reader_bridge.record.model import Exchange, Kind, Shown
from tests.kit import bench
from tests.record.test_roles import recorded

DATA = bytes(range(256)) * 3


@pytest.mark.parametrize(
    ("command", "response", "expected"),
    [
        ("00200001", "9000", ["00200001009000"]),
        ("0084000002", "01029000", ["008400000201029000"]),
        ("00A4000C023F00", "9000", ["00A4000C023F009000"]),
        ("00A40000023F0000", "6F009000", ["00A40000023F006102", "00C00000026F009000"]),
        ("01A40000023F0000", "6F009000", ["01A40000023F006102", "01C00000026F009000"]),
        ("11A40000023F0000", "6F009000", ["11A40000023F006102", "01C00000026F009000"]),
        ("80A40000023F0000", "6F009000", ["80A40000023F006102", "00C00000026F009000"]),
        ("0084000000", "6C08", ["00840000006C08"]),
        ("00A4", "6700", ["00A46700"]),
    ],
)
def test_exchanges_have_their_form_in_t0(command: str, response: str, expected: list[str]) -> None:
    units = gsmtap.units(bytes.fromhex(command), bytes.fromhex(response))
    assert expected == [unit.hex().upper() for unit in units]


def test_a_long_answer_comes_in_parts() -> None:
    units = gsmtap.units(bytes.fromhex("00B00000000300"), DATA + b"\x90\x00")
    assert [5 + 256 + 2] * 3 == [len(unit) for unit in units]
    assert [b"\x61\x00", b"\x61\x00", b"\x90\x00"] == [unit[-2:] for unit in units]
    assert DATA == b"".join(unit[5:-2] for unit in units)


def test_long_data_travel_in_envelopes() -> None:
    command = bytes.fromhex("00DB3FFF000300") + DATA
    units = gsmtap.units(command, b"\x90\x00")
    assert {"00C20000"} == {unit[:4].hex().upper() for unit in units}
    assert command == b"".join(unit[5:-2] for unit in units)


def test_what_did_not_answer_has_no_packet() -> None:
    assert [] == gsmtap.packets(Exchange(Kind.APDU, Shown(b"\x00\x84\x00\x00\x08"), None))
    assert [] == gsmtap.packets(Exchange(Kind.POWER_OFF))


@pytest.mark.parametrize(
    "lines",
    ["> 0084000002\n< 0102 9000", "> 00A4000C023F00\n< 9000", "> 00200001\n< 63C3", "> reset\n< 3B00"],
)
def test_a_packet_is_heard_as_it_was_sent(lines: str) -> None:
    (exchange,) = text.parse(lines)
    (packet,) = gsmtap.packets(exchange, 3)
    found = gsmtap.heard(packet)
    assert found is not None
    assert 3 == found.reader
    assert (exchange.kind, exchange.response) == (found.exchange.kind, found.exchange.response)


@pytest.mark.parametrize(
    "packet", ["", "0204", "0304040000000000000000000000000000", "0204010000000000000000000000000000"]
)
def test_other_packets_are_not_heard(packet: str) -> None:
    assert None is gsmtap.heard(bytes.fromhex(packet))


def test_a_capture_is_whole_words_with_both_lengths() -> None:
    capture = b"".join(pcapng.file(recorded(bench().card, "00A4000C023F00")))
    kinds = []
    while capture:
        length = int.from_bytes(capture[4:8], "little")
        assert (0, capture[4:8]) == (length % 4, capture[length - 4 : length])
        kinds.append(int.from_bytes(capture[:4], "little"))
        capture = capture[length:]
    assert [pcapng.SECTION, pcapng.INTERFACE, pcapng.PACKET, pcapng.PACKET] == kinds


def tshark(capture: Path, *arguments: str) -> list[str]:
    program = shutil.which("tshark")
    assert program, "tshark is not installed (Debian package tshark)"
    command = [program, "-r", str(capture), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    aid = "00A4040009F0534943414B504F00"
    commands = ("00A4000C023F00", "0084000008", "00200001083030303030303030", "00B201F400", "00CA006E00", aid)
    path = tmp_path / "a.pcapng"
    path.write_bytes(b"".join(pcapng.file(recorded(bench().card, *commands), 1.0)))
    return path


def test_tshark_decodes_the_commands_as_iso_7816(capture: Path) -> None:
    shown = [line.split("GSM SIM")[1] for line in tshark(capture)][1:]
    assert all("ISO/IEC 7816-4" in line for line in shown)
    words = ("SELECT File MF", "GET CHALLENGE", "VERIFY", "READ RECORD RecordNr=1", "GET DATA", "SELECT Application")
    assert [] == [word for word, line in zip(words, shown, strict=True) if word not in line]


def test_tshark_reads_status_words_and_masked_data(capture: Path) -> None:
    lines = tshark(
        capture, "-T", "fields", "-e", "gsm_sim.apdu.sw", "-e", "gsm_sim.apdu.data", "-Y", "gsm_sim.apdu.ins==0x20"
    )
    assert 1 == len(lines)
    assert lines[0].startswith("0x63c2")
    assert "3030" not in capture.read_bytes().hex()


def test_tshark_shows_the_meaning_as_comment_and_the_time(capture: Path) -> None:
    lines = tshark(capture, "-T", "fields", "-e", "frame.comment", "-e", "frame.time_epoch")
    assert ["VERIFY: wrong, 2 tries left", "7.000000000"] == lines[3].split("\t")
