"""The worked example of `docs/office.md`, run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.test_readme import script_of

TEXT = (Path(__file__).parents[2] / "docs" / "office.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)


def test_the_worked_example_works_as_written(tmp_path: Path) -> None:
    typed, seen = script_of("".join(BLOCKS))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-c", typed], cwd=tmp_path, env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stdout
    said = [line for line in done.stdout.splitlines() if not re.match(r"  (用户证书号|有效期至)", line)]
    assert seen == said
