"""What an exchange means, as text and as JSON."""

from __future__ import annotations

import pytest

from reader_bridge.record import names, present, text
from reader_bridge.record.decode import Decoded, Decoder, Node, tree
from simcard.wire.apdu import Ins


def decoded(*lines: str) -> list[Decoded]:
    decoder = Decoder()
    return [decoder.decode(exchange) for exchange in text.parse("\n".join(lines))]


@pytest.mark.parametrize(
    ("command", "name", "parameters"),
    [
        ("00A40400", "SELECT", "by DF name"),
        ("00A4040200", "SELECT", "by DF name, next"),
        ("00B0810500", "READ BINARY", "short EF 1, offset 5"),
        ("00B0010500", "READ BINARY", "offset 261"),
        ("00B201F400", "READ RECORD", "record 1, short EF 30"),
        ("00200081", "VERIFY", "local reference 1"),
        ("002241B606800112840181", "MANAGE SECURITY ENVIRONMENT", "SET DST"),
        ("002A9E9A0100", "PERFORM SECURITY OPERATION", "COMPUTE DIGITAL SIGNATURE"),
        ("00CA5FC100", "GET DATA", "tag 5FC1"),
        ("8004000000", "GET DEV INFO", ""),
        ("00FF0000", "INS FF", ""),
    ],
)
def test_commands_have_names_and_parameters(command: str, name: str, parameters: str) -> None:
    (found,) = decoded(command)
    assert (name, parameters) == (found.name, found.parameters)


def test_an_instruction_means_what_the_selected_application_says() -> None:
    found = decoded("80CA006E00", "> 00A4040008A000000151000000", "< 9000", "80CA006E00", "> reset", "80CA006E00")
    assert ["INS CA", "SELECT", "GET DATA", "reset", "INS CA"] == [each.name for each in found]
    assert "issuer security domain" == found[2].application


def test_each_channel_has_its_application() -> None:
    found = decoded("> 01A404000BA000000308000010000100", "< 9000", "01CB3FFF00", "00CB3FFF00")
    assert [("PIV", 1), ("PIV", 1), ("", 0)] == [(each.application, each.channel) for each in found]


def test_a_selection_that_failed_selects_nothing() -> None:
    assert ["", ""] == [e.application for e in decoded("> 00A4040005A000000308", "< 6A82", "00CB3FFF00")]


@pytest.mark.parametrize(
    ("command", "sw", "meaning"),
    [
        ("00200001", "63C2", "wrong, 2 tries left"),
        ("00A40000", "6A82", "file or application not found"),
        ("8040000000", "6A91", "container not found by name"),
        ("0084000008", "6105", "5 more bytes to fetch"),
    ],
)
def test_status_words_have_meanings(command: str, sw: str, meaning: str) -> None:
    assert meaning == decoded(f"> {command}", f"< {sw}")[0].meaning


def test_silence_is_told() -> None:
    assert "no answer" == decoded("> 0084000008", "< none")[0].meaning


def test_objects_are_a_tree() -> None:
    (found,) = decoded("> 00A4000000", "< 6F 07 82 01 38 83 02 3F00 9000")
    assert (Node(0x6F, bytes.fromhex("82013883023F00"), found.response_objects[0].children),) == found.response_objects
    assert [0x82, 0x83] == [node.tag for node in found.response_objects[0].children]


@pytest.mark.parametrize("data", ["", "82", "820238", "0000", "8281010A"])
def test_what_is_no_sequence_of_objects_is_none(data: str) -> None:
    assert () == tree(bytes.fromhex(data))


def test_hidden_bytes_are_no_objects() -> None:
    assert () == decoded("> 00DB3FFF05 [5 bytes]")[0].command_objects


def test_what_is_no_command_has_no_name() -> None:
    assert "no command" == decoded("> 00A4")[0].name


def test_the_text_of_an_exchange() -> None:
    (found,) = decoded("@1.000000 > 00A4000000", "@1.002000 < 6F03820138 9000")
    assert [
        "1.000000 SELECT (by file identifier): 9000 normal processing (2.0 ms)",
        "    > 00A4000000",
        "    < 6F03820138",
        "        6F",
        "            82 38",
    ] == present.text(found)


def test_the_text_keeps_hidden_bytes_hidden() -> None:
    (found,) = decoded("> 002A80860101", "< [16 bytes] 9000")
    assert "    < [16 bytes]" == present.text(found)[2]


def test_the_json_of_an_exchange() -> None:
    (found,) = decoded("@1.000000 > 00A4000000", "@1.002000 < 6F03820138 9000")
    shown = present.json_object(found)
    assert ("9000", 2.0, "SELECT") == (shown["sw"], shown["took_ms"], shown["name"])
    assert [{"tag": "6F", "objects": [{"tag": "82", "value": "38"}]}] == shown["response_objects"]


def test_every_instruction_of_the_standard_has_a_name() -> None:
    assert [] == [ins for ins in Ins if names.instruction(0, ins, names.DEFAULT).startswith("INS")]
