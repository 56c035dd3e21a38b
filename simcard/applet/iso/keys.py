"""GENERATE ASYMMETRIC KEY PAIR, and the import of a pair by PUT DATA."""

from __future__ import annotations

from dataclasses import dataclass

from simcard.applet.access import require_file, require_key
from simcard.applet.base import Command, Context, expect
from simcard.applet.iso.environment import CT, DST, PRIVATE, template
from simcard.fs.tree import MF
from simcard.hal.engine import CryptoFault, KeyKind
from simcard.key.containers import Slot
from simcard.key.pair import DEFAULT_USAGE, KeyPair, Origin, Role
from simcard.wire import access, tlv
from simcard.wire.access import Right
from simcard.wire.apdu import CommandApdu, Ins
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

MECHANISMS = {1: KeyKind.RSA, 2: KeyKind.P256, 3: KeyKind.P384, 4: KeyKind.SM2}
"""Cryptographic mechanism (tag 80 of template AC) by number."""

FIXED_BITS = {KeyKind.P256: 256, KeyKind.P384: 384, KeyKind.SM2: 256}
RSA_BITS = range(1024, 4097, 64)
ROLE_TAGS = {DST: Role.SIGN, CT: Role.EXCHANGE}


def public_template(ctx: Context, pair: KeyPair) -> bytes:
    """7F49: 81 modulus and 82 exponent for RSA, 86 point for curves (ISO/IEC 7816-8:2021, table 4)."""
    if pair.kind == KeyKind.RSA:
        n, e = ctx.rooms.crypto.rsa_public_parts(pair.public)
        return tlv.tlv(0x7F49, tlv.tlv(0x81, n), tlv.tlv(0x82, e))
    return tlv.tlv(0x7F49, tlv.tlv(0x86, pair.public))


def _slot(ctx: Context, role: Role | None, reference: bytes | None) -> Slot:
    """The slot meant: by reference, by role and reference, or by the templates of the current SE."""
    if reference is None:
        for tag in (DST, CT):
            if role in (None, ROLE_TAGS[tag]) and PRIVATE in template(ctx, tag):
                return Slot.of_reference(template(ctx, tag)[PRIVATE][-1])
        raise Refused(SW.REFERENCE_NOT_FOUND)
    expect(len(reference) == 1, SW.WRONG_DATA)
    slot = Slot.of_reference(reference[0])
    expect(role in (None, slot.role), SW.WRONG_DATA)
    return slot


@dataclass(frozen=True, slots=True)
class GenerateKeyPair(Command):
    """GENERATE ASYMMETRIC KEY PAIR (ISO/IEC 7816-8:2021, 5.1): make a pair (P1 80) or read its public half (81).

    Data: B6 (signing) or B8 (exchange) { 84 key reference } and AC { 80 mechanism, 81 bits }, both optional: the
    current SE names the key, and a pair that is there already says what to make. P1 82 makes a pair and answers
    nothing. The answer is the public key template 7F49.
    """

    make: bool
    tell: bool
    role: Role | None
    reference: bytes | None
    mechanism: bytes
    bits: int

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 in (0x80, 0x81, 0x82) and apdu.p2 == 0, SW.WRONG_P1P2)
        try:
            found = tlv.fields(apdu.data)
            role_tag = next((tag for tag in ROLE_TAGS if tag in found), None)
            crt = tlv.fields(found[role_tag]) if role_tag is not None else {}
            asked = tlv.fields(found.get(0xAC, b""))
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None
        expect(apdu.ins == Ins.GENERATE_KEY_PAIR or role_tag is not None, SW.WRONG_DATA)
        return cls(
            apdu.p1 != 0x81,
            apdu.p1 != 0x82,
            None if role_tag is None else ROLE_TAGS[role_tag],
            crt.get(PRIVATE, crt.get(0x83)),
            asked.get(0x80, b""),
            int.from_bytes(asked.get(0x81, b""), "big"),
        )

    def run(self, ctx: Context) -> bytes:
        slot = _slot(ctx, self.role, self.reference)
        pair = self._generate(ctx, slot) if self.make else ctx.rooms.containers.require(slot)
        if not self.make:
            require_key(ctx, pair, Right.EXPORT_PUBLIC)
        return public_template(ctx, pair) if self.tell else b""

    def _generate(self, ctx: Context, slot: Slot) -> KeyPair:
        old = ctx.rooms.containers.pair(slot)
        kind, bits = self._wanted(old)
        expanded = admit(ctx, old)
        private, public = ctx.rooms.crypto.generate(kind, bits, ctx.rooms.noise.key)
        return install(ctx, slot, old, KeyPair(kind, bits, private, public, DEFAULT_USAGE[slot.role],
                                               Origin.GENERATED, expanded))  # fmt: skip

    def _wanted(self, old: KeyPair | None) -> tuple[KeyKind, int]:
        if self.mechanism:
            kind = MECHANISMS.get(self.mechanism[-1])
            bits = FIXED_BITS.get(kind, 2048) if kind else 0
        else:
            kind, bits = (KeyKind(old.kind), old.bits) if old else (None, 0)
        if kind is None:
            raise Refused(SW.WRONG_DATA)
        bits = self.bits or bits
        expect(bits in RSA_BITS if kind is KeyKind.RSA else bits == FIXED_BITS[kind], SW.WRONG_DATA)
        return kind, bits


