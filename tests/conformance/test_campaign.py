"""Campaigns: the same result whoever does the work, nothing done is lost, and findings are short and repeatable."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Executor
from importlib import import_module
from pathlib import Path

import pytest
from msgspec import json

from conformance.campaign.fuzz import Listener, seeded
from conformance.campaign.job import Driver, Fuzz, Job, Kind, Sampling
from conformance.campaign.minimise import minimal, shortest
from conformance.campaign.outcome import Finding, Outcome, merged
from conformance.campaign.run import State, StateError
from conformance.campaign.story import Judge, Place, Story, StoryError, digest_of
from conformance.campaign.work import told
from conformance.format import target_names
from host_tools.cli import executors
from host_tools.cli.campaigning import Bench, lives_of
from host_tools.cli.campaigning import work as honest_work
from tests.conformance.campaigns import WHOLE, Inline, campaign, guilty, of_a_file, whole
from tests.kit import SEED, tell

FEW = Sampling(stride=5, second=9, again=9)


@pytest.fixture(scope="module")
def expected() -> Outcome:
    """What a campaign finds when one job is done after the other."""
    return whole(campaign(Kind.STREAMS, 200), Inline(), ahead=1)


def test_a_guilty_card_is_found_guilty(expected: Outcome) -> None:
    assert {"law 2"} == {finding.law for finding in expected.findings}
    assert 200 == expected.tried["streams"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes_find_the_same(expected: Outcome, jobs: int) -> None:
    with executors.processes(jobs) as (executor, ahead):
        assert expected == whole(campaign(Kind.STREAMS, 200), executor, ahead=ahead)


def test_a_cluster_finds_the_same(expected: Outcome) -> None:
    start = import_module("distributed").LocalCluster
    with (
        start(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        executors.cluster(cluster.scheduler_address) as (executor, ahead),
    ):
        assert expected == whole(campaign(Kind.STREAMS, 200), executor, ahead=ahead)


def test_a_campaign_that_was_killed_goes_on_where_it_was(expected: Outcome, tmp_path: Path) -> None:
    path = tmp_path / "state"
    killed = subprocess.run([sys.executable, "-m", "tests.conformance.campaigns", str(path)], check=False)
    assert -signal.SIGKILL == killed.returncode
    planned = campaign(Kind.STREAMS, 200)
    kept = State(planned, path)
    kept.close()
    assert {0, 1} == set(kept.done)
    assert expected == whole(planned, Inline(), path)


def test_a_line_that_was_being_written_is_written_again(expected: Outcome, tmp_path: Path) -> None:
    path, planned = tmp_path / "state", campaign(Kind.STREAMS, 200)
    whole(planned, Inline(), path)
    kept = path.read_bytes()
    path.write_bytes(kept[:-20])
    assert expected == whole(planned, Inline(), path)
    assert kept == path.read_bytes()


def test_the_state_of_another_campaign_is_refused(tmp_path: Path) -> None:
    State(campaign(Kind.STREAMS, 200), tmp_path / "state").close()
    with pytest.raises(StateError, match="another campaign"):
        State(campaign(Kind.STREAMS, 250), tmp_path / "state")


def test_what_is_no_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("hello\n")
    with pytest.raises(StateError, match="no state of a campaign"):
        State(campaign(Kind.STREAMS, 200), tmp_path / "state")


def test_what_is_found_is_repeated_by_its_line(expected: Outcome) -> None:
    bench = Bench("iso-blank", SEED, guilty)
    for finding in expected.findings:
        assert (finding.law, finding.what) == told(Story.parse(finding.story), bench)


def test_what_is_found_is_told_by_what_it_needs(expected: Outcome) -> None:
    story = Story.parse(expected.findings[0].story)
    without = [story.commands[:at] + story.commands[at + 1 :] for at in range(len(story.commands))]
    bench = Bench("iso-blank", SEED, guilty)
    assert [None] * len(without) == [told(Story(Judge.LAWS, "iso-blank", SEED, less), bench) for less in without]


def test_findings_are_merged_in_the_order_of_jobs() -> None:
    found = [Finding("law 2", "x", f"laws profile=p seed=1 commands=00A4{'00' * n}") for n in (3, 1, 2)]
    outcomes = [Outcome({"streams": 1}, (each,), reached=n) for n, each in enumerate(found)]
    assert Outcome({"streams": 3}, (found[1],), reached=2) == merged(outcomes)


# -- the fuzzers


def fuzzed(driver: Driver, budget: int = 200, **where: Executor) -> Outcome:
    return whole(campaign(Kind.FUZZ, budget, driver=driver), where.get("executor", Inline()))


@pytest.mark.parametrize("driver", Driver)
def test_either_fuzzer_finds_a_guilty_card_guilty(driver: Driver) -> None:
    found = fuzzed(driver)
    assert ({"law 2"}, 200) == ({finding.law for finding in found.findings}, found.tried["streams"])
    bench = Bench("iso-blank", SEED, guilty)
    for finding in found.findings:
        assert (finding.law, finding.what) == told(Story.parse(finding.story), bench)


def test_the_seeded_fuzzer_does_the_same_in_every_process() -> None:
    with executors.processes(2) as (executor, _):
        assert fuzzed(Driver.SEEDED, 600) == fuzzed(Driver.SEEDED, 600, executor=executor)


def test_the_seeded_fuzzer_hears_more_than_the_streams_it_begins_with() -> None:
    lives = lives_of("iso-blank", SEED)
    (job,) = campaign(Kind.FUZZ, 2 * len(lives), driver=Driver.SEEDED).jobs(lives)
    assert isinstance(job.task, Fuzz)
    subject = Bench("iso-blank", SEED).subject
    begun: set[object] = set()
    for life in lives:
        card = Listener(subject())
        for command in life.commands:
            card.transmit(command)
        begun |= card.heard
    assert len(seeded(job, job.task, lives, subject).heard) > 1.2 * len(begun)


# -- a profile that is a file

MINE = 'extends = "iso-blank"\n[card]\ntitle = "Mine"\n'
"""A card of one's own."""


