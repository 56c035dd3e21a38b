"""MANAGE SECURITY ENVIRONMENT: which key and which algorithm the security operations use."""

from __future__ import annotations

from dataclasses import dataclass

from simcard.applet.access import require_file
from simcard.applet.base import Command, Context, expect
from simcard.applet.iso.session import Template, current_df
from simcard.key.containers import Slot
from simcard.wire import tlv
from simcard.wire.access import Right
from simcard.wire.apdu import CommandApdu
from simcard.wire.status import SW, Refused

AT, KAT, HT, CCT, DST, CT = 0xA4, 0xA6, 0xAA, 0xB4, 0xB6, 0xB8
TEMPLATES = frozenset((AT, KAT, HT, CCT, DST, CT))

ALGORITHM, PUBLIC, PRIVATE, IV = 0x80, 0x83, 0x84, 0x87
KNOWN_TAGS = frozenset((ALGORITHM, 0x81, PUBLIC, PRIVATE, 0x85, IV, 0x91, 0x94, 0x95))


MAX_TEMPLATE = 255
"""Bytes of a template, so that all of them together can be stored."""


def template(ctx: Context, tag: int) -> Template:
    """A control reference template of the current SE, empty when it was never set."""
    found: Template = ctx.session.environment.get(tag, {})
    return found


def signing_slot(ctx: Context) -> Slot:
    """The slot whose key the signature template names, or else the confidentiality template; 6A88 for none."""
    for tag in (DST, CT):
        reference = template(ctx, tag).get(PRIVATE)
        if reference:
            return Slot.of_reference(reference[-1])
    raise Refused(SW.REFERENCE_NOT_FOUND)


def _store_key(number: int) -> bytes:
    return b"E" + bytes((number,))


SET, STORE, RESTORE, ERASE = 1, 0xF2, 0xF3, 0xF4


@dataclass(frozen=True, slots=True)
class ManageSecurityEnvironment(Command):
    """MANAGE SECURITY ENVIRONMENT (ISO/IEC 7816-4:2013, 11.5.11).

    SET puts a control reference template (P2) into the current SE, replacing the template of that kind. STORE
    and RESTORE save and load the current SE under a number (P2), ERASE forgets a saved one; STORE and ERASE
    write memory and so need the right to create in the current DF.
    """

    action: int
    operand: int
    values: Template

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        if apdu.p1 in (STORE, RESTORE, ERASE):
            expect(1 <= apdu.p2 <= 0xEE, SW.WRONG_P1P2)
            expect(not apdu.data, SW.WRONG_LENGTH)
            return cls(apdu.p1, apdu.p2, {})
        expect(apdu.p1 & 0x0F == SET and apdu.p1 & 0xC0 != 0, SW.WRONG_P1P2)
        expect(apdu.p2 in TEMPLATES, SW.WRONG_P1P2)
        expect(len(apdu.data) <= MAX_TEMPLATE, SW.WRONG_LENGTH)
        try:
            values = tlv.fields(apdu.data)
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None
        expect(values.keys() <= KNOWN_TAGS and all(values.values()), SW.WRONG_DATA)
        return cls(SET, apdu.p2, values)

    def run(self, ctx: Context) -> bytes:
        session, store = ctx.session, ctx.rooms.store
        if self.action == SET:
            session.environment[self.operand] = self.values
            session.hashed = session.hashed if self.operand != HT else b""
        elif self.action == STORE:
            require_file(ctx, current_df(ctx), Right.CREATE_EF)
            store.put(_store_key(self.operand), _encode(session.environment))
        else:
            kept = store.get(_store_key(self.operand))
            if kept is None:
                raise Refused(SW.REFERENCE_NOT_FOUND)
            if self.action == ERASE:
                require_file(ctx, current_df(ctx), Right.CREATE_EF)
                store.delete(_store_key(self.operand))
            else:
                session.environment = {item.tag: tlv.fields(item.value) for item in tlv.parse(kept)}
        return b""


def _encode(environment: dict[int, Template]) -> bytes:
    # A door may keep templates of its own kind in the session; they are not written.
    return b"".join(tlv.tlv(tag, tlv.build(environment[tag].items())) for tag in environment if tag in TEMPLATES)
