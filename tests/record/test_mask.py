"""What is never written down."""

from __future__ import annotations

import pytest

from reader_bridge.record import text
from reader_bridge.record.mask import Mask

PIN = "3132333435363738"
DATA = bytes.fromhex(PIN)


@pytest.mark.parametrize(
    "command",
    [
        f"0020000108{PIN}",
        f"1020000108{PIN}",
        f"0120008108{PIN}",
        f"0024000108{PIN}",
        f"002C000108{PIN}",
        f"0028000108{PIN}",
        f"00DB3FFF08{PIN}00",
        f"00C2000008{PIN}",
        f"002A868008{PIN}00",
        f"0020000100{'0008'}{PIN}",
        f"8018000108{PIN}",
        f"80A2000008{PIN}",
        f"80FF000008{PIN}",
        f"80A6000008{PIN}",
        f"80F8000008{PIN}",
        f"90F8000008{PIN}",
        f"8020000008{PIN}",
        f"00FF000008{PIN}",
        f"00FE000008{PIN}",
        f"0020000109{PIN}",
        f"00A4000C09{PIN}",
        f"00{PIN[:4]}",
    ],
)
def test_secrets_of_commands_are_counted_and_not_shown(command: str) -> None:
    shown = str(Mask().command(bytes.fromhex(command)))
    assert PIN[:4] not in shown
    assert "bytes]" in shown


@pytest.mark.parametrize("command", ["00A4000C023F00", "0084000008", "00200001", "00CA006E00", "8004000000"])
def test_other_commands_are_shown(command: str) -> None:
    assert command == str(Mask().command(bytes.fromhex(command)))


def test_header_lengths_and_le_stay() -> None:
    assert "00DB3FFF08 [8 bytes] 00" == str(Mask().command(bytes.fromhex(f"00DB3FFF08{PIN}00")))


@pytest.mark.parametrize(
    "command",
    [
        "002A80860101",
        "00860401010100",
        "807C000001FF",
        "80AE000001FF",
        "80F2000001FF",
        "80FF0000",
    ],
)
def test_secret_answers_are_counted_through_all_their_parts(command: str) -> None:
    mask = Mask()
    mask.command(bytes.fromhex(command))
    assert "[8 bytes] 6104" == str(mask.response(DATA + b"\x61\x04"))
    mask.command(bytes.fromhex("00C0000004"))
    assert "[8 bytes] 9000" == str(mask.response(DATA + b"\x90\x00"))


def test_the_next_command_is_judged_anew() -> None:
    mask = Mask()
    mask.command(bytes.fromhex("002A80860101"))
    mask.command(bytes.fromhex("0084000008"))
    assert f"{PIN}9000" == str(mask.response(DATA + b"\x90\x00"))


def test_a_status_word_is_no_secret() -> None:
    mask = Mask()
    mask.command(bytes.fromhex("002A80860101"))
    assert "6A80" == str(mask.response(b"\x6a\x80"))


def test_with_secrets_nothing_is_hidden() -> None:
    mask = Mask(secrets=True)
    assert f"0020000108{PIN}" == str(mask.command(bytes.fromhex(f"0020000108{PIN}")))


def test_a_recording_with_secrets_can_be_masked_afterwards() -> None:
    mask = Mask()
    recorded = text.parse(f"> 0020000108{PIN}\n< 9000\n> 002A80860101\n< {PIN}9000")
    found = [mask.exchange(each) for each in recorded]
    assert ["0020000108 [8 bytes]", "002A80860101"] == [str(each.command) for each in found]
    assert ["9000", "[8 bytes] 9000"] == [str(each.response) for each in found]


def test_what_is_masked_already_stays_as_it_is() -> None:
    (exchange,) = text.parse("> 0020000108 [8 bytes]\n< [4 bytes] 9000")
    assert exchange == Mask().exchange(exchange)
