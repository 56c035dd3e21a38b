"""Write the generated parts of the judge's documents, and the schemas of its files, anew.

python -m scripts.make_conformance_docs
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from conformance import run
from conformance.format import HERE, Case, Level, Suite, Target, schema
from conformance.functions import FUNCTIONS
from conformance.report.picture import order

DOCS = Path(__file__).parent.parent / "docs"
GUIDE = DOCS / "conformance.md"
COVERAGE = DOCS / "conformance-coverage.md"
SCHEMAS: dict[Path, type[Suite] | type[Target]] = {
    HERE / "schemas" / "suite.json": Suite,
    HERE / "schemas" / "target.json": Target,
}
MARK = re.compile(r"(?<=<!-- functions -->\n).*?(?=<!-- end -->)", re.DOTALL)
HEAD = """# What the judge tries, clause by clause

This page is made from the suites by `python -m scripts.make_conformance_docs`; a test holds it current. What a suite
is, and what the marks of certainty mean, is told in [conformance.md](conformance.md). A clause that no case is about
is listed with 0 cases. `(3)` behind a case means that it is tried with three sets of values.

| suite | standard | what | clauses with a case | cases | must | should | informative | change the card |
|---|---|---|---|---|---|---|---|---|
{summary}
"""


def functions_table() -> str:
    """The functions a suite may use."""
    rows = (f"| `{row.form}`{' *' if row.hides else ''} | {row.what} |" for row in FUNCTIONS.values())
    return "\n| function | result |\n|---|---|\n" + "\n".join(rows) + "\n\n"


def guide() -> str:
    """The guide with its table of functions."""
    return MARK.sub(lambda _: functions_table(), GUIDE.read_text(encoding="utf-8"))


def by_clause(suite: Suite) -> dict[str, list[Case]]:
    """The cases of every clause, in the order of the standard."""
    clauses = sorted({*suite.clauses, *(case.clause for case in suite.cases)}, key=order)
    return {clause: [case for case in suite.cases if case.clause == clause] for clause in clauses}


def coverage() -> str:
    """The page of clauses."""
    suites = run.suites()
    everything = [case for suite in suites for case in suite.cases]
    rows = [_summary(f"[{suite.id}](#{suite.id})", suite) for suite in suites]
    tried = sum(bool(cases) for suite in suites for cases in by_clause(suite).values())
    clauses = sum(len(by_clause(suite)) for suite in suites)
    rows.append(_row("all", "", "", f"{tried} of {clauses}", *_counts(everything)))
    return HEAD.format(summary="\n".join(rows)) + "".join(map(_chapter, suites)) + _explained()


def _explained() -> str:
    """The failures of our own cards that stand in known.toml."""
    rows = [_row(each.target, each.case, each.reason) for each in run.known_table().known]
    head = "\n## Explained failures\n\nOf cards that come with the program; they do not count as guilt.\n"
    return head + "\n| target | case | why |\n|---|---|---|\n" + "\n".join(rows) + "\n" if rows else ""


def _summary(name: str, suite: Suite) -> str:
    clauses = by_clause(suite)
    tried = sum(bool(cases) for cases in clauses.values())
    what = (name, suite.suite.standard, suite.suite.title, f"{tried} of {len(clauses)}")
    return _row(*what, *_counts(suite.cases))


def _counts(cases: list[Case]) -> list[str]:
    levels = [sum(case.level is level for case in cases) for level in Level]
    return [str(count) for count in (len(cases), *levels, sum(case.destructive for case in cases))]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _chapter(suite: Suite) -> str:
    rows = "\n".join(_clause(suite, clause, cases) for clause, cases in by_clause(suite).items())
    head = f"\n## {suite.id}\n\n{suite.suite.standard}: {suite.suite.title}.\n"
    return f"{head}\n| clause | title | cases | certainty | which |\n|---|---|---|---|---|\n{rows}\n"


def _clause(suite: Suite, clause: str, cases: list[Case]) -> str:
    marks = dict.fromkeys((case.certainty or suite.suite.certainty).value for case in cases)
    names = ", ".join(_names(cases))
    return _row(clause, suite.clauses.get(clause, ""), str(len(cases)), " ".join(marks), names)


def _names(cases: list[Case]) -> Iterator[str]:
    """Names without those of rows, each once with the number of its rows."""
    found: dict[str, int] = {}
    for case in cases:
        name = case.id.split("/")[0]
        found[name] = found.get(name, 0) + 1
    for name, count in found.items():
        yield name if count == 1 else f"{name} ({count})"


def schema_text(kind: type[Suite] | type[Target]) -> str:
    """The format of a file as a JSON schema, for editors."""
    return json.dumps(schema(kind), indent=1) + "\n"


def main() -> None:
    """Write the documents and the schemas."""
    for path, kind in SCHEMAS.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(schema_text(kind), encoding="utf-8")
    GUIDE.write_text(guide(), encoding="utf-8")
    COVERAGE.write_text(coverage(), encoding="utf-8")


if __name__ == "__main__":
    main()
