"""GET DATA and PUT DATA of the PIV application."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from simcard.applet.base import Command, Context, expect
from simcard.applet.piv.attestation import attestation_certificate
from simcard.applet.piv.objects import BARE, DISCOVERY, certificate_object, content_of, row_of, store
from simcard.applet.piv.session import pin_given, require_management, require_replace
from simcard.applet.piv.slots import ATTESTATION, BY_CERTIFICATE, PivSlot, certificate_of, make_home, pair_of
from simcard.wire import tlv
from simcard.wire.apdu import CommandApdu
from simcard.wire.status import SW, Refused

CURRENT_DF = 0x3FFF
CONTENT = 0x53
COMPRESSED = b"\x01"
"""The certificate information byte (71) of a certificate in gzip form (800-73-4 part 1, table 39)."""
MAX_CERTIFICATE = 16384


def _listed(data: bytes) -> int:
    """The one tag of a tag list; 6A80 for anything else."""
    try:
        tags = tlv.parse_tag_list(tlv.find(data, 0x5C) or b"")
    except tlv.TlvError:
        raise Refused(SW.WRONG_DATA) from None
    expect(len(tags) == 1, SW.WRONG_DATA)
    return tags[0]


@dataclass(frozen=True, slots=True)
class GetData(Command):
    """GET DATA (NIST SP 800-73-4 part 2, 3.1.2): one object of the data model by its tag (5C)."""

    tag: int

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1p2 == CURRENT_DF, SW.WRONG_P1P2)
        return cls(_listed(apdu.data))

    def run(self, ctx: Context) -> bytes:
        row = row_of(ctx, self.tag)
        expect(not row.needs_pin or pin_given(ctx), SW.SECURITY_STATUS)
        slot = BY_CERTIFICATE.get(self.tag)
        content = content_of(ctx, self.tag) if slot is None else _certificate(ctx, slot)
        if not content:
            raise Refused(SW.FILE_NOT_FOUND)
        return tlv.tlv(self.tag if self.tag in BARE else CONTENT, content)


def _certificate(ctx: Context, slot: PivSlot) -> bytes | None:
    der = certificate_of(ctx, slot, ctx.session.options)
    if not der and slot.reference == ATTESTATION:
        der = attestation_certificate(ctx)
    return certificate_object(der) if der else None


@dataclass(frozen=True, slots=True)
class PutData(Command):
    """PUT DATA (NIST SP 800-73-4 part 2, 3.3.2): replace one object; an empty one is removed.

    A certificate goes to the container of its slot, out of its gzip form if it came in one. The discovery object
    says how the card is made and cannot be written.
    """

    tag: int
    content: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1p2 == CURRENT_DF, SW.WRONG_P1P2)
        try:
            items = tlv.parse(apdu.data)
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None
        if len(items) == 1 and items[0].tag in BARE:
            return cls(items[0].tag, items[0].value)
        expect([item.tag for item in items] == [0x5C, CONTENT], SW.WRONG_DATA)
        return cls(_listed(apdu.data), items[1].value)

    def run(self, ctx: Context) -> bytes:
        row_of(ctx, self.tag)
        slot = BY_CERTIFICATE.get(self.tag)
        if slot is not None:
            _put_certificate(ctx, slot, self.content)
            return b""
        require_management(ctx)
        expect(self.tag != DISCOVERY, SW.FUNCTION_NOT_SUPPORTED)
        store(ctx, self.tag, self.content)
        return b""


def _put_certificate(ctx: Context, slot: PivSlot, content: bytes) -> None:
    options = ctx.session.options
    require_replace(ctx, pair_of(ctx, slot, options))
    der = _der_of(content)
    if der or certificate_of(ctx, slot, options):
        ctx.rooms.containers.put_certificate(make_home(ctx, slot, options), der)


def _der_of(content: bytes) -> bytes:
    """The certificate in an object; 6A80 for one without it or one that does not unpack."""
    try:
        found = tlv.fields(content)
    except tlv.TlvError:
        raise Refused(SW.WRONG_DATA) from None
    der = found.get(0x70, b"")
    expect(bool(der) or not any(found.values()), SW.WRONG_DATA)
    if not found.get(0x71, b"\0").startswith(COMPRESSED):
        return der
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(der, MAX_CERTIFICATE)
    except zlib.error:
        raise Refused(SW.WRONG_DATA) from None
    expect(unpacking.eof, SW.WRONG_DATA)
    return plain
