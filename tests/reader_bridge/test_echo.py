"""The echo card: constants, as long as Le asks for."""

from __future__ import annotations

import pytest

from reader_bridge.echo import EchoCard


@pytest.mark.parametrize(
    ("command", "length"),
    [
        ("00840000", 0),
        ("0084000008", 8),
        ("0084000000", 256),
        ("00840000000200", 512),
        ("00840000000000", 65536),
        ("00A4000C023F00", 0),
        ("00", 0),
        ("", 0),
    ],
)
def test_le_gives_the_length(command: str, length: int) -> None:
    assert length + 2 == len(EchoCard().transmit(bytes.fromhex(command)))


@pytest.mark.parametrize(
    "command", ["00EC000003ABCDEF", "00EC000003ABCDEF00", "00EC0000000003ABCDEF", "00EC0000000003ABCDEF0000"]
)
def test_echo_gives_the_data_back(command: str) -> None:
    assert bytes.fromhex("ABCDEF9000") == EchoCard().transmit(bytes.fromhex(command))


def test_the_check_byte_of_the_atr_is_right() -> None:
    check = 0
    for byte in EchoCard().atr[1:]:
        check ^= byte
    assert check == 0


def test_the_historical_bytes_are_as_many_as_t0_says() -> None:
    atr = EchoCard().atr
    assert atr[1] & 0x0F == len(b"ECHO CARD")
    assert b"ECHO CARD" == atr[4:13]
