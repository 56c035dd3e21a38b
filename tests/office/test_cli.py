"""The commands of the office, as they are typed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from host_tools.pki.generation import Generation
from host_tools.registry.states import AT_THE_CARD, Action, CardKind, CardState, ProcedureKind
from tests.cli.conftest import PIN, Simcard, simcard
from tests.office import dying
from tests.office.support import CLERK, DECLARANT, FIRM, LEGAL, OFFICE, OFFICE_CODE, House, Made
from tests.office.typed import DAY, Run, image, run
from tests.registry import postgres

__all__ = ["image", "run", "simcard"]


def test_freeze_and_unfreeze(run: Run, house: House, image: Callable[[Made], Path]) -> None:
    legal = image(LEGAL)
    done = run("freeze", CLERK.number, DECLARANT.number, "--by", legal)
    assert (0, f"card {CLERK.number}: frozen\ncard {DECLARANT.number}: frozen\n") == (done.code, done.out)
    done = run("unfreeze", f"03-{CLERK.number}", "--by", legal, "--json")
    assert (0, {CLERK.number: "normal"}) == (done.code, done.json["cards"])


def test_the_offices_operator_signs(run: Run, house: House) -> None:
    assert (0, f"card {LEGAL.number}: lost\n") == (
        (done := run("report-loss", "--operator", LEGAL.number)).code,
        done.out,
    )


def test_void(run: Run, house: House, image: Callable[[Made], Path]) -> None:
    assert f"card {CLERK.number}: void\n" == run("void", CLERK.number, "--by", image(LEGAL)).out


def test_bind_and_unbind(run: Run, house: House, image: Callable[[Made], Path]) -> None:
    legal = image(LEGAL)
    assert 0 == run("bind", DECLARANT.number, "--by", legal, "--record-number", "99000001").code
    assert "99000001" == run("registry", "show", DECLARANT.number, "--json").json["declarant"]
    assert 0 == run("unbind", DECLARANT.number, "--by", legal).code
    assert "" == run("registry", "show", DECLARANT.number, "--json").json["declarant"]


def test_a_refused_order_has_a_name_for_programs(run: Run, image: Callable[[Made], Path]) -> None:
    done = run("freeze", DECLARANT.number, "--by", image(CLERK), "--json")
    assert (1, "order-refused", "not-permitted") == (done.code, *(done.json["error"][x] for x in ("code", "reason")))
    assert "simcard: an operator card may not do that to a declarant card" in done.err


def test_an_order_with_a_wrong_pin_is_not_made(run: Run, house: House, image: Callable[[Made], Path]) -> None:
    done = run("freeze", CLERK.number, "--by", image(LEGAL), pin="12345678")
    assert (5, CardState.NORMAL) == (done.code, house.state(CLERK))


def test_an_order_cut_short_is_finished_by_typing_it_again(
    run: Run, house: House, image: Callable[[Made], Path]
) -> None:
    signed = house.signed(house.order(Action.FREEZE, LEGAL, CLERK), LEGAL)
    assert 0 > dying.hand_in(house.folder, house.clock(), signed, 4)
    done = run("freeze", CLERK.number, "--by", image(LEGAL))
    assert (0, f"card {CLERK.number}: frozen\n") == (done.code, done.out)
    assert f"card {CLERK.number}: an order that was cut short is finished, it is frozen" in done.err


def test_resume_finishes_what_was_cut_short(run: Run, house: House) -> None:
    signed = house.signed(house.order(Action.VOID, LEGAL, CLERK), LEGAL)
    assert 0 > dying.hand_in(house.folder, house.clock(), signed, 4)
    assert f"card {CLERK.number}: void\n" == run("registry", "resume").out
    assert "nothing was cut short\n" == run("registry", "resume").out


@pytest.mark.parametrize(("kind", "command"), AT_THE_CARD.items())
def test_resume_lists_what_needs_the_card(run: Run, house: House, kind: ProcedureKind, command: str) -> None:
    with house.office.registry.writing() as work:
        work.begin(kind, work.card(CLERK.number))
    said = f"card {CLERK.number}: {kind.value} is unfinished and needs the card; {command} finishes it\n"
    assert said == run("registry", "resume").out
    waiting = [{"card": CLERK.number, "kind": kind.value, "command": command}]
    assert {"finished": [], "waiting": waiting} == run("registry", "resume", "--json").json


@pytest.mark.parametrize(("arguments", "said"), [
    (("freeze", "--operator"), "Missing argument 'NUMBER...'"),
    (("freeze", "--operator", "--by-reader", "x", "ZZ9S000000002"), "one card signs: use one of"),
    (("freeze", "ZZ9S000000002"), "say which card signs the order"),
    (("freeze", "--operator", "13572468"), "expected the number of a card, such as ZZ9S000000002"),
    (("history", "13572468"), "expected the number of a card, such as ZZ9S000000002, or the credit code"),
    (("registry", "show", "13572468"), "expected the number of a card, such as ZZ9S000000002, or the credit code"),
    (("registry", "list", "--enterprise", "13572468"), "expected the unified social credit code of an enterprise"),
    (("issue", "replace", "13572468", "--operator"), "expected the number of a card, such as ZZ9S000000002"),
    (("issue", "card", "13572468", "blank.simcard"), "expected the number of a card, such as ZZ9S000000002"),
    (("issue", "cancel-enterprise", FIRM, "--operator", "--prepare"), "No such option"),
    (("issue", "change-enterprise", FIRM, "--operator", "--cards", "x"), "No such option"),
    (("issue", "cancel-enterprise", "13572468"), "expected the unified social credit code of an enterprise"),
])  # fmt: skip
def test_an_order_that_is_typed_wrong_is_explained(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert 2 == done.code
    assert said in done.err
    assert "13572468" not in done.err


def test_a_card_that_was_never_issued_signs_no_order(run: Run, simcard: Simcard, tmp_path: Path) -> None:
    assert 0 == simcard("new", tmp_path / "own.card", "--profile", "eport-legal", "--quiet").code
    done = run("freeze", CLERK.number, "--by", tmp_path / "own.card")
    assert (1, "simcard: the certificate was not issued by this office's authority\n") == (done.code, done.err)


@pytest.mark.pcsc
def test_a_card_in_a_reader_signs_and_logs_in(house: House, image: Callable[[Made], Path]) -> None:
    day = " ".join(DAY)
    typed = f"simcard freeze {CLERK.number} --by-reader simcard {day} && simcard login --reader simcard --lang en {day}"
    command = [sys.executable, "-m", "host_tools.cli", "exec", "--card", str(image(LEGAL)), "--", "sh", "-c", typed]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    words = {"SIMCARD_OFFICE": str(house.folder), "SIMCARD_PIN": PIN, "SIMCARD_SIGNER_PIN": PIN, "PATH": path}
    done = subprocess.run(command, env={**os.environ, **words}, capture_output=True, text=True, check=False)
    assert (0, [f"card {CLERK.number}: frozen", "logged in"]) == (done.returncode, done.stdout.splitlines()[:2])


# -- history and log in


def test_the_history_of_a_card(run: Run, image: Callable[[Made], Path]) -> None:
    run("freeze", CLERK.number, "--by", image(LEGAL))
    rows = run("history", CLERK.number, "--json").json
    assert ["card-added", "certify", "issue", "freeze"] == [row["action"] for row in rows]
    assert f"  4  2026-11-23T00:00:00Z  freeze  accepted  by {LEGAL.number}  frozen" in run("history", CLERK.number).out


@pytest.mark.parametrize(("subject", "action"), [((FIRM,), "card-added"), ((), "enterprise-added")])
def test_enterprises_and_the_office_have_a_history_too(run: Run, subject: tuple[str, ...], action: str) -> None:
    assert action in run("history", *subject).out


@pytest.mark.parametrize(("arguments", "said"), [
    (("issue", "replace", "ZZ9S000000099", "--operator"), "no card ZZ9S000000099 in the registry"),
    (("issue", "card", "ZZ9S000000099", "none.simcard"), "no card ZZ9S000000099 in the registry"),
    (("issue", "card", CLERK.number, "none.simcard"), "is normal; nothing of it is waiting to be made"),
    (("history", OFFICE_CODE[:-1] + "0"), f"no enterprise {OFFICE_CODE[:-1]}0 in the registry"),
    (("registry", "show", OFFICE_CODE[:-1] + "0"), f"no enterprise {OFFICE_CODE[:-1]}0 in the registry"),
])  # fmt: skip
def test_what_is_not_in_the_registry_is_said_not_to_be(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert 2 == done.code
    assert said in done.err


@pytest.mark.parametrize(("arguments", "said"), [
    (("issue", "cancel-enterprise", OFFICE_CODE[:-1] + "0", "--operator"), "0 is not in the registry"),
    (("issue", "replace", CLERK.number, "--operator"), "the office's operator card may not do that to an operator"),
    (("void", CLERK.number, "--operator"), "the office's operator card may not do that to it; the enterprise's legal"),
])  # fmt: skip
def test_a_refusal_names_who_signed_and_what_is_missing(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert 1 == done.code
    assert said in done.err


def test_a_card_does_not_order_its_own_unlocking(run: Run, image: Callable[[Made], Path]) -> None:
    legal = image(LEGAL)
    for words in (("unlock", legal), ("issue", "change-holder", legal, "--name", "测试")):
        done = run(*words, "--by", legal)
        assert (2, True) == (done.code, "--by names the very card that is worked on" in done.err), done.err


def test_a_card_without_a_number_is_said_to_be_none_of_an_office(run: Run, simcard: Simcard, tmp_path: Path) -> None:
    said = {"eport-blank": "it was not issued yet", "iso-blank": "is no Electronic Port card"}
    for profile, words in said.items():
        image = tmp_path / f"{profile}.simcard"
        assert 0 == simcard("new", image, "--profile", profile, "--quiet").code
        for command in (("renew", image), ("unlock", image, "--operator")):
            assert words in run(*command).err


def test_a_card_nobody_knows_has_no_history(run: Run) -> None:
    done = run("history", "ZZ9S000000099")
    assert (2, "simcard: no card ZZ9S000000099 in the registry\n") == (done.code, done.err)


def test_log_in(run: Run, image: Callable[[Made], Path]) -> None:
    done = run("login", image(CLERK))
    assert 0 == done.code
    assert done.out.startswith("登录成功\n  申请者名称: 测试持卡人\n")


def test_log_in_in_english(run: Run, image: Callable[[Made], Path]) -> None:
    assert run("login", image(CLERK), "--lang", "en").out.startswith("logged in\n  holder: 测试持卡人\n")


def test_a_refused_log_in(run: Run, house: House, image: Callable[[Made], Path]) -> None:
    house.do(Action.FREEZE, LEGAL, CLERK)
    done = run("login", image(CLERK), "--json")
    said = {"code": "login-refused", "text": f"卡 {CLERK.number} 已冻结，请先解冻", "reason": "signer-frozen"}
    assert (1, {"error": said}) == (done.code, done.json)


def test_a_refused_renewal_has_a_reason_too(run: Run, image: Callable[[Made], Path]) -> None:
    error = run("renew", image(LEGAL), "--json").json["error"]
    assert ("renewal-refused", "too-early") == (error["code"], error["reason"])


def test_a_wrong_password_at_log_in(run: Run, image: Callable[[Made], Path]) -> None:
    done = run("login", image(CLERK), pin="12345678")
    assert (5, "simcard: 口令错误，还可以重试 2 次\n") == (done.code, done.err)


# -- the registry


def test_cards_are_listed(run: Run, house: House) -> None:
    house.do(Action.FREEZE, LEGAL, CLERK)
    assert [CLERK.number] == [row["number"] for row in run("registry", "list", "--state", "frozen", "--json").json]
    assert 4 == len(run("registry", "list", "--enterprise", FIRM).out.splitlines())


def test_cards_are_listed_by_the_end_of_their_certificates(run: Run, house: House) -> None:
    with house.office.registry.writing() as work:
        work.add_card("ZZ9S000000099", CardKind.OPERATOR, work.card(CLERK.number).holder, Generation.SM2)
    ends = {row["number"]: row["until"] for row in run("registry", "list", "--json").json}
    assert ("2036-11-22", "") == (ends[CLERK.number], ends["ZZ9S000000099"])
    assert "" == run("registry", "list", "--until", "2036-11-22").out
    assert ends.keys() - {"ZZ9S000000099"} == {
        line.split()[0] for line in run("registry", "list", "--until", "2036-11-23").out.splitlines()
    }
    assert {"2036-11-22", "-"} == {line.split("  ")[-1] for line in run("registry", "list").out.splitlines()}


def test_a_card_is_shown_with_all_that_belongs_to_it(run: Run) -> None:
    done = run("registry", "show", CLERK.number)
    assert 0 == done.code
    assert f"number: {CLERK.number}\n" in done.out
    assert "operation: 1  " in done.out


def test_an_enterprise_is_shown_with_its_codes_and_cards(run: Run, house: House) -> None:
    with house.office.registry.writing() as work:
        work.enterprise(FIRM).customs_code = "9900000013&9900000021"
    shown = run("registry", "show", FIRM, "--json").json
    assert (FIRM, "9900000013&9900000021", "active") == tuple(
        shown[x] for x in ("credit_code", "customs_code", "state")
    )
    assert {LEGAL.number, CLERK.number, DECLARANT.number} < {row["number"] for row in shown["card"]}
    assert "enterprise-added" == shown["operation"][0]["action"]


def test_an_untouched_registry_is_verified(run: Run, tmp_path: Path) -> None:
    assert 0 == run("registry", "witness", "--out", tmp_path / "heads.json").code
    done = run("registry", "verify", "--witness", tmp_path / "heads.json", "--json")
    assert (0, []) == (done.code, done.json["findings"])


def test_a_changed_registry_is_not(run: Run, house: House) -> None:
    with house.office.registry.writing() as work:
        work.card(CLERK.number).state = CardState.VOID
    done = run("registry", "verify")
    assert (1, f"card:{CLERK.number}: is void, and by the log it is normal\n") == (done.code, done.out)


@pytest.mark.parametrize("text", ["[1]", "[" * 100_000], ids=["list", "deep"])
def test_what_is_no_witness_is_said_to_be_none(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "heads.json").write_text(text)
    done = run("registry", "verify", "--witness", tmp_path / "heads.json")
    assert 2 == done.code
    assert "is no witness" in done.err


def test_migrate(run: Run) -> None:
    assert run("registry", "migrate").out.endswith("the registry is of the newest form\n")


# -- the office


def test_an_office_is_shown(run: Run, house: House) -> None:
    shown = run("office", "show", "--json").json
    assert (OFFICE.enterprise, ["sm2", "rsa"]) == (shown["credit_code"], shown["generations"])


def test_an_office_is_never_overwritten(simcard: Simcard, house: House) -> None:
    done = simcard("office", "new", house.folder)
    assert 2 == done.code
    assert "an office is never overwritten" in done.err


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("ca", "holds no authority; the office's own is gone; restore it from a backup"),
        ("ca/book.sqlite", "the authority's book is missing; restore it from a backup"),
        ("registry.sqlite", "there is no registry; restore the office's from a backup"),
    ],
)
def test_what_is_gone_from_an_office_is_to_be_restored(run: Run, house: House, missing: str, said: str) -> None:
    house.office.close()
    (house.folder / missing).rename(house.folder / "elsewhere")
    done = run("registry", "list")
    assert 2 == done.code
    assert said in done.err
    assert "ca init" not in done.err


@pytest.mark.parametrize("command", [("history",), ("registry", "list"), ("registry", "migrate"), ("office", "show")])
def test_a_folder_without_an_office_is_said_to_be_one(
    simcard: Simcard, tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = simcard(*command, "--office", tmp_path)
    assert (2, f"simcard: {tmp_path}: holds no office; make one with simcard office new\n") == (done.code, done.err)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b'{"version": 1}', b"[" * 100_000])
def test_damaged_settings_are_told_from_no_office(run: Run, house: House, text: bytes) -> None:
    (house.folder / "office.json").write_bytes(text)
    done = run("office", "show")
    assert (2, True) == (done.code, "office.json: is damaged; restore it" in done.err)


def test_secrets_of_an_office_are_its_owners_alone(house: House) -> None:
    for name in ("office.json", "master.key", "registry.sqlite", "operator.card"):
        assert 0o600 == stat.S_IMODE((house.folder / name).stat().st_mode), name


def test_the_master_key_is_read(house: House) -> None:
    assert 16 == len(house.office.master_key())


@pytest.fixture
def database(cluster: postgres.Cluster) -> Iterator[str]:
    yield cluster.make("typed")
    cluster.drop("typed")


@pytest.mark.xdist_group("postgresql")
def test_an_office_with_its_registry_in_postgresql(simcard: Simcard, tmp_path: Path, database: str) -> None:
    url = database.replace("postgres@", "postgres:geheim@")
    assert 0 == simcard("office", "new", tmp_path / "office", SIMCARD_REGISTRY=url).code
    shown = simcard("office", "show", "--office", tmp_path / "office", "--json").json
    assert shown["registry"].startswith("postgresql+psycopg://postgres:***@/typed")
    assert not (tmp_path / "office" / "registry.sqlite").exists()


def test_a_registry_that_cannot_be_reached_leaves_no_office(simcard: Simcard, tmp_path: Path) -> None:
    done = simcard("office", "new", tmp_path / "office", SIMCARD_REGISTRY=f"postgresql://u:geheim@/x?host={tmp_path}")
    assert (3, []) == (done.code, list(tmp_path.glob("*office*")))
    assert "see that the server runs" in done.err
    assert "geheim" not in done.err
