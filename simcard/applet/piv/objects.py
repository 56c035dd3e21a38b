"""The data objects of the PIV data model: tags, who may read them, and those the card works out itself.

Objects are kept as data objects of a BER-TLV file under the application's DF, which no other door may read, so
that what needs the PIN here needs it everywhere. Certificates are kept in the containers and only shown here. A
card without that file (an Electronic Port card) shows a card capability container, a CHUID and printed
information made from what it holds elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from simcard.applet.base import Context
from simcard.applet.piv.session import AID, GLOBAL_PIN, pin_of
from simcard.applet.piv.slots import FIRST_RETIRED, LAST_RETIRED, SLOTS, certificate_of
from simcard.fs.tree import MF
from simcard.wire import tlv
from simcard.wire.status import SW, Refused

OBJECTS_FID = 0x0001
"""The BER-TLV file under the application's DF."""

POLICIES = 0xC1
"""Private object of that file: PIN and touch policy of slots that differ from the usual (slot, PIN, touch)."""

DISCOVERY, BIOMETRICS = 0x7E, 0x7F61


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One data object (NIST SP 800-73-4 part 1, table 3)."""

    title: str
    needs_pin: bool = False
    yubico: bool = False


OBJECTS: dict[int, ObjectRow] = {
    0x5FC107: ObjectRow("Card Capability Container"),
    0x5FC102: ObjectRow("Card Holder Unique Identifier"),
    0x5FC105: ObjectRow("X.509 Certificate for PIV Authentication (9A)"),
    0x5FC103: ObjectRow("Cardholder Fingerprints", needs_pin=True),
    0x5FC106: ObjectRow("Security Object"),
    0x5FC108: ObjectRow("Cardholder Facial Image", needs_pin=True),
    0x5FC101: ObjectRow("X.509 Certificate for Card Authentication (9E)"),
    0x5FC10A: ObjectRow("X.509 Certificate for Digital Signature (9C)"),
    0x5FC10B: ObjectRow("X.509 Certificate for Key Management (9D)"),
    0x5FC109: ObjectRow("Printed Information", needs_pin=True),
    DISCOVERY: ObjectRow("Discovery Object"),
    0x5FC10C: ObjectRow("Key History Object"),
    **{0x5FC10D + n: ObjectRow(f"Retired X.509 Certificate for Key Management {n + 1}") for n in range(20)},
    0x5FC121: ObjectRow("Cardholder Iris Images", needs_pin=True),
    BIOMETRICS: ObjectRow("Biometric Information Templates Group Template"),
    0x5FC122: ObjectRow("Secure Messaging Certificate Signer"),
    0x5FC123: ObjectRow("Pairing Code Reference Data Container", needs_pin=True),
    0x5FFF00: ObjectRow("Administration data", yubico=True),
    0x5FFF01: ObjectRow("X.509 Certificate for Attestation (F9)", yubico=True),
    0x5FFF10: ObjectRow("Container map", yubico=True),
    **{0x5FFF11 + n: ObjectRow(f"Root certificates {n + 1}", yubico=True) for n in range(5)},
}

BARE = frozenset((DISCOVERY, BIOMETRICS))
"""Objects that travel under their own tag instead of 53."""


def row_of(ctx: Context, tag: int) -> ObjectRow:
    """The object with this tag; 6A82 for none."""
    row = OBJECTS.get(tag)
    if row is None or (row.yubico and not ctx.session.options.yubico):
        raise Refused(SW.FILE_NOT_FOUND)
    return row


def holder_of(ctx: Context) -> int | None:
    """Number of the file that keeps this application's objects, None on a card without it."""
    df = ctx.rooms.files.tree.by_name(AID)
    found = None if df is None else ctx.rooms.files.tree.child(df.number, OBJECTS_FID)
    return None if found is None else found.number


def stored(ctx: Context, tag: int) -> bytes | None:
    """The content of a kept object, without its tag 53."""
    holder = holder_of(ctx)
    return None if holder is None else ctx.rooms.files.objects.get(holder, tag)


def store(ctx: Context, tag: int, content: bytes) -> None:
    """Keep an object, remove it when empty; 6A81 on a card that keeps none."""
    holder = holder_of(ctx)
    if holder is None:
        raise Refused(SW.FUNCTION_NOT_SUPPORTED)
    if content:
        ctx.rooms.files.objects.put(holder, tag, content)
    else:
        ctx.rooms.files.objects.delete(holder, tag)


