"""The contract of the store, on flash in RAM and on flash in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcard.hal.fileflash import FileFlash
from simcard.hal.flash import FlashDevice, MemoryFailure, RamFlash
from simcard.hal.power import PowerSupply
from simcard.nvm.store import MemoryFull, NotFormatted, Store
from simcard.wire.status import SW
from tests.nvm.bench import Content, content_of, fresh

SIZE = 4096


@pytest.fixture(params=["ram", "file"])
def flash(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlashDevice]:
    device: FlashDevice
    in_ram = request.param == "ram"
    device = RamFlash(SIZE, 128) if in_ram else FileFlash.create(tmp_path / "card", SIZE, 128)
    with closing(device):
        yield device


@pytest.fixture
def store(flash: FlashDevice) -> Store:
    return Store.format(flash)


def commit(store: Store, **values: bytes) -> None:
    store.begin()
    for name, value in values.items():
        store.put(name.encode(), value)
    store.commit()


def test_a_blank_flash_is_not_formatted(flash: FlashDevice) -> None:
    with pytest.raises(NotFormatted, match="personalise"):
        Store.mount(flash)


def test_a_formatted_memory_is_empty(store: Store) -> None:
    assert [] == list(store.items())


def test_format_forgets_what_was(flash: FlashDevice, store: Store) -> None:
    commit(store, a=b"1")
    Store.format(flash)
    assert [] == Store.mount(flash).keys()


def test_a_committed_value_is_there_after_mount(flash: FlashDevice, store: Store) -> None:
    commit(store, a=b"1", b=b"")
    mounted = Store.mount(flash)
    assert [b"1", b"", None] == [mounted.get(b"a"), mounted.get(b"b"), mounted.get(b"c")]


def test_an_uncommitted_value_is_gone_after_mount(flash: FlashDevice, store: Store) -> None:
    store.begin()
    store.put(b"a", b"1")
    assert Store.mount(flash).get(b"a") is None


def test_a_transaction_reads_its_own_writes(store: Store) -> None:
    commit(store, a=b"1", b=b"2")
    store.begin()
    store.put(b"a", b"3")
    store.delete(b"b")
    assert [b"3", None] == [store.get(b"a"), store.get(b"b")]


def test_rollback_forgets_the_transaction(store: Store) -> None:
    commit(store, a=b"1")
    store.begin()
    store.delete(b"a")
    store.rollback()
    assert (b"1", False) == (store.get(b"a"), store.in_transaction)


def test_rollback_without_a_transaction_is_harmless(store: Store) -> None:
    store.rollback()
    assert not store.in_transaction


def test_a_deleted_value_is_gone_after_mount(flash: FlashDevice, store: Store) -> None:
    commit(store, a=b"1")
    store.begin()
    store.delete(b"a")
    store.commit()
    assert Store.mount(flash).get(b"a") is None


def test_deleting_what_is_not_there_is_no_change(store: Store) -> None:
    before = store.digest()
    store.begin()
    store.delete(b"a")
    store.commit()
    assert before == store.digest()


def test_keys_are_sorted_and_chosen_by_prefix(store: Store) -> None:
    commit(store, b1=b"", a2=b"", a1=b"", a=b"", c=b"")
    assert [b"a", b"a1", b"a2"] == store.keys(b"a")


def test_all_keys_are_found_by_the_empty_prefix(store: Store) -> None:
    store.write_through(b"\xff" * 63, b"")
    store.write_through(b"\0", b"")
    assert [b"\0", b"\xff" * 63] == store.keys()


def test_keys_follow_the_open_transaction(store: Store) -> None:
    commit(store, a1=b"", a3=b"", b=b"")
    store.begin()
    store.put(b"a2", b"")
    store.put(b"a3", b"x")
    store.delete(b"a1")
    assert [b"a2", b"a3"] == store.keys(b"a")


def test_keys_follow_the_commit(store: Store) -> None:
    store.keys()
    commit(store, a=b"")
    assert [b"a"] == store.keys()


def test_write_through_is_durable_at_once(flash: FlashDevice, store: Store) -> None:
    store.write_through(b"tries", b"\x02")
    assert b"\x02" == Store.mount(flash).get(b"tries")


def test_write_through_outlives_the_rollback_around_it(flash: FlashDevice, store: Store) -> None:
    store.begin()
    store.put(b"a", b"1")
    store.write_through(b"tries", b"\x02")
    store.rollback()
    assert {b"tries": b"\x02"} == dict(Store.mount(flash).items())


def test_write_through_does_not_commit_the_open_transaction(flash: FlashDevice, store: Store) -> None:
    store.begin()
    store.put(b"a", b"1")
    store.write_through(b"tries", b"\x02")
    assert Store.mount(flash).get(b"a") is None
    store.commit()
    assert b"1" == Store.mount(flash).get(b"a")


def test_write_through_of_a_key_in_the_transaction_is_a_bug(store: Store) -> None:
    store.begin()
    store.put(b"a", b"1")
    with pytest.raises(AssertionError):
        store.write_through(b"a", b"2")


@pytest.mark.parametrize("key", [b"", b"k" * 64])
def test_keys_of_a_wrong_length_are_a_bug(store: Store, key: bytes) -> None:
    store.begin()
    with pytest.raises(AssertionError):
        store.put(key, b"")


def test_a_value_that_no_record_holds_is_refused(store: Store) -> None:
    store.begin()
    with pytest.raises(MemoryFull):
        store.put(b"a", bytes(65536))


def test_a_change_outside_a_transaction_is_a_bug(store: Store) -> None:
    acts: list[Callable[[], None]] = [
        lambda: store.put(b"a", b""),
        lambda: store.delete(b"a"),
        store.commit,
    ]
    for act in acts:
        with pytest.raises(AssertionError):
            act()


def test_a_second_transaction_is_a_bug(store: Store) -> None:
    store.begin()
    with pytest.raises(AssertionError):
        store.begin()


def test_the_longest_value_is_kept() -> None:
    flash = RamFlash(512 * 1024)
    Store.format(flash).write_through(b"k" * 63, bytes(65535))
    assert bytes(65535) == Store.mount(flash).get(b"k" * 63)


def operations(act: str) -> int:
    power = PowerSupply()
    store = Store.format(RamFlash(SIZE, 128, power))
    commit(store, a=b"1")
    before = power.operations
    if act == "nothing":
        commit(store)
    elif act == "same":
        commit(store, a=b"1")
    elif act == "there and back":
        store.begin()
        store.put(b"a", b"2")
        store.put(b"a", b"1")
        store.commit()
    elif act == "same through":
        store.write_through(b"a", b"1")
    else:
        commit(store, a=b"2", b=b"3")
    return power.operations - before


@pytest.mark.parametrize("act", ["nothing", "same", "there and back", "same through"])
def test_a_commit_that_changes_nothing_touches_no_flash(act: str) -> None:
    assert 0 == operations(act)


def test_a_commit_is_one_program_and_one_sync() -> None:
    assert 2 == operations("change")


def test_mount_writes_nothing() -> None:
    flash, store = fresh()
    commit(store, a=b"1")
    before = flash.image(), flash.wear()
    Store.mount(flash)
    assert before == (flash.image(), flash.wear())


def test_the_digest_is_of_the_content_not_of_its_history(flash: FlashDevice, store: Store) -> None:
    commit(store, a=b"1")
    first = store.digest()
    commit(store, a=b"2", b=b"")
    assert first != store.digest()
    store.begin()
    store.put(b"a", b"1")
    store.delete(b"b")
    store.commit()
    assert first == store.digest() == Store.mount(flash).digest()


def test_the_digest_tells_where_a_key_ends() -> None:
    first, second = (Store.format(RamFlash(SIZE, 128)) for _ in range(2))
    first.write_through(b"ab", b"c")
    second.write_through(b"a", b"bc")
    assert first.digest() != second.digest()


def test_what_is_free_can_be_stored(store: Store) -> None:
    store.begin()
    store.put(b"k" * 63, bytes(store.free))
    store.commit()
    assert 0 == store.free


def test_free_counts_the_open_transaction(store: Store) -> None:
    before = store.free
    store.begin()
    store.put(b"key", bytes(10))
    assert before - 16 == store.free


def test_one_byte_more_than_fits_is_refused_with_6a84(store: Store) -> None:
    store.begin()
    store.put(b"k" * 63, bytes(store.free + 1))
    with pytest.raises(MemoryFull) as refused:
        store.commit()
    assert SW.NO_SPACE == refused.value.sw


def test_a_refused_commit_leaves_everything_as_before(flash: FlashDevice, store: Store) -> None:
    commit(store, a=b"1")
    store.begin()
    store.delete(b"a")
    store.put(b"b", bytes(SIZE))
    with pytest.raises(MemoryFull):
        store.commit()
    assert {b"a": b"1"} == dict(store.items()) == dict(Store.mount(flash).items())
    assert not store.in_transaction


def test_a_full_memory_still_counts_and_still_deletes(flash: FlashDevice, store: Store) -> None:
    commit(store, tries=b"\x03")
    store.begin()
    store.put(b"k" * 63, bytes(store.free))
    store.commit()
    for left in range(100):
        store.write_through(b"tries", bytes((left,)))
    store.begin()
    store.delete(b"k" * 63)
    store.commit()
    assert {b"tries": b"\x63"} == dict(Store.mount(flash).items())


def test_compact_keeps_the_content(flash: FlashDevice, store: Store) -> None:
    commit(store, a=b"1")
    commit(store, b=b"2")
    store.compact()
    assert {b"a": b"1", b"b": b"2"} == dict(Store.mount(flash).items())


def test_worn_out_flash_refuses_commits_and_keeps_what_it_has() -> None:
    flash = RamFlash(1024, 64, endurance=3)
    store = Store.format(flash)
    done = 0
    with pytest.raises(MemoryFailure):
        for number in range(1, 10000):
            store.write_through(b"n", b"%d" % number)
            done = number
    assert done > 50
    assert {b"n": b"%d" % done} == dict(store.items()) == content_of(flash)


def test_wear_is_spread_over_both_banks() -> None:
    flash, store = fresh()
    for number in range(2000):
        store.write_through(b"n", b"%d" % number)
    assert max(flash.wear()) - min(flash.wear()) <= 1


KEYS = st.sampled_from([b"a", b"ab", b"b", b"\xff", b"k" * 63]) | st.binary(min_size=1, max_size=3)
CHANGES = st.dictionaries(KEYS, st.none() | st.binary(max_size=40), max_size=6)
ENDS = st.sampled_from(["commit", "commit", "rollback", "through", "mount", "compact"])


def perform(flash: RamFlash, store: Store, model: Content, changes: dict[bytes, bytes | None], end: str) -> Store:
    if end == "mount":
        return Store.mount(flash)
    if end == "compact":
        store.compact()
        return store
    if end == "through":
        for key, value in changes.items():
            store.write_through(key, value or b"")
            model[key] = value or b""
        return store
    store.begin()
    for key, value in changes.items():
        store.delete(key) if value is None else store.put(key, value)
    view = {
        **{k: v for k, v in model.items() if k not in changes},
        **{k: v for k, v in changes.items() if v is not None},
    }
    assert sorted(view) == store.keys()
    assert all(view.get(key) == store.get(key) for key in {*model, *changes})
    if end == "rollback":
        store.rollback()
        return store
    store.commit()
    model.clear()
    model.update(view)
    return store


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.lists(st.tuples(CHANGES, ENDS), max_size=30))
def test_the_store_behaves_as_a_dictionary(steps: list[tuple[dict[bytes, bytes | None], str]]) -> None:
    flash = RamFlash(8192, 64)
    store = Store.format(flash)
    model: Content = {}
    for changes, end in steps:
        store = perform(flash, store, model, changes, end)
        assert model == dict(store.items())
    assert model == content_of(flash)
