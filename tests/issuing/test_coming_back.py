"""What comes back: the declarant of a replaced card, a void legal-person card, an enterprise that left."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from host_tools.errors import AlreadyRegistered, AuthorityProblem, OfficeProblem
from host_tools.issuing.plan import Firm, Person
from host_tools.issuing.procedures import Procedures
from host_tools.issuing.stations import Replacing
from host_tools.office.desk import RECORD, Desk
from host_tools.office.orders import Order, sign_order
from host_tools.pki import folder as authorities
from host_tools.pki.certificate import Use
from host_tools.pki.folder import Wish as AuthorityWish
from host_tools.pki.generation import Generation
from host_tools.registry.audit import audit
from host_tools.registry.states import Action, CardState, EnterpriseState
from tests.issuing.support import CLERK, FIRM, LEGAL, OPERATOR_NUMBER, PIN, Town
from tests.pki.support import SM2

NUMBER = "99000001"


def done(town: Town, action: Action, by: str, number: str, **data: str) -> None:
    order = Order(action, (number,), FIRM.credit_code, by, town.clock(), data=data)
    Desk(town.office).submit(sign_order(town.card(by), PIN, order))


def replaced(town: Town, number: str, by: str) -> str:
    new = Procedures(town.office).replace(town.order(Action.REPLACE, by, number))
    town.blank(new, seed=len(town.images) + 1)
    assert "record" == [step.value for step in Replacing(town.office, town.plastic(new), new).run(lambda: PIN)][-1]
    return new


def bound(town: Town, number: str) -> str:
    with town.office.registry.reading() as work:
        assert () == audit(work).findings
        found = work.binding(work.card(number))
        return "" if found is None else found.record_number


def declarant(town: Town) -> str:
    number = town.add_declarant()
    town.issue(number)
    done(town, Action.BIND, town.legal, number, **{RECORD: NUMBER})
    return number


def test_a_declarant_stays_bound_when_their_card_is_replaced(town: Town) -> None:
    old = declarant(town)
    done(town, Action.REPORT_LOSS, town.legal, old)
    new = replaced(town, old, town.legal)
    assert ["", NUMBER] == [bound(town, number) for number in (old, new)]
    assert Action.BIND is town.history(new)[-1].action


def test_a_declarant_of_a_void_card_is_free_for_another(town: Town) -> None:
    old = declarant(town)
    done(town, Action.VOID, town.legal, old)
    assert "" == bound(town, old)
    new = town.add_declarant()
    town.issue(new)
    done(town, Action.BIND, town.legal, new, **{RECORD: NUMBER})
    assert NUMBER == bound(town, new)


def test_the_office_makes_another_legal_person_card_for_a_void_one(town: Town) -> None:
    done(town, Action.VOID, OPERATOR_NUMBER, town.legal)
    with pytest.raises(AlreadyRegistered, match=f"simcard issue replace {town.legal}"):
        Procedures(town.office).join(FIRM, LEGAL, CLERK, Generation.SM2)
    new = replaced(town, town.legal, OPERATOR_NUMBER)
    assert new == Procedures(town.office).replace(town.order(Action.REPLACE, OPERATOR_NUMBER, town.legal))
    done(town, Action.FREEZE, new, town.clerk)
    assert [CardState.VOID, CardState.NORMAL] == [town.state(number) for number in (town.legal, new)]


def test_an_enterprise_that_was_cancelled_joins_again(town: Town) -> None:
    procedures = Procedures(town.office)
    procedures.cancel_enterprise(town.order(Action.ENTERPRISE_CANCELLED, town.legal))
    firm = replace(FIRM, name="测试重新入网有限公司")
    procedures.check(firm, LEGAL, CLERK, Generation.SM2)
    numbers = procedures.join(firm, LEGAL, CLERK, Generation.SM2)
    assert numbers == procedures.join(firm, LEGAL, CLERK, Generation.SM2)
    assert not {town.legal, town.clerk} & set(numbers)
    for number in numbers:
        town.issue(number)
    with town.office.registry.reading() as work:
        enterprise = work.enterprise(FIRM.credit_code)
        assert (EnterpriseState.ACTIVE, firm.name, ()) == (enterprise.state, enterprise.name, audit(work).findings)


def test_the_office_itself_does_not_join(town: Town) -> None:
    own = Firm("测试制卡中心", town.office.credit_code)
    for ask in (Procedures(town.office).join, Procedures(town.office).check):
        with pytest.raises(AlreadyRegistered, match="the office itself"):
            ask(own, LEGAL, None, Generation.SM2)


@pytest.mark.parametrize(
    ("firm", "legal", "generation", "said"),
    [
        (
            replace(FIRM, name="测试别名有限公司"),
            LEGAL,
            Generation.SM2,
            f"as {FIRM.name}, .* simcard issue change-enterprise",
        ),
        (replace(FIRM, customs_code=""), LEGAL, Generation.SM2, "customs code 9900000013"),
        (FIRM, CLERK, Generation.SM2, f"with other cards or holders: .*{LEGAL.name}"),
        (FIRM, LEGAL, Generation.RSA, r"with other cards or holders: .*\(sm2\)"),
    ],
)
def test_what_differs_from_an_enterprise_in_the_network_is_told(
    town: Town, firm: Firm, legal: Person, generation: Generation, said: str
) -> None:
    with pytest.raises(AlreadyRegistered, match=said):
        Procedures(town.office).join(firm, legal, CLERK, generation)


def test_an_enterprise_leaves_with_the_last_of_its_cards_whoever_finishes(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies when the order is accepted; the legal-person card may be void by the time another goes on."""

    resume = Desk.resume

    def dies_when_accepted(desk: Desk) -> object:
        with town.office.registry.reading() as work:
            if work.open_procedures():
                raise KeyboardInterrupt
        return resume(desk)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Desk, "resume", dies_when_accepted)
        Procedures(town.office).cancel_enterprise(town.order(Action.ENTERPRISE_CANCELLED, town.legal))
    Desk(town.office).resume()
    with town.office.registry.reading() as work:
        assert EnterpriseState.CANCELLED is work.enterprise(FIRM.credit_code).state
        assert ((), ()) == (audit(work).findings, work.open_procedures())


