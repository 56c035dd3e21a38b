"""PIN keys, challenge blocks and MACs against the worked examples (R = 11 22 33 44 55 66 77 88, AppID 1000)."""

from __future__ import annotations

import pytest

from simcard.hal.entropy import ScriptedEntropy
from simcard.wire.gmt0017 import challenge_block, mac_input
from tests.applet_gmt0017.support import Token, application_data, block, mac, pin_key, sm4, with_application
from tests.kit import bench

R = bytes.fromhex("1122334455667788")

KEYS = {
    "123456": "F41B44DBECCCACCFBB4CCF6A7FC4921C",
    "12345678": "002FE525CB3AFA592E4011157437C666",
    "111111": "546BDAB611F22FAEECAE003F130CC0CB",
}
BLOCKS = {
    ("123456", "ZERO"): "4ABAFCA5BCB970FF01D9F38345089B26",
    ("123456", "LD-BE"): "E91BFC65064520194EFDCE8C6C2816AA",
    ("123456", "LD-LE"): "E69C2AA97F83216D756884FED0893166",
    ("12345678", "ZERO"): "E71B8AC86A51E384B20C74A0660CD2BB",
    ("12345678", "LD-BE"): "6715344A20D369EB241A2B03ADC4632C",
    ("12345678", "LD-LE"): "43259363E2927FA6F153017C4694CB7A",
    ("111111", "ZERO"): "B75DE1D6633345DC0388107C9CD7F785",
    ("111111", "LD-BE"): "D5C59D6FD2D536C9097FE702EAD0D615",
    ("111111", "LD-LE"): "59317F8F6C8E947C08C028FD1077869E",
}
DEVICE_PROOF = "7B17EAE3961C6BC4AED4D9A93F74FD91"
CHANGE_ZERO = "84160001000016" + "1000F3DE5A44DBA811A109E784EF964D653C" + "6517A317"
CHANGE_LD = {
    "LD-BE": "908432620690BF701003CC4AAAE2162B2565C780AA0547B851404E88983C1497",
    "LD-LE": "38EF6EB58D692D0857AE130047961DC82565C780AA0547B851404E88983C1497",
}


def scripted(pin: bytes = b"123456", **switches: str | int | bool) -> Token:
    """A token whose random numbers are the examples', with an application of this user PIN, open as 1000."""
    if switches:
        made = with_application(**switches)
        made.bench.card.board.entropy = ScriptedEntropy(*[R] * 20)
        return made
    card = bench("gmt0017-token", seed=None, entropy=ScriptedEntropy(*[R] * 20))
    made = Token(card)
    assert made.challenge() == R
    made.ok(0x10, bytes.fromhex(DEVICE_PROOF), 2)
    made.ok(0x20, application_data(user=pin))
    made.open()
    return made


@pytest.mark.parametrize(("pin", "key"), KEYS.items())
def test_the_host_of_these_tests_has_the_examples_pin_keys(pin: str, key: str) -> None:
    assert key == pin_key(pin.encode()).hex().upper()


@pytest.mark.parametrize(("example", "cryptogram"), BLOCKS.items())
def test_challenge_blocks_are_the_examples(example: tuple[str, str], cryptogram: str) -> None:
    pin, form = example
    assert challenge_block(form, R) == block(form, R)
    assert cryptogram == sm4(pin_key(pin.encode()), challenge_block(form, R)).hex().upper()


def test_the_example_of_device_authentication_is_taken() -> None:
    assert scripted().ident == bytes.fromhex("1000")


@pytest.mark.parametrize("pin", KEYS)
def test_the_example_of_verify_pin_is_taken_byte_for_byte(pin: str) -> None:
    made = scripted(pin.encode())
    made.challenge()
    apdu = "80180001" + "000012" + "1000" + BLOCKS[pin, "LD-LE"]
    assert (b"", 0x9000) == made.bench.send(apdu)


@pytest.mark.parametrize("form", ["ZERO", "LD-BE"])
def test_other_forms_are_not_taken_by_default(form: str) -> None:
    made = scripted()
    made.challenge()
    assert made.sw(0x18, made.ident + bytes.fromhex(BLOCKS["123456", form]), 1) == "63C5"


def test_the_example_of_change_pin_is_taken_byte_for_byte() -> None:
    made = scripted()
    made.challenge()
    assert (b"", 0x9000) == made.bench.send(CHANGE_ZERO)
    assert made.verify(b"654321") == "9000"


@pytest.mark.parametrize("form", CHANGE_LD)
def test_the_new_pin_may_come_with_a_length(form: str) -> None:
    made = scripted()
    assert made.new_value(0x16, 1, pin_key(b"123456"), bytes.fromhex(CHANGE_LD[form])) == "9000"
    assert made.verify(b"654321") == "9000"


@pytest.mark.parametrize("form", ["LD-LE", "LD-BE", "ZERO"])
def test_a_switch_chooses_the_form(form: str) -> None:
    made = with_application(pin_block=form)
    assert made.verify(form=form) == "9000"
    other = "ZERO" if form != "ZERO" else "LD-LE"
    assert made.verify(form=other) == "63C5"


@pytest.mark.parametrize("form", ["LD-LE", "LD-BE", "ZERO"])
def test_any_takes_all_forms(form: str) -> None:
    assert with_application(pin_block="any").verify(form=form) == "9000"


def test_an_unpadded_pin_key_by_switch() -> None:
    made = with_application(pin_key_pad="none")
    key = bytes.fromhex("7C4A8D09CA3762AF61E59520943DC264")
    assert made.sw(0x18, made.ident + sm4(key, block("LD-LE", made.challenge())), 1) == "9000"


HEADERS = {
    "ga6": "8416000100161000" + "11" * 16,
    "syno8": "84160001001200001000" + "11" * 16,
    "sunyard": "84160001160000001000" + "11" * 16,
}


@pytest.mark.parametrize("form", HEADERS)
def test_the_mac_is_over_the_header_in_three_forms(form: str) -> None:
    made = mac_input(form, bytes.fromhex("84160001"), bytes.fromhex("1000" + "11" * 16))
    expected = bytes.fromhex(HEADERS[form]) + b"\x80"
    assert expected + bytes(-len(expected) % 16) == made


def change(made: Token, form: str) -> str:
    challenge, key = made.challenge(), pin_key(b"123456")
    data = made.ident + sm4(key, b"654321".ljust(16, b"\0"))
    length = {"ga6": "0016", "syno8": "00120000", "sunyard": "16000000"}[form]
    message = bytes.fromhex("84160001" + length) + data
    return made.sw(0x16, data + mac(key, challenge, message), 1, cla=0x84)


@pytest.mark.parametrize("form", HEADERS)
def test_every_form_of_mac_is_taken_by_default(form: str) -> None:
    assert change(with_application(), form) == "9000"


@pytest.mark.parametrize(("asked", "sent"), [("ga6", "syno8"), ("syno8", "sunyard"), ("sunyard", "ga6")])
def test_a_switch_insists_on_one_form_of_mac(asked: str, sent: str) -> None:
    made = with_application(mac_header=asked)
    assert change(made, sent) == "63C5"
    assert change(made, asked) == "9000"
