"""Tokens, the built library, and programs in C that talk with the test over their standard streams.

What a program cannot do without a cipher of its own it asks the test for: a line `NAME HEX` is a question, a line of
hexadecimal the answer. SM2 outside the card is gmssl, SM4 is the `cryptography` package.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from host_tools.link.inprocess import InProcessLink
from host_tools.skf.algorithms import SGD_RSA
from host_tools.skf.application import Application
from host_tools.skf.container import Container
from host_tools.skf.device import Device
from host_tools.skf.values import Envelope
from simcard.profile import builtin_text
from simcard.wire.gmt0017 import SGD_SM4_ECB, PinType
from simcard.wire.secret import Secret
from tests.applet_gmt0017.support import block, gm_encrypt, gm_pair, sm4
from tests.kit import Bench, bench, bench_of_text

HERE = Path(__file__).parent
DEVICE_KEY = Secret(b"1234567812345678")
USER, ADMIN = Secret(b"123456"), Secret(b"87654321")
WRAPPING_KEY = bytes(range(16))
SECONDS = 60


def blank(serial: str = "20260101-001-00001", seed: int = 1) -> Bench:
    """A blank token with this serial number."""
    text = builtin_text("gmt0017-token").replace("20260101-001-00001", serial)
    return bench_of_text(text, seed)


def device_of(card: Bench | None = None) -> Device:
    """A device in this process."""
    return Device(InProcessLink((card or bench("gmt0017-token")).card))


def application_of(device: Device, name: str = "APP") -> Application:
    """A new application, its user logged in."""
    device.authenticate(DEVICE_KEY)
    made = device.create_application(name, ADMIN, USER, (6, 6))
    made.verify_pin(PinType.USER, USER)
    return made


def pair(seed: int) -> tuple[bytes, bytes]:
    """d and the point of a pair made outside."""
    private, xy = gm_pair(seed)
    return private, b"\x04" + xy


def envelope_for(signing: bytes, seed: int, wide: bool = True) -> Envelope:
    """An exchange pair made outside, for the holder of the signing key (a point)."""
    private, public = pair(seed)
    encrypted = sm4(WRAPPING_KEY, private.rjust(64 if wide else 32, b"\0"))
    return Envelope(SGD_SM4_ECB, encrypted, public, b"\x04" + gm_encrypt(signing[1:], WRAPPING_KEY))


def equipped(application: Application, seed: int = 3, name: str = "keys") -> Container:
    """A container with both pairs."""
    made = application.create_container(name)
    made.import_sm2(envelope_for(made.generate_sm2(), seed))
    return made


def equipped_card(serial: str = "20260101-001-00001", seed: int = 1) -> Bench:
    """A token with an application APP and a container `keys`; nobody is logged in."""
    card = blank(serial, seed)
    application = application_of(device_of(card))
    equipped(application, seed + 10)
    application.clear()
    return card


# -- programs in C


def compile_program(library: Path, source: str, into: Path) -> Path:
    """A program of this folder, compiled against the header and linked with the library only."""
    program = into / Path(source).stem
    include, place = library.parent / "include", library.parent
    flags = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"]
    link = [f"-L{place}", f"-Wl,-rpath,{place}", "-lsimcard_skf", "-lpthread"]
    command = ["gcc", *flags, f"-I{include}", f"-I{HERE}", "-o", str(program), str(HERE / source), *link]
    subprocess.run(command, check=True)
    return program


def bare(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which nothing leads to this project's Python."""
    kept = {name: value for name, value in environment.items() if name in ("PCSCLITE_CSOCK_NAME", "HOME")}
    return {**kept, "PATH": "/usr/bin:/bin"}


class Conversation:
    """A running program."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def hear(self) -> str:
        """The next line; empty when the program has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def say(self, answer: bytes = b"") -> None:
        assert self._process.stdin is not None
        # A program that has ended does not listen; `running` tells why it did.
        with suppress(BrokenPipeError):
            self._process.stdin.write(answer.hex() + "\n")
            self._process.stdin.flush()

    def end(self) -> int:
        """Wait for the end; the exit code."""
        return self._process.wait(SECONDS)


