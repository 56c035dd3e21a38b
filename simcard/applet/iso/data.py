"""GET DATA and PUT DATA: data objects of the current DF, of a BER-TLV file, and what the card says of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simcard.applet.access import require_file, require_key
from simcard.applet.base import Command, Context, expect
from simcard.applet.iso.environment import signing_slot
from simcard.applet.iso.keys import import_pair
from simcard.applet.iso.session import current_df, current_ef
from simcard.applet.view import body_size
from simcard.fs.descriptor import Descriptor, Kind
from simcard.key.pair import Role
from simcard.wire import tlv
from simcard.wire.access import Right
from simcard.wire.apdu import CommandApdu, Ins
from simcard.wire.status import SW, Refused

CERTIFICATE = 0x7F21
"""The certificate of the key the current signature (B6) or confidentiality (B8) template names."""

PRIVATE_KEY_TEMPLATES = frozenset((0xB6, 0xB8))


def _certificate(ctx: Context) -> bytes:
    der = ctx.rooms.containers.certificate(signing_slot(ctx))
    if der is None:
        raise Refused(SW.REFERENCE_NOT_FOUND)
    return der


def _card(ctx: Context) -> bytes:
    """0100: name and title of the card, memory in all and free (4 bytes each), engine and SM2 back end."""
    rooms = ctx.rooms
    return tlv.build(
        (
            (0x80, rooms.sheet.name.encode()),
            (0x81, rooms.sheet.title.encode()),
            (0x82, rooms.store.capacity.to_bytes(4, "big") + rooms.store.free.to_bytes(4, "big")),
            (0x83, rooms.crypto.name.encode()),
            (0x84, rooms.crypto.backend.encode()),
        )
    )


def _pins(ctx: Context) -> bytes:
    """0101: for each reference its DF's number (2 bytes), reference, limit, tries left, flags
    (01 enabled, 02 must change, 04 default value)."""
    found = b""
    for pin in ctx.rooms.pins.all():
        state = ctx.rooms.pins.state(pin)
        flags = state.enabled | state.must_change << 1 | state.default << 2
        found += pin.scope.to_bytes(2, "big") + bytes((pin.reference, state.limit, state.left, flags))
    return found


def _containers(ctx: Context) -> bytes:
    """0102: for each container E0 { 80 number, 81 name, per key B6 or B8 { 84 reference, 80 kind, 82 bits,
    83 origin, 85 length of the certificate } }."""
    containers, found = ctx.rooms.containers, b""
    for number in containers.numbers():
        keys = b""
        for slot in (s for s in containers.slots() if s.container == number):
            pair = containers.require(slot)
            inside = tlv.build(
                (
                    (0x84, bytes((slot.reference,))),
                    (0x80, pair.kind.encode()),
                    (0x82, pair.bits.to_bytes(2, "big")),
                    (0x83, bytes((pair.origin,))),
                    (0x85, len(containers.certificate(slot) or b"").to_bytes(2, "big")),
                )
            )
            keys += tlv.tlv(0xB6 if slot.role is Role.SIGN else 0xB8, inside)
        found += tlv.tlv(0xE0, tlv.tlv(0x80, bytes((number,))), tlv.tlv(0x81, containers.name(number)), keys)
    return found


def _tree(ctx: Context) -> bytes:
    """0103: the FCP template of every file, depth first, each preceded by its depth (80) in a template E1."""
    tree, found = ctx.rooms.files.tree, b""
    for file in tree.walk():
        depth = len(tree.ancestry(file.number)) - 1
        found += tlv.tlv(0xE1, tlv.tlv(0x80, bytes((depth,))), tlv.tlv(0x62, file.fcp(body_size(ctx, file))))
    return found


COMPUTED: dict[int, Callable[[Context], bytes]] = {
    CERTIFICATE: _certificate,
    0x0100: _card,
    0x0101: _pins,
    0x0102: _containers,
    0x0103: _tree,
}
"""Data objects the card works out; nothing in them is secret."""


def _is_tag(p1p2: int) -> bool:
    """P1-P2 of an even INS: a one-byte tag, a number of our own (01xx), or a two-byte BER tag (11.4.3)."""
    if p1p2 < 0x0100:
        return 0x0040 <= p1p2 < 0x00FF and p1p2 & 0x1F != 0x1F
    return p1p2 <= 0x01FF or (p1p2 >= 0x4000 and p1p2 & 0x1F80 == 0x1F00)


@dataclass(frozen=True, slots=True)
class GetData(Command):
    """GET DATA (ISO/IEC 7816-4:2013, 11.4.3), even INS: the value of one data object."""

    tag: int

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.ne > 0, SW.WRONG_LENGTH)
        if apdu.ins == Ins.GET_DATA_ODD:
            return GetDataList.parse(apdu)
        expect(not apdu.data, SW.WRONG_LENGTH)
        expect(_is_tag(apdu.p1p2), SW.WRONG_P1P2)
        return cls(apdu.p1p2)

    def run(self, ctx: Context) -> bytes:
        if self.tag in COMPUTED:
            return COMPUTED[self.tag](ctx)
        holder = current_df(ctx)
        if ctx.session.cursor.ef and current_ef(ctx).kind is Kind.BER_TLV:
            holder = current_ef(ctx)
            require_file(ctx, holder, Right.READ)
        value = ctx.rooms.files.objects.get(holder.number, self.tag)
        if value is None:
            raise Refused(SW.REFERENCE_NOT_FOUND)
        return value


def _holder(ctx: Context, fid: int) -> Descriptor:
    """The file P1-P2 of an odd INS names: 0000 the current EF, 3FFF the current DF, else a child by FID."""
    if fid == 0x3FFF:
        return current_df(ctx)
    found = current_ef(ctx) if fid == 0 else ctx.rooms.files.tree.child(current_df(ctx).number, fid)
    if found is None:
        raise Refused(SW.FILE_NOT_FOUND)
    expect(found.is_df or found.kind is Kind.BER_TLV, SW.INCOMPATIBLE_FILE)
    return found


@dataclass(frozen=True, slots=True)
class GetDataList(Command):
    """GET DATA (ISO/IEC 7816-4:2013, 11.4.3), odd INS: data objects by tag list (5C), all for an empty one."""

    fid: int
    tags: tuple[int, ...]

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        try:
            listed = tlv.find(apdu.data, 0x5C)
            if listed is None:
                raise Refused(SW.WRONG_DATA)
            return cls(apdu.p1p2, tlv.parse_tag_list(listed))
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None

    def run(self, ctx: Context) -> bytes:
        holder, objects = _holder(ctx, self.fid), ctx.rooms.files.objects
        if not holder.is_df:
            require_file(ctx, holder, Right.READ)
        # Each once: a list that names one object over and over would ask for more than any memory holds.
        tags = dict.fromkeys(self.tags or objects.tags(holder.number))
        found = [(tag, objects.get(holder.number, tag)) for tag in tags]
        if not any(value is not None for _, value in found):
            raise Refused(SW.REFERENCE_NOT_FOUND)
        return tlv.build((tag, value) for tag, value in found if value is not None)


@dataclass(frozen=True, slots=True)
class PutData(Command):
    """PUT DATA (ISO/IEC 7816-4:2013, 11.4.6), even INS: set one data object; empty data remove it."""

    tag: int
    value: bytes

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        if apdu.ins == Ins.PUT_DATA_ODD:
            return PutDataList.parse(apdu)
        expect(_is_tag(apdu.p1p2) and apdu.p1p2 not in range(0x0100, 0x0200), SW.WRONG_P1P2)
        return cls(apdu.p1p2, apdu.data)

    def run(self, ctx: Context) -> bytes:
        if self.tag == CERTIFICATE:
            slot = signing_slot(ctx)
            require_key(ctx, ctx.rooms.containers.require(slot), Right.REPLACE)
            ctx.rooms.containers.put_certificate(slot, self.value)
            return b""
        holder, right = current_df(ctx), Right.CREATE_EF
        if ctx.session.cursor.ef and current_ef(ctx).kind is Kind.BER_TLV:
            holder, right = current_ef(ctx), Right.UPDATE
        require_file(ctx, holder, right)
        _put(ctx, holder, self.tag, self.value)
        return b""


def _put(ctx: Context, holder: Descriptor, tag: int, value: bytes) -> None:
    objects = ctx.rooms.files.objects
    if value:
        objects.put(holder.number, tag, value)
    else:
        objects.delete(holder.number, tag)
    if not holder.is_df:
        expect(objects.size(holder.number) <= holder.size, SW.NO_SPACE)


@dataclass(frozen=True, slots=True)
class PutDataList(Command):
    """PUT DATA (ISO/IEC 7816-4:2013, 11.4.6), odd INS: data objects; a template B6 or B8 imports a key pair."""

    fid: int
    items: tuple[tlv.Tlv, ...]
    secret_data = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        try:
            items = tlv.parse(apdu.data)
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None
        expect(bool(items), SW.WRONG_DATA)
        return cls(apdu.p1p2, items)

    def run(self, ctx: Context) -> bytes:
        if any(item.tag in PRIVATE_KEY_TEMPLATES for item in self.items):
            # Among other objects a private key would be filed where GET DATA reads.
            expect(len(self.items) == 1, SW.WRONG_DATA)
            import_pair(ctx, Role.SIGN if self.items[0].tag == 0xB6 else Role.EXCHANGE, self.items[0].value)
            return b""
        holder = _holder(ctx, self.fid)
        require_file(ctx, holder, Right.CREATE_EF if holder.is_df else Right.UPDATE)
        for item in self.items:
            _put(ctx, holder, item.tag, item.value)
        return b""
