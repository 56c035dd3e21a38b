"""The tree of files by itself: descriptors, numbers, names, short identifiers and life cycles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcard.fs.descriptor import RECORD_KINDS, Descriptor, Kind, LifeCycle, Write, decode, from_fcp
from simcard.fs.files import Files
from simcard.fs.tree import MF
from simcard.hal.flash import RamFlash
from simcard.nvm.store import Store
from simcard.wire.status import SW, Refused

ROOT = Descriptor(0, 0, Kind.DF, 0x3F00)


def df(fid: int, name: bytes = b"") -> Descriptor:
    return Descriptor(0, 0, Kind.DF, fid, name)


def ef(fid: int, sfi: int = 0, size: int = 4, kind: Kind = Kind.TRANSPARENT) -> Descriptor:
    made = Descriptor(0, 0, kind, fid, sfi=sfi)
    return replace(made, record_size=2, record_count=3) if kind in RECORD_KINDS else replace(made, size=size)


@pytest.fixture
def files() -> Iterator[Files]:
    """An MF, in an open transaction."""
    store = Store.format(RamFlash(65536))
    store.begin()
    made = Files(store)
    made.create(MF, ROOT)
    yield made
    store.commit()


def refused(sw: int) -> pytest.RaisesExc[Refused]:
    return pytest.raises(Refused, match=f"^{sw:04X}")


shapes = st.builds(
    Descriptor,
    number=st.integers(1, 0xFFFF),
    parent=st.integers(1, 0xFFFF),
    kind=st.sampled_from([Kind.TRANSPARENT, Kind.BER_TLV]),
    fid=st.integers(1, 0xFFFE),
    sfi=st.integers(0, 30),
    size=st.integers(0, 0xFFFF),
    coding=st.integers(0, 255),
    life_cycle=st.sampled_from(LifeCycle),
    compact=st.sampled_from([b"", bytes.fromhex("0391FF")]),
    expanded=st.sampled_from([b"", bytes.fromhex("8001019000")]),
    extra=st.binary(max_size=8),
)


@given(shapes)
def test_a_descriptor_is_read_again(descriptor: Descriptor) -> None:
    assert descriptor == decode(descriptor.encode())


@given(st.sampled_from(sorted(RECORD_KINDS)), st.integers(1, 0xFFFF), st.integers(1, 254), st.integers(0, 30))
def test_a_record_file_is_read_again(kind: Kind, size: int, count: int, sfi: int) -> None:
    descriptor = Descriptor(7, 1, kind, 0x0101, sfi=sfi, record_size=size, record_count=count)
    assert descriptor == decode(descriptor.encode())


@given(st.binary(max_size=16), st.integers(0, 0xFFFF))
def test_a_df_is_read_again(name: bytes, size: int) -> None:
    descriptor = Descriptor(7, 1, Kind.DF, 0xDF01, name, size=size)
    assert descriptor == decode(descriptor.encode())


@given(st.binary(max_size=60))
def test_any_bytes_are_a_descriptor_or_a_refusal(fcp: bytes) -> None:
    try:
        from_fcp(fcp, 1, 1)
    except Refused as refusal:
        assert SW.WRONG_DATA == refusal.sw


def test_a_descriptor_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 9"):
        decode(b"\x09" + ROOT.encode()[1:])


@pytest.mark.parametrize(
    ("coding", "mode"), [(0x01, Write.ONE_TIME), (0x21, Write.PROPRIETARY), (0x41, Write.OR), (0x61, Write.AND)]
)
def test_the_data_coding_byte_says_how_write_writes(coding: int, mode: Write) -> None:
    assert mode is replace(ROOT, coding=coding).write_mode


@pytest.mark.parametrize(
    ("byte", "state"),
    [(1, LifeCycle.CREATION), (3, LifeCycle.INITIALISATION), (4, LifeCycle.DEACTIVATED), (6, LifeCycle.DEACTIVATED),
     (5, LifeCycle.ACTIVATED), (7, LifeCycle.ACTIVATED), (0x0C, LifeCycle.TERMINATED), (0x0F, LifeCycle.TERMINATED)],
)  # fmt: skip
def test_a_life_cycle_byte_is_read(byte: int, state: LifeCycle) -> None:
    assert state is LifeCycle.read(byte)


@pytest.mark.parametrize("byte", [0, 2, 8, 0x10, 0x80])
def test_a_life_cycle_byte_there_is_not(byte: int) -> None:
    with pytest.raises(ValueError):
        LifeCycle.read(byte)


def test_a_file_is_found_by_identifier_and_short_identifier(files: Files) -> None:
    made = files.create(MF, ef(0x0101, 5))
    assert made == files.tree.child(MF, 0x0101) == files.tree.by_sfi(MF, 5)


def test_a_file_without_short_identifier_does_not_own_one(files: Files) -> None:
    """The low five bits of 0101 are 1; the file with SFI 1 must not go when 0101 is deleted."""
    other = files.create(MF, ef(0x0102, 1))
    files.delete(files.create(MF, ef(0x0101, 0)))
    assert other == files.tree.by_sfi(MF, 1)


def test_a_df_is_found_by_name(files: Files) -> None:
    made = files.create(MF, df(0xDF01, b"name"))
    assert made == files.tree.by_name(b"name")
    assert [b"name"] == files.tree.names(b"na")


def test_numbers_are_never_used_again(files: Files) -> None:
    first = files.create(MF, ef(0x0101))
    files.delete(first)
    assert first.number + 1 == files.create(MF, ef(0x0101)).number


def test_the_first_file_is_the_mf() -> None:
    store = Store.format(RamFlash(65536))
    store.begin()
    with refused(SW.WRONG_DATA):
        Files(store).create(MF, ef(0x0101))


def test_a_path_goes_from_the_mf_down(files: Files) -> None:
    one = files.create(MF, df(0xDF01))
    two = files.create(one.number, df(0xDF02))
    assert (0x3F00, 0xDF01, 0xDF02) == files.tree.path(two.number)
    assert (two.number, one.number, MF) == files.tree.ancestry(two.number)


def test_deleting_a_df_leaves_nothing_of_it(files: Files) -> None:
    before = files.tree._store.keys()
    one = files.create(MF, df(0xDF01, b"name"))
    two = files.create(one.number, df(0xDF02))
    files.create(two.number, ef(0x0101, 1, 600))
    records = files.create(two.number, ef(0x0102, 2, kind=Kind.CYCLIC))
    files.records.append(records, b"ab")
    files.objects.put(two.number, 0xC1, b"data")
    assert 4 == len(files.delete(one))
    assert before == files.tree._store.keys()


@pytest.mark.parametrize("state", [LifeCycle.DEACTIVATED, LifeCycle.TERMINATED])
def test_a_file_is_no_more_alive_than_what_holds_it(files: Files, state: LifeCycle) -> None:
    one = files.create(MF, df(0xDF01))
    inner = files.create(one.number, ef(0x0101))
    files.tree.set_life_cycle(one, state)
    assert state is files.tree.effective_life_cycle(inner)


def test_termination_weighs_more_than_deactivation(files: Files) -> None:
    one = files.create(MF, df(0xDF01))
    inner = files.create(one.number, ef(0x0101))
    files.tree.set_life_cycle(one, LifeCycle.TERMINATED)
    asleep = files.tree.set_life_cycle(inner, LifeCycle.DEACTIVATED)
    assert LifeCycle.TERMINATED is files.tree.effective_life_cycle(asleep)


def test_a_walk_goes_depth_first(files: Files) -> None:
    one = files.create(MF, df(0xDF01))
    files.create(MF, ef(0x0001))
    files.create(one.number, ef(0x0101))
    assert [0x3F00, 0x0001, 0xDF01, 0x0101] == [file.fid for file in files.tree.walk()]
