"""Many enterprises from a CSV file: checked as a whole, then made one by one, and finished by running it again."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from host_tools.errors import FileProblem
from host_tools.issuing import batch, sample
from host_tools.link.inprocess import InProcessLink
from host_tools.registry.audit import audit
from host_tools.registry.states import CardState
from tests.cli.conftest import Done, Simcard, simcard
from tests.issuing.support import Town

__all__ = ["simcard"]

HEAD = ",".join(sample.COLUMNS)
ROWS = tuple(islice(sample.rows(1), 1000))
Run = Callable[..., Done]
BROKEN_OFF = 130
"""The exit code after Ctrl-C."""


def row(index: int, **changes: str) -> str:
    return ",".join({**ROWS[index], **changes}.values())


def file(*rows: str) -> list[str]:
    return [HEAD, *rows]


@pytest.fixture
def run(simcard: Simcard, town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`simcard issue batch` of some rows, in the office of the town."""
    monkeypatch.setenv("SIMCARD_OFFICE", str(town.folder))

    def call(*rows: str, encoding: str = "utf-8") -> Done:
        path = tmp_path / "firms.csv"
        path.write_bytes("\n".join(file(*rows)).encode(encoding))
        return simcard("issue", "batch", path, "--cards", tmp_path / "cards", "--date", "2026-11-23", "--json")

    return call


def test_every_row_gets_two_cards(run: Run, town: Town, tmp_path: Path) -> None:
    done = run(row(1), row(2))
    assert (0, 4) == (done.code, len(done.json["cards"]))
    assert {CardState.NORMAL} == {town.state(card["number"]) for card in done.json["cards"]}
    assert {0o600} == {path.stat().st_mode & 0o777 for path in (tmp_path / "cards").iterdir()}
    with town.office.registry.reading() as work:
        assert () == audit(work).findings


