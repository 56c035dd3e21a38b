"""Values in DER, by hand from X.690, and directories by example."""

from __future__ import annotations

import pytest

from simcard.applet.pkcs15 import der, directory


@pytest.mark.parametrize(
    ("encoded", "value"), [("020100", 0), ("02017F", 127), ("02020080", 128), ("0203010001", 65537)]
)
def test_an_integer_is_minimal_and_positive(encoded: str, value: int) -> None:
    assert encoded == der.integer(value).hex().upper()


def test_an_integer_from_bytes_loses_leading_zeros() -> None:
    assert "02020080" == der.unsigned(b"\0\0\x80").hex().upper()


@pytest.mark.parametrize(
    ("encoded", "numbers"), [("030100", ()), ("03020780", (0,)), ("030206C0", (0, 1)), ("0303068040", (0, 9))]
)
def test_named_bits_end_with_the_last_one_set(encoded: str, numbers: tuple[int, ...]) -> None:
    assert encoded == der.bits(*numbers).hex().upper()


@pytest.mark.parametrize(
    ("encoded", "dotted"),
    [
        ("06082A8648CE3D030107", "1.2.840.10045.3.1.7"),
        ("06082A811CCF5501822D", "1.2.156.10197.1.301"),
        ("06052B81040022", "1.3.132.0.34"),
    ],
)
def test_an_object_identifier(encoded: str, dotted: str) -> None:
    assert encoded == der.oid(dotted).hex().upper()


def test_text_is_utf8() -> None:
    assert "0C06E58DA1E78987" == der.text("卡片").hex().upper()


def test_a_directory_entry_of_a_certificate() -> None:
    entry = directory.certificate(directory.Certificate(b"\x01", "c", (0x3F00, 0x5015)))
    expected = "3019", "3006 0C0163 030100", "3003 040101", "A10A 3008 3006 0404 3F005015"
    assert bytes.fromhex("".join(expected)) == entry


def test_an_unknown_application_path_leaves_the_identifier_alone() -> None:
    assert "61084F03A0000150016C" == directory.application(bytes.fromhex("A00001"), "l", ()).hex().upper()
