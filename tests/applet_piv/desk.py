"""A desk with a reader, and the programs people use: enrolled PIV cards in the rootless PC/SC service."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from reader_bridge.pcscd.server import PcscService
from reader_bridge.slot import CardLike
from simcard.applet.piv.slots import SLOTS
from tests.applet_piv.support import PublicKey, certificate, piv
from tests.kit import Bench, on_bench

READER = "Yubico YubiKey CCID 00 00"
"""A name under which Yubico's programs look for their readers."""

ISSUER = ec.generate_private_key(ec.SECP256R1())
START = datetime(2026, 1, 1)
SECONDS = 120


def issue(public: PublicKey, name: str) -> x509.Certificate:
    """A certificate for a card's key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, public, x509.random_serial_number())
    builder = builder.not_valid_before(START).not_valid_after(START + timedelta(days=3650))
    return builder.sign(ISSUER, hashes.SHA256())


def pem(public: PublicKey) -> bytes:
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@cache
def enrolled(*plan: tuple[int, int]) -> tuple[bytes, dict[int, PublicKey]]:
    """A flash image with a key and a certificate in each slot of the plan (slot, algorithm), and the public keys."""
    card = piv()
    card.manage()
    keys: dict[int, PublicKey] = {}
    for slot, algorithm in plan:
        keys[slot] = card.generate(slot, algorithm)
        card.put(SLOTS[slot].certificate, certificate(issue(keys[slot], f"slot {slot:02X}").public_bytes(Encoding.DER)))
    return card.bench.flash.image(), keys


def enrolled_card(*plan: tuple[int, int]) -> tuple[Bench, dict[int, PublicKey]]:
    image, keys = enrolled(*plan)
    return on_bench(image), keys


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended, and all that it printed."""

    code: int
    said: str


@dataclass(frozen=True, slots=True)
class Desk:
    """A card in a reader, and an empty folder to work in."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str, say: bytes = b"") -> Done:
        ended = subprocess.run(
            command,
            input=say,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=self.environment,
            timeout=SECONDS,
            check=False,
        )
        return Done(ended.returncode, ended.stdout.decode(errors="replace"))

    def ok(self, *command: str, say: bytes = b"") -> str:
        """What a program printed that must succeed."""
        done = self.run(*command, say=say)
        assert 0 == done.code, done.said
        return done.said

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def key(self, name: str) -> PublicKey:
        """The public key in a PEM file a program wrote."""
        found = serialization.load_pem_public_key(self.read(name))
        assert isinstance(found, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey))
        return found


@contextmanager
def desk(card: CardLike, reader: str = READER) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with PcscService(folder / "pcscd") as service:
            service.add_reader(reader, card)
            yield Desk(folder, {**os.environ, **service.environment, "HOME": name, "XDG_CACHE_HOME": name})