def test_every_card_is_told_with_whose_it_is(
    simcard: Simcard, town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("firms.csv").write_text("\n".join(file(row(1))), encoding="utf-8")
    words = ("issue", "batch", "firms.csv", "--office", town.folder, "--cards", "cards", "--date", "2026-11-23")
    lines = simcard(*words).out.splitlines()
    legal = lines[0].split(": ")[0].removeprefix("法人卡 ")
    assert f"法人卡 {legal}: cards/{legal}.simcard  {ROWS[1]['firm']}  {ROWS[1]['name']}" == lines[0]
    assert [ROWS[1]["firm"], ROWS[1]["operator_name"]] == lines[1].split("  ")[1:]
    assert "1 enterprises, 2 cards" == lines[2]
    assert "1 enterprises, 2 cards\n" == simcard(*words, "--quiet").out


def test_running_it_again_makes_what_is_missing(run: Run, tmp_path: Path) -> None:
    first = run(row(1)).json["cards"]
    assert first == run(row(1), row(2)).json["cards"][:2]


def test_a_blank_that_was_left_behind_is_finished(run: Run, town: Town, tmp_path: Path) -> None:
    first = run(row(1), row(2)).json["cards"]
    with town.office.registry.reading() as work:
        before = sum(1 for _ in work.cards())
    shutil.rmtree(tmp_path / "cards")
    # Cards that are made are not made again, whatever became of their images.
    again = run(row(1), row(2))
    assert [card["number"] for card in first] == [card["number"] for card in again.json["cards"]]
    for card in first:
        assert f"card {card['number']} is made, and its image {card['image']} is not there" in again.err
        assert f"simcard issue replace {card['number']}" in again.err
    with town.office.registry.reading() as work:
        assert before == sum(1 for _ in work.cards())


def test_a_spreadsheets_encoding_is_understood(run: Run) -> None:
    assert 0 == run(row(1), encoding="gb18030").code


def test_one_wrong_row_and_nothing_is_done(run: Run, town: Town, tmp_path: Path) -> None:
    before = town.kinds()
    done = run(row(1), row(2, document="999999199001010017"))
    assert 2 == done.code
    assert "line 3: 999999199001010017 is no identity number" in done.err
    assert before == town.kinds()
    assert not (tmp_path / "cards").exists()


def test_a_row_that_the_registry_contradicts_is_told_first(run: Run, town: Town) -> None:
    assert 0 == run(row(1)).code
    before = town.kinds()
    done = run(row(2), row(1, name="另一法人"))
    assert (2, before) == (done.code, town.kinds())
    assert "line 3: enterprise" in done.err


def test_a_batch_that_was_broken_off_is_finished(run: Run, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, transmit = [0], InProcessLink.transmit

    def interrupted(link: InProcessLink, command: bytes) -> bytes:
        sent[0] += 1
        if sent[0] == 100:
            raise KeyboardInterrupt
        return transmit(link, command)

    monkeypatch.setattr(InProcessLink, "transmit", interrupted)
    done = run(row(1), row(2))
    assert (BROKEN_OFF, "interrupted") == (done.code, done.json["error"]["code"])
    assert "simcard: interrupted; run it again, it goes on with what is missing\n" == done.err
    assert 4 == len(run(row(1), row(2)).json["cards"])
    assert CardState.PREPARING not in {town.state(number) for number in town.kinds()}


@pytest.mark.parametrize("blocks", [64, 120])
def test_a_full_disk_is_said_and_nothing_is_lost(town: Town, tmp_path: Path, blocks: int) -> None:
    """A limit of the size of files stands for the full disk: of the registry, and of an image."""
    town.office.close()
    (tmp_path / "firms.csv").write_text("\n".join(file(row(1))), encoding="utf-8")
    words = f"{sys.executable} -m host_tools.cli issue batch firms.csv --office {town.folder} --cards cards"
    call = partial(subprocess.run, cwd=tmp_path, capture_output=True, text=True, check=False)
    done = call(["bash", "-c", f"ulimit -f {blocks}; exec {words} --date 2026-11-23"])
    assert re.fullmatch(r"simcard: .*disk.*\n", done.stderr), done.stderr
    done = call([*words.split(), "--date", "2026-11-23"])
    assert (0, "1 enterprises, 2 cards") == (done.returncode, done.stdout.splitlines()[-1])


def test_an_office_without_its_authority_says_so(run: Run, town: Town) -> None:
    (town.folder / "ca").rename(town.folder / "elsewhere")
    done = run(row(1))
    assert (2, True) == (done.code, "holds no authority" in done.err)
    assert not (town.folder / "ca").exists()


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([], "missing firm, credit_code, name, document"),
        (["firm,name"], "missing credit_code, document"),
        ([HEAD + ",colour", row(1) + ",red"], "unknown colour"),
        ([HEAD], "no row"),
        (file(row(1) + ",more"), "line 2: it has not as many fields"),
        (file("a,b"), "line 2: it has not as many fields"),
        (file(row(1), row(1)), "line 3: enterprise .* stands in line 2 already"),
        (file(row(1, generation="dsa")), "'dsa' is none of sm2, rsa"),
        (file(row(1, firm="")), "the name of an enterprise has 1 to 60 characters"),
        (file(row(1, firm="测" * 61)), "the name of an enterprise has 1 to 60 characters"),
        (file(row(1, firm="a||b")), "may not hold"),
        (file(row(1, firm="测\u202e试")), "what cannot be printed"),
        (file(row(1, firm='"a\x07b"')), "what cannot be printed"),
        (file(row(1, name="测\u200b试")), "what cannot be printed"),
        (file(row(1, credit_code="91990000MA00T0013X")), "no unified social credit code"),
        (file(row(1, name="测试䶮𠮷", generation="rsa")), "line 2: cards of the rsa generation write GBK, which lacks"),
        ([HEAD + ",customs_code", row(1) + ",9900000013&"], "line 2: 9900000013& is no customs code"),
        (file(row(1, operator_name="")), "a name has 1 to 60 characters"),
        (file('"' + row(1)), "is no CSV"),
    ],
)
def test_what_is_wrong_is_said(lines: list[str], text: str) -> None:
    with pytest.raises(FileProblem, match=text):
        batch.read(lines, "firms.csv")


def test_a_long_list_of_wrong_rows_is_cut() -> None:
    with pytest.raises(FileProblem, match="and 980 more"):
        batch.read(file(*(row(index, firm="") for index in range(1000))), "firms.csv")


def test_no_text_is_no_batch() -> None:
    with pytest.raises(FileProblem, match="no text"):
        batch.text_of(b"\xff\xff\xff", "firms.csv")


@pytest.mark.slow
def test_a_thousand_cards_in_one_call(run: Run, town: Town) -> None:
    assert 1000 == len(run(*(row(index) for index in range(500))).json["cards"])
    with town.office.registry.reading() as work:
        assert () == audit(work).findings
