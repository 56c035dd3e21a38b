"""A run as JSON, and back."""

from __future__ import annotations

from pathlib import Path

import msgspec

from conformance.format import SuiteError
from conformance.result import Run


def to_json(run: Run) -> bytes:
    """The run as one JSON document."""
    return msgspec.json.format(msgspec.json.encode(run), indent=1) + b"\n"


def read_run(path: Path) -> Run:
    """A run that was saved; `SuiteError` when the file is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Run)
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read ({error.strerror})") from None
    except msgspec.DecodeError as error:
        raise SuiteError(f"{path}: is no saved run: {error}; make one with simcard conformance --save") from None
