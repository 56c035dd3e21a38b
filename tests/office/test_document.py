"""The worked example of `docs/office.md`, run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.test_readme import script_of

DOCS = Path(__file__).parents[2] / "docs"


def play(document: str, folder: Path) -> tuple[list[str], list[str]]:
    """The dialogues of a document: what stands there, and what was said when it was typed."""
    blocks = re.findall(r"```console\n(.*?)```", (DOCS / document).read_text(encoding="utf-8"), re.DOTALL)
    typed, seen = script_of("".join(blocks))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-c", typed], cwd=folder, env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stdout
    return seen, done.stdout.splitlines()


def test_the_worked_example_works_as_written(tmp_path: Path) -> None:
    seen, said = play("office.md", tmp_path)
    assert seen == [line for line in said if not re.match(r"  (用户证书号|有效期至)", line)]
