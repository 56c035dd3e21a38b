"""Bodies of transparent files and records, against a plain list of bytes as a model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcard.fs.binary import BLOCK, Binary, merge
from simcard.fs.descriptor import Descriptor, Kind, Write
from simcard.fs.records import Records
from simcard.hal.flash import RamFlash
from simcard.nvm.store import Store
from simcard.wire.status import SW, Refused

SIZE = 2 * BLOCK + 7
BODY = Descriptor(2, 1, Kind.TRANSPARENT, 0x0101, size=SIZE)


def refused(sw: int) -> pytest.RaisesExc[Refused]:
    return pytest.raises(Refused, match=f"^{sw:04X}")


def opened() -> Store:
    store = Store.format(RamFlash(65536))
    store.begin()
    return store


def body() -> Binary:
    binary = Binary(opened())
    binary.allocate(BODY)
    return binary


def test_a_new_body_is_erased() -> None:
    assert bytes(SIZE) == body().read(BODY, 0, SIZE)


updates = st.lists(st.tuples(st.integers(0, SIZE - 1), st.binary(min_size=1, max_size=BLOCK + 9)), max_size=6)


@given(updates, st.integers(0, SIZE - 1), st.integers(0, SIZE + 9))
def test_a_body_is_what_was_written(changes: list[tuple[int, bytes]], offset: int, length: int) -> None:
    binary, model = body(), bytearray(SIZE)
    for at, data in changes:
        if at + len(data) > SIZE:
            with refused(SW.NO_SPACE):
                binary.update(BODY, at, data)
        else:
            binary.update(BODY, at, data)
            model[at : at + len(data)] = data
    assert model[offset : offset + length] == binary.read(BODY, offset, length)


@pytest.mark.parametrize("offset", [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, SIZE - 1])
def test_the_edge_of_a_block(offset: int) -> None:
    binary = body()
    binary.update(BODY, offset, b"\xaa")
    assert b"\xaa" == binary.read(BODY, offset, 1)
    assert offset == binary.read(BODY, 0, SIZE).find(b"\xaa")


def test_a_small_update_changes_one_block() -> None:
    binary = body()
    binary._store.commit()
    binary._store.begin()
    binary.update(BODY, BLOCK, b"\xaa")
    assert 1 == len(binary._store._changes or {})


@pytest.mark.parametrize(("start", "end"), [(4, 4), (5, 4), (0, SIZE + 1), (SIZE, SIZE)])
def test_a_range_that_cannot_be_erased(start: int, end: int) -> None:
    with refused(SW.OFFSET):
        body().erase(BODY, start, end)


def test_a_freed_body_leaves_nothing() -> None:
    binary = body()
    binary.free(BODY)
    assert [] == binary._store.keys()


@pytest.mark.parametrize(
    ("mode", "old", "new", "left"),
    [
        (Write.OR, b"\x0f", b"\xf1", b"\xff"),
        (Write.AND, b"\x0f", b"\xf1", b"\x01"),
        (Write.PROPRIETARY, b"\x0f", b"\xf1", b"\xf1"),
        (Write.ONE_TIME, b"\x00", b"\xf1", b"\xf1"),
    ],
)
def test_what_write_leaves(mode: Write, old: bytes, new: bytes, left: bytes) -> None:
    assert left == merge(mode, old, new)


def test_write_once_is_once() -> None:
    with refused(SW.CONDITIONS):
        merge(Write.ONE_TIME, b"\x01", b"\x00")


# -- records


def record_file(kind: Kind, count: int = 3) -> Descriptor:
    return Descriptor(2, 1, kind, 0x0101, record_size=2, record_count=count)


@given(st.lists(st.binary(min_size=2, max_size=2), max_size=12), st.integers(1, 5))
def test_a_cyclic_file_is_its_newest_records(appended: list[bytes], count: int) -> None:
    file, records = record_file(Kind.CYCLIC, count), Records(opened())
    for data in appended:
        assert 1 == records.append(file, data)
    expected = appended[::-1][:count]
    assert expected == [records.read(file, number) for number in range(1, records.count(file) + 1)]


@given(st.lists(st.binary(max_size=2), max_size=5), st.sampled_from([Kind.LINEAR_FIXED, Kind.LINEAR_VARIABLE]))
def test_a_linear_file_keeps_its_order_until_it_is_full(appended: list[bytes], kind: Kind) -> None:
    file, records = record_file(kind), Records(opened())
    kept: list[bytes] = []
    for data in appended:
        try:
            kept.append(data if records.append(file, data) == len(kept) + 1 else b"wrong number")
        except Refused as refusal:
            wrong_size = kind is Kind.LINEAR_FIXED and len(data) != 2
            assert (SW.NO_SPACE if len(kept) == 3 else SW.WRONG_LENGTH) == refusal.sw
            assert wrong_size or len(kept) == 3
    assert kept == [records.read(file, number) for number in range(1, records.count(file) + 1)]


@given(st.integers(0, 9), st.integers(1, 4), st.binary(min_size=2, max_size=2))
def test_an_update_of_a_cyclic_record_changes_that_one(before: int, number: int, data: bytes) -> None:
    file, records = record_file(Kind.CYCLIC), Records(opened())
    for each in range(before):
        records.append(file, bytes((each, each)))
    count = records.count(file)
    expected = [records.read(file, n) for n in range(1, count + 1)]
    if number > count:
        with refused(SW.RECORD_NOT_FOUND):
            records.update(file, number, data)
        return
    expected[number - 1] = data
    records.update(file, number, data)
    assert expected == [records.read(file, n) for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("kind", "left"), [(Kind.LINEAR_FIXED, b"\0\0"), (Kind.CYCLIC, b"\0\0"), (Kind.LINEAR_VARIABLE, b"")]
)
def test_an_erased_record(kind: Kind, left: bytes) -> None:
    file, records = record_file(kind), Records(opened())
    records.append(file, b"ab")
    records.erase(file, 1)
    assert left == records.read(file, 1)
