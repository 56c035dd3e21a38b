"""Reference data by themselves: records, policy, history, padding, and the counter that is spent first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcard.hal.flash import RamFlash
from simcard.nvm.store import Store
from simcard.pin.pins import Pins
from simcard.pin.reference import Characters, Flag, PinId, Policy, Reference
from simcard.pin.status import SecurityStatus
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

PIN, LOCAL_PIN = PinId(0, 1), PinId(5, 1)
VALUE = Secret(b"123456")


def fresh(policy: Policy = Policy(), tries: int = 3, value: Secret = VALUE) -> tuple[Store, Pins]:  # noqa: B008 - frozen
    store = Store.format(RamFlash(16384))
    pins = Pins(store)
    store.begin()
    pins.create(PIN, Reference(value, value, policy), tries)
    store.commit()
    return store, pins


def refused(sw: int) -> pytest.RaisesExc[Refused]:
    return pytest.raises(Refused, match=f"^{sw:04X}")


policies = st.builds(
    Policy,
    st.integers(1, 8),
    st.integers(8, 64),
    st.sampled_from(Characters),
    st.integers(0, 8),
    st.none() | st.integers(0, 255),
)
secrets = st.binary(max_size=64).map(Secret)


@given(
    secrets,
    policies,
    st.sampled_from([Flag(0), Flag.ENABLED, Flag.MUST_CHANGE | Flag.ENABLED]),
    st.lists(secrets, max_size=8),
)
def test_a_record_is_read_again(value: Secret, policy: Policy, flags: Flag, former: list[Secret]) -> None:
    reference = Reference(value, Secret(b"first"), policy, flags, 7, tuple(former))
    assert reference == Reference.decode(reference.encode())


def test_a_record_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 2"):
        Reference.decode(b"\2" + Reference(VALUE, VALUE, Policy()).encode()[1:])


def test_no_record_prints_its_value() -> None:
    assert "123456" not in repr(Reference(VALUE, VALUE, Policy()))


def test_the_counter_is_spent_before_the_comparison() -> None:
    """The check sees the counter already lowered, in flash."""
    _, pins = fresh()
    seen: list[int] = []

    def check(reference: Reference) -> bool:
        seen.append(pins.state(PIN).left)
        return True

    pins.prove(PIN, check)
    assert [2] == seen
    assert 3 == pins.state(PIN).left


def test_a_check_that_fails_costs_a_try_whatever_the_transaction_does() -> None:
    store, pins = fresh()
    store.begin()
    with refused(0x63C2):
        pins.verify(PIN, Secret(b"000000"))
    store.rollback()
    assert 2 == pins.state(PIN).left


def test_a_blocked_reference_is_not_compared() -> None:
    _, pins = fresh(tries=1)
    with refused(0x63C0):
        pins.verify(PIN, Secret(b"000000"))
    with refused(SW.BLOCKED):
        pins.prove(PIN, lambda reference: pytest.fail("it was compared"))


def test_a_value_too_long_costs_nothing() -> None:
    _, pins = fresh()
    with refused(SW.WRONG_DATA):
        pins.verify(PIN, Secret(b"1" * 17))
    assert 3 == pins.state(PIN).left


@pytest.mark.parametrize(
    ("policy", "value", "allowed"),
    [
        (Policy(4, 8), b"123", False),
        (Policy(4, 8), b"1234", True),
        (Policy(4, 8), b"12345678", True),
        (Policy(4, 8), b"123456789", False),
        (Policy(4, 8, Characters.DIGITS), b"12a4", False),
        (Policy(4, 8, Characters.DIGITS), b"1234", True),
        (Policy(4, 8, Characters.PRINTABLE), b"ab 4", True),
        (Policy(4, 8, Characters.PRINTABLE), b"ab\x7f4", False),
        (Policy(4, 8, Characters.ANY), b"\0\1\2\3", True),
        (Policy(4, 8, pad=0xFF), b"123\xff\xff", False),
        (Policy(4, 8, pad=0xFF), b"1234\xff\xff\xff\xff", True),
    ],
)
def test_a_policy_allows(policy: Policy, value: bytes, allowed: bool) -> None:
    assert allowed is policy.allows(Secret(value))


def changed(store: Store, pins: Pins, value: bytes) -> None:
    store.begin()
    try:
        pins.change(PIN, Secret(value))
    except Refused:
        store.rollback()
        raise
    store.commit()


@pytest.mark.parametrize("history", range(5))
def test_as_many_former_values_are_refused_as_the_policy_says(history: int) -> None:
    store, pins = fresh(Policy(history=history))
    values = [b"123456", b"222222", b"333333", b"444444", b"555555"]
    for value in values[1:]:
        changed(store, pins, value)
    for age, value in enumerate(reversed(values)):
        if age < history:
            with refused(SW.CONDITIONS):
                changed(store, pins, value)
    if history < 5:
        changed(store, pins, values[4 - history])


def test_no_more_values_are_kept_than_needed() -> None:
    store, pins = fresh(Policy(history=2))
    for value in (b"222222", b"333333", b"444444"):
        changed(store, pins, value)
    assert (Secret(b"333333"),) == pins.read(PIN).former


def test_a_change_ends_the_duty_to_change() -> None:
    store, pins = fresh()
    store.begin()
    pins.set_flag(PIN, Flag.MUST_CHANGE, True)
    store.commit()
    assert pins.state(PIN).must_change
    changed(store, pins, b"222222")
    assert not pins.state(PIN).must_change
    assert not pins.state(PIN).default


def test_who_must_change_may_not_keep_the_value() -> None:
    store, pins = fresh()
    store.begin()
    pins.set_flag(PIN, Flag.MUST_CHANGE, True)
    with refused(SW.CONDITIONS):
        pins.change(PIN, VALUE)


def test_unblocking_gives_all_tries_back_and_sets_the_value() -> None:
    store, pins = fresh(tries=1)
    with refused(0x63C0):
        pins.verify(PIN, Secret(b"000000"))
    store.begin()
    pins.unblock(PIN, Secret(b"222222"))
    store.commit()
    assert 1 == pins.state(PIN).left
    assert Secret(b"222222") == pins.verify(PIN, Secret(b"222222")).value


def test_a_first_value_must_fit_its_policy() -> None:
    with refused(SW.WRONG_DATA):
        fresh(Policy(8, 8))


def test_a_reference_is_made_once() -> None:
    store, pins = fresh()
    store.begin()
    with refused(SW.FILE_EXISTS):
        pins.create(PIN, Reference(VALUE, VALUE, Policy()), 3)


def test_a_local_reference_is_found_in_the_nearest_df() -> None:
    store, pins = fresh()
    store.begin()
    for scope in (5, 1):
        pins.create(PinId(scope, 1), Reference(VALUE, VALUE, Policy()), 3)
    store.commit()
    assert PinId(5, 1) == pins.resolve(0x81, (5, 1))
    assert PinId(1, 1) == pins.resolve(0x81, (7, 1))
    assert PinId(0, 1) == pins.resolve(0x01, (5, 1))
    with refused(SW.REFERENCE_NOT_FOUND):
        pins.resolve(0x81, (7,))


def test_a_deleted_df_takes_its_references_with_it() -> None:
    store, pins = fresh()
    store.begin()
    pins.create(LOCAL_PIN, Reference(VALUE, VALUE, Policy()), 3)
    pins.delete_scope(5)
    store.commit()
    assert [PIN] == pins.all()


def test_the_status_of_a_local_reference_ends_with_its_df() -> None:
    status = SecurityStatus({PIN, LOCAL_PIN}, {3})
    status.enter((7, 5, 1))
    assert {PIN, LOCAL_PIN} == status.pins
    status.enter((1,))
    assert ({PIN}, {3}) == (status.pins, status.keys)
    status.clear()
    assert (set(), set()) == (status.pins, status.keys)


def test_a_padded_value_is_kept_without_its_padding() -> None:
    store, pins = fresh(Policy(4, 8, pad=0x20))
    changed(store, pins, b"abcd    ")
    assert Secret(b"abcd") == pins.read(PIN).value
    assert replace(pins.read(PIN), former=()).value == pins.verify(PIN, Secret(b"abcd  ")).value