@contextmanager
def running(program: Path, *arguments: str, env: Mapping[str, str] = os.environ) -> Iterator[Conversation]:
    """Run a program and talk with it; it must end well."""
    command = [str(program), *arguments]
    with subprocess.Popen(
        command, env=bare(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield Conversation(process)
        assert process.stdin is not None and process.stderr is not None
        with suppress(BrokenPipeError):
            process.stdin.close()
        said = process.stderr.read()
        code = process.wait(SECONDS)
        assert (0, "") == (code, said), f"{program.name} ended with {code}: {said}"


def ecc_blob(point: bytes) -> bytes:
    """ECCPUBLICKEYBLOB of a point."""
    return (256).to_bytes(4, "little") + bytes(32) + point[1:33] + bytes(32) + point[33:]


def cipher_blob(cryptogram: bytes) -> bytes:
    """ECCCIPHERBLOB of C1 || C3 || C2."""
    x, y, rest = cryptogram[1:33], cryptogram[33:65], cryptogram[65:]
    return bytes(32) + x + bytes(32) + y + rest[:32] + (len(rest) - 32).to_bytes(4, "little") + rest[32:]


def envelope_blob(envelope: Envelope) -> bytes:
    """ENVELOPEDKEYBLOB."""
    numbers = (1, envelope.algorithm, 256)
    head = b"".join(number.to_bytes(4, "little") for number in numbers)
    return head + envelope.encrypted.rjust(64, b"\0") + ecc_blob(envelope.public) + cipher_blob(envelope.wrapped)


def rsa_public_blob(key: rsa.RSAPublicKey) -> bytes:
    """RSAPUBLICKEYBLOB."""
    numbers = key.public_numbers()
    head = SGD_RSA.to_bytes(4, "little") + key.key_size.to_bytes(4, "little")
    return head + numbers.n.to_bytes(256, "big") + numbers.e.to_bytes(4, "big")


def rsa_envelope(blob: bytes) -> list[bytes]:
    """An exchange pair for the holder of a signing key: public half, wrapping key, the pair, a session key for it."""
    n, e = int.from_bytes(blob[8:264], "big"), int.from_bytes(blob[264:268], "big")
    signing = rsa.RSAPublicNumbers(e, n).public_key()
    key = rsa.generate_private_key(65537, 1024)
    der = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    count = 16 - len(der) % 16
    encrypted = sm4(WRAPPING_KEY, der + bytes((count,)) * count)
    session = key.public_key().encrypt(WRAPPING_KEY, padding.PKCS1v15())
    return [rsa_public_blob(key.public_key()), signing.encrypt(WRAPPING_KEY, padding.PKCS1v15()), encrypted, session]


def answers(
    heard: dict[str, bytes], certificate: bytes = b"\x30\x82" + bytes(1500)
) -> Mapping[str, Callable[[], list[bytes]]]:
    """What the test answers to the questions of a program; `heard` is what it said."""
    private, public = pair(5)

    def envelope() -> list[bytes]:
        blob = heard["envelope"]
        return [envelope_blob(envelope_for(b"\x04" + blob[36:68] + blob[100:132], 4))]

    return {
        "device-key": lambda: [sm4(DEVICE_KEY.reveal(), block("ZERO", heard["device-key"]))],
        "envelope": envelope,
        "rsa-envelope": lambda: rsa_envelope(heard["rsa-envelope"]),
        "certificate": lambda: [certificate],
        "pair": lambda: [private, ecc_blob(public)],
    }


def converse(program: Path, env: Mapping[str, str]) -> dict[str, bytes]:
    """Let a program ask until it is done; all it said, by name."""
    heard: dict[str, bytes] = {}
    known = answers(heard)
    with running(program, env=env) as talk:
        while line := talk.hear():
            name, _, value = line.partition(" ")
            heard[name] = bytes.fromhex(value)
            for answer in known[name]() if name in known else ():
                talk.say(answer)
    return heard
