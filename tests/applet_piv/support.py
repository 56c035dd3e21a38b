"""A PIV card on the bench, spoken to in PIV's own words; everything it computes is checked by `cryptography`."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simcard.wire.tlv import fields, find, parse, tlv
from tests.kit import Bench, bench, bench_of_text, command

AID = bytes.fromhex("A000000308000010000100")
SELECT = command(0xA4, 4, 0, AID, ne=256)
PIN, PUK, GLOBAL = b"123456", b"12345678", b"000000"
MANAGEMENT = bytes(range(1, 9)) * 3
CURVES: dict[int, ec.EllipticCurve] = {0x11: ec.SECP256R1(), 0x14: ec.SECP384R1()}
RSA_BITS = {0x06: 1024, 0x07: 2048, 0x05: 3072, 0x16: 4096}
TDES, AES128, AES192, AES256 = 0x03, 0x08, 0x0A, 0x0C

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def padded(value: bytes) -> bytes:
    return value.ljust(8, b"\xff")


def ecb(algorithm: int, key: bytes, block: bytes, *, encrypt: bool = True) -> bytes:
    """One block by an implementation that is not the card's."""
    kind = TripleDES(key) if algorithm == TDES else algorithms.AES(key)
    cipher = Cipher(kind, modes.ECB())
    context = cipher.encryptor() if encrypt else cipher.decryptor()
    return context.update(block) + context.finalize()


def get_data(tag: int, ne: int = 256) -> bytes:
    return command(0xCB, 0x3F, 0xFF, tlv(0x5C, tag.to_bytes(3 if tag > 0xFFFF else 2 if tag > 0xFF else 1, "big")), ne)


def put_data(tag: int, content: bytes) -> bytes:
    return command(0xDB, 0x3F, 0xFF, tlv(0x5C, tag.to_bytes(3, "big")) + tlv(0x53, content))


def certificate(der: bytes) -> bytes:
    """The content of a certificate's object."""
    return tlv(0x70, der) + tlv(0x71, b"\0") + tlv(0xFE)


def authenticate(algorithm: int, key: int, *objects: bytes) -> bytes:
    return command(0x87, algorithm, key, tlv(0x7C, *objects), 256)


def public_key(template: bytes, algorithm: int) -> PublicKey:
    """The public key in a 7F49 template."""
    values = fields(find(template, 0x7F49) or b"")
    if algorithm in CURVES:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVES[algorithm], values[0x86])
    n, e = (int.from_bytes(values[tag], "big") for tag in (0x81, 0x82))
    return rsa.RSAPublicNumbers(e, n).public_key()


@dataclass(slots=True)
class Piv:
    """A bench whose card has the PIV application selected."""

    bench: Bench
    management: bytes = MANAGEMENT
    algorithm: int = TDES

    def get(self, tag: int) -> bytes:
        """The content of an object."""
        return parse(self.bench.ok(get_data(tag)))[0].value

    def put(self, tag: int, content: bytes) -> None:
        self.bench.ok(put_data(tag, content))

    def verify(self, pin: bytes = PIN, reference: int = 0x80) -> None:
        self.bench.verify(reference, padded(pin))

    def manage(self) -> None:
        """Prove the management key by the single step."""
        challenge = self.dynamic(authenticate(self.algorithm, 0x9B, tlv(0x81)))[0x81]
        self.bench.ok(authenticate(self.algorithm, 0x9B, tlv(0x82, ecb(self.algorithm, self.management, challenge))))

    def dynamic(self, apdu: bytes) -> dict[int, bytes]:
        """The objects in the dynamic authentication template of the answer."""
        return fields(find(self.bench.ok(apdu), 0x7C) or b"")

    def generate(self, slot: int, algorithm: int, *more: bytes) -> PublicKey:
        answer = self.bench.ok(command(0x47, 0, slot, tlv(0xAC, tlv(0x80, bytes((algorithm,))), *more), ne=256))
        return public_key(answer, algorithm)

    def use(self, slot: int, algorithm: int, data: bytes) -> bytes:
        """What the private key makes of the data."""
        return self.dynamic(authenticate(algorithm, slot, tlv(0x82), tlv(0x81, data)))[0x82]

    def agree(self, slot: int, algorithm: int, point: bytes) -> bytes:
        return self.dynamic(authenticate(algorithm, slot, tlv(0x82), tlv(0x85, point)))[0x82]

    def metadata(self, reference: int) -> dict[int, bytes]:
        return fields(self.bench.ok(command(0xF7, 0, reference, ne=256)))


def piv() -> Piv:
    """A card of the `piv` profile, seed 1."""
    made = bench("piv")
    made.ok(SELECT)
    return Piv(made)


def piv_of(text: str) -> Piv:
    """A card of a profile given as text."""
    made = bench_of_text(text)
    made.ok(SELECT)
    return Piv(made)


STANDARD = """
extends = "piv"
[card]
name = "piv-standard"
[card.options.piv]
yubico = false
"""
"""The same card without Yubico's extensions."""