def certificate_object(der: bytes) -> bytes:
    """The content of a certificate's object: 70 certificate, 71 00 (not compressed), FE (800-73-4 part 1, table 10)."""
    return tlv.build(((0x70, der), (0x71, b"\0"), (0xFE, b"")))


def content_of(ctx: Context, tag: int) -> bytes | None:
    """What GET DATA shows of an object that is not a certificate, None when there is nothing."""
    kept = stored(ctx, tag)
    if kept is not None or tag not in COMPUTED:
        return kept
    return COMPUTED[tag](ctx)


def _discovery(ctx: Context) -> bytes:
    """The application's AID and which PIN opens it (800-73-4 part 1, 3.3.2): 40 00, or 60 10 with a global PIN."""
    try:
        pin_of(ctx, GLOBAL_PIN)
        usage = b"\x60\x10"
    except Refused:
        usage = b"\x40\x00"
    return tlv.build(((0x4F, AID), (0x5F2F, usage)))


def _identity(ctx: Context) -> bytes:
    """16 bytes that tell this card from others and never change: from its name, serial number and EF.GDO."""
    serial = b"%d" % ctx.session.options.serial
    seen = (ctx.rooms.sheet.name.encode(), serial, _card_number(ctx))
    return sha256(b"simcard piv" + b"".join(sha256(part).digest() for part in seen)).digest()[:16]


def _card_number(ctx: Context) -> bytes:
    """What EF.GDO (2F02) holds of the card's number."""
    found = ctx.rooms.files.tree.child(MF, 0x2F02)
    return b"" if found is None else ctx.rooms.files.binary.read(found, 0, found.size).rstrip(b"\0")


TEST_FASCN = bytes.fromhex("D4E739DA739CED39CE739D836858210842108421CCE739C3EB")
"""Agency 9999, system 9999, credential 999999: numbers nobody is given, which marks the card as made up."""


def _chuid(ctx: Context) -> bytes:
    """A CHUID without an issuer's signature (800-73-4 part 1, table 9): FASC-N, GUID, expiry, empty signature."""
    guid = bytearray(_identity(ctx))
    guid[6], guid[8] = guid[6] & 0x0F | 0x40, guid[8] & 0x3F | 0x80
    return tlv.build(((0x30, TEST_FASCN), (0x34, bytes(guid)), (0x35, b"20991231"), (0x3E, b""), (0xFE, b"")))


def capability_container(identifier: bytes) -> bytes:
    """A card capability container (800-73-4 part 1, table 8) with 14 bytes of unique identifier."""
    head = ((0xF0, bytes.fromhex("A0000001160202") + identifier), (0xF1, b"\x21"), (0xF2, b"\x21"), (0xF3, b""))
    tail = ((0xF4, b"\0"), (0xF5, b"\x10"), *((tag, b"") for tag in (0xF6, 0xF7, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE)))
    return tlv.build((*head, *tail))


def _capabilities(ctx: Context) -> bytes:
    return capability_container(_identity(ctx)[:14])


def _printed(ctx: Context) -> bytes | None:
    """Printed information of a card that keeps none: its title and number, marked as a test."""
    number = _card_number(ctx)
    if not number:
        return None
    line = b"SIMCARD TEST"
    return tlv.build(((0x01, line), (0x02, line), (0x04, b"2099DEC31"), (0x05, number[:20]), (0x06, line), (0xFE, b"")))


def _history(ctx: Context) -> bytes:
    """Key history (800-73-4 part 1, 3.3.3): retired keys with certificates on this card; none elsewhere."""
    options = ctx.session.options
    retired = [slot for slot in SLOTS.values() if FIRST_RETIRED <= slot.reference <= LAST_RETIRED]
    used = [n for n, slot in enumerate(retired, 1) if certificate_of(ctx, slot, options)]
    # Readers look at the first so many slots, so gaps count too.
    return tlv.build(((0xC1, bytes((max(used, default=0),))), (0xC2, b"\0"), (0xFE, b"")))


COMPUTED: dict[int, Callable[[Context], bytes | None]] = {
    DISCOVERY: _discovery,
    0x5FC102: _chuid,
    0x5FC107: _capabilities,
    0x5FC109: _printed,
    0x5FC10C: _history,
}
"""Objects the card works out while nobody has written them."""
