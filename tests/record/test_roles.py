"""Recording a card, replaying it in both roles, and comparing two."""

from __future__ import annotations

from pathlib import Path

import pytest

from reader_bridge.echo import EchoCard
from reader_bridge.faults import FaultyCard, LostReply, parse
from reader_bridge.record import text
from reader_bridge.record.model import Exchange, HiddenBytes, Kind, Shown
from reader_bridge.record.recorder import RecordingCard, RecordingFile
from reader_bridge.record.replay import NothingToReplay, ReplayCard, Silence
from reader_bridge.record.twin import Deviation, Tolerance, What, compare, play
from reader_bridge.slot import CardLike
from tests.kit import bench

MF = "00A4000C023F00"
CHALLENGE = "0084000008"
GET = "00CA006E00"
WRONG = "00200001083030303030303030"


def script(*commands: str) -> list[Exchange]:
    return text.parse("\n".join(commands))


def recorded(card: CardLike, *commands: str, secrets: bool = False) -> list[Exchange]:
    found: list[Exchange] = []
    ticks = iter(range(1000))
    recorder = RecordingCard(card, found.append, secrets, lambda: float(next(ticks)))
    recorder.power_on()
    for command in commands:
        recorder.transmit(bytes.fromhex(command))
    return found


def whats(found: list[Deviation]) -> list[What]:
    return [deviation.what for deviation in found]


def test_everything_that_passes_is_recorded() -> None:
    found = recorded(EchoCard(), MF)
    assert [Kind.POWER_ON, Kind.APDU] == [exchange.kind for exchange in found]
    assert Shown(EchoCard().atr) == found[0].response
    assert (Shown(bytes.fromhex(MF)), Shown(b"\x90\x00")) == (found[1].command, found[1].response)


def test_times_begin_with_the_recording() -> None:
    assert [0.0, 2.0] == [exchange.at for exchange in recorded(EchoCard(), MF)]


def test_an_answer_that_never_came_is_recorded_too() -> None:
    found: list[Exchange] = []
    recorder = RecordingCard(FaultyCard(EchoCard(), parse("lost")), found.append)
    with pytest.raises(LostReply):
        recorder.transmit(bytes.fromhex(MF))
    assert [None] == [exchange.response for exchange in found]


def test_a_recording_file_is_complete_at_any_moment_and_private(tmp_path: Path) -> None:
    with RecordingFile(tmp_path / "a.rec") as file:
        for exchange in recorded(EchoCard(), MF):
            file(exchange)
        assert 2 == len(text.parse((tmp_path / "a.rec").read_text()))
    assert 0o600 == (tmp_path / "a.rec").stat().st_mode & 0o777


def test_a_recording_replays_as_the_card_it_was() -> None:
    card = ReplayCard(recorded(bench().card, MF, CHALLENGE, CHALLENGE))
    original = bench().card
    original.power_on()  # as the recorder did
    for command in (MF, CHALLENGE, CHALLENGE):
        assert original.transmit(bytes.fromhex(command)) == card.transmit(bytes.fromhex(command))
    assert original.atr == card.power_on()


def test_a_question_in_another_order_is_answered() -> None:
    card = ReplayCard(recorded(bench().card, MF, GET))
    assert "6A88" == card.transmit(bytes.fromhex(GET)).hex().upper()
    assert "9000" == card.transmit(bytes.fromhex(MF)).hex()


def test_an_unknown_command_is_noted() -> None:
    card = ReplayCard(recorded(EchoCard(), MF))
    assert "6F00" == card.transmit(bytes.fromhex(CHALLENGE)).hex().upper()
    assert [bytes.fromhex("00840000")] == card.unknown


def test_any_pin_fits_a_masked_one() -> None:
    card = ReplayCard(recorded(bench().card, WRONG))
    assert "63C2" == card.transmit(bytes.fromhex("00200001083939393939393939")).hex().upper()


def test_what_did_not_answer_does_not_answer_again() -> None:
    card = ReplayCard(text.parse(f"> power-on\n< 3B00\n> {MF}\n< none"))
    with pytest.raises(Silence):
        card.transmit(bytes.fromhex(MF))


def test_a_recording_without_an_atr_needs_one() -> None:
    with pytest.raises(NothingToReplay, match="answer to reset"):
        ReplayCard(script(MF))
    assert b"\x3b\x00" == ReplayCard(script(MF), b"\x3b\x00").atr


def test_a_recording_played_to_an_equal_card_deviates_nowhere() -> None:
    steps = recorded(bench().card, MF, CHALLENGE, GET, WRONG, secrets=True)
    assert [] == compare(steps, play(steps, bench().card))


def test_masked_commands_cannot_be_played_to_a_card() -> None:
    with pytest.raises(HiddenBytes):
        play(recorded(bench().card, WRONG), bench().card)


def test_two_cards_are_told_apart_step_by_step() -> None:
    steps = script("power-on", MF, "00A4040C09F0534943414B504F")
    others = script("power-on", MF, GET)
    found = compare(play(steps, bench().card), play(steps, EchoCard()))
    assert [(1, What.ATR), (3, What.STATUS)] == [(deviation.step, deviation.what) for deviation in found]
    assert [] == compare(play(others, bench().card), play(others, bench().card))


def answer(command: str, response: str | None, took: float = 0.0) -> Exchange:
    shown = None if response is None else Shown(bytes.fromhex(response))
    return Exchange(Kind.APDU, Shown(bytes.fromhex(command)), shown, 0.0, took)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (answer(GET, "9000"), answer(GET, "9000"), []),
        (answer(GET, "9000"), answer(GET, "6A88"), [What.STATUS]),
        (answer(GET, "019000"), answer(GET, "029000"), [What.DATA]),
        (answer(GET, "019000"), answer(GET, "9000"), [What.LENGTH]),
        (answer(GET, "019000"), answer(GET, "6A88"), [What.STATUS, What.LENGTH]),
        (answer(GET, None), answer(GET, "9000"), [What.SILENCE]),
        (answer(GET, None), answer(GET, None), []),
        (answer(CHALLENGE, "019000"), answer(CHALLENGE, "029000"), []),
        (answer(GET, "9000", 0.1), answer(GET, "9000", 0.5), [What.TIME]),
        (answer(GET, "9000", 0.1), answer(GET, "9000", 0.15), []),
        (answer(GET, "9000", 0.001), answer(GET, "9000", 0.008), []),
    ],
)
def test_every_deviation_is_listed(left: Exchange, right: Exchange, expected: list[What]) -> None:
    assert expected == whats(compare([left], [right], Tolerance(times=2.0)))


def test_times_are_compared_only_if_asked() -> None:
    assert [] == compare([answer(GET, "9000", 0.1)], [answer(GET, "9000", 5.0)])


def test_an_instruction_can_be_ignored() -> None:
    tolerance = Tolerance(ignored=frozenset((0xCA,)))
    assert [] == compare([answer(GET, "019000")], [answer(GET, "029000")], tolerance)


def test_a_missing_step_is_a_deviation() -> None:
    assert [What.MISSING] == whats(compare([answer(GET, "9000")], []))


def test_secret_answers_are_compared_and_not_shown() -> None:
    (found,) = compare([answer("002A808601FF", "AAAA9000")], [answer("002A808601FF", "BBBB9000")])
    assert What.DATA is found.what
    assert "[2 bytes] 9000" == found.left
