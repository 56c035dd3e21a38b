"""A run: which cases there are, which are wanted, and all of them on one card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import msgspec

from conformance.format import HERE, Case, Suite, SuiteError, Target, load_suite, suite_paths
from conformance.judge import Judge
from conformance.report.text import visible
from conformance.result import Result, Run, SuiteNote

Progress = Callable[[int, int, str], None]
KNOWN = HERE / "known.toml"


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A failure somebody has explained."""

    target: str
    case: str
    reason: str


class KnownTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them."""

    known: list[Known] = []


def suites(named: Sequence[str] = ()) -> list[Suite]:
    """Suites by name or file, or all that come with the program; `SuiteError` for one that is not there."""
    shipped = {path.stem: path for path in suite_paths()}
    if not named:
        return [load_suite(path) for path in shipped.values()]
    return [load_suite(_path(name, shipped)) for name in named]


def _path(name: str, shipped: dict[str, Path]) -> Path:
    path = shipped.get(name, Path(name))
    if not path.exists():
        raise SuiteError(f"{name}: no suite of that name or file; there are {', '.join(shipped)}")
    return path


def cases(of: Sequence[Suite], wanted: Sequence[str] = ()) -> Iterator[tuple[Suite, Case]]:
    """The cases whose `suite:case` or clause one of the patterns (with * and ?) fits; all without patterns."""
    for suite in of:
        for case in suite.cases:
            names = (f"{suite.id}:{case.id}", case.id, case.clause)
            if not wanted or any(fnmatchcase(name, pattern) for name in names for pattern in wanted):
                yield suite, case


def known_table(path: Path = KNOWN) -> KnownTable:
    """The failures that are explained."""
    return msgspec.toml.decode(path.read_bytes(), type=KnownTable)


def known_failures(target: str) -> dict[str, str]:
    """Those of a target: `suite:case` and the reason."""
    return {row.case: row.reason for row in known_table().known if row.target == target}


def run(
    judge: Judge,
    target: Target,
    chosen: Sequence[tuple[Suite, Case]],
    where: str,
    identity: tuple[str, str],
    progress: Progress = lambda done, total, name: None,
) -> Run:
    """All the cases on one card. `identity` is its ATR and its serial number, as the report shows them."""
    started, start = datetime.now(UTC).isoformat(timespec="seconds"), perf_counter()
    results: list[Result] = []
    for number, (suite, case) in enumerate(chosen):
        progress(number, len(chosen), f"{suite.id}:{case.id}")
        results.append(judge.run(suite, case))
    progress(len(chosen), len(chosen), "done")
    return Run(
        target=target.target.name,
        title=target.target.title,
        where=visible(where),
        atr=identity[0],
        serial=identity[1],
        version=version("simcard"),
        started=started,
        seconds=round(perf_counter() - start, 3),
        suites=tuple(_notes(chosen)),
        results=tuple(results),
    )


def _notes(chosen: Sequence[tuple[Suite, Case]]) -> list[SuiteNote]:
    """Each suite once, in order."""
    found = {suite.id: suite for suite, _ in chosen}
    return [SuiteNote(suite.id, suite.suite.title, suite.suite.standard, suite.clauses) for suite in found.values()]
