"""`simcard campaign` as it is typed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conformance.campaign.story import digest_of
from host_tools.cli.campaign import command
from host_tools.errors import FileProblem, HostError, NoService, ProfileProblem

LARGE = "[[file]]\npath = '3F00'\nkind = 'df'\n" + "".join(
    f"[[file]]\npath = '3F00/{name}'\nkind = 'transparent'\nsize = 32767\ntext = '{'a' * 32767}'\n"
    for name in ("5F77", "5F78")
)
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
        (("run", "fuzz", "--fuzzer", "nobody"), "'nobody' is not one of"),
    ],
)
def test_wrong_use_is_told_in_a_line(arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments)
    assert (2, True) == (result.exit_code, told in result.output)


@pytest.mark.parametrize(
    "arguments", [("replay", "laws profile=nobody seed=1 commands=00"), ("run", "streams", "-p", "nobody")]
)
def test_a_profile_that_is_not_there_is_told(arguments: tuple[str, ...]) -> None:
    assert "no profile is called 'nobody'" in str(told_by(ProfileProblem, *arguments))


def told_by(kind: type[HostError], *arguments: str) -> HostError:
    """The error the command ends in."""
    error = run(*arguments).exception
    assert isinstance(error, kind), error
    return error


# -- a profile that is a file


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A profile with a name that no word can hold."""
    path = tmp_path / "my card.toml"
    path.write_text('extends = "iso-blank"\n[card]\ntitle = "Mine"\n')
    return path


def test_a_campaign_takes_a_profile_file_and_keeps_its_text(mine: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    arguments = (*STREAMS, "-p", str(mine), "--state", str(state))
    assert 0 == run(*arguments).exit_code
    assert mine.read_text() == json.loads(state.read_bytes().splitlines()[0])["sheet"]
    assert 0 == run(*arguments).exit_code
    mine.write_text(mine.read_text().replace("Mine", "Ours"))
    assert "began with another text" in str(told_by(FileProblem, *arguments))


def test_a_story_is_repeated_on_the_profile_it_was_told_of_and_no_other(mine: Path) -> None:
    name = str(mine).replace(" ", "%20")
    story = f"laws profile={name} seed=1 sheet={digest_of(mine.read_text())} commands=0084000008"
    assert f"nothing broken: {story}\n" == run("replay", story).output
    mine.write_text(mine.read_text() + "# changed\n")
    assert "not the one this story was told of" in str(told_by(FileProblem, "replay", story))
    assert 0 == run("replay", re.sub(" sheet=[0-9a-f]+", "", story)).exit_code


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "missing required field `card`"),
        ("extends = 1.5", "no profile is called"),
        ('extends = "iso-blank"\n[card]\natr = "00"\n', "my card.toml:3: card.atr"),
        ('extends = "iso-blank"\nmemory = 65536\n' + LARGE, "memory: expected room for the whole card"),
    ],
)
def test_a_profile_that_makes_no_card_is_told(mine: Path, text: str, told: str) -> None:
    mine.write_text(text)
    assert told in str(told_by(ProfileProblem, "run", "streams", "-p", str(mine)))


# -- places and fuzzers


@pytest.mark.parametrize("option", ["--state", "--save"])
def test_a_folder_that_is_not_there_is_told_before_the_work(option: str, tmp_path: Path) -> None:
    folder = tmp_path / "no folder"
    error = told_by(FileProblem, *STREAMS, option, str(folder / "x"))
    assert f"{folder / 'x'}: there is no folder {folder}; make it (mkdir -p '{folder}')" == str(error)


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    assert f"{tmp_path}: is a folder; name a file in it" == str(
        told_by(FileProblem, *STREAMS, "--state", str(tmp_path))
    )


@pytest.mark.parametrize(("there", "what"), [(False, "the folder {}"), (True, "the file")])
def test_a_place_that_may_not_be_written_is_told(
    there: bool, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state"
    if there:
        path.touch()
    # Tests may run as root, who may write everywhere.
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    error = told_by(FileProblem, *STREAMS, "--state", str(path))
    assert f"{path}: you may not write to {what.format(tmp_path)}; allow it, or name a file elsewhere" == str(error)


def test_a_state_on_a_device_is_told() -> None:
    assert "/dev/full: is no file" in str(told_by(FileProblem, *STREAMS, "--state", "/dev/full"))


@pytest.mark.parametrize(("chosen", "installed"), [((), False), (("--fuzzer", "seeded"), True)])
def test_without_atheris_the_seeded_fuzzer_is_taken(
    chosen: tuple[str, ...], installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("host_tools.cli.campaign.find_spec", lambda _name: object() if installed else None)
    result = run("run", "fuzz", "-n", "40", "-j", "1", *chosen)
    assert (0, True) == (result.exit_code, "kinds of exchanges heard" in result.output)


def test_atheris_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("host_tools.cli.campaign.find_spec", lambda _name: None)
    assert "--fuzzer seeded" in str(told_by(FileProblem, "run", "fuzz", "--fuzzer", "atheris"))


def test_a_scheduler_that_does_not_answer_is_told() -> None:
    assert isinstance(run(*STREAMS[:4], "--scheduler", "nonsense://nowhere").exception, NoService)
