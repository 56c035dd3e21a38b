"""Renewal: when, by whom, and what the card and the registry say afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from host_tools.errors import OfficeProblem, OrderRefused, PinWrong
from host_tools.office.desk import Desk
from host_tools.office.orders import Order, sign_order
from host_tools.office.plastic import Plastic
from host_tools.office.rules import Signer
from host_tools.office.staging import Step
from host_tools.office.unlock import Unlock
from host_tools.pki.certificate import Use
from host_tools.pki.generation import Generation
from host_tools.registry.audit import audit
from host_tools.registry.states import Action, CertificateState, Outcome
from host_tools.renewal import rules
from host_tools.renewal.renewal import Renewal, RenewalRefused
from host_tools.renewal.rules import Against, Standing
from simcard.wire.secret import Secret
from tests.issuing.judge import strays
from tests.issuing.support import FIRM, OPERATOR_NUMBER, PIN, Town

OWN = Secret(b"13572468")
END = datetime(2036, 11, 28, tzinfo=UTC)


def standing(now: datetime, locked: bool = False, end: datetime = END) -> Standing:
    return Standing(end, now, locked)


@pytest.mark.parametrize(
    ("days", "signer", "found"),
    [
        (3652, Signer.SELF, Against.TOO_EARLY),
        (181, Signer.SELF, Against.TOO_EARLY),
        (180, Signer.SELF, None),
        (1, Signer.SELF, None),
        (0, Signer.SELF, None),
        (-1, Signer.SELF, Against.EXPIRED),
        (-1, Signer.LEGAL, None),
        (-1, Signer.OFFICE, None),
        (181, Signer.LEGAL, Against.TOO_EARLY),
        (181, Signer.OFFICE, Against.TOO_EARLY),
    ],
)
def test_the_window(days: int, signer: Signer, found: Against | None) -> None:
    assert found is rules.against(standing(END - timedelta(days=days)), signer)


@pytest.mark.parametrize("signer", list(Signer))
def test_a_locked_card_is_unlocked_first(signer: Signer) -> None:
    assert Against.LOCKED is rules.against(standing(END, locked=True), signer)


def test_the_window_counts_days_over_a_leap_day() -> None:
    end = datetime(2036, 3, 1, tzinfo=UTC)
    assert [180, 181] == [standing(datetime(2035, 9, day, 12, tzinfo=UTC), end=end).days_left for day in (3, 2)]


def test_the_last_moment_is_within() -> None:
    assert [None, Against.EXPIRED] == [
        rules.against(standing(END + timedelta(seconds=late)), Signer.SELF) for late in (0, 1)
    ]


def near_the_end(town: Town, number: str, days: int = 100) -> None:
    with town.office.registry.reading() as work:
        end = work.current(work.card(number), Use.SIGN).not_after
    town.clock.moment = end - timedelta(days=days)


def renewed(town: Town, number: str, by: str, pin: Secret = PIN) -> list[str]:
    renewal = Renewal(town.office, town.plastic(number))
    renewal.begin(town.card(by), by, pin)
    return [step.value for step in renewal.run(lambda: pin)]


def test_a_legal_person_renews_alone(any_town: Town) -> None:
    near_the_end(any_town, any_town.legal)
    before = Renewal(any_town.office, any_town.plastic(any_town.legal)).view()
    assert "record" == renewed(any_town, any_town.legal, any_town.legal)[-1]
    after = Renewal(any_town.office, any_town.plastic(any_town.legal)).view()
    assert 10 == after.end.year - any_town.clock().year
    assert before.certificate != after.certificate
    assert before.card_number == after.card_number


def test_the_password_is_eight_8s_again_and_the_old_one_wrong(town: Town) -> None:
    near_the_end(town, town.legal)
    town.card(town.legal).change_pin(1, PIN, OWN)
    renewed(town, town.legal, town.legal, OWN)
    card = town.card(town.legal)
    with pytest.raises(PinWrong):
        card.verify_pin(1, OWN)
    card.verify_pin(1, PIN)


def test_a_legal_person_renews_an_operators_card(any_town: Town) -> None:
    near_the_end(any_town, any_town.clerk)
    assert "record" == renewed(any_town, any_town.clerk, any_town.legal)[-1]


def test_an_operator_does_not_renew_their_own_card(town: Town) -> None:
    near_the_end(town, town.clerk)
    with pytest.raises(OrderRefused):
        renewed(town, town.clerk, town.clerk)
    last = town.history(town.clerk)[-1]
    assert (Action.RENEW, Outcome.REFUSED) == (last.action, last.outcome)


@pytest.mark.parametrize("days", [181, -1])
def test_out_of_the_window_it_is_refused_and_written_down(town: Town, days: int) -> None:
    near_the_end(town, town.legal, days)
    with pytest.raises(RenewalRefused):
        renewed(town, town.legal, town.legal)
    last = town.history(town.legal)[-1]
    assert (Action.RENEW, Outcome.REFUSED, town.legal) == (last.action, last.outcome, last.by_card)


def test_the_old_certificates_are_replaced_and_revoked(town: Town) -> None:
    near_the_end(town, town.legal)
    with town.office.registry.reading() as work:
        old = [row.number for row in work.certificates(work.card(town.legal))]
    renewed(town, town.legal, town.legal)
    with town.office.registry.reading() as work:
        states = {work.find_certificate(number).state for number in old}  # type: ignore[union-attr]
    assert {CertificateState.REPLACED} == states
    authority = town.office.authority(town.plastic(town.legal).generation())
    assert all(authority.entry(int(number, 16)).revoked is not None for number in old)


def test_running_a_finished_renewal_again_is_refused_as_too_early(town: Town) -> None:
    near_the_end(town, town.legal)
    renewed(town, town.legal, town.legal)
    with pytest.raises(RenewalRefused, match="180 days"):
        renewed(town, town.legal, town.legal)


def lock(plastic: Plastic) -> None:
    while plastic.tries_left():
        with pytest.raises(PinWrong):
            plastic.iso.verify_pin(1, Secret(b"00000000"))


def unlocked(town: Town, number: str, by: str) -> None:
    unlock = Unlock(town.office, town.plastic(number))
    unlock.begin(town.card(by), by, PIN)
    unlock.finish()


def test_an_operators_card_is_unlocked_by_the_legal_person(any_town: Town) -> None:
    lock(any_town.plastic(any_town.clerk))
    unlocked(any_town, any_town.clerk, any_town.legal)
    any_town.card(any_town.clerk).verify_pin(1, PIN)


def test_a_legal_persons_card_is_unlocked_by_the_office(town: Town) -> None:
    lock(town.plastic(town.legal))
    unlocked(town, town.legal, OPERATOR_NUMBER)
    town.card(town.legal).verify_pin(1, PIN)


@pytest.mark.parametrize("by", ["legal", "clerk"])
def test_nobody_else_unlocks_a_legal_persons_card(town: Town, by: str) -> None:
    lock(town.plastic(town.clerk if by == "legal" else town.legal))
    with pytest.raises(OrderRefused):
        unlocked(town, town.legal, getattr(town, by))


def renewed_until(town: Town, last: Step, action: Action) -> Iterator[Step]:
    """A clerk's renewal that was told its step `last`, when an order about the card came; the rest of its steps."""
    near_the_end(town, town.clerk)
    renewal = Renewal(town.office, town.plastic(town.clerk))
    renewal.begin(town.card(town.legal), town.legal, PIN)
    running = renewal.run(lambda: PIN)
    assert any(step is last for step in running)
    order = Order(action, (town.clerk,), FIRM.credit_code, town.legal, town.clock())
    Desk(town.office).submit(sign_order(town.card(town.legal), PIN, order))
    return running


