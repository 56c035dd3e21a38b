"""The slot: what a reader wants of a card, and what it sees of one that broke down."""

from __future__ import annotations

import logging

import pytest

from reader_bridge.echo import EchoCard
from reader_bridge.slot import CardLike, Slot, SlotError, State
from tests.reader_bridge.support import CHALLENGE, CRASH, CUT, SHORT, BadCard

ANSWER = bytes.fromhex("0102030405060708 9000")


def powered(card: CardLike) -> Slot:
    slot = Slot("reader", card)
    slot.power_on()
    return slot


def test_an_empty_slot_has_no_atr() -> None:
    assert Slot("reader").atr() is None


def test_an_empty_slot_answers_nothing() -> None:
    slot = Slot("reader")
    assert (None, None, None) == (slot.power_on(), slot.reset(), slot.transmit(CHALLENGE))


def test_the_atr_is_told_without_power() -> None:
    slot = Slot("reader", EchoCard())
    assert EchoCard().atr == slot.atr()
    assert State.OFF is slot.state


def test_power_on_gives_the_atr() -> None:
    assert EchoCard().atr == Slot("reader", EchoCard()).power_on()


def test_a_powered_card_answers() -> None:
    assert ANSWER == powered(EchoCard()).transmit(CHALLENGE)


def test_a_card_without_power_is_silent() -> None:
    assert Slot("reader", EchoCard()).transmit(CHALLENGE) is None


def test_a_card_is_silent_again_after_power_off() -> None:
    slot = powered(EchoCard())
    slot.power_off()
    assert slot.transmit(CHALLENGE) is None


def test_reset_of_a_running_card_is_warm() -> None:
    card = BadCard()
    powered(card).reset()
    assert ["power on", "reset"] == card.diary


def test_reset_of_an_unpowered_card_powers_it() -> None:
    card = BadCard()
    Slot("reader", card).reset()
    assert ["power on"] == card.diary


def test_power_on_of_a_running_card_takes_its_power_first() -> None:
    card = BadCard()
    powered(card).power_on()
    assert ["power on", "power off", "power on"] == card.diary


def test_power_off_twice_reaches_the_card_once() -> None:
    card = BadCard()
    slot = powered(card)
    slot.power_off()
    slot.power_off()
    assert ["power on", "power off"] == card.diary


def test_two_cards_do_not_fit() -> None:
    with pytest.raises(SlotError, match="already"):
        Slot("reader", EchoCard()).insert(EchoCard())


def test_nothing_comes_out_of_an_empty_slot() -> None:
    with pytest.raises(SlotError, match="no card"):
        Slot("reader").remove()


def test_removal_takes_the_power_and_gives_the_card() -> None:
    card = BadCard()
    slot = powered(card)
    assert card is slot.remove()
    assert "power off" == card.diary[-1]
    assert State.EMPTY is slot.state


def test_a_card_can_be_exchanged() -> None:
    slot = powered(EchoCard())
    slot.remove()
    slot.insert(EchoCard(b"\x3b\x00"))
    assert b"\x3b\x00" == slot.power_on()


def test_a_card_that_lost_power_is_off_until_powered() -> None:
    slot = powered(BadCard())
    assert slot.transmit(CUT) is None
    assert State.OFF is slot.state
    assert slot.transmit(CHALLENGE) is None
    slot.power_on()
    assert ANSWER == slot.transmit(CHALLENGE)


def test_power_lost_while_starting_leaves_the_card_off() -> None:
    class Unlucky(BadCard):
        def power_on(self) -> bytes:
            self.transmit(CUT)
            return super().power_on()

    slot = Slot("reader", Unlucky())
    assert slot.power_on() is None
    assert State.OFF is slot.state


@pytest.mark.parametrize("command", [CRASH, SHORT])
def test_a_bug_makes_the_card_mute(command: bytes) -> None:
    slot = powered(BadCard())
    assert (None, None) == (slot.transmit(command), slot.transmit(CHALLENGE))
    assert State.MUTE is slot.state


def test_a_mute_card_still_shows_its_atr() -> None:
    slot = powered(BadCard())
    slot.transmit(CRASH)
    assert BadCard().atr == slot.atr()


def test_reset_after_a_bug_is_a_cold_start() -> None:
    card = BadCard()
    slot = powered(card)
    slot.transmit(CRASH)
    slot.reset()
    assert ["power on", "power off", "power on"] == card.diary
    assert ANSWER == slot.transmit(CHALLENGE)


def test_the_crash_is_reported_once_with_slot_card_and_bug() -> None:
    told: list[tuple[str, CardLike, type[BaseException]]] = []
    card = BadCard()
    slot = Slot("reader", card, on_crash=lambda name, broken, bug: told.append((name, broken, type(bug))))
    slot.power_on()
    slot.transmit(CRASH)
    slot.transmit(CHALLENGE)
    assert [("reader", card, ValueError)] == told


def test_the_log_of_a_crash_has_the_place_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        powered(BadCard()).transmit(CRASH)
    assert "ValueError" in caplog.text
    assert "support.py" in caplog.text
    assert "88888888" not in caplog.text


def test_a_card_whose_atr_breaks_has_none() -> None:
    class Blank(EchoCard):
        @property
        def atr(self) -> bytes:
            raise ValueError

    assert Slot("reader", Blank()).atr() is None
