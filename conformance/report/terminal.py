"""A run on the terminal: a row per clause, then every case that does not hold, with what was said."""

from __future__ import annotations

from collections.abc import Iterator

from rich import markup
from rich.console import Console
from rich.table import Table

from conformance.report.text import visible
from conformance.result import Line, Result, Run, Verdict

STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.UNRESOLVED: "yellow",
}


def escape(text: str) -> str:
    """The text as it stands in rich's markup."""
    return markup.escape(visible(text))


def show(run: Run, console: Console) -> None:
    """Print the whole report."""
    console.print(_table(run))
    for result in run.results:
        if result.verdict in (Verdict.FAIL, Verdict.UNRESOLVED):
            for line in story(result):
                console.print(line, highlight=False, soft_wrap=True)
    counts = ", ".join(f"[{STYLES[verdict]}]{run.count(verdict)} {verdict.value}[/]" for verdict in Verdict)
    console.print(f"{len(run.results)} cases in {run.seconds:.1f} s: {counts}")


def _table(run: Run) -> Table:
    made = Table(title=escape(f"{run.target}: {run.title}" if run.title else run.target))
    made.add_column("suite and clause")
    for verdict in Verdict:
        made.add_column(verdict.value, justify="right", style=STYLES[verdict])
    for suite, clause, results in by_clause(run):
        row = [sum(result.verdict is verdict for result in results) for verdict in Verdict]
        made.add_row(escape(f"{suite} {clause}"), *(str(count or "") for count in row))
    return made


def by_clause(run: Run) -> Iterator[tuple[str, str, list[Result]]]:
    """Suite, clause and its results, in the order of the run."""
    found: dict[tuple[str, str], list[Result]] = {}
    for result in run.results:
        found.setdefault((result.suite, result.clause), []).append(result)
    for (suite, clause), results in found.items():
        yield suite, clause, results


def story(result: Result) -> Iterator[str]:
    """A case that does not hold, line by line, in rich's markup."""
    style = STYLES[result.verdict]
    about = escape(f"({result.standard}, {result.clause})")
    yield f"\n[{style}]{result.verdict.value}[/] [bold]{escape(result.name)}[/] {about}"
    yield f"  {escape(result.purpose)}; {result.level.value}, known by {result.certainty.value}"
    yield f"  {escape(result.reason)}" + (f" (known: {escape(result.known)})" if result.known else "")
    for line in result.transcript:
        yield from _exchange(line)


def _exchange(line: Line) -> Iterator[str]:
    yield f"    > {escape(line.did)}" + (f"   [dim]{escape(line.note)}[/]" if line.note else "")
    yield f"    < {escape(line.got)}"
    if line.wrong:
        yield f"      [red]{escape(line.wrong)}[/]"
