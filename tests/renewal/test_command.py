"""`simcard renew` and `unlock` as they are typed: what is shown, what programs read, what a cut says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.cli.station import TAKEN_UP
from host_tools.office.desk import Desk
from host_tools.office.staging import Step
from host_tools.registry.states import Action
from host_tools.renewal.rules import MAY_RENEW
from tests.cli.conftest import PIN as PIN_TEXT
from tests.cli.conftest import Done, Simcard, simcard
from tests.issuing.support import OPERATOR_NUMBER, Town
from tests.renewal.test_killed import written
from tests.renewal.test_renewal import near_the_end
from tests.renewal.test_visit import cut_before

__all__ = ["simcard"]

DAY = "2036-08-14"
Run = Callable[..., Done]


@pytest.fixture
def run(simcard: Simcard, town: Town, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command of the office, on a day on which its cards may be renewed."""
    monkeypatch.setenv("SIMCARD_OFFICE", str(town.folder))

    def call(*arguments: str | Path, day: str = DAY) -> Done:
        return simcard(*arguments, "--date", day, SIMCARD_PIN=PIN_TEXT, SIMCARD_SIGNER_PIN=PIN_TEXT)

    return call


def image_of(town: Town, folder: Path, number: str) -> Path:
    """The card of a number as it is now, in a file."""
    image = folder / f"{number}.simcard"
    written(image, town.bench(number).flash.image())
    return image


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_card_that_may_be_renewed_is_said_to_be(run: Run, town: Town, tmp_path: Path, lang: str) -> None:
    said = run("renew", image_of(town, tmp_path, town.legal), "--show", "--lang", lang)
    assert (0, getattr(MAY_RENEW, lang)) == (said.code, said.out.splitlines()[-1])


def test_programs_read_whether_it_may_be_renewed_and_moments_as_the_registry_writes_them(
    run: Run, town: Town, tmp_path: Path
) -> None:
    image = image_of(town, tmp_path, town.legal)
    shown = run("renew", image, "--show", "--json").json
    assert (True, "", False, None) == tuple(shown[name] for name in ("may_renew", "against", "open", "waits_for"))
    assert shown["card"]["end"].endswith("T00:00:00Z")
    early = run("renew", image, "--show", "--json", day="2036-01-01").json
    assert (False, True) == (early["may_renew"], "无需延期" in early["against"])


@pytest.mark.parametrize(
    ("action", "said"), [(Action.FREEZE, "frozen"), (Action.REPORT_LOSS, "reported lost"), (Action.VOID, "void")]
)
@pytest.mark.parametrize("day", [DAY, "2036-01-01"])
def test_the_state_of_the_card_stands_against_it_before_the_dates(
    run: Run, town: Town, tmp_path: Path, action: Action, said: str, day: str
) -> None:
    Desk(town.office).submit(town.order(action, OPERATOR_NUMBER, town.legal))
    image = image_of(town, tmp_path, town.legal)
    assert f"the card is {said}" in run("renew", image, "--show", "--lang", "en", day=day).out
    shown = run("renew", image, "--show", "--json", "--lang", "en", day=day).json
    assert (False, True) == (shown["may_renew"], f"the card is {said}" in shown["against"])


def test_an_operators_card_is_judged_as_its_legal_person_card_would_renew_it(
    run: Run, town: Town, tmp_path: Path
) -> None:
    assert MAY_RENEW.zh in run("renew", image_of(town, tmp_path, town.clerk), "--show", day="2037-06-01").out


def test_a_renewal_that_was_cut_short_is_shown_with_the_step_that_waits(run: Run, town: Town, tmp_path: Path) -> None:
    cut_before(town, Step.IMPORT_KEY)
    image = image_of(town, tmp_path, town.legal)
    said = run("renew", image, "--show").out.splitlines()
    assert ("正在写入加密密钥" in said[-2], MAY_RENEW.zh) == (True, said[-1])
    shown = run("renew", image, "--show", "--json").json
    assert (True, "import-key", True) == (shown["open"], shown["waits_for"], shown["may_renew"])