def test_an_order_that_was_cut_short_does_not_keep_a_card_from_leaving(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = town.order(Action.ENTERPRISE_CANCELLED, town.legal)
    freeze = Order(Action.FREEZE, (town.clerk,), FIRM.credit_code, town.legal, town.clock())
    signed = sign_order(town.card(town.legal), PIN, freeze)
    accepted: list[str] = []
    carry_out = Desk._carry_out

    def dies_when_accepted(desk: Desk, number: str) -> object:
        with town.office.registry.reading() as work:
            if work.open_procedures():
                accepted.append(number)
                raise KeyboardInterrupt
        return carry_out(desk, number)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Desk, "_carry_out", dies_when_accepted)
        Desk(town.office).submit(signed)
    assert [town.clerk] == accepted
    Procedures(town.office).cancel_enterprise(order)
    with town.office.registry.reading() as work:
        assert EnterpriseState.CANCELLED is work.enterprise(FIRM.credit_code).state
    assert {CardState.VOID} == {town.state(number) for number in (town.legal, town.clerk)}


def test_an_enterprise_is_cancelled_once(town: Town) -> None:
    order = town.order(Action.ENTERPRISE_CANCELLED, OPERATOR_NUMBER)
    Procedures(town.office).cancel_enterprise(order)
    with pytest.raises(OfficeProblem, match="cancelled already"):
        Procedures(town.office).cancel_enterprise(town.order(Action.ENTERPRISE_CANCELLED, OPERATOR_NUMBER))


def test_work_of_long_ago_gets_certificates_of_today(town: Town) -> None:
    number = town.add_declarant()
    town.clock.moment = town.clock.moment.replace(year=town.clock.moment.year + 3)
    town.issue(number)
    with town.office.registry.reading() as work:
        row = work.current(work.card(number), Use.SIGN)
    assert (town.clock().date(), 10) == (row.not_before.date(), row.not_after.year - town.clock().year)


def test_the_key_of_another_authority_issues_nothing(town: Town, tmp_path: Path) -> None:
    authorities.create(tmp_path / "other", AuthorityWish(rounds=10), None, town.clock, SM2)
    shutil.copy(tmp_path / "other" / "sm2" / "issuing.key", town.folder / "ca" / "sm2" / "issuing.key")
    with pytest.raises(AuthorityProblem, match="key of another authority"):
        town.office.authority(Generation.SM2)
