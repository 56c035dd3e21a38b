"""Commands of any length: joined answers, corrected lengths, chains and extended fields."""

from __future__ import annotations

import pytest

from host_tools.client.exchange import Exchange, takes_extended_length
from host_tools.errors import NotFound
from simcard.wire.apdu import CommandApdu, ResponseApdu
from tests.host.support import ScriptedLink

LONG = bytes(range(256)) * 2


@pytest.mark.parametrize(
    ("atr", "takes"),
    [
        ("3B878131FE4580739421C081058E", True),
        ("3B878131FE458073942180810 5CE".replace(" ", ""), False),
        ("3B6E00005744361969869302211815502027", False),
        ("3B00", False),
    ],
)
def test_the_historical_bytes_say_whether_extended_length_is_taken(atr: str, takes: bool) -> None:
    assert takes == takes_extended_length(bytes.fromhex(atr))


def test_pieces_of_an_answer_are_joined() -> None:
    link = ScriptedLink("AA6102", "BB6101", "CC9000")
    assert ResponseApdu(b"\xaa\xbb\xcc", 0x9000) == Exchange(link).send(CommandApdu(0, 0xCA, 1, 0, ne=256))
    assert ["00CA010000", "00C0000002", "00C0000001"] == link.sent


def test_a_wrong_le_is_corrected() -> None:
    link = ScriptedLink("6C02", "AABB9000")
    assert b"\xaa\xbb" == Exchange(link).ask(0xB0, 0, 0, b"", 8)
    assert ["00B0000008", "00B0000002"] == link.sent


def test_a_wrong_le_of_get_response_is_corrected_too() -> None:
    link = ScriptedLink("6108", "6C02", "AABB9000")
    assert b"\xaa\xbb" == Exchange(link).ask(0xCA, 1, 0, b"", 256)


def test_the_last_status_word_counts() -> None:
    assert 0x6282 == Exchange(ScriptedLink("AA6101", "BB6282")).send(CommandApdu(0, 0xB0, 0, 0, ne=256)).sw


def test_a_warning_is_a_success() -> None:
    assert b"\xaa" == Exchange(ScriptedLink("AA6282")).ask(0xB0, 0, 0, b"", 8)


def test_a_refusal_is_an_error_that_says_what_was_tried() -> None:
    with pytest.raises(NotFound, match="selecting 3F00"):
        Exchange(ScriptedLink("6A82")).ask(0xA4, 0, 0, doing="selecting 3F00")


def test_long_data_are_chained_where_extended_length_is_not_taken() -> None:
    link = ScriptedLink("9000", "9000", "9000")
    Exchange(link, extended=False).ask(0xDA, 0x7F, 0x21, LONG)
    assert ["10DA7F21FF", "10DA7F21FF", "00DA7F2102"] == [sent[:10] for sent in link.sent]
    assert LONG.hex().upper() == "".join(sent[10:] for sent in link.sent)


def test_a_chain_ends_where_a_piece_is_refused() -> None:
    link = ScriptedLink("6982")
    assert 0x6982 == Exchange(link, extended=False).send(CommandApdu(0, 0xDA, 0x7F, 0x21, LONG)).sw


def test_long_data_are_sent_at_once_where_extended_length_is_taken() -> None:
    link = ScriptedLink("9000")
    Exchange(link).ask(0xDA, 0x7F, 0x21, LONG)
    assert [f"00DA7F21000200{LONG.hex().upper()}"] == link.sent


def test_a_long_answer_is_asked_for_in_a_frame_that_vpcd_can_carry() -> None:
    link = ScriptedLink("9000")
    Exchange(link).ask(0xCA, 1, 0, b"", 65536)
    assert ["00CA0100008000"] == link.sent


def test_without_extended_length_a_long_answer_comes_by_get_response() -> None:
    link = ScriptedLink("AA6100", "BB9000")
    assert b"\xaa\xbb" == Exchange(link, extended=False).ask(0xCA, 1, 0, b"", 65536)
    assert ["00CA010000", "00C0000000"] == link.sent
