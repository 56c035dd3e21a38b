"""Fault scripts: their words, their counting, and what each deed does to a card."""

from __future__ import annotations

import pytest

from reader_bridge.echo import EchoCard
from reader_bridge.faults import (
    Deed,
    Fault,
    FaultError,
    FaultyCard,
    FaultyNoise,
    Levers,
    LostReply,
    Moment,
    NoiseFailure,
    Trigger,
    flipped,
    parse,
)
from reader_bridge.slot import Slot, State
from simcard.hal.entropy import SeededEntropy

T = bytes.fromhex("0084000008")
VERIFY = bytes.fromhex("0020000101FF")
ANSWER = bytes.fromhex("01020304050607089000")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("remove", Fault(Deed.REMOVE)),
        ("at 3 remove after", Fault(Deed.REMOVE, Trigger(at=3), Moment.AFTER)),
        ("reset", Fault(Deed.RESET, moment=Moment.AFTER)),
        ("every 2 late", Fault(Deed.LATE, Trigger(every=2), amount=1000)),
        ("always flip 3", Fault(Deed.FLIP, Trigger(every=1), amount=3)),
        ("on 0020 at 2 in transaction lost", Fault(Deed.LOST, Trigger(2, 0, b"\x00\x20", True))),
        ("on 00D6 cut 2 garbage  # comment", Fault(Deed.CUT, Trigger(header=b"\x00\xd6"), amount=2, tear="garbage")),
        ("SHORT", Fault(Deed.SHORT, amount=1)),
    ],
)
def test_a_line_is_a_fault(line: str, fault: Fault) -> None:
    assert [fault] == parse(line)


@pytest.mark.parametrize(
    "line",
    [
        "at",
        "at 0 remove",
        "at x remove",
        "on 0 remove",
        "in the remove",
        "explode",
        "",
        "at 3",
        "remove 5",
        "late before",
    ],
)
def test_other_lines_are_refused_with_their_number(line: str) -> None:
    with pytest.raises(FaultError, match="line 2: "):
        parse(f"# a script\n{line or 'always'}")


def test_empty_lines_and_comments_are_no_faults() -> None:
    assert [] == parse("\n  # nothing\n")


def card(script: str, levers: Levers | None = None) -> FaultyCard:
    return FaultyCard(EchoCard(), parse(script), levers)


def pulls(script: str, *commands: bytes, transaction: bool = False) -> list[int]:
    """Numbers of the commands at which the memory lever was pulled."""
    pulled: list[int] = []
    sent: list[bytes] = []
    faulty = card(script, Levers(memory=lambda after: pulled.append(len(sent)), transaction=lambda: transaction))
    for command in commands:
        sent.append(command)
        faulty.transmit(command)
    return pulled


@pytest.mark.parametrize(
    ("script", "expected"),
    [("at 2 memory", [2]), ("memory", [1]), ("every 2 memory", [2, 4]), ("always memory", [1, 2, 3, 4])],
)
def test_commands_are_counted(script: str, expected: list[int]) -> None:
    assert expected == pulls(script, T, T, T, T)


def test_only_the_commands_that_are_named_count() -> None:
    assert [4] == pulls("on 0020 at 2 memory", T, VERIFY, T, VERIFY)


@pytest.mark.parametrize(("transaction", "expected"), [(True, [1]), (False, [])])
def test_only_commands_in_a_transaction_count_if_asked(transaction: bool, expected: list[int]) -> None:
    assert expected == pulls("in transaction memory", T, transaction=transaction)


def test_counting_goes_on_through_resets() -> None:
    faulty = card("at 2 short 4")
    faulty.transmit(T)
    faulty.reset()
    assert ANSWER[:4] == faulty.transmit(T)


def test_a_lost_answer_was_worked_for() -> None:
    faulty = card("lost")
    with pytest.raises(LostReply):
        faulty.transmit(T)
    assert ANSWER == faulty.transmit(T)


def test_a_reader_gives_up_a_card_whose_answer_is_lost() -> None:
    crashes: list[str] = []
    slot = Slot("reader", card("lost"), lambda name, card, bug: crashes.append(type(bug).__name__))
    slot.power_on()
    assert None is slot.transmit(T)
    assert State.MUTE is slot.state
    assert ["LostReply"] == crashes


@pytest.mark.parametrize("bits", [0, 1, 7, 80])
def test_as_many_bits_are_flipped_as_asked_for(bits: int) -> None:
    changed = int.from_bytes(flipped(ANSWER, bits), "big") ^ int.from_bytes(ANSWER, "big")
    assert bits == changed.bit_count()


def test_a_flipped_answer_can_be_repeated() -> None:
    assert card("flip").transmit(T) == card("flip").transmit(T)


def test_a_late_answer_waits() -> None:
    waited: list[float] = []
    assert ANSWER == card("late 250", Levers(wait=waited.append)).transmit(T)
    assert [0.25] == waited


@pytest.mark.parametrize("deed", ["remove", "reset", "memory", "noise", "cut", "in transaction lost"])
def test_what_nobody_can_do_is_refused_at_once(deed: str) -> None:
    with pytest.raises(FaultError, match="nothing here"):
        card(deed)


def test_noise_fails_in_whichever_fork_draws() -> None:
    noise = FaultyNoise(SeededEntropy(1))
    fork = noise.fork("nonce").fork("inner")
    noise.fail(1)
    noise.read(4)
    with pytest.raises(NoiseFailure):
        fork.read(4)
    assert 4 == len(fork.read(4))


def test_noise_that_works_is_the_noise_below() -> None:
    noise = FaultyNoise(SeededEntropy(1))
    assert noise.deterministic
    assert SeededEntropy(1).fork("key").read(8) == noise.fork("key").read(8)