def pulled(town: Town, image: Path, *command: str | Path) -> str:
    """What a command says last that works on the card of an image in a reader, pulled before the office's script."""
    world = (sys.executable, "-m", "host_tools.cli", "exec", "--card", image, "--fault", "on 80F8 remove before", "--")
    typed = (sys.executable, "-m", "host_tools.cli", *command, "--reader", "simcard", "--office", town.folder)
    secrets = {"SIMCARD_PIN": PIN_TEXT, "SIMCARD_SIGNER_PIN": PIN_TEXT}
    done = subprocess.run([*world, *typed], capture_output=True, text=True, check=False, env={**os.environ, **secrets})
    assert done.returncode != 0
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.pcsc
def test_a_card_pulled_while_it_is_renewed_is_said_to_be_whole_and_how_to_go_on(
    run: Run, town: Town, tmp_path: Path
) -> None:
    image = image_of(town, tmp_path, town.legal)
    assert pulled(town, image, "renew", "--date", DAY).endswith(TAKEN_UP)
    again = run("renew", image, "--json")
    assert (0, ["script", "record"]) == (again.code, again.json["steps"])


@pytest.mark.pcsc
def test_and_while_it_is_unlocked(run: Run, town: Town, tmp_path: Path) -> None:
    clerk, legal = (image_of(town, tmp_path, number) for number in (town.clerk, town.legal))
    today = f"{town.clock():%Y-%m-%d}"
    assert pulled(town, clerk, "unlock", "--by", legal, "--date", today).endswith(TAKEN_UP)
    assert 0 == run("unlock", clerk, "--by", legal, day=today).code


@pytest.mark.pcsc
def test_and_while_it_is_made(run: Run, town: Town, tmp_path: Path) -> None:
    number, today = town.add_declarant(), f"{town.clock():%Y-%m-%d}"
    town.blank(number)
    blank = image_of(town, tmp_path, number)
    assert pulled(town, blank, "issue", "card", number, "--date", today).endswith(TAKEN_UP)
    assert 0 == run("issue", "card", number, blank, day=today).code


def test_what_is_refused_before_anything_was_begun_has_no_such_word(run: Run, town: Town, tmp_path: Path) -> None:
    refused = run("renew", image_of(town, tmp_path, town.legal), day="2036-01-01")
    assert (1, False) == (refused.code, TAKEN_UP in refused.err)


def test_the_order_and_what_became_of_it_are_told_apart_in_the_history(run: Run, town: Town, tmp_path: Path) -> None:
    assert 0 == run("renew", image_of(town, tmp_path, town.legal)).code
    ordered, done = run("history", town.legal).out.splitlines()[-2:]
    assert (True, True) == (ordered.endswith("  ordered"), done.endswith("  done, until 2046-08-14"))
    rows = run("history", town.legal, "--json").json[-2:]
    assert [("ordered", ""), ("done", "2046-08-14")] == [(row["stage"], row["until"]) for row in rows]


def test_an_unlocking_stands_in_the_history_as_ordered_and_as_done(run: Run, town: Town, tmp_path: Path) -> None:
    clerk, legal = (image_of(town, tmp_path, number) for number in (town.clerk, town.legal))
    assert 0 == run("unlock", clerk, "--by", legal, day=f"{town.clock():%Y-%m-%d}").code
    rows = run("history", town.clerk, "--json").json[-2:]
    assert [("unlock", "ordered"), ("unlock", "done")] == [(row["action"], row["stage"]) for row in rows]
    assert 0 == run("registry", "verify").code


def test_a_refusal_is_written_down_in_english_with_its_name_first(run: Run, town: Town, tmp_path: Path) -> None:
    near_the_end(town, town.legal)
    refused = run("renew", image_of(town, tmp_path, town.legal), day="2036-01-01")
    assert "无需延期" in refused.err
    assert run("history", town.legal, "--json").json[-1]["reason"].startswith("too-early: the certificate is valid")
