"""Attestation: certificates the card issues for keys it made itself, signed by the key in slot F9.

The layout is that of Yubico's attestation certificates, whose extensions (1.3.6.1.4.1.41482.3) tell version, serial
number, policies and form factor. The issuer is a key of this card and nobody else's: the names say that it is a
test. A card has no calendar, so the validity is that of certificates without an end (RFC 5280, 4.1.2.5).
"""

from __future__ import annotations

from simcard.applet.base import Context
from simcard.applet.piv.der import (
    GENERALIZED_TIME,
    OCTETS,
    SEQUENCE,
    bits,
    common_name,
    ecdsa_der,
    integer,
    oid,
)
from simcard.applet.piv.keys import policy_of
from simcard.applet.piv.slots import ATTESTATION, SLOTS, PivSlot, certificate_of, pair_of
from simcard.hal.engine import Hash, KeyKind, RsaSignature
from simcard.key.pair import KeyPair, Origin
from simcard.wire import tlv as reading
from simcard.wire.status import SW, Refused
from simcard.wire.tlv import tlv

ISSUER = "SIMCARD PIV Attestation (test)"
FIRST_DAY, NO_END = b"20260101000000Z", b"99991231235959Z"
YUBICO = "1.3.6.1.4.1.41482.3"
USB_KEYCHAIN = b"\x01"

_CURVES = {KeyKind.P256: "1.2.840.10045.3.1.7", KeyKind.P384: "1.3.132.0.34"}
_SIGNATURES = {
    KeyKind.RSA: (Hash.SHA256, "1.2.840.113549.1.1.11"),
    KeyKind.P256: (Hash.SHA256, "1.2.840.10045.4.3.2"),
    KeyKind.P384: (Hash.SHA384, "1.2.840.10045.4.3.3"),
}


def attest(ctx: Context, slot: PivSlot) -> bytes:
    """A certificate (DER) for the pair in a slot; 6A88 without one, 6985 for a pair that was not made here."""
    pair = pair_of(ctx, slot, ctx.session.options)
    if pair is None:
        raise Refused(SW.REFERENCE_NOT_FOUND)
    if pair.origin is not Origin.GENERATED:
        raise Refused(SW.CONDITIONS)
    issuer = _subject(certificate_of(ctx, SLOTS[ATTESTATION], ctx.session.options)) or common_name(ISSUER)
    subject = common_name(f"YubiKey PIV Attestation {slot.reference:02x}")
    return _issue(ctx, pair, issuer, subject, _told(ctx, slot))


def attestation_certificate(ctx: Context) -> bytes | None:
    """The self-signed certificate of slot F9, while nobody has put another one there; None without a key."""
    pair = pair_of(ctx, SLOTS[ATTESTATION], ctx.session.options)
    if pair is None:
        return None
    authority = tlv(SEQUENCE, tlv(0x01, b"\xff"))
    critical = tlv(SEQUENCE, oid("2.5.29.19"), tlv(0x01, b"\xff"), tlv(OCTETS, authority))
    return _issue(ctx, pair, common_name(ISSUER), common_name(ISSUER), critical)


def _told(ctx: Context, slot: PivSlot) -> bytes:
    """Yubico's extensions: firmware version, serial number, policies, form factor."""
    options, policy = ctx.session.options, policy_of(ctx, slot)
    values = {
        3: bytes(options.version),
        7: integer(options.serial.to_bytes(4, "big")),
        8: bytes((policy.pin, policy.touch)),
        9: USB_KEYCHAIN,
    }
    return b"".join(tlv(SEQUENCE, oid(f"{YUBICO}.{arc}"), tlv(OCTETS, value)) for arc, value in values.items())


def _issue(ctx: Context, pair: KeyPair, issuer: bytes, subject: bytes, extensions: bytes) -> bytes:
    """A certificate for the pair's public half, signed by F9 (RFC 5280, 4.1)."""
    signer = pair_of(ctx, SLOTS[ATTESTATION], ctx.session.options)
    if signer is None or KeyKind(signer.kind) not in _SIGNATURES:
        raise Refused(SW.REFERENCE_NOT_FOUND)
    hash_, name = _SIGNATURES[KeyKind(signer.kind)]
    algorithm = tlv(SEQUENCE, oid(name), b"\x05\x00" if signer.kind == KeyKind.RSA else b"")
    number = ctx.rooms.crypto.digest(Hash.SHA256, pair.public + subject)[:16]
    body = tlv(
        SEQUENCE,
        tlv(0xA0, integer(b"\x02")),
        integer(number),
        algorithm,
        issuer,
        tlv(SEQUENCE, tlv(GENERALIZED_TIME, FIRST_DAY), tlv(GENERALIZED_TIME, NO_END)),
        subject,
        public_key_info(pair),
        tlv(0xA3, tlv(SEQUENCE, extensions)),
    )
    digest = ctx.rooms.crypto.digest(hash_, body)
    return tlv(SEQUENCE, body, algorithm, bits(_sign(ctx, signer, hash_, digest)))


def _sign(ctx: Context, signer: KeyPair, hash_: Hash, digest: bytes) -> bytes:
    crypto, nonce = ctx.rooms.crypto, ctx.rooms.noise.nonce
    if signer.kind == KeyKind.RSA:
        return crypto.rsa_sign(signer.private, RsaSignature.PKCS1, hash_, digest, nonce)
    return ecdsa_der(crypto.ecdsa_sign(KeyKind(signer.kind), signer.private, digest, nonce))


def public_key_info(pair: KeyPair) -> bytes:
    """SubjectPublicKeyInfo (RFC 5280, 4.1.2.7); 6985 for a kind PIV does not know."""
    if pair.kind == KeyKind.RSA:
        return tlv(SEQUENCE, tlv(SEQUENCE, oid("1.2.840.113549.1.1.1"), b"\x05\x00"), bits(pair.public))
    curve = _CURVES.get(KeyKind(pair.kind))
    if curve is None:
        raise Refused(SW.CONDITIONS)
    return tlv(SEQUENCE, tlv(SEQUENCE, oid("1.2.840.10045.2.1"), oid(curve)), bits(pair.public))


def _subject(der: bytes | None) -> bytes:
    """The subject of a certificate as it is encoded; empty for what is not a certificate."""
    try:
        body = reading.parse(reading.parse(reading.parse(der or b"")[0].value)[0].value)
        names = [item for item in body if item.tag == SEQUENCE]
        return tlv(SEQUENCE, names[3].value)
    except (reading.TlvError, IndexError):
        return b""
