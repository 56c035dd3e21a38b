"""Suites, targets and the vocabulary, as files: what their TOML may hold, and reading it.

A suite is a list of cases for any card; a target says what one card has; the vocabulary lists the names by which
suites ask for what a card has. docs/conformance.md describes all three for their writers. Every mistake in a file is
a `SuiteError` that names file, place and what was expected.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from conformance.template import TemplateError, parse

HERE = Path(__file__).parent
SUITES = HERE / "suites"
TARGETS = HERE / "targets"
VOCABULARY = HERE / "vocabulary.toml"
CELL = re.compile(r"\$\{([a-z_0-9]+)\}|\$([a-z_0-9]+)")
ACTIONS = ("send", "reset", "check", "pcsc")


class SuiteError(ValueError):
    """A suite or target file that cannot be used; the text names file, place and what was expected."""


class Level(Enum):
    """How binding a requirement is."""

    MUST = "must"
    SHOULD = "should"
    INFORMATIVE = "informative"


class Certainty(Enum):
    """How a requirement is known (docs/conformance.md): read in the standard, seen on a real card, agreed by N
    independent programs, or inferred."""

    STANDARD = "S"
    CAPTURED = "C"
    THREE_AGREE = "F3"
    TWO_AGREE = "F2"
    ONE_PROGRAM = "F1"
    INFERRED = "I"


class Reset(Enum):
    """Ways to start the card anew."""

    WARM = "warm"
    COLD = "cold"


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing done to the card and what must come of it: `send`, `reset`, `check` or `pcsc` (this with `send`)."""

    send: str | None = None
    reset: Reset | None = None
    check: str | None = None
    pcsc: str | None = None
    by: str = "a"
    """Which connection makes the PC/SC call."""
    sw: str | list[str] = "9000"
    absent: str | list[str] = field(default_factory=list)
    """Status words by which a card says that it does not have what the case is about."""
    data: str | list[str] | None = None
    """What the data must be; of several patterns one."""
    length: str | None = None
    """Number of bytes, or `1..256`, or `8..`."""
    tlv: dict[str, str | list[str]] = field(default_factory=dict)
    """What the objects at these paths of tags hold."""
    differs: str | None = None
    """A pattern the data must not have."""
    capture: dict[str, str] = field(default_factory=dict)
    """Name by which later steps use: `sw`, `:`, `[0:8]`, `7F49/86`, `7F49/86[1:]`."""
    raw: bool = False
    """Leave 61xx and 6Cxx to the case."""
    times: int = 1
    cut: int | str | None = None
    """Take the power away at this operation of the memory, counted from 0; the answer need not come."""
    tear: str = "absent"
    note: str = ""


class Case(Struct, frozen=True, forbid_unknown_fields=True):
    """One requirement, tried."""

    id: str
    clause: str
    purpose: str
    steps: list[Step]
    needs: list[str] = field(default_factory=list)
    setup: list[Step] = field(default_factory=list)
    teardown: list[Step] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, str]] = field(default_factory=list)
    """The case once for each row: `$name` or `${name}` in it stands for the row's text; `name` is added to the id."""
    destructive: bool = False
    certainty: Certainty | None = None
    level: Level = Level.MUST
    rounds: Annotated[int, Meta(ge=1)] = 1
    """How often the steps are done, one round after the other; the transcript keeps the last."""
    plain_setup: bool = True
    """Whether the suite's setup comes first."""


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    """What a suite is."""

    id: str
    title: str
    standard: str
    needs: list[str] = field(default_factory=list)
    certainty: Certainty = Certainty.STANDARD


