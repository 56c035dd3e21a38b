"""Public keys of the host: card-verifiable certificates that bring them, and the template that names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simcard.applet.base import Command, Context, expect
from simcard.applet.iso.environment import ALGORITHM, DST, PUBLIC, template
from simcard.applet.iso.signature import HASHES, SM2_DEFAULT_ID, Algorithm, check
from simcard.hal.engine import CryptoFault, Hash, KeyKind
from simcard.key.containers import Slot
from simcard.wire import tlv
from simcard.wire.apdu import CommandApdu
from simcard.wire.status import SW, Refused


def public_key(ctx: Context, tag: int) -> tuple[str, bytes]:
    """The public key the template names: one from a verified certificate, or that of a container.

    Secret keys are named by tag 83 too, with references up to 7F; bit 8 makes a reference a container's in any case.
    """
    reference = template(ctx, tag).get(PUBLIC)
    if not reference:
        raise Refused(SW.REFERENCE_NOT_FOUND)
    known: tuple[str, bytes] | None = ctx.session.public_keys.get(reference)
    if known is not None:
        return known
    # A longer reference is a certificate holder's; to take its last byte would find somebody else's key.
    expect(len(reference) == 1, SW.REFERENCE_NOT_FOUND)
    pair = ctx.rooms.containers.require(Slot.of_reference(reference[0] & 0x7F))
    return pair.kind, pair.public


@dataclass(frozen=True, slots=True)
class VerifyCertificate(Command):
    """PSO VERIFY CERTIFICATE (ISO/IEC 7816-8:2021, 5.2.6), P1-P2 00 BE and 00 AE: a card-verifiable certificate.

    BE: 7F4E body { 5F20 holder reference, 7F49 public key { 86 point } or { 81 modulus, 82 exponent } } and
    5F37 signature, alone or in 7F21. AE: the value of the body, then the signature, without tags. The signed
    bytes are the body as a data object. A good certificate makes its key usable by its holder reference.
    """

    body: bytes
    signature: bytes | None
    """None: the signature stands at the end of the body, as long as the verifying key makes it."""
    described: ClassVar[int] = 0xBE

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        if apdu.p2 != cls.described:
            expect(len(apdu.data) > 64, SW.WRONG_LENGTH)
            return cls(apdu.data, None)
        try:
            found = tlv.fields(apdu.data)
            if 0x7F21 in found:
                found = tlv.fields(found[0x7F21])
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None
        expect(0x7F4E in found and 0x5F37 in found, SW.WRONG_DATA)
        return cls(found[0x7F4E], found[0x5F37])

    def run(self, ctx: Context) -> bytes:
        kind, public = public_key(ctx, DST)
        body, signature = self.body, self.signature
        if signature is None:
            size = ctx.rooms.crypto.bits_of(KeyKind(kind), public) // 8 * (1 if kind == KeyKind.RSA else 2)
            body, signature = body[:-size], body[-size:]
        algorithm = Algorithm.of(template(ctx, DST), kind)
        hash_ = algorithm.hash or (Hash.SM3 if kind == KeyKind.SM2 else Hash.SHA256)
        prefix = ctx.rooms.crypto.sm2_za(public, SM2_DEFAULT_ID) if kind == KeyKind.SM2 else b""
        digest = ctx.rooms.crypto.digest(hash_, prefix + tlv.tlv(0x7F4E, body))
        named = {**template(ctx, DST), ALGORITHM: bytes((_reference_of(kind, hash_),))}
        check(ctx, kind, public, named, digest, signature)
        holder, key = _certified(ctx, body)
        # One byte would stand before a container's own key.
        expect(2 <= len(holder) <= 16, SW.WRONG_DATA)
        ctx.session.public_keys[holder] = key
        return b""


def _reference_of(kind: str, hash_: Hash) -> int:
    scheme = {KeyKind.RSA: 0x10, KeyKind.SM2: 0x60}.get(KeyKind(kind), 0x40)
    return scheme | next(code for code, known in HASHES.items() if known is hash_)


POINT_SIZES = {65: (KeyKind.SM2, KeyKind.P256), 97: (KeyKind.P384,)}


def _certified(ctx: Context, body: bytes) -> tuple[bytes, tuple[str, bytes]]:
    """Holder reference and public key of a certificate body; 6A80 for a key that is none."""
    crypto = ctx.rooms.crypto
    try:
        found = tlv.fields(body)
        key = tlv.fields(found[0x7F49])
        if 0x81 in key:
            public = crypto.rsa_public_from(key[0x81], key[0x82])
            crypto.check_public(KeyKind.RSA, public)
            return found[0x5F20], (KeyKind.RSA, public)
        point = key[0x86]
        for kind in POINT_SIZES.get(len(point), ()):
            try:
                crypto.check_public(kind, point)
            except CryptoFault:
                continue
            return found[0x5F20], (kind, point)
    except (tlv.TlvError, KeyError, CryptoFault):
        pass
    raise Refused(SW.WRONG_DATA)
