"""Cards, keys and certificates for the PKCS#15 door, and OpenSC's own programs around them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from base64 import encodebytes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from cryptography.x509.oid import NameOID

from reader_bridge.pcscd.server import PcscService
from simcard.crypto.engines import make
from simcard.hal.engine import KeyKind
from simcard.hal.entropy import SeededEntropy
from tests.kit import Bench, bench, bench_of_text, command, on_bench

ISO_APPLET = bytes.fromhex("F276A288BCFBA69D34F31001")
PKCS15 = bytes.fromhex("A000000063504B43532D3135")
MODULE = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"

PATIENCE = 120.0
"""Seconds after which a program hangs; the slowest takes one."""

USER_PIN, ADMIN_PIN = "88888888", "66666666"
"""Of the Electronic Port profiles."""

PIN, PUK = "123456", "0123456789abcdef"
"""Of the blank card once `create` has run."""

VIEW = """
extends = "{base}"

[card]
applets = ["iso", "pkcs15"]

[card.options.pkcs15]
label = "EPORT"
serial = "3F00/2F02"
"3F00/DF01/0011" = "Holder"
"3F00/DF01/0012" = "Enterprise"

[[change]]
path = "3F00/2F00"
records = [
    "61 19 4F 0B F0 43 48 49 4E 41 45 50 4F 52 54 50 0A 43 48 49 4E 41 45 50 4F 52 54",
    "61 15 4F 0C A0 00 00 00 63 50 4B 43 53 2D 31 35 50 05 45 50 4F 52 54",
]
"""

RSA_2048 = """
[[container]]
name = "EportRSA"
sign = { kind = "rsa", bits = 2048 }
exchange = { kind = "rsa", bits = 2048 }

[[container]]
name = "P-256"
sign = { kind = "p256" }

[[container]]
name = "P-384"
sign = { kind = "p384" }
"""

SM2, RSA_1024 = VIEW.format(base="eport-operator"), VIEW.format(base="eport-operator-rsa")
STRONG = RSA_1024 + RSA_2048


def view(text: str = RSA_1024) -> Bench:
    """A powered Electronic Port card with the door."""
    return bench_of_text(text)


def select(aid: bytes, ne: int = 256) -> bytes:
    return command(0xA4, 4, 0, aid, ne)


def select_path(*fids: int, ne: int = 256) -> bytes:
    return command(0xA4, 8, 0, b"".join(fid.to_bytes(2, "big") for fid in fids), ne)


def read(card: Bench, *fids: int) -> bytes:
    """The whole transparent file at a path below the MF."""
    card.ok(select_path(*fids))
    return card.ok(command(0xB0, 0, 0, ne=65536))


@cache
def rsa_key() -> bytes:
    """RSA-2048, PKCS#1 DER."""
    return make("soft").generate(KeyKind.RSA, 2048, SeededEntropy(7))[0].reveal()


def ec_key(curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(0x1234567890ABCDEF << 120, curve)


def pem_of_rsa() -> bytes:
    return b"-----BEGIN RSA PRIVATE KEY-----\n" + encodebytes(rsa_key()) + b"-----END RSA PRIVATE KEY-----\n"


def pem_of_ec(curve: ec.EllipticCurve) -> bytes:
    return ec_key(curve).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


@cache
def certificate(name: str = "Test") -> x509.Certificate:
    """A self-signed certificate for the RSA key."""
    key = load_der_private_key(rsa_key(), None)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(subject, subject, key.public_key(), 4711)  # type: ignore[arg-type]
    made = made.not_valid_before(datetime(2026, 1, 1)).not_valid_after(datetime(2030, 1, 1))
    return made.sign(key, hashes.SHA256())  # type: ignore[arg-type]


class OpenSc:
    """OpenSC's programs in front of one card."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.folder = folder
        self._environment = environment

    def run(self, *arguments: str, configuration: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program; without a configuration OpenSC's own defaults hold."""
        extra = {"OPENSC_CONF": str(configuration)} if configuration else {}
        environment = os.environ | self._environment | extra
        return subprocess.run(
            arguments,
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=PATIENCE,
        )

    def ok(self, *arguments: str, configuration: Path | None = None) -> str:
        """What a program said; it must have succeeded."""
        done = self.run(*arguments, configuration=configuration)
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout + done.stderr

    def fails(self, *arguments: str) -> str:
        """What a program said; it must have failed."""
        done = self.run(*arguments)
        assert 0 != done.returncode, done.stdout + done.stderr
        return done.stdout + done.stderr

    def p11(self, *arguments: str, configuration: Path | None = None) -> str:
        """pkcs11-tool with OpenSC's module, which must succeed."""
        return self.ok("pkcs11-tool", "--module", MODULE, *arguments, configuration=configuration)

    def p15_init(self, *arguments: str) -> str:
        """pkcs15-init with the PIN of a card that `create` has made, which must succeed."""
        return self.ok("pkcs15-init", *arguments, "--auth-id", "ff", "--pin", PIN)

    def create(self) -> None:
        """PIN, unblock key and files of a blank card."""
        secrets = "--so-pin", PIN, "--so-puk", PUK
        self.ok("pkcs15-init", "--create-pkcs15", *secrets, "--label", "Blank no more", "--serial", "A1B2C3")

    def file(self, name: str, content: bytes = b"") -> str:
        """A file where the programs run."""
        (self.folder / name).write_bytes(content)
        return name

    def content(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


@contextmanager
def opensc(card: Bench) -> Iterator[OpenSc]:
    """The programs, with the card in the one reader they see."""
    with tempfile.TemporaryDirectory(prefix="p15-") as name:
        folder = Path(name)
        with PcscService(folder / "pcscd.comm") as service:
            service.add_reader("Virtual PCD 00 00").insert(card.card)
            yield OpenSc(dict(service.environment), folder)


@cache
def created_image() -> bytes:
    """The flash of a card that pkcs15-init has created, without keys."""
    card = bench("pkcs15")
    with opensc(card) as programs:
        programs.create()
    return card.flash.image()


@cache
def filled_image() -> bytes:
    """The flash of a card with imported keys 01 RSA-2048, 02 P-256, 03 P-384 and a certificate for the first."""
    card = on_bench(created_image())
    with opensc(card) as programs:
        keys = ("01", pem_of_rsa()), ("02", pem_of_ec(ec.SECP256R1())), ("03", pem_of_ec(ec.SECP384R1()))
        for number, pem in keys:
            usage = ("--key-usage", "sign,decrypt") if number == "01" else ()
            key = programs.file(f"{number}.pem", pem)
            programs.p15_init("--store-private-key", key, "--id", number, "--label", f"key {number}", *usage)
        der = programs.file("cert.der", certificate().public_bytes(Encoding.DER))
        programs.p15_init("--store-certificate", der, "--format", "der", "--id", "01", "--label", "the certificate")
    return card.flash.image()


def blank() -> Bench:
    return bench("pkcs15")


def created() -> Bench:
    return on_bench(created_image())


def filled() -> Bench:
    return on_bench(filled_image())


def lines(text: str, word: str) -> Sequence[str]:
    """Lines of a program's output that hold a word."""
    return [line.strip() for line in text.splitlines() if word in line]
