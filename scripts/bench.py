"""Measure the card beside its floors (`make bench`): everything in one run, ours and the floor in turns.

    python -m scripts.bench [--json] [--only GROUP]... [--check]

A floor is the same thing with nothing of ours in it: an echo card, the crypto library alone, a bare write. The
ratio is 1 where we are as good as the floor, and empty where there is no floor that would say anything. All groups
together take a few minutes on an idle machine; --only measures less. With --check the exit code is 1 if a target is
missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from reader_bridge.pcsc_world import WorldError
from scripts.measuring import campaign, conformance, inprocess, office, process, programs, reader, registry, skf, worlds
from scripts.measuring.turns import Row

Measure = Callable[[Path], Iterator[Row]]
GROUPS: dict[str, tuple[Measure, ...]] = {
    "readers": (worlds.rates,),
    "inprocess": (lambda _: inprocess.apdus(),),
    "signatures": (lambda _: inprocess.signatures(),),
    "start": (process.start_cost, reader.start_up),
    "memory": (process.memory, process.commits),
    "growth": (lambda _: inprocess.growth(),),
    "programs": (programs.pkcs11_tool,),
    "registry": (registry.growth,),
    "office": (office.issuing,),
    "judge": (lambda _: conformance.cases(),),
    "campaigns": (lambda _: campaign.rates(),),
    "skf": (skf.calls, lambda _: skf.growth()),
}


def measured(groups: list[str], tell: Callable[[str], None]) -> Iterator[Row]:
    """All rows of the groups. A group that cannot be measured here says why and is left out."""
    for group in groups:
        tell(group)
        for measure in GROUPS[group]:
            with tempfile.TemporaryDirectory(prefix="simcard-bench-") as folder:
                try:
                    yield from measure(Path(folder))
                except (WorldError, worlds.NoCompiler, programs.NoProgram) as missing:
                    tell(f"{group} left out: {missing}")


def number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def goal(row: Row) -> str:
    if row.met is None:
        return ""
    wanted = f"at most {row.limit} {row.unit}" if row.limit is not None else f"ratio at least {row.target}"
    return f"[green]met: {wanted}[/]" if row.met else f"[red]MISSED: {wanted}[/]"


def summary(rows: list[Row], seconds: float) -> str:
    """How many of the goals are met, and how long it took."""
    judged = [row.met for row in rows if row.met is not None]
    goals = f"{sum(judged)} of {len(judged)} goals met" if judged else "no goals among these"
    return f"{goals}; measured in {seconds:.0f} s"


def table(rows: list[Row]) -> Table:
    made = Table(title=f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.machine()}")
    for column, side in (("", "left"), ("ours", "right"), ("floor", "right"), ("unit", "left"), ("floor is", "left")):
        made.add_column(column, justify="right" if side == "right" else "left")
    made.add_column("ratio", justify="right")
    made.add_column("goal")
    group = ""
    for row in rows:
        if row.group != group:
            made.add_section()
            made.add_row(f"[bold]{row.group}[/]")
            group = row.group
        ratio = "" if row.ratio is None else f"{row.ratio:.2g}"
        made.add_row("  " + row.name, number(row.ours), number(row.floor), row.unit, row.floor_name, ratio, goal(row))
    return made


def main() -> int:
    """Measure and show; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description="Measure the card beside its floors.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--only", action="append", choices=GROUPS, help="measure this group only; may be repeated")
    parser.add_argument("--check", action="store_true", help="exit code 1 if a target is missed")
    asked = parser.parse_args()
    progress = Console(stderr=True)
    width = None if sys.stdout.isatty() else 140
    if asked.only is None:
        progress.print("All groups take a few minutes; --only GROUP measures less.")
    start = perf_counter()
    with progress.status("measuring") as status:
        rows = list(measured(asked.only or list(GROUPS), lambda text: status.update(f"measuring: {text}")))
    if asked.json:
        print(json.dumps([{**asdict(row), "ratio": row.ratio, "met": row.met} for row in rows], indent=1))
    else:
        shown = Console(width=width, highlight=False)
        shown.print(table(rows))
        shown.print(summary(rows, perf_counter() - start))
    return 1 if asked.check and any(row.met is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
