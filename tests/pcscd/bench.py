"""APDUs per second of a C program with an echo card: through the rootless service, and through pcscd with vpcd.

    python -m tests.pcscd.bench [APDUS]

The program measures each SCardTransmit of GET CHALLENGE for eight bytes. Both services run in turn, three times.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.pcscd import sides
from tests.pcscd.winscard import PRESENT

ROUNDS = 3
SIDES: dict[str, Callable[[], AbstractContextManager[sides.Side]]] = {
    "rootless service": sides.our_side,
    "pcscd with vpcd": sides.real_side,
}
UNTIL_PRESENT = (
    "import sys; from tests.pcscd.winscard import Winscard\n"
    f"a = Winscard(); c = a.context()\nwhile not a.status_change(c, 1000, (sys.argv[1], 0)).value & {PRESENT}: pass"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Microseconds of one exchange: mean, median, 99th percentile."""

    mean: float
    median: float
    late: float

    def __str__(self) -> str:
        return f"{1e6 / self.mean:8.0f} APDU/s  p50 {self.median:6.1f} us  p99 {self.late:6.1f} us"


def compile_client(folder: Path) -> Path:
    """The C program."""
    program, source = folder / "bench", Path(__file__).with_name("bench_client.c")
    command = ["gcc", "-O2", "-I/usr/include/PCSC", "-o", str(program), str(source), "-lpcsclite"]
    subprocess.run(command, check=True)
    return program


def measure(side: sides.Side, program: Path, apdus: int) -> Figures:
    """Run the program once in the world of `side`."""
    name = side.names[0]
    subprocess.run([sys.executable, "-c", UNTIL_PRESENT, name], env=side.environment, check=True)
    done = subprocess.run([program, name, str(apdus)], env=side.environment, capture_output=True, text=True, check=True)
    return Figures(*(float(word) for word in done.stdout.split()))


def main(apdus: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        program = compile_client(Path(folder))
        for _ in range(ROUNDS):
            for name, make in SIDES.items():
                with make() as side:
                    sys.stdout.write(f"{name:18}{measure(side, program, apdus)}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10000)
