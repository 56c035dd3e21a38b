"""Power is cut at every operation, in every tear mode, and again during what comes next.

After each cut the content is exactly that before or exactly that after the commit the cut fell in, and never
less than what was acknowledged. Every failure is replayed from the numbers in the assertion's message.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcard.hal.flash import MemoryFailure, RamFlash
from simcard.hal.power import PowerLost, PowerSupply, Tear
from simcard.nvm.store import CorruptMemory, NotFormatted, Store
from tests.kit import tell
from tests.nvm.bench import PAGE, SIZE, Content, Step, content_of, fresh, operations_of, run, script

NEXT = [Step(((b"next", b"1"),)), Step(((b"key1", bytes(20)), (b"key2", None)))]


def cut_run(steps: list[Step], after: int, tear: Tear, seed: int) -> tuple[bytes, Content, Content]:
    """(flash left behind, content before, content after) of a run with one cut."""
    power = PowerSupply()
    flash, store = fresh(power)
    power.cut(after, tear, seed)
    before, wanted = run(steps, store)
    power.restore()
    return flash.image(), before, wanted


def check_recovery(image: bytes, before: Content, after: Content, where: object) -> None:
    """Mount without a write, find one of the two contents, then work on as if nothing had been."""
    flash = RamFlash.of_image(image, PAGE)
    store = Store.mount(flash)
    found = dict(store.items())
    assert found in (before, after), where
    assert image == flash.image(), where
    reached, _ = run(NEXT, store)
    assert reached == content_of(flash), where


def sweep(steps: list[Step], stride: int, seeds: range) -> int:
    """One cut at every `stride`-th operation; returns how many cuts were made."""
    cases = list(product(range(0, operations_of(steps), stride), Tear, seeds))
    for after, tear, seed in cases:
        check_recovery(*cut_run(steps, after, tear, seed), (after, tear, seed))
    return len(cases)


def test_the_script_of_the_sweeps_compacts() -> None:
    flash, store = fresh()
    run(script(1, 40), store)
    assert max(flash.wear()) >= 2


def test_a_cut_at_every_operation_in_every_mode() -> None:
    assert sweep(script(1, 40), 1, range(2)) > 1000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_a_cut_at_every_operation_of_more_scripts(seed: int) -> None:
    cuts = sweep(script(seed, 60), 1, range(2, 5))
    tell(f"{cuts} cuts")
    assert cuts > 2000


def second_cuts(image: bytes, seed: int) -> int:
    """After one cut, cut again at every operation of the next commits, in every mode."""
    made = 0
    for tear in Tear:
        for after in range(1000):
            power = PowerSupply()
            flash = RamFlash.of_image(image, PAGE, power)
            store = Store.mount(flash)
            power.cut(after, tear, seed)
            before, wanted = run(NEXT, store)
            if power.on:
                break
            check_recovery(flash.image(), before, wanted, (after, tear, seed))
            made += 1
    return made


def sweep_twice(steps: list[Step], stride: int, seed: int) -> int:
    made = 0
    for after, tear in product(range(0, operations_of(steps), stride), Tear):
        image, before, wanted = cut_run(steps, after, tear, seed)
        check_recovery(image, before, wanted, (after, tear, seed))
        made += second_cuts(image, seed + 1)
    return made


def test_a_second_cut_during_the_next_commits() -> None:
    assert sweep_twice(script(1, 40), 7, 3) > 300


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 4))
def test_a_second_cut_after_every_first_cut(seed: int) -> None:
    cuts = sweep_twice(script(seed, 40), 1, seed)
    tell(f"{cuts} second cuts")
    assert cuts > 3000


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    cuts=st.lists(st.tuples(st.integers(0, 40), st.sampled_from(Tear), st.integers(0, 999)), max_size=12),
)
def test_a_life_of_cuts(seed: int, cuts: list[tuple[int, Tear, int]]) -> None:
    """Cut, recover, go on, many times over one flash, cuts during mount included."""
    power = PowerSupply()
    flash, _ = fresh(power)
    before: Content = {}
    wanted: Content = {}
    for number, (after, tear, noise) in enumerate(cuts):
        power.cut(after, tear, noise)
        try:
            store = Store.mount(flash)
        except PowerLost:
            power.restore()
            continue
        assert dict(store.items()) in (before, wanted)
        before, wanted = run(script(seed + number, 15), store)
        power.restore()
    assert content_of(flash) in (before, wanted)


@pytest.mark.parametrize("tear", Tear)
def test_a_cut_during_format_gives_an_empty_memory_or_none(tear: Tear) -> None:
    for after in range(100):
        power = PowerSupply()
        flash = RamFlash(SIZE, PAGE, power)
        power.cut(after, tear, after)
        try:
            Store.format(flash)
            break
        except PowerLost:
            power.restore()
        try:
            assert {} == content_of(flash)
        except (NotFormatted, CorruptMemory):
            Store.format(flash)
            assert {} == content_of(flash)
    else:
        pytest.fail("format never ended")


def test_a_failure_of_any_operation_loses_nothing() -> None:
    """The device refuses one operation: that commit is refused as a whole, all others stand.

    A mount right after the refusal may find it done (6581 says memory may have changed), so one more follows.
    """
    steps = script(1, 40)
    for after in range(operations_of(steps)):
        flash, store = fresh()
        flash.fail(after)
        content: Content = {}
        for step in [*steps, *NEXT]:
            try:
                step.do(store)
                content = step.on(content)
            except MemoryFailure:
                assert content == dict(store.items()), after
        assert content == dict(store.items()) == content_of(flash), after


def fail_then_cut(steps: list[Step], fail: int, cut: int, tear: Tear) -> None:
    power = PowerSupply()
    flash, store = fresh(power)
    flash.fail(fail)
    power.cut(cut, tear, fail + cut)
    possible: list[Content] = [{}]
    for step in steps:
        after = step.on(dict(store.items()))
        try:
            step.do(store)
            possible = [after]
        except MemoryFailure:
            possible.append(after)
        except PowerLost:
            possible.append(after)
            break
    power.restore()
    assert content_of(flash) in possible, (fail, cut, tear)


def test_a_cut_soon_after_a_failure_loses_nothing_acknowledged() -> None:
    """A refused commit may have happened or not; one acknowledged before or after it has."""
    steps = script(1, 40)
    for fail, later, tear in product(range(0, operations_of(steps), 5), range(1, 30, 2), Tear):
        fail_then_cut(steps, fail, fail + later, tear)


def compact_fails_then_cut(fail: int, cut: int, tear: Tear) -> bool:
    """Whether the cut came: a refused compaction, one small commit, then one that is cut."""
    power = PowerSupply()
    flash, store = fresh(power)
    for number in range(5):
        store.write_through(b"page%d" % number, bytes(PAGE // 2))
    flash.fail(fail)
    with suppress(MemoryFailure):
        store.compact()
    flash.fail(-1)
    before = dict(store.items())
    power.cut(cut, tear, fail + cut)
    before, wanted = run([Step(((b"tries", b"2"),)), Step(((b"tries", b"1"),))], store)
    cut_came = not power.on
    power.restore()
    assert content_of(flash) in (before, wanted), (fail, cut, tear)
    return cut_came


def test_a_refused_compaction_leaves_no_second_truth() -> None:
    """The new bank may be complete though its sync was refused: what the old one acknowledges later counts."""
    for fail, tear in product(range(20), Tear):
        cut = 0
        while compact_fails_then_cut(fail, cut, tear):
            cut += 1
