"""The README's console examples, pasted into a shell as they stand."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def script_of(block: str) -> tuple[str, list[str]]:
    """What is typed (lines after `$`, and what belongs to them by a here-document), and what should be seen."""
    typed: list[str] = []
    seen: list[str] = []
    here = False
    for line in block.splitlines():
        if line.startswith("$ "):
            typed.append(line[2:])
            here = "<<'END'" in line
        elif here:
            typed.append(line)
            here = line != "END"
        else:
            seen.append(line)
    return "\n".join(typed), seen


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder of its own, with the environment's programs on the path and nobody else's services in sight."""
    folder = tmp_path_factory.mktemp("readme")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "XDG_RUNTIME_DIR": str(folder)}
    environment.pop("PCSCLITE_CSOCK_NAME", None)
    return folder, environment


@pytest.mark.xdist_group("readme")
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example_works_as_written(shell: tuple[Path, dict[str, str]], number: int) -> None:
    folder, environment = shell
    if number and not (folder / "operator.simcard").exists():
        # The later examples use the card of the first.
        make = ["simcard", "new", "operator.simcard", "--profile", "eport-operator", "--quiet"]
        subprocess.run(make, cwd=folder, env=environment, check=True)
    typed, seen = script_of(BLOCKS[number])
    with (folder / f"{number}.out").open("w+") as output:
        # A session of its own, so that a service an example left running ends with it.
        shell_command = ["bash", "-e", "-o", "pipefail", "-c", typed]
        process = subprocess.Popen(
            shell_command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            code = process.wait(timeout=240)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        output.seek(0)
        told = output.read()
    assert 0 == code, told
    for line in seen:
        assert line in told.splitlines(), told