class Suite(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of cases. `clauses` gives titles; a clause without cases shows as such in the coverage table."""

    suite: Head
    cases: list[Case] = field(name="case")
    clauses: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    """Values in hexadecimal; a target's value of the same name wins."""
    setup: list[Step] = field(default_factory=list)
    teardown: list[Step] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.suite.id


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """A value given as text (UTF-8)."""

    text: str


class Identity(Struct, frozen=True, forbid_unknown_fields=True):
    """How one card is told from others: its ATR, and commands the last of which answers its serial number."""

    atr: str = "..."
    serial: list[str] = field(default_factory=list)


class TargetHead(Struct, frozen=True, forbid_unknown_fields=True):
    """What card this is."""

    name: str
    title: str = ""
    profile: str | None = None
    """The shipped profile it is made from."""
    extends: str | None = None
    features: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    """Features and values of the extended target that this card does not have."""


class Target(Struct, frozen=True, forbid_unknown_fields=True):
    """What the card under test has: values in hexadecimal or as text, secrets (never shown), features."""

    target: TargetHead
    values: dict[str, str | Text] = field(default_factory=dict)
    secrets: dict[str, str | Text] = field(default_factory=dict)
    identity: Identity = field(default_factory=Identity)

    def __repr__(self) -> str:
        return f"Target({self.target.name})"


class Vocabulary(Struct, frozen=True, forbid_unknown_fields=True):
    """Every name a suite may ask a target for, with its meaning."""

    values: dict[str, str]
    features: dict[str, str]
    link: dict[str, str]

    @property
    def names(self) -> set[str]:
        return {*self.values, *self.features, *self.link}


Loaded = TypeVar("Loaded")


def _load(path: Path, kind: type[Loaded]) -> tuple[Loaded, str]:
    try:
        text = path.read_text(encoding="utf-8")
        return msgspec.convert(tomllib.loads(text), kind), text
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeError:
        raise SuiteError(f"{path}: is not UTF-8 text") from None
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at ")
        raise SuiteError(f"{_at(path, text, place)}: {what}") from None
    except (ValueError, RecursionError) as error:
        # Besides its own error, tomllib passes on those of numbers too long and of nesting too deep.
        raise SuiteError(f"{path}: is not TOML: {error}") from None


def _at(path: Path, text: str, place: str) -> str:
    """File, line of the case where it is known, and key."""
    key = place.strip("`$").lstrip(".")
    case = re.match(r"case\[(\d+)\]", key)
    starts = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[case]]"]
    line = f":{starts[int(case[1])]}" if case and int(case[1]) < len(starts) else ""
    return f"{path}{line}: {key}" if key else f"{path}{line}"


@cache
def vocabulary() -> Vocabulary:
    """The names there are."""
    return _load(VOCABULARY, Vocabulary)[0]


@cache
def load_suite(path: Path) -> Suite:
    """A suite, its rows written out and every text in it read once; `SuiteError` for any mistake."""
    raw, text = _load(path, Suite)
    cases: list[Case] = []
    for number, case in enumerate(raw.cases):
        place = _at(path, text, f"case[{number}]") + f" ({case.id})"
        try:
            expanded = list(_rows(case))
            for each in expanded:
                _check(raw, each)
        except (TemplateError, SuiteError, msgspec.ValidationError) as error:
            raise SuiteError(f"{place}: {error}") from None
        cases += expanded
    twice = {case.id for case in cases if sum(case.id == other.id for other in cases) > 1}
    if twice:
        raise SuiteError(f"{path}: two cases have the id {', '.join(sorted(twice))}")
    return msgspec.structs.replace(raw, cases=cases)


def load_target(path: Path) -> Target:
    """A target with what it extends; `SuiteError` for any mistake."""
    found = _load(path, Target)[0]
    known = vocabulary()
    unknown = ({*found.values, *found.secrets} - {*known.values}) | ({*found.target.features} - {*known.features})
    if unknown:
        raise SuiteError(f"{path}: not in the vocabulary: {', '.join(sorted(unknown))}; see docs/conformance.md")
    for name, value in {**found.values, **found.secrets}.items():
        try:
            _ = data_of(value)
        except ValueError:
            raise SuiteError(f'{path}: {name}: expected hexadecimal bytes or {{ text = "..." }}') from None
    return _extended(path, found) if found.target.extends else found


def _extended(path: Path, own: Target) -> Target:
    below = load_target(target_path(str(own.target.extends), path))
    gone = set(own.target.without)
    return Target(
        msgspec.structs.replace(
            own.target,
            extends=None,
            features=[name for name in (*below.target.features, *own.target.features) if name not in gone],
            profile=own.target.profile or below.target.profile,
        ),
        {name: value for name, value in {**below.values, **own.values}.items() if name not in gone},
        {name: value for name, value in {**below.secrets, **own.secrets}.items() if name not in gone},
        own.identity if own.identity != Identity() else below.identity,
    )


