"""DER, built and read element by element."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from host_tools.errors import BadEncoding
from host_tools.pki import der, tree
from host_tools.pki.tree import Reader

PKI = Path(der.__file__).parent


@given(some.integers(-(2**200), 2**200))
def test_an_integer_survives(value: int) -> None:
    assert value == Reader(der.integer(value), "thing").integer()


@given(some.lists(some.binary(max_size=300), max_size=5))
def test_a_sequence_of_octet_strings_survives(values: list[bytes]) -> None:
    reader = Reader.of(tree.sequence(*map(tree.octets, values)), "thing")
    assert values == [reader.octets() for _ in values]
    reader.end()


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 65535, 65536])
def test_every_length_is_written_in_its_shortest_form(size: int) -> None:
    assert bytes(size) == Reader(tree.octets(bytes(size)), "thing").octets()


@pytest.mark.parametrize("oid", ["1.2.156.10197.1.501", "2.5.29.20", "1.3.6.1.4.1.5315.100.5.9"])
def test_an_identifier_survives(oid: str) -> None:
    assert oid == Reader(der.oid(oid), "thing").oid()


@pytest.mark.parametrize("year", [1999, 2026, 2049, 2050, 2126])
def test_a_time_survives(year: int) -> None:
    moment = datetime(year, 2, 28, 23, 59, 59, tzinfo=UTC)
    assert moment == Reader(der.time(moment), "thing").time()
    assert moment == Reader(der.generalized_time(moment), "thing").time()


@pytest.mark.parametrize(("year", "tag"), [(2049, tree.UTC_TIME), (2050, tree.GENERALIZED_TIME)])
def test_the_kind_of_time_changes_with_2050(year: int, tag: int) -> None:
    assert tag == der.time(datetime(year, 1, 1, tzinfo=UTC))[0]


def test_a_set_is_in_the_order_of_der() -> None:
    assert "310602010102010 2".replace(" ", "") == tree.set_of(der.integer(2), der.integer(1)).hex()


@pytest.mark.parametrize(
    ("encoded", "said"),
    [
        ("", "it ends after 0 elements"),
        ("0201", "it is not DER, or cut short"),
        ("02810105", "it is not DER, or cut short"),
        ("0400", "element 1 should be an INTEGER and has tag 04"),
        ("02020005", "an INTEGER is not in its shortest form"),
        ("0200", "an INTEGER is not in its shortest form"),
    ],
)
def test_what_is_wrong_is_said(encoded: str, said: str) -> None:
    with pytest.raises(BadEncoding) as error:
        Reader(bytes.fromhex(encoded), "thing").integer()
    assert f"this is no thing: {said}" == str(error.value)


def test_an_indefinite_length_is_not_der() -> None:
    with pytest.raises(BadEncoding):
        Reader.of(bytes.fromhex("3080020105 0000"), "thing")


def test_what_follows_the_end_is_refused() -> None:
    with pytest.raises(BadEncoding, match="2 elements follow its end"):
        Reader(der.integer(1) * 2, "thing").end()


@pytest.mark.parametrize("encoded", ["0602808 1", "03020101", "0300", "170131", "18023939"])
def test_values_that_mean_nothing_are_refused(encoded: str) -> None:
    data = bytes.fromhex(encoded.replace(" ", ""))
    read = {0x06: Reader.oid, 0x03: Reader.bits, 0x17: Reader.time, 0x18: Reader.time}[data[0]]
    with pytest.raises(BadEncoding):
        read(Reader(data, "thing"))


def test_the_unstable_package_is_used_by_one_module() -> None:
    """`cryptography.hazmat.asn1` promises no compatibility; what it is used for is tested here."""
    users = [path.name for path in PKI.parent.rglob("*.py") if "hazmat import asn1" in path.read_text(encoding="utf-8")]
    assert ["der.py"] == users
