"""The card of the office's own operator: it renews itself, and is replaced by whoever can open the authority."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.errors import AuthorityProblem, OfficeProblem, OrderRefused, PinLocked
from host_tools.issuing.plan import Firm, Person
from host_tools.issuing.procedures import Procedures
from host_tools.office import scripts
from host_tools.office.desk import Desk
from host_tools.office.folder import OPERATOR, OPERATOR_NEXT, Office
from host_tools.pki.certificate import Use
from host_tools.pki.generation import Generation
from host_tools.registry.audit import audit
from host_tools.registry.states import Action, CardState, CertificateState
from host_tools.renewal.renewal import RenewalRefused
from tests.cli.conftest import PIN as PIN_TEXT
from tests.cli.conftest import Done, Simcard, simcard
from tests.issuing.support import LEGAL, OPERATOR_NUMBER, Town
from tests.renewal.test_killed import written
from tests.renewal.test_renewal import lock, near_the_end, renewed

__all__ = ["simcard"]

NEXT_NUMBER = "ZZ9F000000002"
Run = Callable[..., Done]


def test_the_operators_card_renews_itself(town: Town) -> None:
    near_the_end(town, OPERATOR_NUMBER)
    assert "record" == renewed(town, OPERATOR_NUMBER, OPERATOR_NUMBER)[-1]
    with town.office.registry.reading() as work:
        row = work.current(work.card(OPERATOR_NUMBER), Use.SIGN)
    assert 10 == row.not_after.year - town.clock().year


@pytest.mark.parametrize(("days", "said"), [(181, "180 days"), (-1, "simcard office replace-card")])
def test_out_of_the_window_it_does_not(town: Town, days: int, said: str) -> None:
    near_the_end(town, OPERATOR_NUMBER, days)
    with pytest.raises(RenewalRefused, match=said):
        renewed(town, OPERATOR_NUMBER, OPERATOR_NUMBER)


def test_the_office_renews_a_legal_person_card_that_has_expired(any_town: Town) -> None:
    near_the_end(any_town, any_town.legal, 10)
    renewed(any_town, OPERATOR_NUMBER, OPERATOR_NUMBER)
    near_the_end(any_town, any_town.legal, -30)
    with pytest.raises(RenewalRefused, match="take the card to the office"):
        renewed(any_town, any_town.legal, any_town.legal)
    assert "record" == renewed(any_town, any_town.legal, OPERATOR_NUMBER)[-1]


def test_the_operator_does_not_sign_for_others_with_an_expired_card(town: Town) -> None:
    near_the_end(town, town.legal, -30)
    with pytest.raises(OrderRefused, match="simcard office replace-card"):
        renewed(town, town.legal, OPERATOR_NUMBER)


@pytest.mark.parametrize("action", [Action.FREEZE, Action.REPORT_LOSS, Action.VOID, Action.UNLOCK, Action.REPLACE])
def test_the_operators_card_orders_nothing_else_about_itself(town: Town, action: Action) -> None:
    with pytest.raises(OrderRefused):
        Desk(town.office).submit(town.order(action, OPERATOR_NUMBER, OPERATOR_NUMBER))


# -- as it is typed


@pytest.fixture
def run(simcard: Simcard, town: Town, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command of the office ten years and some days after its cards were made."""
    monkeypatch.setenv("SIMCARD_OFFICE", str(town.folder))
    near_the_end(town, OPERATOR_NUMBER, -10)
    day = f"{town.clock():%Y-%m-%d}"
    town.office.close()

    def call(*arguments: str | Path, **more: str) -> Done:
        return simcard(*arguments, "--date", day, SIMCARD_PIN=PIN_TEXT, SIMCARD_SIGNER_PIN=PIN_TEXT, **more)

    return call


def test_an_expired_operators_card_is_replaced_and_the_new_one_signs(run: Run, town: Town, tmp_path: Path) -> None:
    image = tmp_path / "legal.simcard"
    written(image, town.images[town.legal])
    refused = run("renew", image, "--operator")
    assert (1, True) == (refused.code, "simcard office replace-card" in refused.err)
    done = run("office", "replace-card", "--json")
    assert (0, NEXT_NUMBER) == (done.code, done.json["card"])
    assert 0 == run("renew", image, "--operator").code
    shown = run("office", "show", "--json").json
    assert (NEXT_NUMBER, town.clock().year + 10) == (shown["operator_number"], int(shown["operator_until"][:4]))