def data_of(value: str | Text) -> bytes:
    """The bytes of a value as a target gives it."""
    return value.text.encode() if isinstance(value, Text) else bytes.fromhex(value)


def suite_paths(folder: Path = SUITES) -> list[Path]:
    """The suites that come with the program, in order."""
    return sorted(folder.glob("*.toml"))


def target_names() -> list[str]:
    """The targets that come with the program."""
    return sorted(path.stem for path in TARGETS.glob("*.toml"))


def target_path(name: str, beside: Path | None = None) -> Path:
    """The file of a target: a shipped one by name, any other by path (beside the file that names it)."""
    shipped = TARGETS / f"{name}.toml"
    if shipped.exists():
        return shipped
    path = Path(name)
    if not path.exists() and beside is not None:
        path = beside.parent / name
    if not path.exists():
        raise SuiteError(f"{name}: no target of that name or file; there are {', '.join(target_names())}")
    return path


# -- rows and checks


def _rows(case: Case) -> Iterator[Case]:
    """The case, or one case for each of its rows."""
    if not case.rows:
        yield case
        return
    for row in case.rows:
        if "name" not in row:
            raise SuiteError("rows: every row has a name, which is added to the id")
        filled = _filled(msgspec.to_builtins(msgspec.structs.replace(case, rows=[])), row)
        yield msgspec.convert({**filled, "id": f"{case.id}/{row['name']}"}, Case)


def _filled(value: Any, row: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return CELL.sub(lambda found: _cell(found[1] or found[2], row), value)
    if isinstance(value, list):
        return [_filled(each, row) for each in value]
    if isinstance(value, dict):
        return {_filled(key, row): _filled(each, row) for key, each in value.items()}
    return value


def _cell(name: str, row: Mapping[str, str]) -> str:
    if name not in row:
        raise SuiteError(f"${name}: row {row['name']} has no such cell")
    return row[name]


def _check(suite: Suite, case: Case) -> None:
    known = vocabulary()
    for name in (*suite.suite.needs, *case.needs):
        if name not in known.names:
            raise SuiteError(f"needs: {name} is not in the vocabulary")
    for name in wanted(suite, case):
        if name not in known.values:
            raise SuiteError(f"{{{name}}} is neither captured before, nor a value of the suite, nor in the vocabulary")
    for step in steps_of(suite, case):
        given = [action for action in ACTIONS if getattr(step, action) is not None]
        if len(given) != 1 and given != ["send", "pcsc"]:
            raise SuiteError(f"a step has exactly one of {', '.join(ACTIONS)}; pcsc may have send beside it")


def steps_of(suite: Suite, case: Case) -> list[Step]:
    """All steps in the order in which they run."""
    before, after = (suite.setup, suite.teardown) if case.plain_setup else ([], [])
    return [*before, *case.setup, *case.steps, *case.teardown, *after]


def wanted(suite: Suite, case: Case) -> list[str]:
    """Names the case uses and does not make itself, in order: what the target must give."""
    made = {*suite.values, *case.values}
    found: dict[str, None] = {}
    for text in (*suite.values.values(), *case.values.values()):
        found |= dict.fromkeys(name for name in parse(text).names() if name not in made)
    for step in steps_of(suite, case):
        found |= dict.fromkeys(name for name in names_of(step) if name not in made)
        made |= set(step.capture)
    return list(found)


def names_of(step: Step) -> Iterator[str]:
    """Names a step uses; reads its texts, so that their mistakes show."""
    for text in (step.send, step.check, step.cut if isinstance(step.cut, str) else None):
        if text is not None:
            yield from parse(text).names()
    words = [] if step.pcsc is not None else [step.sw, step.absent]
    for patterns in (*words, step.data, step.differs, *step.tlv.values()):
        for text in listed(patterns or []):
            yield from parse(text, pattern=True).names()


def listed(value: str | list[str]) -> list[str]:
    """One text or several, as several."""
    return [value] if isinstance(value, str) else value


def schema(kind: type[Struct] = Suite) -> dict[str, Any]:
    """The format as a JSON schema."""
    return msgspec.json.schema(kind)
