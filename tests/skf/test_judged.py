"""Our library before the judge, whole and broken on purpose (GM/T 0063)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.format import SuiteError
from conformance.skf.arguments import ArgumentError, Handles, Overrun, prepare
from conformance.skf.judge import SharedLibrary, load
from conformance.skf.sar import CODES, name_of
from conformance.template import Value
from host_tools.skf.sar import Sar
from tests.skf.guilty import BROKEN

pytestmark = pytest.mark.xdist_group("skf library")
SIMCARD = (sys.executable, "-m", "host_tools.cli", "exec", "--profile", "gmt0017-token", "--")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """A command in a world with a blank token."""
    environment = {**os.environ, "SIMCARD_DEVICE_KEY": "1234567812345678"}
    return subprocess.run((*SIMCARD, *command), capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def found(library: Path) -> dict[str, dict[str, str]]:
    """What fails, by how the library is broken."""
    done = run(sys.executable, "-m", "tests.skf.guilty", str(library))
    assert 0 == done.returncode, done.stderr
    content: dict[str, dict[str, str]] = json.loads(done.stdout)
    return content


def test_our_library_is_not_guilty(found: dict[str, dict[str, str]]) -> None:
    assert {} == found["nothing"]


@pytest.mark.parametrize(
    ("why", "case"),
    [
        ("any PIN is right", "pin-locks"),
        ("any signature is good", "verify-standard-signature"),
        ("nothing is deleted", "life-of-a-pair"),
        ("writes behind the buffer", "life-of-a-pair"),
        ("random numbers are zero", "random"),
        ("a small buffer is enough", "length-asked-for"),
        ("any device key is right", "dev-auth-wrong"),
        ("a login is never ended", "clear-secure-state"),
        ("no Digest", "digest"),
    ],
)
def test_a_broken_library_is_guilty(found: dict[str, dict[str, str]], why: str, case: str) -> None:
    assert "fail" == found[why].get(case)


def test_every_way_to_break_it_is_caught(found: dict[str, dict[str, str]]) -> None:
    assert [] == [why for why in BROKEN if "fail" not in found[why].values()]


def test_a_function_that_is_not_published_may_be_missing(found: dict[str, dict[str, str]]) -> None:
    assert {"not applicable"} == set(found["no SetSymmKey"].values())


def test_the_command_reports_like_the_judge_of_cards(library: Path) -> None:
    done = run(sys.executable, "-m", "host_tools.cli", "skf", "judge", str(library), "-k", "8.5", "--json")
    results = json.loads(done.stdout)["results"]
    assert (0, ["pass", "pass"]) == (done.returncode, [result["verdict"] for result in results])


def test_a_file_that_is_no_library_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "it.so").write_bytes(b"no library")
    done = run(sys.executable, "-m", "host_tools.cli", "skf", "judge", str(tmp_path / "it.so"))
    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))


def test_codes_are_those_of_the_interface() -> None:
    assert {code.name: int(code) for code in Sar} == CODES


@pytest.mark.parametrize(("name", "code"), [("OK", 0), ("PIN_INCORRECT", 0x0A000024), ("0BADC0DE", 0x0BADC0DE)])
def test_a_code_has_a_name(name: str, code: int) -> None:
    assert name == name_of(code)


def test_the_suite_covers_every_published_function() -> None:
    suite = load()
    called = {step.call for steps in suite.sequences.values() for step in steps}
    called |= {step.call for case in suite.cases for step in case.steps} | {step.call for step in suite.afterwards}
    header = (Path(__file__).parents[2] / "host_tools/skf/include/simcard_skf.h").read_text(encoding="utf-8")
    published = {line.split("SKF_")[1].split("(")[0] for line in header.splitlines() if line.startswith("ULONG DEVAPI")}
    assert NOT_TRIED == published - called


NOT_TRIED = {
    # They wait for a person, or for another device.
    "WaitForDevEvent",
    "CancelWaitForDevEvent",
    "ChangeDevAuthKey",
    "GenerateAgreementDataWithECC",
    "GenerateAgreementDataAndKeyWithECC",
    "GenerateKeyWithECC",
    # RSA with keys from outside, and the rest of what comes in pieces or is not in the published list.
    "ImportRSAKeyPair",
    "RSAExportSessionKey",
    "ECCExportSessionKey",
    "DecryptUpdate",
    "DecryptFinal",
    "MacUpdate",
    "MacFinal",
    "GenExtRSAKey",
    "ExtRSAPubKeyOperation",
    "ExtRSAPriKeyOperation",
    "ExtECCSign",
    "ExtECCVerify",
    "ECCDecrypt",
}


def test_a_write_behind_a_buffer_is_seen() -> None:
    made = prepare(["> out 4"], {}, Handles())
    made.arguments[0].raw = b"\0" * 36
    with pytest.raises(Overrun):
        made.read()


@pytest.mark.parametrize("text", ["@nobody", "> out", "out 4", "'open", "-1"])
def test_an_argument_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError):
        prepare([text], {}, Handles())


def test_a_secret_is_not_shown() -> None:
    made = prepare(["= {key}"], {"key": Value(b"secret key", secret=True)}, Handles())
    assert ["= [key: 10 bytes]"] == made.shown


def test_a_library_that_is_not_there_is_said() -> None:
    with pytest.raises(SuiteError):
        SharedLibrary(Path("nowhere.so"))