def test_the_old_card_is_void_and_its_image_kept(run: Run, town: Town) -> None:
    before = (town.folder / OPERATOR).read_bytes()
    run("office", "replace-card")
    assert before == (town.folder / f"{OPERATOR_NUMBER}.card").read_bytes()
    assert not (town.folder / OPERATOR_NEXT).exists()
    with Office(town.folder, town.clock, town.office.sm2) as office, office.registry.reading() as work:
        old = work.card(OPERATOR_NUMBER)
        assert (CardState.VOID, NEXT_NUMBER) == (old.state, getattr(work.replacement(old), "number", ""))
        assert {CertificateState.REVOKED} == {row.state for row in work.certificates(old, None)}
        assert () == audit(work).findings


def test_another_person_becomes_the_operator(run: Run, town: Town) -> None:
    done = run("office", "replace-card", "--name", "测试接任制卡员", "--document", "999999199203030031")
    assert 0 == done.code
    assert "测试接任制卡员" == run("login", town.folder / OPERATOR, "--json").json["holder"]


def test_a_wrong_identity_number_changes_nothing(run: Run, town: Town) -> None:
    done = run("office", "replace-card", "--name", "测试接任制卡员", "--document", "999999199203030032")
    assert (2, True) == (done.code, "check character" in done.err)
    assert OPERATOR_NUMBER == run("office", "show", "--json").json["operator_number"]


def test_half_a_person_is_a_mistake_of_use(run: Run) -> None:
    assert 2 == run("office", "replace-card", "--name", "测试接任制卡员").code


def test_another_card_in_the_way_is_left_alone(run: Run, town: Town) -> None:
    shutil.copy(town.folder / OPERATOR, town.folder / OPERATOR_NEXT)
    done = run("office", "replace-card")
    assert (2, True) == (done.code, "is in the way" in done.err)
    assert OPERATOR_NUMBER == run("office", "show", "--json").json["operator_number"]


def test_a_card_that_renews_itself_may_be_named_twice(run: Run, town: Town) -> None:
    done = run("renew", town.folder / OPERATOR, "--operator", "--lang", "en")
    assert (1, True) == (done.code, "simcard office replace-card" in done.err)


def test_an_operator_of_an_enterprise_is_told_who_renews_their_card(run: Run, town: Town, tmp_path: Path) -> None:
    image = tmp_path / "clerk.simcard"
    written(image, town.images[town.clerk])
    done = run("renew", image)
    assert (2, True) == (done.code, "--by IMAGE" in done.err)


# -- who may


def test_a_locked_operators_card_is_replaced(town: Town) -> None:
    lock(town.plastic(OPERATOR_NUMBER))
    number = Procedures(town.office).replace_operator()
    assert NEXT_NUMBER == number
    with pytest.raises(PinLocked):
        town.order(Action.FREEZE, OPERATOR_NUMBER, town.legal)


def test_asked_again_before_it_is_made_the_number_is_the_same(town: Town) -> None:
    procedures = Procedures(town.office)
    assert [NEXT_NUMBER] * 2 == [procedures.replace_operator() for _ in range(2)]
    with pytest.raises(OfficeProblem, match="finish that first"):
        procedures.replace_operator(Person("测试接任制卡员", "999999199203030031"))


def test_who_cannot_open_the_authority_does_not_replace_it(town: Town) -> None:
    (town.folder / "ca" / "sm2" / "issuing.key").unlink()
    with pytest.raises(AuthorityProblem):
        Procedures(town.office).replace_operator()
    with town.office.registry.reading() as work:
        assert (OPERATOR_NUMBER,) == tuple(card.number for card in town.office.operators(work))


def test_the_management_key_of_the_operators_card_is_its_own(town: Town) -> None:
    office = town.office
    plastic = town.plastic(OPERATOR_NUMBER)
    made = scripts.script(scripts.TRANSPORT_KEY, plastic.number(), plastic.scripts() + 1, scripts.reset_pin(1))
    with pytest.raises(OfficeProblem):
        plastic.execute(made)
    key = scripts.management_key(office.master_key(), OPERATOR_NUMBER)
    plastic.execute(scripts.script(key, plastic.number(), plastic.scripts() + 1, scripts.reset_pin(1)))


# -- the end of the office itself


def test_nothing_is_begun_that_the_authority_could_not_finish(town: Town) -> None:
    """The authority is valid for 25 years, a certificate for ten: from the sixteenth year on it issues none."""
    town.clock.moment = town.clock.moment.replace(year=town.clock.moment.year + 16)
    other = Firm("测试其他企业有限公司", "91990000MA00T0021N")
    with pytest.raises(AuthorityProblem, match="make a new one"):
        Procedures(town.office).join(other, LEGAL, None, Generation.SM2)
    with pytest.raises(AuthorityProblem, match="make a new one"):
        Procedures(town.office).replace_operator()
    with town.office.registry.reading() as work:
        assert (None, (OPERATOR_NUMBER,), ()) == (
            work.find_enterprise(other.credit_code),
            tuple(card.number for card in town.office.operators(work)),
            work.open_procedures(),
        )
