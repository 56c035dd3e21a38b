"""Programs in private worlds, all of it as somebody without rights."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.plugin.simcard import PROGRAM, ROOT, SECONDS, environment

Ended = subprocess.CompletedProcess[str]


def as_nobody() -> list[str]:
    """What comes before a command to run it without rights; nothing, where the tests have none themselves."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv") or "setpriv"
    return [setpriv, "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs"]


@cache
def python() -> str:
    """An interpreter that somebody without rights can start: ours may be in a folder of root's."""
    tried = subprocess.run([*as_nobody(), "test", "-x", sys.executable], check=False)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return sys.executable if tried.returncode == 0 else f"/usr/bin/{version}"


def python_path() -> str:
    """Where that interpreter finds what ours does."""
    return os.pathsep.join((str(ROOT), sysconfig.get_path("platlib")))


class Nobody:
    """Somebody without rights, with a home folder, who runs `simcard`."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def simcard(self, *arguments: str, text: str = "", extra: Mapping[str, str] | None = None) -> Ended:
        """Run `simcard` to its end."""
        return subprocess.run(
            [*as_nobody(), *PROGRAM, *arguments],
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            env=self.environment() | dict(extra or {}),
            cwd=self.home,
            timeout=SECONDS,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `simcard`, its input and output in pipes."""
        return subprocess.Popen(
            [*as_nobody(), *PROGRAM, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.environment(),
            cwd=self.home,
        )

    def environment(self) -> dict[str, str]:
        """Where `simcard` and the programs in it find things."""
        return environment(self.home) | {"PYTHONPATH": python_path()}

    def folder(self, name: str) -> Path:
        """A folder of nobody's own, that nobody else may enter."""
        made = self.home / name
        made.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(made, "nobody", "nogroup")
        return made

    def file(self, name: str, content: str) -> Path:
        """A file that nobody may read."""
        made = self.home / name
        made.write_text(content)
        return made
