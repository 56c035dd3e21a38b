"""Damage is told from a torn commit: no flipped bit ever rolls memory back to an earlier commit."""

from __future__ import annotations

from zlib import crc32

import pytest

from simcard.hal.flash import RamFlash
from simcard.nvm.layout import GROUP_OVERHEAD, HEADER_SIZE, BankHeader, decode_group, encode_group
from simcard.nvm.repair import MENDABLE, flipped_bit
from simcard.nvm.store import CorruptMemory, Store
from tests.nvm.bench import PAGE, SIZE, content_of, fresh, run, script

BANK = SIZE // 2
TAIL = HEADER_SIZE + GROUP_OVERHEAD  # where the first commit after the empty snapshot goes


def flipped(image: bytes, bit: int) -> RamFlash:
    changed = bytearray(image)
    changed[bit // 8] ^= 1 << bit % 8
    return RamFlash.of_image(bytes(changed), PAGE)


@pytest.mark.parametrize("steps", [0, 1, 5, 17, 40])
def test_a_flipped_bit_is_reported_or_harmless_but_never_a_rollback(steps: int) -> None:
    flash, store = fresh()
    run(script(1, steps), store)
    image, content = flash.image(), dict(store.items())
    reported = 0
    for bit in range(8 * SIZE):
        try:
            assert content == content_of(flipped(image, bit)), bit
        except CorruptMemory:
            reported += 1
    assert reported > 0


def test_after_a_mended_bit_the_memory_works_on() -> None:
    flash, store = fresh()
    store.write_through(b"tries", b"\x02")
    at = flash.image().index(b"tries")
    damaged = flipped(flash.image(), 8 * at)
    Store.mount(damaged).write_through(b"b", b"1")
    assert {b"tries": b"\x02", b"b": b"1"} == content_of(damaged)


@pytest.mark.parametrize(("length", "kept"), [(MENDABLE - 4, True), (MENDABLE - 3, False)])
def test_only_short_groups_are_mended(length: int, kept: bool) -> None:
    flash = RamFlash(4096, PAGE)
    Store.format(flash).write_through(b"k", bytes(length))
    assert kept == bool(content_of(flipped(flash.image(), 8 * (TAIL + 100))))


def two_commits() -> tuple[bytes, int]:
    """A flash with two commits behind the snapshot, and where the first of them stands."""
    flash, store = fresh()
    store.write_through(b"first", b"1")
    store.write_through(b"second", b"2")
    return flash.image(), flash.image().index(b"first") - 15


def damaged(image: bytes, at: int, data: bytes) -> RamFlash:
    return RamFlash.of_image(image[:at] + data + image[at + len(data) :], PAGE)


@pytest.mark.parametrize("offset", [0, 4, 8, 12, 17])
def test_a_group_overwritten_in_the_middle_is_damage(offset: int) -> None:
    image, at = two_commits()
    with pytest.raises(CorruptMemory, match="damaged at"):
        Store.mount(damaged(image, at + offset, bytes(4)))


def test_a_group_missing_in_the_middle_is_damage() -> None:
    image, at = two_commits()
    with pytest.raises(CorruptMemory, match="damaged at"):
        Store.mount(damaged(image, at, b"\xff" * 24))


def test_a_group_out_of_sequence_is_damage() -> None:
    image, at = two_commits()
    with pytest.raises(CorruptMemory, match="damaged at"):
        Store.mount(damaged(image, at, encode_group(9, b"\x05\x00\x01first1")))


def test_the_last_group_overwritten_is_a_torn_commit() -> None:
    """The limit of what can be told apart: more than one wrong bit in the very last group."""
    image, at = two_commits()
    assert {b"first": b"1"} == content_of(damaged(image, at + 24 + 12, bytes(4)))


def test_a_stored_value_that_looks_like_a_later_group_is_not_taken_for_one() -> None:
    """Whoever may write a file must not be able to turn a power cut into a damaged card."""
    flash, _ = fresh()
    forged = encode_group(99, b"")
    group = encode_group(2, b"\x01\x00\x20k" + forged + forged)
    assert decode_group(group, 16) is not None
    torn = damaged(flash.image(), TAIL, group[:-6])
    assert {} == content_of(torn)


def test_a_damaged_snapshot_is_reported() -> None:
    flash, store = fresh()
    store.write_through(b"a", b"1")
    store.compact()
    at = flash.image().index(b"\x01\x00\x01a1")
    with pytest.raises(CorruptMemory, match="snapshot"):
        Store.mount(flipped(flash.image(), 8 * at))


def test_the_bank_that_was_superseded_is_never_taken() -> None:
    flash, store = fresh()
    old = flash.image()[:BANK]
    store.write_through(b"tries", b"\x00")
    store.compact()
    marked = old[:24] + bytes(4) + old[28:]
    with pytest.raises(CorruptMemory, match="superseded"):
        Store.mount(damaged(flash.image(), 0, marked + bytes(4)))


def test_two_banks_of_which_one_is_older() -> None:
    """The cut fell between the new header and the mark on the old bank: the new bank counts."""
    flash, store = fresh()
    old = flash.image()[:BANK]
    store.write_through(b"tries", b"\x00")
    store.compact()
    assert {b"tries": b"\x00"} == content_of(damaged(flash.image(), 0, old))


def test_an_older_bank_is_superseded_before_the_newer_one_grows() -> None:
    flash, store = fresh()
    old = flash.image()[:BANK]
    store.write_through(b"tries", b"\x01")
    store.compact()
    both = damaged(flash.image(), 0, old)
    Store.mount(both).write_through(b"tries", b"\x00")
    with pytest.raises(CorruptMemory, match="superseded"):
        Store.mount(damaged(both.image(), BANK, bytes(HEADER_SIZE)))


def with_header(header: BankHeader) -> RamFlash:
    return RamFlash.of_image(header.encode() + b"\xff" * (SIZE - 24), PAGE)


def test_a_later_format_is_named() -> None:
    with pytest.raises(CorruptMemory, match="format 2, this card reads format 1"):
        Store.mount(with_header(BankHeader(2, BANK, 1)))


def test_a_flash_of_another_size_is_named() -> None:
    with pytest.raises(CorruptMemory, match="banks of 4096 bytes"):
        Store.mount(with_header(BankHeader(1, 4096, 1)))


def test_flash_full_of_something_else_is_not_taken_for_blank() -> None:
    with pytest.raises(CorruptMemory, match="neither bank"):
        Store.mount(RamFlash.of_image(bytes(SIZE), PAGE))


@pytest.mark.parametrize("records", [b"\x00", b"\x40", b"\xc1a", b"\x81", b"\x01\x00\x05a1234"])
def test_records_that_do_not_add_up_are_reported(records: bytes) -> None:
    flash, _ = fresh()
    with pytest.raises(CorruptMemory, match="record"):
        Store.mount(damaged(flash.image(), TAIL, encode_group(2, records)))


def test_too_little_flash_is_reported() -> None:
    with pytest.raises(CorruptMemory, match="too few"):
        Store.format(RamFlash(64, 32))


@pytest.mark.parametrize("length", [1, 2, 100, MENDABLE])
def test_every_flipped_bit_is_found_from_the_crc(length: int) -> None:
    data = bytes(range(length % 256)).ljust(length, b"\xa5")
    for bit in range(8 * length):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        assert divmod(bit, 8) == flipped_bit(crc32(data) ^ crc32(changed), length)


def test_two_flipped_bits_are_not_taken_for_one() -> None:
    data = bytes(64)
    assert flipped_bit(crc32(data) ^ crc32(b"\x01" + bytes(62) + b"\x80"), 64) is None
