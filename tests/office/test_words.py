"""What the office says where something is wrong: what is the matter, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.errors import OrderRefused
from host_tools.office.folder import OPERATOR
from host_tools.office.refusals import Reason
from host_tools.registry.states import Action
from tests.cli.conftest import PIN, Simcard, simcard
from tests.office.support import CLERK, DECLARANT, FIRM, LEGAL, OFFICE, OTHER_LEGAL, House, Made
from tests.office.typed import Run, image, run

__all__ = ["image", "run", "simcard"]


# -- who signs


def test_who_may_is_said_where_the_wrong_card_signs(run: Run, house: House) -> None:
    house.do(Action.FREEZE, LEGAL, CLERK)
    said = run("unfreeze", CLERK.number, "--operator").err
    assert f"card {CLERK.number} is frozen: the office's operator card may not do that to it" in said
    assert "; the enterprise's legal-person card may\n" in said


def test_a_found_card_is_the_offices_matter(run: Run, house: House, image: Callable[[Made], Path]) -> None:
    house.do(Action.REPORT_LOSS, LEGAL, CLERK)
    said = run("unfreeze", CLERK.number, "--by", image(LEGAL)).err
    assert "is reported lost: a legal-person card may not do that to it; the office's operator card may\n" in said


def test_what_nobody_may_is_said_to_be_so(run: Run, house: House, image: Callable[[Made], Path]) -> None:
    house.do(Action.VOID, LEGAL, CLERK)
    assert "no other card may either" in run("freeze", CLERK.number, "--by", image(LEGAL)).err


def test_the_card_that_cannot_sign_is_named(run: Run, house: House, image: Callable[[Made], Path]) -> None:
    house.do(Action.FREEZE, OFFICE, LEGAL)
    said = run("void", CLERK.number, "--by", image(LEGAL)).err
    assert f"simcard: card {LEGAL.number} is frozen; have it unfrozen first\n" == said


def test_a_card_of_another_enterprise_cancels_none(run: Run, image: Callable[[Made], Path]) -> None:
    said = run("issue", "cancel-enterprise", FIRM, "--by", image(OTHER_LEGAL)).err
    assert f"card {OTHER_LEGAL.number} does not belong to this enterprise" in said


@pytest.mark.parametrize("typed", ["ZZ9L000000001", "03-zz9l000000001"])
def test_a_number_is_no_image(run: Run, typed: str) -> None:
    done = run("freeze", CLERK.number, "--by", typed)
    assert (2, True) == (done.code, "--by takes the image of the card that signs" in done.err)


def test_a_card_does_not_order_its_own_unlocking_and_who_does_is_said(run: Run, image: Callable[[Made], Path]) -> None:
    legal = image(LEGAL)
    assert "that of the office (--operator)" in run("unlock", legal, "--by", legal).err


def test_a_missing_operators_card_is_told_with_its_remedy(run: Run, house: House) -> None:
    (house.folder / OPERATOR).unlink()
    done = run("freeze", LEGAL.number, "--operator")
    assert (4, True) == (done.code, "does not exist" in done.err)
    assert "simcard office replace-card" in done.err


def test_a_locked_operators_card_too_but_not_before(run: Run, house: House) -> None:
    said = [run("freeze", LEGAL.number, "--operator", pin="12345678").err for _ in range(4)]
    assert [False, False, True, True] == ["simcard office replace-card" in each for each in said]


def test_a_date_before_a_certificate_is_told_with_the_option(
    simcard: Simcard, house: House, image: Callable[[Made], Path]
) -> None:
    early = ("--office", house.folder, "--date", "2020-01-01")
    said = simcard("freeze", CLERK.number, "--by", image(LEGAL), *early, SIMCARD_SIGNER_PIN=PIN).err
    assert f"the certificate of card {LEGAL.number} is not valid before" in said
    assert "see that the date is right (--date)" in said


# -- numbers, codes, days


@pytest.mark.parametrize("number", [CLERK.number.lower(), f"03-{CLERK.number.lower()}"])
def test_small_letters_do(run: Run, number: str) -> None:
    assert 0 == run("history", number).code


def test_an_enterprise_by_its_code_in_small_letters(run: Run) -> None:
    assert 0 == run("registry", "show", FIRM.lower()).code


@pytest.mark.parametrize("number", ["", "99 00", "号", "9" * 41])
def test_a_record_number_has_its_form_at_the_door(run: Run, image: Callable[[Made], Path], number: str) -> None:
    done = run("bind", DECLARANT.number, "--record-number", number, "--by", image(LEGAL))
    assert (2, True) == (done.code, "expected a declarant's record number" in done.err)


@pytest.mark.parametrize("number", ["", "99 00", "9" * 41])
def test_and_at_the_desk(house: House, number: str) -> None:
    with pytest.raises(OrderRefused) as caught:
        house.do(Action.BIND, LEGAL, DECLARANT, record_number=number)
    assert Reason.RECORD_NUMBER.value == caught.value.reason


def test_what_was_bound_is_said(run: Run, image: Callable[[Made], Path]) -> None:
    legal = image(LEGAL)
    bound = run("bind", DECLARANT.number, "--record-number", "99990000003", "--by", legal)
    assert f"card {DECLARANT.number}: bound to 99990000003\n" == bound.out
    assert f"card {DECLARANT.number}: bound to no declarant\n" == run("unbind", DECLARANT.number, "--by", legal).out


def test_a_day_that_no_calendar_has(simcard: Simcard, house: House) -> None:
    done = simcard("history", "--office", house.folder, "--date", "2030-02-30")
    assert (2, True) == (done.code, "2030-02-30: there is no such day" in done.err)
    assert "there is no such day" not in simcard("history", "--office", house.folder, "--date", "tomorrow").err


@pytest.mark.parametrize("day", ["0001-01-01", "1949-12-31", "9901-01-01", "9999-12-31"])
@pytest.mark.parametrize("command", [("office", "new"), ("ca", "init"), ("new", "--profile", "eport-operator")])
def test_a_day_that_no_certificate_names_is_refused(
    simcard: Simcard, tmp_path: Path, command: tuple[str, ...], day: str
) -> None:
    done = simcard(*command, tmp_path / "made", "--date", day)
    assert (2, True) == (done.code, "days are of the years 1950 to 9900" in done.err)
    assert not (tmp_path / "made").exists()


# -- where things are


def test_a_relative_office_is_told_in_full_and_by_whom(
    simcard: Simcard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIMCARD_OFFICE", "office")
    for words in (("history",), ("registry", "migrate")):
        said = simcard(*words).err
        assert f"simcard: {tmp_path / 'office'}: holds no office" in said
        assert "(SIMCARD_OFFICE names that folder: office)" in said
    assert "SIMCARD_OFFICE" not in simcard("history", "--office", "office").err


def test_a_passphrase_is_asked_for_with_its_ways(simcard: Simcard, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("geheim")
    made = ("ca", "init", tmp_path / "ca", "-g", "sm2", "--passphrase-file")
    assert "whose first line is the authority's passphrase" in simcard(*made, tmp_path / "none").err
    assert 0 == simcard(*made, tmp_path / "passphrase").code
    said = simcard("ca", "crl", tmp_path / "ca").err
    assert "give it by --passphrase-file or SIMCARD_CA_PASSPHRASE" in said


def test_a_locked_card_of_an_office_has_two_ways_out(simcard: Simcard, image: Callable[[Made], Path]) -> None:
    clerk = image(CLERK)
    said = [simcard("pin", "verify", clerk, SIMCARD_PIN="12345678").err for _ in range(4)]
    assert [False, False, True, True] == ["simcard unlock" in each for each in said]


# -- the operator's card


def trouble(run: Run) -> str:
    return str(run("office", "show", "--json").json["operator_trouble"])


def test_an_operators_card_that_can_sign_has_no_trouble(run: Run) -> None:
    assert "" == trouble(run)
    assert "operator_trouble" not in run("office", "show").out


def test_an_operators_card_that_is_missing(run: Run, house: House) -> None:
    (house.folder / OPERATOR).unlink()
    assert "its image is missing; make another card with simcard office replace-card" == trouble(run)


def test_an_operators_card_that_is_damaged(run: Run, house: House) -> None:
    (house.folder / OPERATOR).write_bytes(b"no card")
    assert trouble(run).endswith("; make another card with simcard office replace-card")


def test_an_operators_card_that_is_another(run: Run, house: House, image: Callable[[Made], Path]) -> None:
    image(CLERK).replace(house.folder / OPERATOR)
    assert trouble(run).startswith(f"the image is card {CLERK.number}, and not {OFFICE.number}")


def test_an_operators_card_that_is_locked(run: Run, house: House) -> None:
    for _ in range(3):
        run("freeze", LEGAL.number, "--operator", pin="12345678")
    assert "its PIN is locked; make another card with simcard office replace-card" == trouble(run)


@pytest.mark.parametrize(("day", "said"), [
    ("2020-01-01", "it is not valid before 2026-11-22; see that the date is right (--date)"),
    ("2037-01-01", "; make another card with simcard office replace-card"),
])  # fmt: skip
def test_an_operators_card_on_a_day_that_is_not_its(simcard: Simcard, house: House, day: str, said: str) -> None:
    shown = simcard("office", "show", "--office", house.folder, "--date", day, "--json").json
    assert said in shown["operator_trouble"]


# -- where the registry is, and when


def test_a_relative_registry_is_found_from_everywhere(
    simcard: Simcard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert 0 == simcard("office", "new", "office", SIMCARD_REGISTRY="sqlite:///elsewhere.sqlite").code
    monkeypatch.chdir("/")
    shown = simcard("office", "show", "--office", tmp_path / "office", "--json").json
    assert f"sqlite:///{tmp_path / 'elsewhere.sqlite'}" == shown["registry"]


def test_moments_have_one_form_in_json(run: Run, image: Callable[[Made], Path]) -> None:
    card = run("renew", image(LEGAL), "--show", "--json").json["card"]
    moments = (card["start"], card["end"], run("history", LEGAL.number, "--json").json[0]["at"])
    assert {True} == {re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each) is not None for each in moments}


# -- in which language


@pytest.mark.parametrize(("lang", "said"), [("zh", "已冻结，请先解冻"), ("en", "is frozen; have it unfrozen first")])
def test_one_variable_sets_the_language_of_log_in_and_orders(
    run: Run, house: House, image: Callable[[Made], Path], monkeypatch: pytest.MonkeyPatch, lang: str, said: str
) -> None:
    house.do(Action.FREEZE, OFFICE, LEGAL)
    legal, clerk = image(LEGAL), image(CLERK)
    monkeypatch.setenv("SIMCARD_LANG", lang)
    orders = (
        ("freeze", CLERK.number),
        ("issue", "replace", CLERK.number),
        ("issue", "cancel-enterprise", FIRM),
        ("issue", "change-holder", clerk, "--name", "测试"),
        ("unlock", clerk),
    )
    for words in (("login", legal), *((*words, "--by", legal) for words in orders)):
        assert f"{said}\n" in run(*words).err, words


def test_without_it_log_in_is_chinese_and_orders_are_english(
    run: Run, house: House, image: Callable[[Made], Path]
) -> None:
    house.do(Action.FREEZE, OFFICE, LEGAL)
    legal = image(LEGAL)
    assert "请先解冻" in run("login", legal).err
    assert "is frozen" in run("freeze", CLERK.number, "--by", legal).err
    assert "is frozen" in run("login", legal, "--lang", "en").err


def test_another_language_is_said_not_to_be_there(
    run: Run, image: Callable[[Made], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCARD_LANG", "fr")
    legal = image(LEGAL)
    for words in (("login", legal), ("freeze", CLERK.number, "--by", legal)):
        assert (2, True) == ((done := run(*words)).code, "'fr' is not one of" in done.err or "SIMCARD_LANG" in done.err)
