"""Log in: challenge and response, and every reason for which it is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from host_tools.eport_client.wording import Lang
from host_tools.errors import LoginRefused, PinLocked, PinWrong
from host_tools.office import login
from host_tools.office.login import Gate, answer
from host_tools.office.orders import Signed
from host_tools.office.refusals import Reason
from host_tools.registry.states import Action, Outcome
from simcard.wire.secret import Secret
from tests.host.support import PIN
from tests.office.support import CLERK, DECLARANT, LEGAL, OFFICE, OLD_CLERK, House, Made
from tests.pki.support import card_holder

WRONG = Secret(b"12345678")


def answered(house: House, gate: Gate, made: Made = CLERK) -> Signed:
    return answer(house.card(made), PIN, gate.challenge().text)


def refused(house: House, gate: Gate, signed: Signed, reason: Reason, text: str, about: Made | None = CLERK) -> None:
    """The log in is refused for this reason, in these words, and the log says so."""
    with pytest.raises(LoginRefused, match=text) as caught:
        gate.log_in(signed)
    last = house.history(about)[-1]
    assert (reason.value, Action.LOGIN, Outcome.REFUSED, reason.value) == (
        caught.value.reason,
        last.action,
        last.outcome,
        last.reason.partition(":")[0],
    )


@pytest.mark.parametrize("made", [LEGAL, CLERK, DECLARANT, OLD_CLERK, OFFICE], ids=lambda made: made.number)
def test_every_card_logs_in(house: House, made: Made) -> None:
    gate = Gate(house.office)
    assert made.number == gate.log_in(answered(house, gate, made)).card.number


def test_a_log_in_stands_in_the_log(any_house: House) -> None:
    gate = Gate(any_house.office)
    gate.log_in(answered(any_house, gate))
    last = any_house.history(CLERK)[-1]
    assert (Action.LOGIN, Outcome.ACCEPTED, CLERK.number) == (last.action, last.outcome, last.by_card)


def test_no_challenge_is_given_twice(house: House) -> None:
    gate = Gate(house.office)
    assert 100 == len({gate.challenge().text for _ in range(100)})


def test_a_challenge_is_answered_once(house: House) -> None:
    gate = Gate(house.office)
    signed = answered(house, gate)
    gate.log_in(signed)
    refused(house, gate, signed, Reason.CHALLENGE_UNKNOWN, "登录挑战无效或已使用", about=None)


def test_the_challenge_of_another_gate_is_unknown(house: House) -> None:
    signed = answered(house, Gate(house.office))
    refused(house, Gate(house.office), signed, Reason.CHALLENGE_UNKNOWN, "请重新登录", about=None)


def test_a_challenge_must_be_answered_soon(house: House) -> None:
    gate = Gate(house.office)
    signed = answered(house, gate)
    house.clock.moment += login.LIFE + timedelta(seconds=1)
    refused(house, gate, signed, Reason.CHALLENGE_EXPIRED, "登录超时", about=None)


def test_the_last_moment_is_soon_enough(house: House) -> None:
    gate = Gate(house.office)
    signed = answered(house, gate)
    house.clock.moment += login.LIFE
    assert CLERK.number == gate.log_in(signed).card.number


def test_a_gate_forgets_the_oldest_of_too_many(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "MOST_WAITING", 2)
    gate = Gate(house.office)
    oldest, kept = answered(house, gate), answered(house, gate)
    gate.challenge()
    refused(house, gate, oldest, Reason.CHALLENGE_UNKNOWN, "无效", about=None)
    assert CLERK.number == gate.log_in(kept).card.number


def test_another_signature_opens_nothing(house: House) -> None:
    gate = Gate(house.office)
    signed, challenge = house.signed(house.order(Action.FREEZE, CLERK, DECLARANT), CLERK), gate.challenge()
    refused(house, gate, replace(signed, text=challenge.text), Reason.SIGNATURE, "签名验证失败", about=None)


def test_a_stranger_is_not_trusted(house: House) -> None:
    gate, stranger = Gate(house.office), card_holder("sm2")
    text = gate.challenge().text
    signed = Signed(text, stranger.signer.sign(text), stranger.signing.encoded)
    refused(house, gate, signed, Reason.UNTRUSTED, "证书不是本制卡中心签发的", about=None)


@pytest.mark.parametrize(
    ("action", "reason", "text"),
    [
        (Action.FREEZE, Reason.SIGNER_FROZEN, f"卡 {CLERK.number} 已冻结"),
        (Action.REPORT_LOSS, Reason.SIGNER_LOST, f"卡 {CLERK.number} 已挂失"),
        (Action.VOID, Reason.SIGNER_VOID, f"卡 {CLERK.number} 已作废"),
    ],
)
def test_a_card_that_is_not_normal_does_not_log_in(any_house: House, action: Action, reason: Reason, text: str) -> None:
    gate = Gate(any_house.office)
    any_house.do(action, LEGAL, CLERK)
    refused(any_house, gate, answered(any_house, gate), reason, text)


@pytest.mark.parametrize(
    ("days", "reason", "text"),
    [
        (-1, Reason.NOT_YET_VALID, "证书尚未生效，生效日期 2026-11-22"),
        (3653, Reason.EXPIRED, "证书已过期，有效期至 2036-11-22"),
    ],
)
def test_a_certificate_is_good_for_its_ten_years(house: House, days: int, reason: Reason, text: str) -> None:
    gate = Gate(house.office)
    house.later(days=days)
    refused(house, gate, answered(house, gate), reason, text)


def test_what_the_authority_revoked_does_not_log_in(house: House) -> None:
    gate = Gate(house.office)
    with house.office.registry.reading() as work:
        serials = [each.serial for each in work.certificates(work.card(CLERK.number))]
    for serial in serials:
        house.office.authority(CLERK.generation).revoke(serial)
    refused(house, gate, answered(house, gate), Reason.REVOKED, "证书已作废")


def test_refusals_are_told_in_english_to_who_asks_for_it(house: House) -> None:
    gate = Gate(house.office, Lang.EN)
    house.do(Action.FREEZE, LEGAL, CLERK)
    refused(house, gate, answered(house, gate), Reason.SIGNER_FROZEN, f"card {CLERK.number} is frozen")


def test_a_wrong_password_says_how_many_tries_are_left(house: House) -> None:
    challenge = Gate(house.office).challenge().text
    with pytest.raises(PinWrong, match="口令错误，还可以重试 2 次"):
        answer(house.card(CLERK), WRONG, challenge)
    with pytest.raises(PinWrong, match=r"1 more try$"):
        answer(house.card(CLERK), WRONG, challenge, Lang.EN)
    with pytest.raises(PinWrong, match="口令错误，卡已锁"):
        answer(house.card(CLERK), WRONG, challenge)
    with pytest.raises(PinLocked, match="卡已锁，请解锁后再用"):
        answer(house.card(CLERK), PIN, challenge)
