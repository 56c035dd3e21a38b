"""Files the user names, and standard input and output for `-`; errors that say which and why."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from host_tools.errors import FileProblem

STANDARD = Path("-")
MODE = 0o600


def read(path: Path) -> bytes:
    """All bytes of a file."""
    if path == STANDARD:
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileProblem(f"{path}: cannot be read ({error.strerror})") from None


def write(path: Path, data: bytes) -> None:
    """A new file of mode 600 with these bytes, whole or not at all; an existing one is replaced."""
    if path == STANDARD:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    if path.exists() and not path.is_file():
        _write_in_place(path, data)
        return
    part = path.with_name(f".{path.name}.part{os.getpid()}")
    try:
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
        with os.fdopen(fd, "wb") as stream:
            stream.write(data)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise FileProblem(f"{path}: cannot be written ({error.strerror})") from None


def _write_in_place(path: Path, data: bytes) -> None:
    """Devices and pipes cannot be replaced."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise FileProblem(f"{path}: cannot be written ({error.strerror})") from None
