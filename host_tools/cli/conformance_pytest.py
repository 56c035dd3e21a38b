"""Cases of the judge as pytest items: `pytest --conformance TARGET`.

pytest's own options do what they always do: -k and -x choose, -n runs in parallel, --junitxml reports. Without paths
the suites that come with the program are collected; suite files may be named instead. What a card lacks is skipped
with the reason; failures that are explained are expected failures.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from pytest import skip as not_applicable

from host_tools.errors import HostError

if TYPE_CHECKING:
    from conformance.format import Case, Suite
    from conformance.judge import Judge
    from conformance.result import Result

OPTIONS = {
    "--conformance": ("TARGET", "judge a card: what it has, by name or file (docs/conformance.md)"),
    "--conformance-profile": ("NAME", "make the card from this profile; the target's own if left out"),
    "--conformance-image": ("IMAGE", "judge a copy of this card image"),
    "--conformance-reader": ("NAME", "judge the card in this PC/SC reader"),
    "--conformance-atr": ("HEX", "its ATR"),
    "--conformance-serial": ("HEX", "its serial number"),
}


@dataclass(slots=True)
class _Session:
    """The judge of this run, made when the first case needs it."""

    stack: ExitStack
    judge: Judge | None = None


USAGE = pytest.ExitCode.USAGE_ERROR
SESSION = pytest.StashKey[_Session]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, in a group of their own."""
    group = parser.getgroup("conformance", "the judge of simcard")
    for name, (metavar, text) in OPTIONS.items():
        group.addoption(name, metavar=metavar, help=text)
    group.addoption("--conformance-destructive", action="store_true", help="allow cases that change the card for good")


def pytest_configure(config: pytest.Config) -> None:
    """Without paths of the user's own the shipped suites are what is collected."""
    if not _asked(config, "--conformance"):
        return
    if _asked(config, "--conformance-reader") and config.getoption("numprocesses", None):
        raise pytest.UsageError("a reader has one card: judge it without -n")
    _insist_on_names(config)
    config.stash[SESSION] = _Session(ExitStack())
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        from conformance.format import SUITES

        config.args = [str(SUITES)]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let the card go."""
    if SESSION in config.stash:
        config.stash[SESSION].stack.close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A suite file, while a card is judged."""
    if file_path.suffix != ".toml" or SESSION not in parent.config.stash:
        return None
    found: pytest.Collector = SuiteFile.from_parent(parent, path=file_path)
    return found


def _asked(config: pytest.Config, option: str) -> str | None:
    value: str | None = config.getoption(option)
    return value


def _insist_on_names(config: pytest.Config) -> None:
    """Target, profile and image can be read. Said before processes are started: in one of those it would look like a
    crash."""
    from conformance.format import SuiteError, load_target, target_path
    from host_tools.cli.judging import flash_of
    from host_tools.cli.profiles import load

    image, profile = _asked(config, "--conformance-image"), _asked(config, "--conformance-profile")
    try:
        load_target(target_path(str(_asked(config, "--conformance"))))
        if profile is not None:
            load(profile)
        if image is not None:
            flash_of(Path(image))
    except (SuiteError, HostError) as error:
        raise pytest.UsageError(str(error)) from None


def _judge(config: pytest.Config) -> Judge:
    """The judge, made once; whatever the user got wrong ends the run as a usage error."""
    session = config.stash[SESSION]
    if session.judge is None:
        from conformance import run
        from conformance.format import SuiteError, load_target, target_path
        from conformance.judge import Judge
        from host_tools.cli.conformance import Asked, seat

        name = str(_asked(config, "--conformance"))
        image, profile = _asked(config, "--conformance-image"), _asked(config, "--conformance-profile")
        reader, identity = _asked(config, "--conformance-reader"), ("--conformance-atr", "--conformance-serial")
        try:
            if image is None and reader is None:
                profile = profile or load_target(target_path(name)).target.profile
            asked = Asked(Path(image) if image else None, profile, reader, name, *(_asked(config, i) for i in identity))
            place = session.stack.enter_context(seat(asked))
        except (SuiteError, HostError, click.UsageError) as error:
            pytest.exit(error.message if isinstance(error, click.UsageError) else str(error), USAGE)
        known = run.known_failures(place.target.target.name)
        session.judge = Judge(place.target, place.rig, config.getoption("--conformance-destructive"), known)
    return session.judge


class SuiteFile(pytest.File):
    """A suite; its cases are its items."""

    def collect(self) -> Iterator[pytest.Item]:
        from conformance.format import SuiteError, load_suite

        try:
            suite = load_suite(self.path)
        except SuiteError as error:
            raise self.CollectError(str(error)) from None
        for case in suite.cases:
            yield CaseItem.from_parent(self, name=case.id, suite=suite, case=case)


class Guilty(Exception):
    """A case that does not hold or could not be tried to its end."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.reason)
        self.result = result


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, suite: Suite, case: Case, name: str, parent: pytest.Collector) -> None:
        super().__init__(name, parent)
        self._suite, self._case = suite, case

    def runtest(self) -> None:
        from conformance.result import Verdict

        result = _judge(self.config).run(self._suite, self._case)
        self.user_properties += [("clause", f"{result.standard}, {result.clause}"), ("verdict", result.verdict.value)]
        if result.verdict is Verdict.NOT_APPLICABLE:
            not_applicable(result.reason)
        if result.known:
            pytest.xfail(result.known)
        if result.verdict is not Verdict.PASS:
            raise Guilty(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        if not isinstance(excinfo.value, Guilty):
            return str(super().repr_failure(excinfo))
        result = excinfo.value.result
        lines = [f"{result.verdict.value}: {result.reason}", f"{result.standard}, {result.clause}: {result.purpose}"]
        for line in result.transcript:
            lines += [f"  > {line.did}", f"  < {line.got}", *([f"    {line.wrong}"] if line.wrong else [])]
        return "\n".join(lines)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self._suite.id}:{self._case.id}"
