"""The picture of what holds: a bar per clause, as SVG that stands in a page by itself and prints."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.report.text import escape
from conformance.result import Result, Run, SuiteNote, Verdict

COLOURS = {
    Verdict.PASS: "#2a8c55",
    Verdict.FAIL: "#c0392b",
    Verdict.UNRESOLVED: "#d9a400",
    Verdict.NOT_APPLICABLE: "#c9ced6",
}
"""Fails are hatched besides, for who sees no red and for who prints in grey."""

ROW, BAR, LABEL, COUNTS, WIDTH = 22, 13, 350, 230, 920
"""Heights of a row and its bar, room for the clause's name and for the counts, and the whole width, in pixels."""


def order(clause: str) -> tuple[tuple[int, str], ...]:
    """Sorts 9.3 before 11.2: by number where a part is one."""
    return tuple((int(part), "") if part.isdecimal() else (1_000_000, part) for part in clause.split("."))


def by_clause(note: SuiteNote, run: Run) -> dict[str, list[Result]]:
    """The results of every clause the suite names or has cases for, in the order of the standard."""
    results = [result for result in run.results if result.suite == note.id]
    clauses = sorted({*note.clauses, *(result.clause for result in results)}, key=order)
    return {clause: [result for result in results if result.clause == clause] for clause in clauses}


def svg(note: SuiteNote, run: Run) -> str:
    """One suite, a bar for each clause; all bars to one scale of cases."""
    rows = by_clause(note, run)
    most = max((len(results) for results in rows.values()), default=1) or 1
    height = ROW * len(rows) + 6
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(note.id)}: what holds per clause">',
        HATCH,
    ]
    for number, (clause, results) in enumerate(rows.items()):
        parts += _row(number, f"{clause}  {note.clauses.get(clause, '')}", results, (WIDTH - LABEL - COUNTS) / most)
    return "\n".join([*parts, "</svg>"])


HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="6" height="6" fill="{COLOURS[Verdict.FAIL]}"/><rect width="2" height="6" fill="#fff"/>'
    "</pattern></defs>"
)


def _row(number: int, label: str, results: list[Result], scale: float) -> Iterator[str]:
    top = number * ROW + 4
    text = label if len(label) <= 52 else label[:51] + "…"
    yield f'<text x="0" y="{top + 11}" class="clause">{escape(text)}</text>'
    x = float(LABEL)
    for verdict, colour in COLOURS.items():
        count = sum(result.verdict is verdict for result in results)
        if count:
            fill = "url(#hatch)" if verdict is Verdict.FAIL else colour
            yield (
                f'<rect x="{x:.1f}" y="{top}" width="{count * scale:.1f}" height="{BAR}" fill="{fill}">'
                f"<title>{count} {verdict.value}</title></rect>"
            )
            x += count * scale
    yield f'<text x="{x + 6:.1f}" y="{top + 11}" class="count">{escape(_said(results))}</text>'


def _said(results: list[Result]) -> str:
    if not results:
        return "no case"
    counts = {verdict: sum(result.verdict is verdict for result in results) for verdict in COLOURS}
    short = {Verdict.NOT_APPLICABLE: "n/a"}
    return ", ".join(f"{count} {short.get(verdict, verdict.value)}" for verdict, count in counts.items() if count)