def admit(ctx: Context, old: KeyPair | None) -> bytes:
    """May a pair come into this slot? The rules it will have: those of the old one, or those of new keys."""
    if old is not None:
        require_key(ctx, old, Right.REPLACE)
        return old.expanded
    require_file(ctx, ctx.rooms.files.tree.file(MF), Right.CREATE_EF)
    sheet = ctx.rooms.sheet
    return access.encode_expanded(sheet.new_keys.conditions(sheet.labels))


def install(ctx: Context, slot: Slot, old: KeyPair | None, pair: KeyPair) -> KeyPair:
    """Put a pair where it belongs; a container comes into being with its first key."""
    containers = ctx.rooms.containers
    if old is None and not containers.exists(slot.container):
        containers.create(b"Container-%d" % slot.container, slot.container)
    containers.put_pair(slot, pair)
    return pair


def import_pair(ctx: Context, role: Role, value: bytes) -> None:
    """PUT DATA B6 or B8 { 84 reference, 80 mechanism, 7F48 private key }: a pair made outside.

    7F48 holds for RSA 91 public exponent, 92 p, 93 q; for a curve 92 d. The public half is worked out here.
    """
    try:
        found = tlv.fields(value)
        numbers = tlv.fields(found[0x7F48])
        kind = MECHANISMS[found[0x80][-1]]
        slot = _slot(ctx, role, found.get(PRIVATE))
        private = _private(ctx, kind, numbers)
        public = ctx.rooms.crypto.public_of(kind, private)
        ctx.rooms.crypto.check_pair(kind, private, public)
    except (tlv.TlvError, KeyError, IndexError, CryptoFault):
        raise Refused(SW.WRONG_DATA) from None
    bits = ctx.rooms.crypto.bits_of(kind, public)
    expect(kind is not KeyKind.RSA or bits in RSA_BITS, SW.WRONG_DATA)
    old = ctx.rooms.containers.pair(slot)
    expanded = admit(ctx, old)
    pair = KeyPair(kind, bits, private, public, DEFAULT_USAGE[slot.role], Origin.IMPORTED, expanded)
    install(ctx, slot, old, pair)


def _private(ctx: Context, kind: KeyKind, numbers: dict[int, bytes]) -> Secret:
    if kind is KeyKind.RSA:
        return ctx.rooms.crypto.rsa_private_from(Secret(numbers[0x92]), Secret(numbers[0x93]), numbers[0x91])
    return Secret(numbers[0x92])
