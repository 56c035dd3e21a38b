"""Cases of the judge as pytest items, in a pytest of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
SECURITY = ROOT / "conformance" / "suites" / "iso7816-4-security.toml"


def judged(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_without_paths_the_shipped_suites_are_collected() -> None:
    ended = judged("--conformance", "iso-blank", "-k", "verify-right or atr-length")
    assert (0, "2 passed") == (ended.returncode, ended.stdout.splitlines()[-1].split(",")[0])


def test_they_run_in_parallel() -> None:
    ended = judged("--conformance", "iso-blank", "-n", "2", SECURITY, "-k", "challenge")
    assert (0, True) == (ended.returncode, " passed" in ended.stdout)


def test_a_failure_is_told_with_what_was_said_and_without_the_pin() -> None:
    ended = judged("--conformance", "piv", "--conformance-profile", "iso-blank", SECURITY, "-k", "verify-right")
    assert (1, True) == (ended.returncode, "> 0020000108[pin: 8 bytes]" in ended.stdout)
    assert "313233343536FFFF" not in ended.stdout


def test_junit_has_the_clause(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    judged("--conformance", "iso-blank", SECURITY, "-k", "verify-right", f"--junitxml={report}")
    found = ElementTree.parse(report).find(".//property[@name='clause']")
    assert found is not None
    assert "ISO/IEC 7816-4:2013, 11.5.6" == found.attrib["value"]


def test_what_a_card_lacks_is_skipped_with_the_reason() -> None:
    ended = judged("--conformance", "iso-blank", SECURITY, "-k", "external and sm4 and not wrong and not replay", "-rs")
    assert (0, True) == (ended.returncode, "the target has no sm4_external_ref" in ended.stdout)


@pytest.mark.parametrize(
    ("expected", "arguments"),
    [
        ("no target of that name or file", ("--conformance", "nothing")),
        ("no target of that name or file", ("--conformance", "nothing", "-n", "2")),
        ("no profile is called", ("--conformance", "piv", "--conformance-profile", "nobody", "-n", "2")),
        ("nowhere.simcard", ("--conformance", "piv", "--conformance-image", "nowhere.simcard", "-n", "2")),
        ("a card in a reader needs --target, --atr", ("--conformance", "piv", "--conformance-reader", "x")),
        ("a reader has one card", ("--conformance", "piv", "--conformance-reader", "x", "-n", "2")),
    ],
)
def test_wrong_use_ends_the_run(expected: str, arguments: tuple[str, ...]) -> None:
    ended = judged(*arguments, SECURITY, "-k", "verify-right")
    assert (4, True) == (ended.returncode, expected in ended.stdout + ended.stderr)
    assert "INTERNALERROR" not in ended.stdout + ended.stderr


def test_without_the_option_no_suite_is_collected() -> None:
    assert 5 == judged(SECURITY.parent).returncode
