"""Stations: a blank becomes a card, whole or not at all, and the registry knows it before and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from host_tools.errors import OfficeProblem, PinWrong, WrongCardState
from host_tools.issuing.procedures import Procedures
from host_tools.issuing.stations import Issuing, Replacing, Update
from host_tools.office import scripts
from host_tools.pki.certificate import Use
from host_tools.pki.generation import UNIT, Generation
from host_tools.pki.view import Certificate
from host_tools.registry.audit import audit
from host_tools.registry.states import Action, CardKind, CardState
from host_tools.renewal.renewal import Renewal
from simcard.wire.secret import Secret
from tests.issuing.support import CLERK, FIRM, PIN, Template, Town, copy_of
from tests.renewal.test_renewal import near_the_end

ALL = ["stage", "generate", "certify", "import-key", "import-signing", "import-exchange", "script", "record"]


def test_a_blank_becomes_a_card(any_town: Town) -> None:
    assert [CardState.NORMAL] * 2 == [any_town.state(number) for number in (any_town.legal, any_town.clerk)]


def test_the_steps_of_issuing(town: Town) -> None:
    number = town.add_declarant()
    assert CardState.PREPARING is town.state(number)
    assert ALL == town.issue(number)
    assert (CardState.NORMAL, CardKind.DECLARANT) == (town.state(number), town.kinds()[number])


def test_what_stands_on_the_card(any_town: Town) -> None:
    plastic = any_town.plastic(any_town.clerk)
    prefix = "03-" if plastic.generation() is Generation.SM2 else ""
    assert prefix + any_town.clerk == plastic.number()
    encoding = "utf-8" if prefix else "gbk"
    person = plastic.iso.read_file("3F00/DF01/0011").rstrip(b"\0").decode(encoding).split("||")
    assert ["操作员卡", CLERK.name, "01", CLERK.document_number, "", plastic.number(), ""] == person


def test_its_certificates_name_the_holder_for_ten_years(any_town: Town) -> None:
    card = any_town.card(any_town.clerk)
    with any_town.office.registry.reading() as work:
        rows = {row.use: row for row in work.certificates(work.card(any_town.clerk))}
    bodies = [card.read_certificate(key.reference) for key in card.containers()[0].keys]
    assert {row.der for row in rows.values()} == set(bodies)
    signing = Certificate.parse(rows[Use.SIGN].der)
    assert 10 == signing.not_after.year - signing.not_before.year
    assert CLERK.document_number == signing.private("5.8")


def test_the_exchange_pair_opens_what_was_encrypted_for_it(any_town: Town) -> None:
    from host_tools.pki.envelope import encrypt_for
    from tests.pki.support import SM2

    card = any_town.card(any_town.clerk)
    card.verify_pin(1, PIN)
    exchange = card.containers()[0].keys[1]
    sealed = encrypt_for(card.public_key(exchange.reference), b"sealed bid", SM2)
    assert b"sealed bid" == card.decrypt(exchange.reference, sealed).reveal()


def test_a_finished_card_takes_no_script_under_the_transport_key(town: Town) -> None:
    plastic = town.plastic(town.clerk)
    made = scripts.script(scripts.TRANSPORT_KEY, plastic.number(), plastic.scripts() + 1, scripts.reset_pin(1))
    with pytest.raises(OfficeProblem):
        plastic.execute(made)


def test_nobody_unblocks_an_issued_card_with_the_first_pin_of_blanks(any_town: Town) -> None:
    card = any_town.card(any_town.clerk)
    with pytest.raises(PinWrong):
        card.verify_pin(2, Secret(b"66666666"))
    card.verify_pin(2, scripts.admin_pin(any_town.office.master_key(), any_town.clerk))


def test_another_holders_card_is_refused(town: Town) -> None:
    number = town.add_declarant()
    with pytest.raises(OfficeProblem, match="blank"):
        Issuing(town.office, town.plastic(town.clerk), number)


def test_a_blank_of_the_other_generation_is_refused(town: Town) -> None:
    number = town.add_declarant()
    town.blank(number, Generation.RSA)
    with pytest.raises(OfficeProblem, match="sm2 generation"):
        Issuing(town.office, town.plastic(number), number)


def test_a_replaced_card_is_void_and_its_mail_readable(any_town: Town) -> None:
    from host_tools.pki.envelope import encrypt_for
    from tests.pki.support import SM2

    old = any_town.card(any_town.clerk)
    sealed = encrypt_for(old.public_key(old.containers()[0].keys[1].reference), b"old mail", SM2)
    generation = any_town.plastic(any_town.clerk).generation()
    number = Procedures(any_town.office).replace(any_town.order(Action.REPLACE, any_town.legal, any_town.clerk))
    any_town.blank(number, generation)
    assert ALL == [step.value for step in Replacing(any_town.office, any_town.plastic(number), number).run(lambda: PIN)]
    assert [CardState.VOID, CardState.NORMAL] == [any_town.state(each) for each in (any_town.clerk, number)]
    new = any_town.card(number)
    new.verify_pin(1, PIN)
    assert b"old mail" == new.decrypt(new.containers()[0].keys[1].reference, sealed).reveal()


def test_a_changed_holder_stands_on_card_and_certificate(town: Town) -> None:
    town.change_holder(town.clerk, name="测试新操作员")
    for _ in Update(town.office, town.plastic(town.clerk)).run(lambda: PIN):
        pass
    card = town.card(town.clerk)
    assert "测试新操作员" == card.read_file("3F00/DF01/0011").decode().split("||")[1]
    body = Certificate.parse(card.read_certificate(card.containers()[0].keys[0].reference))
    assert "测试新操作员".encode() in body.subject
    with town.office.registry.reading() as work:
        assert "测试新操作员" == work.card(town.clerk).holder.name


def updated(town: Town, number: str) -> list[str]:
    return [step.value for step in Update(town.office, town.plastic(number)).run(lambda: PIN)]


def test_another_name_of_the_enterprise_comes_onto_every_card(any_town: Town) -> None:
    assert {any_town.legal, any_town.clerk} == set(any_town.change_enterprise(name="测试更名有限公司"))
    generation = any_town.plastic(any_town.clerk).generation()
    for number in (any_town.legal, any_town.clerk):
        assert ALL == updated(any_town, number)
        card = any_town.card(number)
        unit = card.read_file("3F00/DF01/0012").decode("utf-8" if generation is Generation.SM2 else "gbk")
        fields = unit.rstrip("\0").split("||")
        assert ["测试更名有限公司", "00", FIRM.credit_code[8:17], FIRM.credit_code, "10"] == fields
        body = Certificate.parse(card.read_certificate(card.containers()[0].keys[0].reference))
        assert "测试更名有限公司" in (body.private(UNIT) or "")
        assert Action.ENTERPRISE_CHANGED is any_town.history(number)[-1].action
    with any_town.office.registry.reading() as work:
        assert ((), ()) == (audit(work).findings, work.open_procedures())


def test_a_change_that_was_made_already_names_the_cards_that_wait(town: Town) -> None:
    procedures, new = Procedures(town.office), {"name": "测试更名有限公司"}
    assert None is procedures.changed(FIRM.credit_code, new)
    town.change_enterprise(**new)
    updated(town, town.legal)
    assert (town.clerk,) == procedures.changed(FIRM.credit_code, new)


def test_codes_that_stand_on_no_card_change_at_once(town: Town) -> None:
    assert () == town.change_enterprise(customs_code="9900000021&9900000039")
    with town.office.registry.reading() as work:
        assert "9900000021&9900000039" == work.enterprise(FIRM.credit_code).customs_code
        assert () == audit(work).findings


def test_an_enterprise_does_not_change_while_a_card_is_worked_on(town: Town) -> None:
    number = town.add_declarant()
    with pytest.raises(WrongCardState, match=f"{number} has unfinished work .* simcard issue card"):
        town.change_enterprise(name="测试更名有限公司")
    with town.office.registry.reading() as work:
        assert (FIRM.name, ()) == (work.enterprise(FIRM.credit_code).name, audit(work).findings)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "1 to 60"),
        ({"name": "a||b"}, "may not hold"),
        ({"customs_code": "99&"}, "no customs code"),
    ],
)
def test_wrong_data_of_an_enterprise_change_nothing(town: Town, changes: dict[str, str], said: str) -> None:
    with pytest.raises(OfficeProblem, match=said):
        town.change_enterprise(**changes)
    with town.office.registry.reading() as work:
        assert FIRM.name == work.enterprise(FIRM.credit_code).name


def test_a_name_that_older_cards_cannot_write_changes_nothing(rsa_town: Template, tmp_path: Path) -> None:
    town = copy_of(rsa_town, tmp_path / "office")
    with pytest.raises(OfficeProblem, match="GBK"):
        town.change_enterprise(name="测试䶮𠮷")
    with town.office.registry.reading() as work:
        assert (FIRM.name, ()) == (work.enterprise(FIRM.credit_code).name, work.open_procedures())
    town.office.close()


def test_work_that_stages_keys_waits_for_other_such_work(town: Town) -> None:
    """Two of them would stage in the same place, and one would write down what the other put on the card."""
    near_the_end(town, town.clerk)
    renewal = Renewal(town.office, town.plastic(town.clerk))
    renewal.begin(town.card(town.legal), town.legal, PIN)
    with pytest.raises(WrongCardState, match="simcard renew"):
        town.change_holder(town.clerk, name="测试新操作员")
    assert "record" == [step.value for step in renewal.run(lambda: PIN)][-1]
    town.change_holder(town.clerk, name="测试新操作员")
    with pytest.raises(WrongCardState, match="simcard issue update"):
        town.change_holder(town.clerk, name="测试另一操作员")
    assert "record" == updated(town, town.clerk)[-1]


def test_a_cancelled_enterprise_has_no_card_left(town: Town) -> None:
    gone = Procedures(town.office).cancel_enterprise(town.order(Action.ENTERPRISE_CANCELLED, town.legal))
    assert {town.legal, town.clerk} == set(gone)
    assert {CardState.VOID} == {town.state(number) for number in gone}
