"""Write the generated parts of the judge's documents anew: ``python -m scripts.make_conformance_docs``."""

from __future__ import annotations

import re
from pathlib import Path

from conformance.functions import FUNCTIONS

DOCS = Path(__file__).parent.parent / "docs"
GUIDE = DOCS / "conformance.md"
MARK = re.compile(r"(?<=<!-- functions -->\n).*?(?=<!-- end -->)", re.DOTALL)


def functions_table() -> str:
    """The functions a suite may use."""
    rows = (f"| `{row.form}`{' *' if row.hides else ''} | {row.what} |" for row in FUNCTIONS.values())
    return "\n| function | result |\n|---|---|\n" + "\n".join(rows) + "\n\n"


def guide() -> str:
    """The guide with its table of functions."""
    return MARK.sub(lambda _: functions_table(), GUIDE.read_text(encoding="utf-8"))


def main() -> None:
    """Write the documents."""
    GUIDE.write_text(guide(), encoding="utf-8")


if __name__ == "__main__":
    main()
