"""What every registry does, whichever data base keeps it."""

from __future__ import annotations

import pytest

from host_tools.errors import AlreadyRegistered, NotRegistered, RegistryProblem, WrongCardState
from host_tools.pki.certificate import Use
from host_tools.registry.facade import Registry
from host_tools.registry.log import Entry
from host_tools.registry.states import MOVES, Action, CardState, CertificateState, ProcedureKind
from tests.pki.support import NOW, SetClock, pair_of
from tests.registry.support import CREDIT_CODE, FREEZE, OPERATOR, add_card, normal_card


def test_a_card_is_preparing_before_it_is_anything_else(registry: Registry) -> None:
    with registry.writing() as work:
        assert CardState.PREPARING is add_card(work).state


def test_what_was_written_is_there_when_it_is_opened_again(registry: Registry, url: str, clock: SetClock) -> None:
    normal_card(registry)
    with Registry.open(url, clock) as again, again.reading() as work:
        card = work.card(OPERATOR)
        assert (CardState.NORMAL, CREDIT_CODE, NOW) == (card.state, card.enterprise.credit_code, card.made_at)


def test_a_card_is_found_with_the_prefix_of_its_generation(registry: Registry) -> None:
    normal_card(registry)
    with registry.reading() as work:
        assert OPERATOR == work.card(f"03-{OPERATOR}").number


def test_a_change_and_its_line_in_the_log_are_one_thing(registry: Registry) -> None:
    normal_card(registry)
    with pytest.raises(KeyboardInterrupt), registry.writing() as work:
        work.move(work.card(OPERATOR), CardState.FROZEN, FREEZE)
        raise KeyboardInterrupt
    with registry.reading() as work:
        card = work.card(OPERATOR)
        assert (CardState.NORMAL, 2) == (card.state, len(work.history(card)))


def test_the_history_of_a_card_says_what_was_done_by_whom(registry: Registry) -> None:
    normal_card(registry)
    with registry.writing() as work:
        work.move(work.card(OPERATOR), CardState.FROZEN, FREEZE)
    with registry.reading() as work:
        last = work.history(work.card(OPERATOR))[-1]
    assert (3, Action.FREEZE, FREEZE.by_card, "frozen", NOW) == (
        last.sequence,
        last.action,
        last.by_card,
        last.state,
        last.at,
    )


@pytest.mark.parametrize("state", CardState)
def test_a_void_card_stays_void(registry: Registry, state: CardState) -> None:
    normal_card(registry)
    with registry.writing() as work:
        work.move(work.card(OPERATOR), CardState.VOID, Entry(Action.VOID))
    with pytest.raises(WrongCardState, match="is void, and cannot become"), registry.writing() as work:
        work.move(work.card(OPERATOR), state, Entry(Action.UNFREEZE))


def test_every_state_is_in_the_table_of_moves() -> None:
    assert set(CardState) == set(MOVES)


def test_a_number_is_given_once(registry: Registry) -> None:
    normal_card(registry)
    with pytest.raises(AlreadyRegistered, match=OPERATOR), registry.writing() as work:
        add_card(work)


def test_an_unknown_card_is_said_to_be_unknown(registry: Registry) -> None:
    with pytest.raises(NotRegistered, match="no card ZZ9S000000009"), registry.reading() as work:
        work.card("ZZ9S000000009")


def test_a_credit_code_with_a_wrong_check_character_is_refused(registry: Registry) -> None:
    with pytest.raises(RegistryProblem, match="no unified social credit code"), registry.writing() as work:
        work.add_enterprise("测试", CREDIT_CODE[:-1] + "A")


def test_new_certificates_replace_those_of_the_same_use(registry: Registry) -> None:
    _, pair = pair_of("sm2")
    normal_card(registry)
    with registry.writing() as work:
        work.certify(work.card(OPERATOR), {Use.SIGN: pair.signing.encoded}, Entry(Action.CERTIFY))
    _, other = pair_of("rsa")
    with registry.writing() as work:
        work.certify(work.card(OPERATOR), {Use.SIGN: other.signing.encoded}, Entry(Action.RENEW))
    with registry.reading() as work:
        found = work.certificates(work.card(OPERATOR), None)
    assert [CertificateState.REPLACED, CertificateState.CURRENT] == [each.state for each in found]


def test_a_void_card_has_no_current_certificate(registry: Registry) -> None:
    _, pair = pair_of("sm2")
    normal_card(registry)
    with registry.writing() as work:
        card = work.card(OPERATOR)
        work.certify(card, {Use.SIGN: pair.signing.encoded}, Entry(Action.CERTIFY))
        work.move(card, CardState.VOID, Entry(Action.VOID))
        assert () == work.certificates(card)


def test_work_that_was_cut_short_is_found_again(registry: Registry) -> None:
    normal_card(registry)
    with registry.writing() as work:
        work.begin(ProcedureKind.RENEW, work.card(OPERATOR), {"request": "1"}, script_counter=4)
    with registry.writing() as work:
        again = work.begin(ProcedureKind.RENEW, work.card(OPERATOR), {"request": "2"})
        assert ({"request": "1"}, 4) == (again.data, again.script_counter)


def test_finished_work_makes_room_for_other_work(registry: Registry) -> None:
    normal_card(registry)
    with registry.writing() as work:
        work.finish(work.begin(ProcedureKind.RENEW, work.card(OPERATOR), {"request": "1"}))
        assert {"request": "2"} == work.begin(ProcedureKind.RENEW, work.card(OPERATOR), {"request": "2"}).data
