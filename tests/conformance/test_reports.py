"""Reports of a run: the page, JUnit, JSON, and two runs side by side."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance import run
from conformance.format import SuiteError
from conformance.report.compare import changes
from conformance.report.files import read_run, to_json, to_junit
from conformance.report.page import html
from conformance.report.picture import order
from conformance.result import Run, Verdict
from tests.conformance.bench import judge_of, target


@cache
def made(name: str, on: str) -> Run:
    """One suite judged with the target `name` on the card of `on`."""
    from conformance.judge import Judge
    from host_tools.cli.judging import RamRig
    from tests.conformance.bench import certified

    judge = judge_of(name) if name == on else Judge(target(name), RamRig(certified(on)))
    chosen = list(run.cases(run.suites(["iso7816-4-security"])))
    return run.run(judge, target(name), chosen, f"card {on}", ("3B00", "01"))


def good() -> Run:
    return made("iso-blank", "iso-blank")


def bad() -> Run:
    """The PINs of another card: much fails."""
    return made("piv", "iso-blank")


def test_the_page_loads_nothing_from_elsewhere() -> None:
    assert [] == re.findall(r"(?:src|href)=|https?://|url\((?!#)", html(bad()))


def test_the_page_tells_every_failure_with_what_was_said() -> None:
    failed = [result for result in bad().results if result.verdict is Verdict.FAIL]
    page = html(bad())
    assert [True] * len(failed) == [f'id="{result.name}"' in page for result in failed]
    assert "0020000108[pin: 8 bytes]" in page


def test_the_page_says_in_a_sentence_that_all_holds() -> None:
    assert "Every binding requirement that was tried holds" in html(good())


def test_the_page_draws_every_clause_of_the_suite() -> None:
    assert html(good()).count('class="clause"') == len(good().suites[0].clauses)


def test_no_report_shows_a_pin() -> None:
    for report in (html(bad()).encode(), to_json(bad()), to_junit(bad())):
        assert b"313233343536FFFF" not in report


def test_junit_counts_failures_errors_and_skips() -> None:
    suite = ElementTree.fromstring(to_junit(bad()))[0]
    expected = [bad().count(verdict) for verdict in (Verdict.FAIL, Verdict.UNRESOLVED, Verdict.NOT_APPLICABLE)]
    assert expected == [int(suite.attrib[name]) for name in ("failures", "errors", "skipped")]
    assert len(bad().results) == len(suite.findall("testcase"))


def test_a_saved_run_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(to_json(bad()))
    assert bad() == read_run(path)


@pytest.mark.parametrize("content", [b"{}", b"no json", b"\xff\xfe"])
def test_a_file_that_is_no_run_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(SuiteError, match="is no saved run"):
        read_run(path)


def test_equal_runs_have_no_changes() -> None:
    assert [] == changes(good(), good())


def test_what_held_and_fails_now_is_worse() -> None:
    found = {change.case: change for change in changes(good(), bad())}
    change = found["iso7816-4-security:verify-right"]
    assert ("pass", "fail", True) == (change.before, change.after, change.worse)


def test_what_failed_and_holds_now_is_not_worse() -> None:
    found = {change.case: change for change in changes(bad(), good())}
    assert not found["iso7816-4-security:verify-right"].worse


def test_clauses_are_in_the_order_of_the_standard() -> None:
    assert ["5.4.1", "9.3", "11.2.3", "11.10", "A.1"] == sorted(["11.10", "A.1", "9.3", "11.2.3", "5.4.1"], key=order)


def test_a_browser_shows_the_page(tmp_path: Path) -> None:
    """The page as the browser understood it: every bar is there, and nothing was repaired away."""
    page = tmp_path / "report.html"
    page.write_text(html(bad()), encoding="utf-8")
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom")
    shown = subprocess.run(
        ["chromium", *options, page.as_uri()], capture_output=True, text=True, check=True, timeout=60
    )
    assert html(bad()).count("<rect") == shown.stdout.count("<rect")
    assert "binding requirements do not hold" in shown.stdout


def test_it_prints_on_a4(tmp_path: Path) -> None:
    page, printed = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_text(html(bad()), encoding="utf-8")
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}")
    subprocess.run(
        ["chromium", *options, f"--print-to-pdf={printed}", page.as_uri()], capture_output=True, check=True, timeout=60
    )
    sizes = re.findall(rb"/MediaBox \[0 0 (\d+)\.?\d* (\d+)", printed.read_bytes())
    assert {(b"594", b"841")} == set(sizes)
    assert len(sizes) < len(bad().results) / 4, "a page holds too little"