def newest(town: Town) -> tuple[set[str], set[CertificateState]]:
    """What book and registry say of the two certificates that the clerk's card got last."""
    with town.office.registry.reading() as work:
        rows = work.certificates(work.card(town.clerk), None)[-2:]
    ledger = town.office.authorities.ledger
    entries = [ledger.find(Generation.SM2, row.serial) for row in rows]
    found = {each.revoked.reason.name if each and each.revoked else "GOOD" for each in entries}
    return found, {row.state for row in rows}


@pytest.mark.parametrize("action", [Action.FREEZE, Action.REPORT_LOSS])
def test_a_card_frozen_while_it_is_renewed_gets_no_good_certificate(town: Town, action: Action) -> None:
    list(renewed_until(town, Step.RECORD, action))
    assert ({"HOLD"}, {CertificateState.CURRENT}) == newest(town)
    assert [] == strays(town.office)


@pytest.mark.parametrize("last", [Step.IMPORT_KEY, Step.SCRIPT, Step.RECORD])
def test_a_card_frozen_before_its_renewal_is_recorded_has_none_meanwhile(town: Town, last: Step) -> None:
    renewed_until(town, last, Action.FREEZE)
    assert [] == strays(town.office)


def test_a_renewal_goes_on_after_its_card_was_frozen_and_unfrozen(town: Town) -> None:
    renewed_until(town, Step.IMPORT_SIGNING, Action.FREEZE)
    order = Order(Action.UNFREEZE, (town.clerk,), FIRM.credit_code, town.legal, town.clock())
    Desk(town.office).submit(sign_order(town.card(town.legal), PIN, order))
    list(Renewal(town.office, town.plastic(town.clerk)).run(lambda: PIN))
    assert ({"GOOD"}, {CertificateState.CURRENT}) == newest(town)
    assert [] == strays(town.office)


@pytest.mark.parametrize("last", [Step.IMPORT_KEY, Step.SCRIPT, Step.RECORD])
def test_what_was_issued_for_a_card_that_became_void_meanwhile_is_written_down_revoked(town: Town, last: Step) -> None:
    running = renewed_until(town, last, Action.VOID)
    assert ({"CESSATION"}, {CertificateState.REVOKED}) == newest(town)
    assert [] == strays(town.office)
    with pytest.raises(OfficeProblem, match="void by now"):
        list(running)
    with town.office.registry.reading() as work:
        assert ((), ()) == (work.open_procedures(), audit(work).findings)


def test_an_unlocking_ends_with_its_card(town: Town) -> None:
    lock(town.plastic(town.clerk))
    unlock = Unlock(town.office, town.plastic(town.clerk))
    unlock.begin(town.card(town.legal), town.legal, PIN)
    Desk(town.office).submit(town.order(Action.VOID, town.legal, town.clerk))
    assert not unlock.is_open
