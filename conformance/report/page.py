"""A run as one HTML page: nothing is loaded from anywhere, and it prints.

First the verdict in a sentence, then the picture of every suite, then each case that does not hold with everything
that was said, then all cases in a table. Texts are escaped, and besides the page forbids that anything is loaded or
run; secrets were never in the run.
"""

from __future__ import annotations

from collections.abc import Iterable

from conformance.report.picture import COLOURS, svg
from conformance.report.text import escape
from conformance.result import Line, Result, Run, Verdict

STYLE = """
:root { color-scheme: light; --ink: #1d2733; --soft: #5c6773; --rule: #dfe3e8; }
* { box-sizing: border-box; }
body { font: 15px/1.5 "Noto Sans", "Noto Sans CJK SC", system-ui, sans-serif; color: var(--ink); background: #fff;
       max-width: 960px; margin: 2.5rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; margin: 0 0 .2rem; } h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; }
.soft { color: var(--soft); } code, pre, .hex { font-family: "DejaVu Sans Mono", monospace; font-size: 12.5px; }
.sentence { font-size: 1.15rem; padding: .8rem 1rem; border-left: 6px solid; background: #f6f8fa; margin: 1.2rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.legend span { display: inline-block; margin-right: 1.2rem; }
.legend i { display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem; vertical-align: -1px; }
svg { width: 100%; height: auto; } svg text { font-size: 12.5px; fill: var(--ink); } svg .count { fill: var(--soft); }
.case { border: 1px solid var(--rule); border-left: 6px solid; border-radius: 4px; padding: .7rem 1rem;
  margin: .9rem 0; }
.case h3 { margin: 0; } table.talk { border-collapse: collapse; width: 100%; margin-top: .5rem; }
table.talk td { padding: .1rem .5rem .1rem 0; vertical-align: top; overflow-wrap: anywhere; }
table.talk td:first-child { width: 1.2rem; color: var(--soft); } .wrong { color: #a02518; font-weight: 600; }
table.all { border-collapse: collapse; width: 100%; font-size: 13px; }
table.all th, table.all td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; } table.all td:first-child { overflow-wrap: anywhere; min-width: 15rem; }
.tag { white-space: nowrap; font-weight: 600; }
@page { size: A4; margin: 14mm; }
@media print { html { font-size: 11px; } body { margin: 0; padding: 0; max-width: none; font-size: 11px; }
  .case, svg, tr, .sentence, .legend, dl { break-inside: avoid; } h1, h2, h3 { break-after: avoid; }
  .sentence, .legend i { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  code, pre, .hex { font-size: 9.5px; } table.all { font-size: 9.5px; line-height: 1.35; }
  table.all td:first-child { width: 31%; min-width: 0; } table.all th:nth-child(2) { width: 9%; }
  table.all th:nth-child(4) { width: 13%; } thead { display: table-header-group; } .case { margin: .6rem 0; } }
"""
POLICY = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"""


def html(run: Run) -> str:
    """The whole page."""
    name = f"{run.target}: {run.title}" if run.title else run.target
    body = [
        f"<h1>{escape(name)}</h1>",
        '<p class="soft">What holds, clause by clause</p>',
        _sentence(run),
        _facts(run),
        "<h2>What holds</h2>",
        _legend(run),
        *(_suite(run, number) for number in range(len(run.suites))),
        *_bad(run, Verdict.FAIL, "What does not hold"),
        *_bad(run, Verdict.UNRESOLVED, "What could not be tried to its end"),
        _all(run.results),
    ]
    head = f'<meta charset="utf-8">{POLICY}<title>{escape(name)}</title><style>{STYLE}</style>'
    meta = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    return (
        f'<!doctype html>\n<html lang="en"><head>{meta}{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"
    )


def _sentence(run: Run) -> str:
    guilty, open_ = len(run.guilty), len(run.unresolved)
    tried = run.count(Verdict.PASS) + run.count(Verdict.FAIL)
    if guilty:
        text = f"{guilty} binding requirement{'s do' if guilty > 1 else ' does'} not hold, of {tried} that were tried."
        colour = COLOURS[Verdict.FAIL]
    elif open_:
        text = f"{open_} case{'s' if open_ > 1 else ''} could not be tried to the end; {tried} were, and hold."
        colour = COLOURS[Verdict.UNRESOLVED]
    else:
        text, colour = f"Every binding requirement that was tried holds: {tried} cases.", COLOURS[Verdict.PASS]
    explained = sum(bool(result.known) for result in run.results)
    more = f" {explained} further failure{'s are' if explained > 1 else ' is'} explained." if explained else ""
    return f'<p class="sentence" style="border-color:{colour}">{escape(text + more)}</p>'


def _facts(run: Run) -> str:
    rows = {
        "card": run.where,
        "ATR": run.atr,
        "serial number": run.serial or "not asked for",
        "begun": run.started,
        "took": f"{run.seconds:.1f} s for {len(run.results)} cases",
        "judge": f"simcard {run.version}",
    }
    return "<dl>" + "".join(f"<dt>{key}</dt><dd>{escape(value)}</dd>" for key, value in rows.items()) + "</dl>"


def _legend(run: Run) -> str:
    parts = (
        f'<span><i style="background:{colour}"></i>{run.count(verdict)} {verdict.value}</span>'
        for verdict, colour in COLOURS.items()
    )
    return f'<p class="legend">{"".join(parts)}</p>'


def _suite(run: Run, number: int) -> str:
    note = run.suites[number]
    return f'<h3>{escape(note.standard)} <span class="soft">{escape(note.title)}</span></h3>\n{svg(note, run)}'


def _bad(run: Run, verdict: Verdict, title: str) -> Iterable[str]:
    found = [result for result in run.results if result.verdict is verdict]
    return [f"<h2>{title}</h2>", *map(_case, found)] if found else []


def _case(result: Result) -> str:
    known = f"<p>Known: {escape(result.known)}</p>" if result.known else ""
    talk = "".join(map(_line, result.transcript))
    return (
        f'<section class="case" style="border-left-color:{COLOURS[result.verdict]}" id="{escape(result.name)}">'
        f'<h3>{escape(result.purpose)}</h3><p class="soft">{escape(result.standard)}, {escape(result.clause)} · '
        f"{escape(result.name)} · {result.level.value} · known by {result.certainty.value}</p>"
        f'<p class="wrong">{escape(result.reason)}</p>{known}<table class="talk">{talk}</table></section>'
    )


def _line(line: Line) -> str:
    note = f' <span class="soft">{escape(line.note)}</span>' if line.note else ""
    wrong = f'<tr><td></td><td class="wrong">{escape(line.wrong)}</td></tr>' if line.wrong else ""
    return (
        f'<tr><td>&gt;</td><td><span class="hex">{escape(line.did)}</span>{note}</td></tr>'
        f'<tr><td>&lt;</td><td class="hex">{escape(line.got)}</td></tr>{wrong}'
    )


def _all(results: Iterable[Result]) -> str:
    rows = "".join(
        f'<tr><td class="hex">{escape(result.name)}</td><td>{escape(result.clause)}</td><td>{escape(result.purpose)}'
        f"{_why(result)}</td>"
        f'<td class="tag" style="color:{_ink(result.verdict)}">{result.verdict.value}</td></tr>'
        for result in results
    )
    head = "<thead><tr><th>case</th><th>clause</th><th>requirement</th><th>verdict</th></tr></thead>"
    return f'<h2>All cases</h2><table class="all">{head}<tbody>{rows}</tbody></table>'


def _why(result: Result) -> str:
    return f'<br><span class="soft">{escape(result.reason)}</span>' if result.reason else ""


def _ink(verdict: Verdict) -> str:
    """Darker than in the picture where it is text on white."""
    return {Verdict.NOT_APPLICABLE: "#5c6773", Verdict.UNRESOLVED: "#8a6800"}.get(verdict, COLOURS[verdict])
