"""Keys that the isoApplet driver lets a writable card make or take over.

MANAGE SECURITY ENVIRONMENT with P2 00 has named slot and algorithm; curves come as explicit parameters (81 prime,
82 a, 83 b, 84 base point, 85 order, 87 cofactor), and only P-256 and P-384 are known.
"""

from __future__ import annotations

from dataclasses import dataclass

from simcard.applet.access import require, require_key
from simcard.applet.base import Command, Context, Reply, expect
from simcard.applet.iso.environment import ALGORITHM, PRIVATE, template
from simcard.applet.iso.keys import RSA_BITS, install, public_template
from simcard.applet.pkcs15.files import PIN
from simcard.applet.pkcs15.security import EC, FOR_GENERATION, RSA_2048, RSA_4096
from simcard.hal.engine import CryptoFault, KeyKind
from simcard.key.containers import Slot
from simcard.key.pair import KeyPair, Origin, Usage
from simcard.wire import tlv
from simcard.wire.access import ALWAYS, Right, UserAuth, encode_expanded
from simcard.wire.apdu import CommandApdu
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

PARAMETERS = (0x81, 0x82, 0x83, 0x84, 0x85, 0x87)
POINT = 0x86

RULES = encode_expanded(
    {Right.USE: UserAuth(PIN), Right.REPLACE: UserAuth(PIN), Right.EXPORT_PUBLIC: ALWAYS},
)
RSA_USAGE = Usage.SIGN | Usage.DECIPHER | Usage.AUTHENTICATE
EC_USAGE = Usage.SIGN | Usage.AGREE | Usage.AUTHENTICATE

_G256 = (
    "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
    "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"
)
_G384 = (
    "04AA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7"
    "3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F"
)
_P256 = (
    "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
    "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC",
    "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B",
    _G256,
    "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
    "0001",
)
_P384 = (
    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF",
    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFC",
    "B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF",
    _G384,
    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
    "0001",
)
CURVES: dict[KeyKind, dict[int, bytes]] = {
    kind: dict(zip(PARAMETERS, map(bytes.fromhex, values)))
    for kind, values in ((KeyKind.P256, _P256), (KeyKind.P384, _P384))
}
"""Domain parameters of the curves (NIST SP 800-186, 3.2.1.3 and 3.2.1.4)."""


def curve_of(parameters: dict[int, bytes]) -> KeyKind:
    """The curve with these parameters; 6A81 for one the card does not have."""
    named = {tag: parameters.get(tag, b"").lstrip(b"\0") for tag in PARAMETERS}
    for kind, known in CURVES.items():
        if named == {tag: value.lstrip(b"\0") for tag, value in known.items()}:
            return kind
    raise Refused(SW.FUNCTION_NOT_SUPPORTED)


def _wanted(ctx: Context) -> tuple[Slot, int]:
    """Slot and algorithm of the template for generation, if a key may come there now."""
    values = template(ctx, FOR_GENERATION)
    if PRIVATE not in values or ALGORITHM not in values:
        raise Refused(SW.CONDITIONS)
    slot = Slot.of_reference(values[PRIVATE][0])
    old = ctx.rooms.containers.pair(slot)
    if old is not None:
        require_key(ctx, old, Right.REPLACE)
    else:
        require(ctx, UserAuth(PIN))
    return slot, values[ALGORITHM][0]


def _install(ctx: Context, slot: Slot, kind: KeyKind, private: Secret, public: bytes, origin: Origin) -> KeyPair:
    usage = RSA_USAGE if kind is KeyKind.RSA else EC_USAGE
    bits = ctx.rooms.crypto.bits_of(kind, public)
    pair = KeyPair(kind, bits, private, public, usage, origin, RULES)
    return install(ctx, slot, ctx.rooms.containers.pair(slot), pair)


