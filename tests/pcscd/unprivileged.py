"""A service and a client of it in one unprivileged process tree; prints what opensc-tool prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from reader_bridge.echo import EchoCard
from reader_bridge.pcscd.server import PcscService


def main(folder: Path) -> None:
    """Serve one card and read its ATR."""
    assert os.geteuid() != 0
    with PcscService(folder / "socket") as service:
        service.add_reader("Virtual PCD 00 00", EchoCard())
        subprocess.run(["opensc-tool", "--atr"], env={**os.environ, **service.environment}, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
