"""Write the page of broken cards anew: ``python -m scripts.make_mutant_docs``."""

from __future__ import annotations

from pathlib import Path

from tests.mutants.table import MUTANTS

PAGE = Path(__file__).parent.parent / "docs" / "mutants.md"
HEAD = """# Broken cards

A judge that finds nobody guilty proves nothing. These cards have one bug each, put in on purpose
(`tests/mutants/table.toml`); each is found by what stands beside it, and the whole card is not. A name with a colon is
a case of the suites ([conformance.md](conformance.md)); a line that begins with laws, cuts or link is a story
([campaigns.md](campaigns.md)). This page is made from the table: `python -m scripts.make_mutant_docs`.

| card | part | what is broken | target | found by |
|---|---|---|---|---|
"""


def page() -> str:
    """The page."""
    rows = (f"| {m.name} | {m.room} | {m.broken} | {m.target} | `{m.found_by}` |" for m in MUTANTS)
    return HEAD + "\n".join(rows) + "\n"


def main() -> None:
    """Write it."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