@dataclass(frozen=True, slots=True)
class GenerateKeyPair(Command):
    """GENERATE ASYMMETRIC KEY PAIR (ISO/IEC 7816-8:2021, 5.1): RSA with P1 42, a curve by parameters with P1 00."""

    parameters: dict[int, bytes]

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 in (0x00, 0x42) and apdu.p2 == 0, SW.WRONG_P1P2)
        expect(bool(apdu.data) == (apdu.p1 == 0x00), SW.WRONG_LENGTH)
        try:
            return cls(tlv.fields(apdu.data))
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None

    def run(self, ctx: Context) -> bytes | Reply:
        slot, algorithm = _wanted(ctx)
        expect((algorithm == EC) == bool(self.parameters), SW.CONDITIONS)
        sizes = {RSA_2048: 2048, RSA_4096: 4096}
        expect(algorithm == EC or algorithm in sizes, SW.FUNCTION_NOT_SUPPORTED)
        kind = curve_of(self.parameters) if algorithm == EC else KeyKind.RSA
        bits = sizes.get(algorithm, 384 if kind is KeyKind.P384 else 256)
        private, public = ctx.rooms.crypto.generate(kind, bits, ctx.rooms.noise.key)
        pair = _install(ctx, slot, kind, private, public, Origin.GENERATED)
        if kind is KeyKind.RSA:
            return public_template(ctx, pair)
        echoed = {tag: self.parameters[tag] for tag in PARAMETERS}
        return tlv.tlv(0x7F49, tlv.build(sorted({**echoed, POINT: public}.items())))


@dataclass(frozen=True, slots=True)
class ImportKey(Command):
    """PUT DATA (ISO/IEC 7816-4:2013, 11.4.6), P1-P2 3FFF: a private key made outside.

    RSA in 7F48: 92 p, 93 q, 94 1/q mod p, 95 d mod (p-1), 96 d mod (q-1). A curve in E0: its parameters and 88 d.
    """

    tag: int
    value: Secret
    secret_data = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1p2 == 0x3FFF, SW.WRONG_P1P2)
        try:
            (whole,) = tlv.parse(apdu.data)
        except (tlv.TlvError, ValueError):
            raise Refused(SW.WRONG_DATA) from None
        expect(whole.tag in (0x7F48, 0xE0), SW.WRONG_DATA)
        return cls(whole.tag, Secret(whole.value))

    def run(self, ctx: Context) -> bytes:
        slot, algorithm = _wanted(ctx)
        expect((algorithm == EC) == (self.tag == 0xE0), SW.CONDITIONS)
        crypto = ctx.rooms.crypto
        try:
            parts = tlv.fields(self.value.reveal())
            kind = curve_of(parts) if self.tag == 0xE0 else KeyKind.RSA
            private = self._rsa(ctx, parts) if kind is KeyKind.RSA else _scalar(kind, parts[0x88])
            public = crypto.public_of(kind, private)
            crypto.check_pair(kind, private, public)
            bits = crypto.bits_of(kind, public)
        except (tlv.TlvError, KeyError, ValueError, CryptoFault):
            raise Refused(SW.WRONG_DATA) from None
        expect(kind is not KeyKind.RSA or bits in RSA_BITS, SW.FUNCTION_NOT_SUPPORTED)
        _install(ctx, slot, kind, private, public, Origin.IMPORTED)
        return b""

    @staticmethod
    def _rsa(ctx: Context, parts: dict[int, bytes]) -> Secret:
        """The key from its primes; the exponent, which is not sent, is the inverse of d mod (p-1)."""
        p, dp = int.from_bytes(parts[0x92], "big"), int.from_bytes(parts[0x95], "big")
        if p < 3:
            raise ValueError("p is no prime")
        exponent = pow(dp, -1, p - 1)
        if not 3 <= exponent < 1 << 32:
            raise ValueError("the exponent is out of range")
        return ctx.rooms.crypto.rsa_private_from(Secret(parts[0x92]), Secret(parts[0x93]), exponent.to_bytes(4, "big"))


def _scalar(kind: KeyKind, value: bytes) -> Secret:
    """d in the width of the field."""
    width = 48 if kind is KeyKind.P384 else 32
    return Secret(value.lstrip(b"\0").rjust(width, b"\0"))
