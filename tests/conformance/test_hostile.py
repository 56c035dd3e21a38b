"""Texts that want to be more than text: no report lets them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from lxml import etree
from rich.console import Console

from conformance import run as runs
from conformance.report import terminal
from conformance.report.files import read_run, to_json, to_junit
from conformance.report.page import POLICY, html
from conformance.report.text import visible
from conformance.result import Line, Result, Run, SuiteNote, Verdict
from tests.conformance.bench import all_cases, judge_of, target

MARK = "document.documentElement.setAttribute('data-ran', '1')"
"""What a text does that is run as a script."""
TEXTS = {
    "script": f"<script>{MARK}</script>",
    "after the title": f"</title><script>{MARK}</script>",
    "after the style": f"</style><script>{MARK}</script>",
    "after the picture": f"</title></text></svg><script>{MARK}</script>",
    "picture": f'<svg onload="{MARK}"></svg>',
    "image": f'<img src="x" onerror="{MARK}">',
    "out of an attribute": f'"><img src="x" onerror="{MARK}"><i title="',
    "another attribute": f'" autofocus tabindex="0" onfocus="{MARK}" x="',
    "single quotes": f"' onclick='{MARK}' x='",
    "comment": "<!-- --!> <![CDATA[ ]]> <?php ?>",
    "entities": "&lt;script&gt; &#60;b&#62; &quot; &amp;amp;",
    "template": "{{7*7}} ${7*7} [bold red]x[/] [/]",
    "Chinese": "中国电子口岸“操作员”卡：张三　",
    "controls": "\0\x1b[2J\x07\x7f\x85\r\n\t",
    "turned round": "\u202egnp.exe\u2066\u200f\ufeff",
    "halves": "\ud800 \udcff \uffff",
}
PLAIN = Run(
    target="card",
    title="Card",
    where="reader",
    atr="3B00",
    serial="01",
    version="1",
    started="2026-11-28T00:00:00+00:00",
    seconds=1.0,
    suites=(SuiteNote("suite", "Title", "Standard", {"1": "One", "2": "Two"}),),
    results=tuple(
        Result(
            "suite",
            f"case{number}",
            "Standard",
            "1",
            "Purpose",
            verdict,
            "why",
            known="known",
            transcript=(Line(*"abcd"),),
        )
        for number, verdict in enumerate(Verdict)
    ),
)


def hostile(value: Any, text: str) -> Any:
    """The same with the text behind every text in it."""
    if isinstance(value, str):
        return value + text
    if isinstance(value, tuple):
        return tuple(hostile(each, text) for each in value)
    if isinstance(value, dict):
        return {hostile(key, text): hostile(each, text) for key, each in value.items()}
    if isinstance(value, msgspec.Struct):
        fields = {name: hostile(getattr(value, name), text) for name in value.__struct_fields__}
        return type(value)(**fields)
    return value


def shape(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """Elements and the names of their attributes, as a parser of HTML understands the page."""
    root = etree.fromstring(page.encode(), etree.HTMLParser(encoding="utf-8"))
    return [(str(each.tag), tuple(sorted(map(str, each.attrib)))) for each in root.iter()]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_adds_nothing_to_the_page(text: str) -> None:
    assert shape(html(PLAIN)) == shape(html(hostile(PLAIN, text)))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_is_shown_as_it_is(text: str) -> None:
    root = etree.fromstring(html(hostile(PLAIN, text)).encode(), etree.HTMLParser(encoding="utf-8"))
    shown = [str(each.text or "") for each in root.iter("dd")]
    assert visible(f"reader{text}") == shown[0]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_other_reports_hold_any_text(text: str) -> None:
    given = hostile(PLAIN, text)
    suite = ElementTree.fromstring(to_junit(given))[0]
    assert [visible(result.case) for result in given.results] == [case.attrib["name"] for case in suite]
    console = Console(file=StringIO(), width=200)
    terminal.show(given, console)
    assert isinstance(console.file, StringIO)
    assert "".join(visible(given.results[1].name).split()) in "".join(console.file.getvalue().split())
    assert "\x1b" not in console.file.getvalue()


def test_a_run_in_a_place_without_a_name_in_unicode_is_saved(tmp_path: Path) -> None:
    chosen = [all_cases()["iso7816-3:atr-length"]]
    found = runs.run(judge_of("iso-blank"), target("iso-blank"), chosen, "card\udcff.simcard", ("3B00", ""))
    (tmp_path / "run.json").write_bytes(to_json(found))
    assert r"card\udcff.simcard" == read_run(tmp_path / "run.json").where


# -- in a browser


def opened(page: str, folder: Path) -> str:
    """The page as a browser has it after its scripts, if it had any."""
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}")
    more = ("--virtual-time-budget=2000", "--dump-dom", path.as_uri())
    shown = subprocess.run(["chromium", *options, *more], capture_output=True, text=True, check=True, timeout=60)
    return shown.stdout


def pages() -> Iterator[str]:
    """Nothing hostile, and all that is, without the policy that would stop it anyway."""
    for text in ("", " ".join(TEXTS.values())):
        yield html(hostile(PLAIN, text)).replace(POLICY, "")


def test_a_browser_runs_nothing(tmp_path: Path) -> None:
    plain, full = (opened(page, tmp_path) for page in pages())
    assert shape(plain) == shape(full)
    assert "data-ran" not in full.partition(">")[0] + full.partition("<html")[2].partition(">")[0]


def test_a_script_would_be_seen_and_the_policy_stops_it(tmp_path: Path) -> None:
    injected = html(PLAIN).replace("</body>", f"<script>{MARK}</script></body>")
    ran = [
        opened(page, tmp_path).partition("<html")[2].partition(">")[0]
        for page in (injected.replace(POLICY, ""), injected)
    ]
    assert [True, False] == ["data-ran" in tag for tag in ran]
