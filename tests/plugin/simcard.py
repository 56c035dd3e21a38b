"""The program `simcard` as a process, and as an unprivileged user where the tests run as root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS = 60
PROGRAM = (sys.executable, "-m", "host_tools.cli")
PCSCD_ENVIRONMENT = "PCSCLITE_CSOCK_NAME"


def environment(home: Path | None = None) -> dict[str, str]:
    """Without a PC/SC world of anybody else's."""
    kept = {name: value for name, value in os.environ.items() if name != PCSCD_ENVIRONMENT}
    return kept | {"PYTHONPATH": str(ROOT)} | ({} if home is None else {"HOME": str(home)})


def run(*arguments: str, text: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `simcard` to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        input=text,
        capture_output=True,
        text=True,
        env=env or environment(),
        timeout=SECONDS,
        check=False,
    )


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start `simcard`, its output in pipes."""
    return subprocess.Popen(
        [*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )


def unprivileged(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run `simcard` as somebody without rights."""
    command = [*PROGRAM, *arguments]
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv") or "setpriv"
        command = [setpriv, "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs", *command]
    return subprocess.run(
        command, env=environment(home), capture_output=True, text=True, timeout=SECONDS, cwd=home, check=False
    )
