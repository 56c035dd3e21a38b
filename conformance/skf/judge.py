"""Suites of calls, and putting a library before them.

Results are those of `conformance.result`, so they appear in the same reports as those of cards.
"""

from __future__ import annotations

import ctypes
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import msgspec

from conformance.format import Certainty, Level, SuiteError
from conformance.result import Line, Result, Verdict
from conformance.skf.arguments import ArgumentError, Handles, Overrun, prepare
from conformance.skf.sar import ANY_ERROR, CODES, name_of
from conformance.template import TemplateError, Value, parse

SUITE = Path(__file__).parent / "gmt0016.toml"


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call and what must come of it, or a comparison (`check`) of what came before."""

    call: str | None = None
    check: str | None = None
    args: list[str] = []
    sar: str | list[str] = "OK"
    """Codes without SAR_; ERROR is any but OK."""
    get: dict[str, str] = {}
    """Patterns of what was put into places, by name."""
    differs: dict[str, str] = {}
    keep: str = ""
    """Name by which later steps use the value of a check."""
    note: str = ""


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One requirement."""

    id: str
    clause: str
    purpose: str
    steps: list[Call]
    setup: list[str] = []
    """Names of sequences that come first."""
    teardown: list[Call] = []
    values: dict[str, str] = {}
    level: Level = Level.MUST
    certainty: Certainty = Certainty.STANDARD
    optional: list[str] = []
    """Functions not in the published list; a library without one is not guilty of that."""


