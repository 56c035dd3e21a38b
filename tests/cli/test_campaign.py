"""`simcard campaign` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from host_tools.cli.campaign import command
from host_tools.errors import FileProblem, NoService

STREAMS = ("run", "streams", "-n", "60", "-j", "1")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def test_a_campaign_tells_what_was_tried(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    first = run(*STREAMS, "--json", "--state", state)
    assert 0 == first.exit_code
    assert (60, []) == (json.loads(first.output)["tried"]["streams"], json.loads(first.output)["findings"])
    assert first.output == run(*STREAMS, "--json", "--state", state).output


def test_the_state_of_another_campaign_is_refused(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    run(*STREAMS, "--state", state)
    assert isinstance(run(*STREAMS, "--seed", "2", "--state", state).exception, FileProblem)


def test_findings_are_kept_in_a_file_that_is_replayed(tmp_path: Path) -> None:
    path = tmp_path / "stories"
    assert 0 == run(*STREAMS, "--save", str(path)).exit_code
    path.write_text(path.read_text() + "laws profile=iso-blank seed=1 commands=-,0084000008\n")
    result = run("replay", "--file", str(path))
    assert (0, True) == (result.exit_code, result.output.startswith("nothing broken: laws"))


@pytest.mark.parametrize("kind", ["cuts profile=piv seed=1 commands=0084000008 at=0.0:garbage:1",
                                  "link profile=piv seed=1 commands=0084000008 faults=at+1+lost"])  # fmt: skip
def test_every_kind_of_story_is_replayed(kind: str) -> None:
    assert [{"story": kind, "law": "", "what": ""}] == json.loads(run("replay", "--json", kind).output)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("replay",), "give a STORY"),
        (("replay", "hello"), "expected laws, cuts or link"),
        (("replay", "laws profile=nobody seed=1 commands=00"), "no built-in profile"),
        (("run", "streams", "-p", "nobody"), "no built-in profile"),
    ],
)
def test_wrong_use_is_told_in_a_line(arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments)
    assert (2, True) == (result.exit_code, told in result.output)


def test_a_scheduler_that_does_not_answer_is_told() -> None:
    assert isinstance(run(*STREAMS[:4], "--scheduler", "nonsense://nowhere").exception, NoService)
