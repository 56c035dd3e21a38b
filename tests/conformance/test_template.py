"""The language of commands and expectations."""

from __future__ import annotations

import pytest

from conformance.template import TemplateError, Value, parse

VALUES = {"pin": Value(b"1234", secret=True), "ref": Value(b"\x81"), "long": Value(bytes(300))}


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("00200081", "00 20 00 {ref}"),
        ("00200081 04 31323334", "00 20 00 {ref} <{pin}>"),
        ("62 05 82 01 38 83 00", "62 [82 [38] 83 []]"),
        ("00 012C" + "00" * 300, "<<{long}>>"),
        ("82012C" + "00" * 300, "[{long}]"),
        ("3233", "{pin[1:3]}"),
        ("34", "{pin[-1:]}"),
        ("3132 FF", "{concat(pin[:2], 'FF')}"),
        ("02 01 AA", "< < AA > >"),
        ("00000100", "{int(256, 4)}"),
    ],
)
def test_a_text_has_these_bytes(expected: str, text: str) -> None:
    assert bytes.fromhex(expected) == parse(text).value(VALUES).data


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("expected a hexadecimal digit", "00 2G"),
        ("expected >", "<00"),
        ("expected }", "{pin"),
        ("is no function", "{sha3(pin)}"),
        ("expected a hexadecimal digit", "63CX"),
    ],
)
def test_a_mistake_is_told_with_its_place(expected: str, text: str) -> None:
    with pytest.raises(TemplateError, match="at character .*" + expected.replace("}", r"\}")):
        parse(text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("there is no value", "{nothing}"),
        ("no whole bytes", "0"),
        ("holds 255 bytes at most", "<{long}>"),
        ("sm4_ecb: expected sm4_ecb", "{sm4_ecb(pin, pin)}"),
        ("is a number", "{5}"),
    ],
)
def test_a_value_that_cannot_be_had_is_told(expected: str, text: str) -> None:
    with pytest.raises(TemplateError, match=expected):
        parse(text).value(VALUES)


@pytest.mark.parametrize(
    ("expected", "text", "data"),
    [
        (True, "63CX", "63C2"),
        (False, "63CX", "63D2"),
        (True, "6F ... 00", "6F0102030400"),
        (True, "6F ...", "6F"),
        (False, "6F ...", "6E00"),
        (True, "{ref} XX", "81AB"),
        (True, "<XX XX>", "020102"),
    ],
)
def test_a_pattern_fits_these_digits(expected: bool, text: str, data: str) -> None:
    assert expected is bool(parse(text, pattern=True).pattern(VALUES).fullmatch(data))


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("0020008104[pin: 4 bytes]", "00 20 00 {ref} <{pin}>"),
        ("[pin: 20 bytes]", "{sha1(pin)}"),
        ("[pin: 2 bytes]", "{pin[:2]}"),
    ],
)
def test_a_secret_and_what_shows_it_is_not_shown(expected: str, text: str) -> None:
    assert expected == parse(text).shown(VALUES)


def test_what_a_secret_key_made_may_be_shown() -> None:
    values = {"key": Value(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), secret=True)}
    expected = "681EDF34D206965E86B3E94F536E4246"  # GB/T 32907-2016, A.1
    assert expected == parse("{sm4_ecb(key, '0123456789ABCDEFFEDCBA9876543210')}").shown(values)
