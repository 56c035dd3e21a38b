"""A visit with a card, without a screen: what a cut leaves, what needs a password, what is remembered."""

from __future__ import annotations

import pytest

from host_tools.eport_client.wording import Lang
from host_tools.errors import CardRemoved, LinkError, LoginRefused, NoCard, PinWrong
from host_tools.office.staging import Step
from host_tools.registry.states import Action, Outcome
from host_tools.renewal.visit import NOT_LEGAL, Left, Visit, left_before, left_during
from simcard.wire.secret import Secret
from tests.issuing.support import PIN, Town
from tests.renewal.screens import Reader
from tests.renewal.test_renewal import near_the_end


def visit_of(town: Town, number: str = "", days: int = 100) -> Visit:
    near_the_end(town, number or town.legal, days)
    return Visit(town.office, Reader(town, number or town.legal).way)


def cut_before(town: Town, step: Step) -> None:
    """A renewal whose program died before a step."""
    visit = visit_of(town)
    visit.arrive()
    visit.log_in(PIN, Lang.ZH)
    for found in visit.renew(Lang.ZH):
        if found is step:
            break
    visit.leave()


@pytest.mark.parametrize("step", [None, *Step])
def test_a_step_that_was_not_begun_leaves_the_old_but_for_the_record(step: Step | None) -> None:
    assert (Left.NEW if step is Step.RECORD else Left.OLD) is left_before(step)


@pytest.mark.parametrize("step", [None, *Step])
def test_only_the_script_leaves_a_question(step: Step | None) -> None:
    assert (Left.EITHER if step is Step.SCRIPT else left_before(step)) is left_during(step)


@pytest.mark.parametrize("step", list(Step)[1:])
def test_a_renewal_cut_short_is_seen_and_asks_for_the_password_only_where_it_is_needed(town: Town, step: Step) -> None:
    cut_before(town, step)
    visit = visit_of(town)
    arrived = visit.arrive()
    assert (step not in (Step.SCRIPT, Step.RECORD)) is arrived.needs_pin
    shown = visit.look()
    assert (step, True) == (shown.waits_for, shown.may_renew)


def test_where_no_password_is_needed_the_renewal_goes_on_without(any_town: Town) -> None:
    cut_before(any_town, Step.RECORD)
    visit = visit_of(any_town)
    visit.arrive()
    assert [Step.RECORD] == list(visit.renew(Lang.ZH))
    assert visit.look().waits_for is None


def test_log_in_is_written_down(town: Town) -> None:
    visit = visit_of(town)
    visit.arrive()
    visit.log_in(PIN, Lang.ZH)
    last = town.history(town.legal)[-1]
    assert (Action.LOGIN, Outcome.ACCEPTED) == (last.action, last.outcome)


def test_a_wrong_password_is_told_in_the_users_language(town: Town) -> None:
    visit = visit_of(town)
    visit.arrive()
    with pytest.raises(PinWrong, match="还可以重试 2 次"):
        visit.log_in(Secret(b"00000000"), Lang.ZH)


def test_an_expired_card_is_not_let_in(town: Town) -> None:
    visit = visit_of(town, days=-1)
    visit.arrive()
    with pytest.raises(LoginRefused):
        visit.log_in(PIN, Lang.ZH)


def test_only_legal_person_cards_are_renewed_here(town: Town) -> None:
    visit = visit_of(town, town.clerk)
    visit.arrive()
    assert NOT_LEGAL == visit.look().against


def test_a_renewal_without_log_in_is_refused(town: Town) -> None:
    visit = visit_of(town)
    visit.arrive()
    with pytest.raises(CardRemoved, match="log in first"):
        next(visit.renew(Lang.ZH))


def test_after_a_renewal_the_old_password_is_forgotten(town: Town) -> None:
    visit = visit_of(town)
    visit.arrive()
    visit.log_in(PIN, Lang.ZH)
    assert list(Step) == list(visit.renew(Lang.ZH))
    with pytest.raises(CardRemoved, match="log in first"):
        next(visit.renew(Lang.ZH))


def test_whoever_left_has_no_card(town: Town) -> None:
    visit = visit_of(town)
    visit.arrive()
    visit.leave()
    visit.leave()
    with pytest.raises(NoCard):
        visit.look()


def test_a_card_that_was_pulled_is_missed(town: Town) -> None:
    near_the_end(town, town.legal)
    reader = Reader(town, town.legal)
    visit = Visit(town.office, reader.way)
    visit.arrive()
    reader.pull()
    with pytest.raises(LinkError):
        visit.insist_on_card()