class Suite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All cases, with the sequences they begin with and the one they end with."""

    id: str
    title: str
    standard: str
    clauses: dict[str, str]
    cases: list[Case] = msgspec.field(name="case")
    values: dict[str, str] = {}
    sequences: dict[str, list[Call]] = {}
    afterwards: list[Call] = []


class Library(Protocol):
    """Functions by name."""

    def find(self, name: str) -> Any:
        """A function that takes C arguments and returns a number of 32 bits; None when there is none."""


class SharedLibrary:
    """A library in a file. `SuiteError` when it cannot be loaded."""

    def __init__(self, path: Path) -> None:
        try:
            self._library = ctypes.CDLL(str(path.resolve()))
        except OSError as error:
            raise SuiteError(f"{path}: cannot be loaded as a library ({error})") from None

    def find(self, name: str) -> Any:
        found = getattr(self._library, name, None)
        if found is not None:
            found.restype = ctypes.c_uint32
        return found


class _Wrong(Exception):
    """The library did otherwise than a step says."""


class _Missing(Exception):
    """The library has no such function."""


def load(path: Path = SUITE) -> Suite:
    """A suite; `SuiteError` for any mistake in its form."""
    try:
        suite = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Suite)
    except (ValueError, RecursionError) as error:  # no TOML, no text, another form, or nested without end
        raise SuiteError(f"{path}: {error}") from None
    for case in suite.cases:
        for step in [*case.steps, *case.teardown]:
            unknown = [name for name in codes_of(step) if name not in (*CODES, ANY_ERROR)]
            if unknown or (step.call is None) == (step.check is None):
                raise SuiteError(f"{path}: {case.id}: {unknown or 'a step is a call or a check'}")
        if set(case.setup) - set(suite.sequences):
            raise SuiteError(f"{path}: {case.id}: no sequence {', '.join(set(case.setup) - set(suite.sequences))}")
    return suite


def codes_of(step: Call) -> list[str]:
    """The codes a step allows."""
    return [step.sar] if isinstance(step.sar, str) else step.sar


@dataclass(slots=True)
class Trial:
    """One case in progress."""

    library: Library
    values: dict[str, Value]
    handles: Handles = field(default_factory=Handles)
    lines: list[Line] = field(default_factory=list)

    def run(self, step: Call) -> None:
        """Do a step; `_Wrong` when the library did otherwise."""
        try:
            if step.check is not None:
                did, got = f"= {step.check}", {"": parse(step.check).value(self.values)}
                wrong = _mismatch({"": step.get.get("is", "...")}, {}, got, self.values)
                self.values |= {step.keep: got[""]} if step.keep else {}
            else:
                did, got, wrong = self._call(step)
        except (Overrun, ArgumentError, TemplateError) as error:
            self.lines.append(Line(step.call or "check", "", step.note, str(error)))
            raise _Wrong(str(error)) from None
        shown = " ".join(f"{name}={value.data.hex().upper()}" for name, value in got.items())
        self.lines.append(Line(did, shown, step.note, wrong))
        if wrong:
            raise _Wrong(wrong)

    def _call(self, step: Call) -> tuple[str, dict[str, Value], str]:
        name = f"SKF_{step.call}"
        function = self.library.find(name)
        if function is None:
            raise _Missing(name)
        prepared = prepare(step.args, self.values, self.handles)
        code = function(*prepared.arguments)
        did, found = f"{name}({', '.join(prepared.shown)}) = {name_of(code)}", prepared.read()
        allowed = codes_of(step)
        if not (name_of(code) in allowed or (code and ANY_ERROR in allowed)):
            return did, {}, f"expected {' or '.join(allowed)}, got {name_of(code)}"
        if code == 0:
            self.handles.values |= {key: handle.value or 0 for key, handle in prepared.handles}
        self.values |= found
        return did, found, _mismatch(step.get, step.differs, found, self.values)


def _mismatch(
    wanted: Mapping[str, str], unwanted: Mapping[str, str], found: Mapping[str, Value], values: Mapping[str, Value]
) -> str:
    """What is not as a step says; empty when all is."""
    for patterns, good in ((wanted, True), (unwanted, False)):
        for name, text in patterns.items():
            digits = found[name].data.hex().upper() if name in found else ""
            pattern = parse(text, True)
            if bool(pattern.pattern(values).fullmatch(digits)) != good:
                kind = "expected" if good else "expected other than"
                return f"{kind} {pattern.shown(values)} in {name or 'the value'}, got {digits}"
    return ""


class Judge:
    """Puts one library, and the token behind it, before cases. `given` are values and secrets of the token."""

    def __init__(self, library: Library, given: Mapping[str, Value]) -> None:
        self._library = library
        self._given = dict(given)

    def run(self, suite: Suite, case: Case) -> Result:
        """The verdict of one case."""
        start = perf_counter()
        verdict, reason, lines = self._tried(suite, case)
        return Result(
            suite=suite.id,
            case=case.id,
            standard=suite.standard,
            clause=case.clause,
            purpose=case.purpose,
            verdict=verdict,
            reason=reason,
            level=case.level,
            certainty=case.certainty,
            seconds=round(perf_counter() - start, 6),
            transcript=tuple(lines),
        )

    def _tried(self, suite: Suite, case: Case) -> tuple[Verdict, str, list[Line]]:
        trial = Trial(self._library, dict(self._given))
        for name, text in {**suite.values, **case.values}.items():
            trial.values[name] = parse(text).value(trial.values)
        setup = [step for name in case.setup for step in suite.sequences[name]]
        verdict, reason = _steps(trial, setup, case.optional)
        if verdict is not Verdict.PASS:
            verdict, reason = Verdict.UNRESOLVED, f"setup: {reason}"
        else:
            verdict, reason = _steps(trial, case.steps, case.optional)
        for step in [*case.teardown, *suite.afterwards]:
            _steps(trial, [step], case.optional)
        return verdict, reason, trial.lines


def _steps(trial: Trial, steps: Sequence[Call], optional: Sequence[str]) -> tuple[Verdict, str]:
    for number, step in enumerate(steps, 1):
        try:
            trial.run(step)
        except _Wrong as wrong:
            return Verdict.FAIL, f"step {number}: {wrong}"
        except _Missing as missing:
            absent = Verdict.NOT_APPLICABLE if step.call in optional else Verdict.FAIL
            return absent, f"step {number}: the library has no {missing}"
    return Verdict.PASS, ""


def chosen(suite: Suite, wanted: Sequence[str] = ()) -> Iterator[Case]:
    """The cases whose id or clause one of the patterns fits; all without patterns."""
    for case in suite.cases:
        if not wanted or any(fnmatchcase(name, pattern) for name in (case.id, case.clause) for pattern in wanted):
            yield case