def test_its_text_goes_with_the_campaign_to_every_worker() -> None:
    planned = of_a_file(Kind.STREAMS, 100, MINE, "gone.toml")
    expected = whole(planned, Inline())
    assert [f"laws profile=gone.toml seed=1 sheet={digest_of(MINE)}"] == list(
        {finding.story.partition(" commands=")[0] for finding in expected.findings}
    )
    with executors.processes(1) as (executor, ahead):
        assert expected == whole(planned, executor, ahead=ahead)
    start = import_module("distributed").LocalCluster
    with (
        start(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        executors.cluster(cluster.scheduler_address) as (executor, ahead),
    ):
        assert expected == whole(planned, executor, ahead=ahead)


def test_a_campaign_on_another_text_is_told_that_the_profile_changed(tmp_path: Path) -> None:
    State(of_a_file(Kind.STREAMS, 50, MINE, "mine.toml"), tmp_path / "state").close()
    assert 0o600 == (tmp_path / "state").stat().st_mode & 0o777
    with pytest.raises(StateError, match="began with another text of mine"):
        State(of_a_file(Kind.STREAMS, 50, MINE + "# changed\n", "mine.toml"), tmp_path / "state")


def test_a_profile_that_renames_the_card_takes_the_target_of_what_it_extends() -> None:
    renamed = MINE.replace("title", 'name = "mine"\ntitle')
    assert lives_of("mine.toml", SEED, MINE) == lives_of("mine.toml", SEED, renamed)


# -- whole cards


DOORS = ["iso-blank", "gmt0017-token", "eport-operator", "piv", "pkcs15"]
"""A card for each door; the slow run takes all."""


@pytest.mark.parametrize("kind", [Kind.STREAMS, Kind.LINK])
@pytest.mark.parametrize("profile", DOORS)
def test_a_whole_card_stands_a_campaign(profile: str, kind: Kind) -> None:
    assert () == found_on(profile, kind, 20).findings


@pytest.mark.parametrize("profile", DOORS)
def test_a_whole_card_stands_cuts_in_the_lives_of_its_suites(profile: str) -> None:
    assert () == found_on(profile, Kind.CUTS, 4, FEW).findings


def test_a_whole_card_stands_the_fuzzer() -> None:
    outcome = found_on("iso-blank", Kind.FUZZ, 300)
    assert ((), 300) == (outcome.findings, outcome.tried["streams"])
    assert outcome.reached > 500


BROKEN_FUZZER = """
from importlib import import_module

fuzzing = import_module("host_tools.cli.fuzzing")
fuzzing.Fuzzer.one = lambda fuzzer, data: 1 // 0
fuzzing.main()
"""


def test_a_fuzzer_that_breaks_leaves_nothing_where_it_was_started(tmp_path: Path) -> None:
    """libFuzzer keeps the stream it broke at in a file, by itself where it was started."""
    started, folder = tmp_path / "started", tmp_path / "folder"
    started.mkdir()
    folder.mkdir()
    (job,) = campaign(Kind.FUZZ, 2).jobs(lives_of("iso-blank", SEED))
    command = [sys.executable, "-c", BROKEN_FUZZER, json.encode(job).decode(), str(folder)]
    done = subprocess.run(command, cwd=started, capture_output=True, check=False)
    assert b"ZeroDivisionError" in done.stdout
    assert [] == list(started.iterdir())
    assert [] != list(folder.glob("crash-*"))


@pytest.mark.parametrize("profile", DOORS)
def test_a_whole_card_stands_the_seeded_fuzzer(profile: str) -> None:
    assert () == found_on(profile, Kind.FUZZ, 40, driver=Driver.SEEDED).findings


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Kind.STREAMS, Kind.LINK, Kind.FUZZ])
@pytest.mark.parametrize("profile", target_names())
def test_a_whole_card_stands_a_long_campaign(profile: str, kind: Kind) -> None:
    assert () == found_on(profile, kind, 2000).findings


