"""The judge: verdicts, what it follows by itself, and what it never shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.result import Verdict
from tests.conformance.scripted import tried, tried_all


def case(steps: str, more: str = "") -> str:
    return f'[[case]]\nid = "one"\nclause = "1"\npurpose = "one fact"\n{more}\nsteps = [{steps}]\n'


@pytest.mark.parametrize(
    ("expected", "step", "answer"),
    [
        ("pass", '{ send = "0001" }', "9000"),
        ("fail", '{ send = "0001" }', "6A82"),
        ("pass", '{ send = "0001", sw = ["6A82", "63CX"] }', "63C2"),
        ("fail", '{ send = "0001", sw = ["6A82", "63CX"] }', "63D2"),
        ("pass", '{ send = "0001", data = "01 XX ..." }', "01FF02039000"),
        ("fail", '{ send = "0001", data = "01 XX" }', "01FF029000"),
        ("pass", '{ send = "0001", length = "1..2" }', "01FF9000"),
        ("fail", '{ send = "0001", length = "3.." }', "01FF9000"),
        ("fail", '{ send = "0001", length = "1" }', "01FF9000"),
        ("fail", '{ send = "0001", differs = "01 FF" }', "01FF9000"),
        ("pass", '{ send = "0001", tlv = { "62/83" = "3F00" } }', "620483023F009000"),
        ("fail", '{ send = "0001", tlv = { "62/84" = "..." } }', "620483023F009000"),
        ("fail", '{ send = "0001", tlv = { "62" = "..." } }', "62049000"),
        ("not applicable", '{ send = "0001", absent = "6D00" }', "6D00"),
        ("fail", '{ send = "0001", sw = "6A82" }', "01026A82"),
        ("unresolved", '{ send = "0001" }', None),
        ("pass", '{ reset = "warm", data = "3B00" }', "9000"),
        ("fail", '{ reset = "warm", data = "3B01" }', "9000"),
        ("pass", '{ check = "{sha1(\'616263\')}", length = "20" }', "9000"),
        ("pass", '{ send = "0001", cut = 3 }', None),
    ],
)
def test_an_answer_leads_to_this_verdict(tmp_path: Path, expected: str, step: str, answer: str | None) -> None:
    result, _ = tried(tmp_path, case(step), {"0001": answer})
    assert expected == result.verdict.value, result.reason


def test_captured_parts_are_used_by_later_steps(tmp_path: Path) -> None:
    steps = '{ send = "0001", capture = { r = "[1:3]", left = "sw" } }, { send = "0002 <{r}> {left}" }'
    _, card = tried(tmp_path, case(steps), {"0001": "AABBCCDD9000"})
    assert "000202BBCC9000" == card.sent[-1]


def test_what_61xx_announces_is_fetched(tmp_path: Path) -> None:
    answers = {"00010000": "AA6102", "00C0000002": "BBCC9000"}
    result, _ = tried(tmp_path, case('{ send = "0001 0000", data = "AABBCC" }'), answers)
    assert Verdict.PASS is result.verdict


def test_6cxx_is_answered_with_the_right_le(tmp_path: Path) -> None:
    answers = {"00B0000000": "6C02", "00B0000002": "BBCC9000"}
    result, _ = tried(tmp_path, case('{ send = "00B0 0000 00", data = "BBCC" }'), answers)
    assert Verdict.PASS is result.verdict


def test_a_raw_step_fetches_nothing(tmp_path: Path) -> None:
    _, card = tried(tmp_path, case('{ send = "0001", raw = true, sw = "61XX" }'), {"0001": "6102"})
    assert ["0001"] == card.sent


def test_a_setup_that_goes_wrong_leaves_the_case_unresolved(tmp_path: Path) -> None:
    result, card = tried(tmp_path, case('{ send = "0002" }', 'setup = [{ send = "0001" }]'), {"0001": "6982"})
    assert (Verdict.UNRESOLVED, ["0001"]) == (result.verdict, card.sent)


def test_rounds_are_done_one_after_the_other_until_one_fails(tmp_path: Path) -> None:
    begun = 'rounds = 9\nsetup = [{ check = "01", capture = { n = ":" } }]'
    steps = '{ send = "00 {n}" }, { check = "{add(n, 1)}", capture = { n = ":" } }'
    result, card = tried(tmp_path, case(steps, begun), {"0001": "9000", "0002": "9000"})
    assert (["0001", "0002", "0003"], Verdict.FAIL) == (card.sent, result.verdict)
    assert "round 3, step 1: expected 9000, got 6D00" == result.reason
    assert ["= 01", "0003"] == [line.did for line in result.transcript]


def test_rounds_that_all_hold_are_told_by_the_last(tmp_path: Path) -> None:
    result, card = tried(tmp_path, case('{ send = "0001" }', "rounds = 3"), {"0001": "9000"})
    assert (["0001"] * 3, Verdict.PASS) == (card.sent, result.verdict)
    assert ["0001"] == [line.did for line in result.transcript]


def test_the_teardown_runs_after_a_failure(tmp_path: Path) -> None:
    steps = case('{ send = "0001" }', 'teardown = [{ send = "0003" }]')
    _, card = tried(tmp_path, steps, {"0001": "6982", "0003": "9000"})
    assert "0003" == card.sent[-1]


def test_a_card_that_is_not_left_as_it_was_is_unresolved(tmp_path: Path) -> None:
    steps = case('{ send = "0001" }', 'teardown = [{ send = "0003" }]')
    result, _ = tried(tmp_path, steps, {"0001": "9000", "0003": "6982"})
    assert (Verdict.UNRESOLVED, True) == (result.verdict, result.reason.startswith("afterwards: "))


@pytest.mark.parametrize(
    ("expected", "more", "step"),
    [
        ("the target has no extended", 'needs = ["extended"]', '{ send = "0001" }'),
        ("the target has no admin_pin", "", '{ send = "0001 <{admin_pin}>" }'),
        ("--destructive allows that", "destructive = true", '{ send = "0001" }'),
        ("the target has no link.cut", 'needs = ["link.cut"]', '{ send = "0001" }'),
    ],
)
def test_a_case_is_not_applicable_for_this_reason(tmp_path: Path, expected: str, more: str, step: str) -> None:
    result, card = tried(tmp_path, case(step, more), {})
    assert (Verdict.NOT_APPLICABLE, [], True) == (result.verdict, card.sent, expected in result.reason)


@pytest.mark.parametrize("echo", ["32343638313335379000", "00323436383133353700" + "9000"])
def test_no_transcript_shows_a_secret(tmp_path: Path, echo: str) -> None:
    steps = '{ send = "0020 00 {pin_ref} <{pin}>", data = "{pin}" }, { check = "{pin[:6]}" }, { check = "{sha1(pin)}" }'
    result, card = tried(tmp_path, case(steps), {"00200081083234363831333537": echo})
    assert "00200081083234363831333537" == card.sent[0]
    assert "323436" not in repr(result)


def test_the_rows_of_a_case_are_cases(tmp_path: Path) -> None:
    rows = 'rows = [{ name = "a", x = "01" }, { name = "b", x = "02" }]'
    result, card = tried(tmp_path, case('{ send = "00 $x" }', rows), {"0001": "9000"})
    assert ("one/a", ["0001"]) == (result.case, card.sent)


WRONG_PIN = {"00200081083234363831333537": "63C2"}
TWO = case('{ send = "0020 00 {pin_ref} <{pin}>" }', 'teardown = [{ send = "0020 00 {pin_ref} <{pin}>" }]') + case(
    '{ send = "0020 00 {pin_ref} <{pin}>" }'
).replace('"one"', '"two"')


def test_a_pin_that_the_card_refuses_is_not_tried_again_on_that_card(tmp_path: Path) -> None:
    results, card = tried_all(tmp_path, TWO, WRONG_PIN)
    assert ["fail", "unresolved"] == [result.verdict.value for result in results]
    assert [*WRONG_PIN] == card.sent
    assert "the card refused pin before" in results[1].reason


def test_a_new_card_for_every_case_forgives_it(tmp_path: Path) -> None:
    results, card = tried_all(tmp_path, TWO, WRONG_PIN, disposable=True)
    assert ["fail", "fail"] == [result.verdict.value for result in results]
    assert [*WRONG_PIN, *WRONG_PIN] == card.sent


def test_a_mistake_of_the_suite_still_runs_the_teardown(tmp_path: Path) -> None:
    steps = case(
        '{ send = "0001", capture = { r = ":" } }, { check = "{xor(r, \'00\')}" }', 'teardown = [{ send = "0003" }]'
    )
    result, card = tried(tmp_path, steps, {"0001": "01029000", "0003": "9000"})
    assert (Verdict.UNRESOLVED, "0003") == (result.verdict, card.sent[-1])
    assert result.reason.startswith("the suite: step 2: xor: expected xor(left, right)")
