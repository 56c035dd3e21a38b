"""Put independent cards before the judge: ``python -m scripts.run_strangers [NAME...] [--write]``.

Prints, for each, how many cases of each clause hold, and every failure. With `--write` the tables of
docs/strangers.md are made anew.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance import run
from conformance.format import load_target, target_path
from conformance.judge import Judge
from conformance.result import Result, Verdict
from host_tools.cli import rig
from host_tools.cli.judging import RamRig
from scripts.strangers.rig import STRANGERS, Stranger, running
from simcard import profile as sheets

PAGE = Path(__file__).parent.parent / "docs" / "strangers.md"
OURS = "iso-blank"
BEGIN, END = "<!-- strangers -->", "<!-- end -->"
COLUMNS = (Verdict.PASS, Verdict.FAIL, Verdict.UNRESOLVED, Verdict.NOT_APPLICABLE)
GONE = ("the card's program ended", "the card's program has gone")


def judged(stranger: Stranger, suites: Sequence[str] = ()) -> list[Result]:
    """Every case of the suites on the stranger's card."""
    with running(stranger) as place:
        judge = Judge(load_target(stranger.target), place)
        return [judge.run(suite, case) for suite, case in run.cases(run.suites(suites))]


def died(result: Result) -> bool:
    """Whether the card's program ended in the midst of the case."""
    return result.verdict is Verdict.UNRESOLVED and any(word in result.reason for word in GONE)


def last_words(results: Sequence[Result]) -> dict[str, int]:
    """The commands after which the card's program was gone, by class, instruction and parameters, and how often."""
    dead = (next(line for line in result.transcript if line.got == "no answer") for result in results if died(result))
    return dict(Counter(line.did[:8] for line in dead).most_common())


def tables(stranger: Stranger, results: Sequence[Result]) -> Iterator[str]:
    """The section of one stranger in the page."""
    counts = Counter(result.verdict for result in results)
    yield f"### {load_target(stranger.target).target.title}"
    yield f"\n{stranger.origin}. {counts[Verdict.PASS]} cases hold, {counts[Verdict.FAIL]} fail, "
    yield f"{counts[Verdict.UNRESOLVED]} could not be tried to their end, "
    yield f"{counts[Verdict.NOT_APPLICABLE]} do not apply.\n"
    yield "| standard | clause | pass | fail | unresolved | not applicable |\n|---|---|---|---|---|---|"
    rows: dict[tuple[str, str], Counter[Verdict]] = defaultdict(Counter)
    for result in results:
        rows[result.standard, result.clause][result.verdict] += 1
    for (standard, clause), row in rows.items():
        if any(row[verdict] for verdict in COLUMNS[:3]):
            yield f"| {standard} | {clause} | " + " | ".join(str(row[verdict] or "") for verdict in COLUMNS) + " |"
    yield "\n| what fails | what it should be | how |\n|---|---|---|"
    for result in results:
        if result.verdict is Verdict.FAIL:
            yield f"| `{result.name}` | {result.purpose} | {result.reason} |"
    words = last_words(results)
    if words:
        yield "\nIts program ended at these commands, so often: "
        yield ", ".join(f"`{command}` ({times})" for command, times in words.items()) + "."
    yield ""


def ours() -> list[Result]:
    """Every case on this project's blank ISO card, for comparison."""
    image = rig.personalised(sheets.builtin(OURS), 1)
    judge = Judge(load_target(target_path(OURS)), RamRig(image), known=run.known_failures(OURS))
    return [judge.run(suite, case) for suite, case in run.cases(run.suites())]


def summary(found: dict[str, list[Result]]) -> Iterator[str]:
    """One row a card."""
    yield "| card | " + " | ".join(verdict.value for verdict in COLUMNS) + " |\n|---|---|---|---|---|"
    for title, results in found.items():
        counts = Counter(result.verdict for result in results)
        yield f"| {title} | " + " | ".join(str(counts[verdict]) for verdict in COLUMNS) + " |"
    yield ""


def main() -> None:
    """Judge those named, or all."""
    names = [name for name in sys.argv[1:] if not name.startswith("-")]
    unknown = set(names) - {stranger.name for stranger in STRANGERS}
    if unknown:
        sys.exit(f"no stranger of the name {', '.join(unknown)}; there are {', '.join(s.name for s in STRANGERS)}")
    chosen = [stranger for stranger in STRANGERS if not names or stranger.name in names]
    found = {stranger: judged(stranger) for stranger in chosen}
    titles = {load_target(stranger.target).target.title: results for stranger, results in found.items()}
    lines = [*summary({f"for comparison, {OURS} of this project": ours(), **titles})]
    for stranger, results in found.items():
        lines += tables(stranger, results)
    print("\n".join(lines))
    if "--write" in sys.argv and not names:
        text = PAGE.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        PAGE.write_text(before + BEGIN + "\n\n" + "\n".join(lines) + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
