"""Cards inserted later into `simcard serve`: under its faults like the first ones."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.plugin import simcard

BLANK = ("--profile", "iso-blank")
SELECT = "00A4000C023F00"


@contextmanager
def serving(*options: str) -> Iterator[tuple[dict[str, str], tuple[str, str]]]:
    """A world with an empty reader: the environment of its programs, and the option that names its control socket."""
    with tempfile.TemporaryDirectory(prefix="simcard-") as folder:
        control = ("--control", str(Path(folder) / "control"))
        with simcard.start("serve", "--readers", "1", "--json", *options, *control) as running:
            assert running.stdout is not None
            said = json.loads(running.stdout.readline())
            yield {**simcard.environment(), **said["environment"]}, control
            running.terminate()
            assert 0 == running.wait(simcard.SECONDS)


@pytest.fixture
def image(tmp_path: Path) -> str:
    """A blank card."""
    made = str(tmp_path / "a.simcard")
    assert 0 == simcard.run("new", made, *BLANK, "--quiet").returncode
    return made


def sent(env: dict[str, str], *commands: str) -> str:
    """What opensc-tool says after it has sent commands."""
    words = [word for command in commands for word in ("--send-apdu", command)]
    done = subprocess.run(["opensc-tool", *words], env=env, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_card_inserted_later_is_pulled_by_script(image: str) -> None:
    with serving("--fault", "on 0084 remove") as (env, control):
        assert 0 == simcard.run("insert", image, *control).returncode
        assert "SW1=0x90, SW2=0x00" in sent(env, SELECT)
        assert "SW1" not in sent(env, "0084000008")
        (reader,) = json.loads(simcard.run("list", "--json", *control).stdout)
        assert "empty" == reader["state"]


def test_faults_are_counted_anew_for_each_card(image: str, tmp_path: Path) -> None:
    second = str(tmp_path / "b.simcard")
    simcard.run("new", second, *BLANK, "--quiet")
    with serving("--fault", "on 0084 short 2") as (env, control):
        for each in (image, second):
            simcard.run("insert", each, *control)
            answers = sent(env, "0084000008", "0084000008").count("SW1=0x90")
            assert 1 == answers
            simcard.run("remove", "simcard 00 00", *control)


def test_a_card_that_cannot_fail_so_is_refused(tmp_path: Path) -> None:
    """It draws from its seed, not from the noise that should fail; the service goes on."""
    seeded = str(tmp_path / "seeded.simcard")
    simcard.run("new", seeded, *BLANK, "--seed", "1", "--quiet")
    with serving("--fault", "on 0084 noise") as (_, control):
        refused = simcard.run("insert", seeded, *control)
        assert (4, True) == (refused.returncode, "no noise that could fail" in refused.stderr)
        assert 0 == simcard.run("list", *control).returncode
    assert 0 == simcard.run("info", seeded).returncode
