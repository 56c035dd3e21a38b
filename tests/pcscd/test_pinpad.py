"""The virtual PIN pad: where the PIN goes, and what the pad says when there is none."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from reader_bridge.echo import EchoCard
from reader_bridge.pcscd import grammar as g
from reader_bridge.pcscd import pinpad as p
from reader_bridge.pcscd.codes import Rv
from reader_bridge.pcscd.pinblock import PinFormat, TemplateError, place
from reader_bridge.pcscd.server import PcscService
from simcard.wire.secret import Secret
from tests.pcscd.wire import WireClient

ASCII_BYTES, GROWING = 0x82, (0x82, 0x00, 0x00)
OK = b"\x90\x00"


@pytest.mark.parametrize(
    ("command", "form", "template", "pin"),
    [
        ("00200001043132 3334", GROWING, "00200001", b"1234"),
        ("0020000106313233343536", GROWING, "0020000100", b"123456"),
        ("0020000108313233340000 0000", (0x82, 0x08, 0), "0020000108" + "00" * 8, b"1234"),
        ("002000010831323334FFFFFFFF", (0x82, 0x08, 0), "00200001", b"1234"),
        ("00200001080000000031323334", (0x86, 0x08, 0), "0020000108" + "00" * 8, b"1234"),
        ("00200001082412 34FFFFFFFFFF", (0x89, 0x47, 0x04), "00200001082FFFFFFFFFFFFFFF", b"1234"),
        ("0020000108251234 5FFFFFFFFF", (0x89, 0x47, 0x04), "00200001082FFFFFFFFFFFFFFF", b"12345"),
        ("0020000106 04 3132333400", (0x8A, 0x85, 0x00), "0020000106" + "00" * 6, b"1234"),
    ],
)
def test_place(command: str, form: tuple[int, int, int], template: str, pin: bytes) -> None:
    """ASCII, BCD as in ISO 9564 format 2, left and right, with and without block and length."""
    placed = place(PinFormat.parse(*form), bytes.fromhex(template), Secret(pin))
    assert bytes.fromhex(command).hex() == placed.hex()


@pytest.mark.parametrize(
    ("form", "template", "pin"),
    [
        ((0x82, 0x04, 0), "0020000104", b"12345"),
        ((0x81, 0x00, 0), "00200001", b"12a4"),
        ((0x83, 0x00, 0), "00200001", b"1234"),
        ((0x82, 0x00, 0), "0020", b"1234"),
        ((0x82, 0x20, 0x00), "00200001", b"123456789"),
    ],
)
def test_impossible_places(form: tuple[int, int, int], template: str, pin: bytes) -> None:
    """Too long for the block, letters in BCD, a reserved type, no header, a length that does not fit."""
    with pytest.raises(TemplateError):
        place(PinFormat.parse(*form), bytes.fromhex(template), Secret(pin))


class Person:
    """Types what the test says, and remembers what was asked."""

    def __init__(self, *typed: bytes | p.NoPin) -> None:
        self._typed: Iterator[bytes | p.NoPin] = iter(typed)
        self.prompts: list[p.Prompt] = []

    def __call__(self, prompt: p.Prompt) -> Secret | p.NoPin:
        self.prompts.append(prompt)
        typed = next(self._typed)
        return typed if isinstance(typed, p.NoPin) else Secret(typed)


class Card:
    """Remembers commands."""

    def __init__(self) -> None:
        self.commands: list[bytes] = []

    def __call__(self, command: bytes) -> bytes | None:
        self.commands.append(command)
        return OK


def verify(template: bytes = bytes.fromhex("00200001"), limits: int = 0x0408) -> bytes:
    """PIN_VERIFY_STRUCTURE for an ASCII PIN that grows the command."""
    return p.VERIFY.pack(30, 0, *GROWING, limits, 2, 1, 0x0409, 0, b"", len(template)) + template


def modify(flags: int, offsets: tuple[int, int] = (0, 8)) -> bytes:
    """PIN_MODIFY_STRUCTURE for two ASCII PINs in blocks of eight."""
    template = bytes.fromhex("0024000110") + bytes(16)
    head = (30, 0, 0x82, 0x08, 0x00, *offsets, 0x0408, flags, 2, 3, 0x0409, 0, 1, 2, b"", len(template))
    return p.MODIFY.pack(*head) + template


def test_verify_sends_the_pin_to_the_card_only() -> None:
    """The program gets the status word."""
    card, person = Card(), Person(b"1234")
    assert OK == p.PinPad(person).control(p.Feature.VERIFY_PIN_DIRECT.code, verify(), card)
    assert [bytes.fromhex("002000010431323334")] == card.commands
    assert [p.Prompt(p.Wanted.CURRENT, 4, 8, 30, 0x0409)] == person.prompts


@pytest.mark.parametrize(
    ("status", "typed"),
    [
        (b"\x64\x00", p.NoPin.TIMED_OUT),
        (b"\x64\x01", p.NoPin.CANCELLED),
        (b"\x64\x03", b"123"),
        (b"\x64\x03", b"123456789"),
    ],
)
def test_no_pin_is_no_command(status: bytes, typed: bytes | p.NoPin) -> None:
    """Part 10, 2.5.2: the pad answers for the card."""
    card = Card()
    assert status == p.PinPad(Person(typed)).control(p.Feature.VERIFY_PIN_DIRECT.code, verify(), card)
    assert [] == card.commands


@pytest.mark.parametrize(
    ("command", "flags", "typed"),
    [
        ("00240001103132333400000000" + "3536373800000000", 2, (b"1234", b"5678")),
        ("00240001103132333400000000" + "3536373800000000", 3, (b"1234", b"5678", b"5678")),
        ("0024000110" + "00" * 8 + "3536373800000000", 0, (b"5678",)),
    ],
)
def test_modify(command: str, flags: int, typed: tuple[bytes, ...]) -> None:
    """With and without the current PIN and the second entry of the new one."""
    card = Card()
    assert OK == p.PinPad(Person(*typed)).control(p.Feature.MODIFY_PIN_DIRECT.code, modify(flags), card)
    assert [command] == [sent.hex() for sent in card.commands]


def test_two_new_pins_that_differ() -> None:
    """6402, and the card hears nothing."""
    card = Card()
    person = Person(b"1234", b"5678", b"5679")
    assert b"\x64\x02" == p.PinPad(person).control(p.Feature.MODIFY_PIN_DIRECT.code, modify(3), card)
    assert [] == card.commands


@pytest.mark.parametrize("data", [b"", bytes(10), verify() + b"x", verify()[:-1]])
def test_structures_of_the_wrong_size(data: bytes) -> None:
    """6B80, before anybody is asked for a PIN."""
    person = Person()
    assert b"\x6b\x80" == p.PinPad(person).control(p.Feature.VERIFY_PIN_DIRECT.code, data, Card())
    assert [] == person.prompts


def test_a_silent_card_counts_as_too_late() -> None:
    """There is no other way to say it."""
    assert b"\x64\x00" == p.PinPad(Person(b"1234")).control(
        p.Feature.VERIFY_PIN_DIRECT.code, verify(), lambda command: None
    )


def test_features_are_listed_big_endian() -> None:
    """Tag, length, control code."""
    listed = {tag: code for tag, _, code in struct.iter_unpack(">BBI", p.features())}
    assert {0x06: 0x42330006, 0x07: 0x42330007, 0x0A: 0x4233000A, 0x12: 0x42330012} == listed


def test_through_the_service(service: PcscService) -> None:
    """From the feature request to the command that the card gets, as a program does it."""
    sent: list[bytes] = []

    class Recorder(EchoCard):
        def transmit(self, command: bytes) -> bytes:
            sent.append(command)
            return super().transmit(command)

    reader = service.add_reader("with a pad", Recorder(), pinpad=p.PinPad(Person(b"1234")))
    with WireClient(service.path) as client:
        card = client.establish().connect(reader.name)

        def control(code: int, data: bytes) -> tuple[int, bytes]:
            answer = client.ask(g.Control(card, code, len(data), 200, 0, data))
            return answer["rv"], client.receive(answer["returned"])

        rv, features = control(p.GET_FEATURE_REQUEST, b"")
        codes = {tag: code for tag, _, code in struct.iter_unpack(">BBI", features)}
        assert Rv.SUCCESS == rv
        assert (Rv.SUCCESS, OK) == control(codes[p.Feature.VERIFY_PIN_DIRECT.value], verify())
        assert (Rv.SUCCESS, bytes.fromhex("00000200")) == control(codes[p.Feature.IFD_PIN_PROPERTIES.value], b"")
        assert Rv.SUCCESS == control(codes[p.Feature.GET_TLV_PROPERTIES.value], b"")[0]
        assert Rv.UNSUPPORTED_FEATURE == control(0x42000001, b"")[0]
    assert [bytes.fromhex("002000010431323334")] == sent