@pytest.mark.slow
@pytest.mark.parametrize("profile", target_names())
def test_a_whole_card_stands_the_seeded_fuzzer_for_long(profile: str) -> None:
    assert () == found_on(profile, Kind.FUZZ, 2000, driver=Driver.SEEDED).findings


@pytest.mark.slow
@pytest.mark.parametrize("profile", target_names())
def test_a_whole_card_stands_every_cut_in_every_life(profile: str) -> None:
    assert () == found_on(profile, Kind.CUTS, 0, Sampling(second=20, again=20)).findings


def found_on(
    profile: str, kind: Kind, budget: int, sampling: Sampling = WHOLE, driver: Driver = Driver.ATHERIS
) -> Outcome:
    planned = campaign(kind, budget, sampling, profile, driver)
    jobs: Sequence[Job] = planned.jobs(lives_of(profile, SEED))
    outcome = merged(honest_work(job) for job in jobs)
    tell(f"{profile}, {kind}: {outcome.tried}")
    return outcome


# -- parts


def test_delta_debugging_keeps_what_is_needed() -> None:
    assert [3, 7] == shortest(range(20), lambda kept: {3, 7} <= set(kept))


def test_bytes_are_left_out_and_blanked() -> None:
    noise, needed = bytes.fromhex("0084000008"), bytes.fromhex("0020000104 31323334")
    fails = lambda kept: any(raw[:2] == needed[:2] and raw[-1:] == b"4" for raw in kept)  # noqa: E731
    assert [bytes.fromhex("002034")] == minimal([noise, needed, noise], fails)


STORIES = [
    Story(Judge.LAWS, "iso-blank", 1, (b"", b"\x00\x84")),
    Story(Judge.CUTS, "piv", 2, (b"\x00",), (Place(1, 2, "garbage", 3), Place(0, 0))),
    Story(Judge.LINK, "piv", 3, (b"\x00",), (), ("at 3 lost", "every 5 late 250")),
    Story(Judge.LAWS, "my cards/100%20 卡\u3000片\x1b[2J.toml", 1, (b"\x00",), sheet="5f0c1d6e2b7a9c34"),
]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_a_story_is_read_as_it_is_written(story: Story) -> None:
    assert story == Story.parse(str(story))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected laws, cuts or link"),
        ("laws seed=1", "profile=NAME"),
        ("laws profile=p seed=x", "seed=NUMBER"),
        ("laws profile=p seed=1 commands=0", "hexadecimal"),
        ("laws profile=p seed=1 colour=red", "expected laws"),
        ("cuts profile=p seed=1 at=1:absent", "ACT.OPERATION"),
    ],
)
def test_what_is_no_story_is_refused(text: str, expected: str) -> None:
    with pytest.raises(StoryError, match=expected):
        Story.parse(text)
