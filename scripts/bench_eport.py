"""Signatures a second through the client service, beside the card alone.

    python -m scripts.bench_eport [--json] [--seconds N] [--clients N,N,...]

The service runs in a process of its own with its card in an image file; the clients are threads of this process, each
with its own connection and its next call sent when the last is answered. The floor is the same card asked directly, in
one process, for the same work: password, signature, certificate number. `rows` is for other benchmarks.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

from websockets.sync.client import connect

PROFILES = ("eport-operator", "eport-operator-rsa")
CLIENTS = (1, 2, 4, 8, 16, 32, 64)
PIN = "88888888"
CALL = json.dumps({"_method": "cus-sec_SpcSignDataAsPEM", "_id": 1, "args": {"inData": "x" * 600, "passwd": PIN}})
HELLO_SECONDS = 60
WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Rate:
    """One measurement: signatures a second, and how long callers waited, in milliseconds."""

    profile: str
    clients: int
    per_second: float
    p50: float
    p95: float
    p99: float


def percentile(sorted_ms: Sequence[float], share: float) -> float:
    """The value below which a share of all lies."""
    return sorted_ms[min(len(sorted_ms) - 1, int(share * len(sorted_ms)))]


def rate(profile: str, clients: int, waits: list[float], seconds: float) -> Rate:
    """From all waiting times of a run, in seconds."""
    ms = sorted(wait * 1000 for wait in waits)
    found = [round(percentile(ms, share), 2) for share in (0.5, 0.95, 0.99)]
    return Rate(profile, clients, round(len(ms) / seconds, 1), *found)


def make_card(folder: Path, profile: str) -> Path:
    """A card image with certificates."""
    image = folder / f"{profile}.card"
    command = [sys.executable, "-m", "host_tools.cli", "new", str(image), "--profile", profile, "--quiet"]
    subprocess.run(command, check=True)
    return image


def card_alone(image: Path, profile: str, seconds: float) -> Rate:
    """The card in this process, asked for the same work."""
    from host_tools.cli.cards import EngineChoice, image_link
    from host_tools.client.algorithms import Role
    from host_tools.eport_client.card import IsoEportCard
    from simcard.wire.secret import Secret

    pin, message = Secret(PIN.encode()), b"x" * 600
    with image_link(image, EngineChoice()) as link:
        card = IsoEportCard(link)

        def once() -> float:
            began = perf_counter()
            card.enter()
            card.verify_pin(pin)
            card.sign(message)
            _ = card.certificate(Role.SIGN).number
            card.forget_pin()
            return perf_counter() - began

        waits = [once() for _ in range(WARM_UP)]
        began, waits = perf_counter(), []
        while perf_counter() - began < seconds:
            waits.append(once())
        return rate(profile, 0, waits, perf_counter() - began)


@contextmanager
def service(image: Path) -> Iterator[str]:
    """The service in a process of its own, on a free port; its address."""
    script = "from host_tools.cli.eport_client import command; command()"
    command = [sys.executable, "-u", "-c", script, str(image), "--port", "0", "--lang", "en"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            yield running.stdout.readline().split()[-1]
        finally:
            running.terminate()


def through(address: str, profile: str, clients: int, seconds: float) -> Rate:
    """All clients at once, for so many seconds."""
    waits: list[list[float]] = [[] for _ in range(clients)]
    gate = threading.Barrier(clients + 1)
    threads = [threading.Thread(target=_client, args=(address, gate, seconds, own)) for own in waits]
    for thread in threads:
        thread.start()
    gate.wait(HELLO_SECONDS)
    began = perf_counter()
    for thread in threads:
        thread.join()
    return rate(profile, clients, [wait for own in waits for wait in own], perf_counter() - began)


def _client(address: str, gate: threading.Barrier, seconds: float, waits: list[float]) -> None:
    with connect(address, proxy=None, open_timeout=HELLO_SECONDS) as socket:
        socket.recv()
        socket.send(CALL)
        socket.recv()
        gate.wait(HELLO_SECONDS)
        end = perf_counter() + seconds
        while (began := perf_counter()) < end:
            socket.send(CALL)
            answer = json.loads(socket.recv())
            waits.append(perf_counter() - began)
            assert answer["_args"]["Result"], answer


def rows(folder: Path, seconds: float = 2.0, clients: Sequence[int] = CLIENTS) -> Iterator[Rate]:
    """For each generation the card alone (0 clients), then the service."""
    for profile in PROFILES:
        image = make_card(folder, profile)
        yield card_alone(image, profile, seconds)
        with service(image) as address:
            for count in clients:
                yield through(address, profile, count, seconds)


def main() -> None:
    """Print a table, or JSON lines."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--clients", type=lambda text: [int(part) for part in text.split(",")], default=CLIENTS)
    asked = parser.parse_args()
    if not asked.json:
        print(f"Python {sys.version.split()[0]}, {os.cpu_count()} CPUs; 0 clients is the card alone, in one process")
        print(f"{'card':<20}{'clients':>8}{'per second':>12}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}")
    with tempfile.TemporaryDirectory(prefix="simcard-bench-") as folder:
        for row in rows(Path(folder), asked.seconds, asked.clients):
            text = f"{row.profile:<20}{row.clients:>8}{row.per_second:>12}{row.p50:>9}{row.p95:>9}{row.p99:>9}"
            print(json.dumps(asdict(row)) if asked.json else text, flush=True)


if __name__ == "__main__":
    main()
