"""MANAGE SECURITY ENVIRONMENT and the security operations in the two dialects of the door.

GnuPG speaks the ISO door's words, but names RSA without padding by a code of its own when it deciphers.

The isoApplet driver names algorithms by its own two codes. With RSA it sends a DigestInfo and leaves the padding to
the card; with ECDSA it sends the message and leaves SHA-1 to the card, and wants the signature as a SEQUENCE of r
and s. Everything else is the ISO door's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from simcard.applet.base import Command, Context, expect
from simcard.applet.iso import operations
from simcard.applet.iso.environment import ALGORITHM, DST, PRIVATE, ManageSecurityEnvironment, template
from simcard.applet.iso.session import Template
from simcard.applet.iso.signature import Scheme
from simcard.applet.pkcs15 import der
from simcard.applet.pkcs15.session import Dialect
from simcard.hal.engine import Hash, KeyKind
from simcard.key.containers import Slot
from simcard.key.pair import Role
from simcard.wire import tlv
from simcard.wire.apdu import CommandApdu
from simcard.wire.status import SW, Refused

FOR_GENERATION = 0x00
"""P2 of the template the driver sends before a key is generated or imported."""

RSA_2048, RSA_4096, EC = 0xF3, 0xF5, 0xEC
"""Algorithm references in that template."""

RSA_PKCS1, ECDSA_SHA1 = 0x11, 0x21
"""RSA with PKCS#1 v1.5 padding over what is sent, and ECDSA over the SHA-1 digest of what is sent."""

ALGORITHMS = {RSA_PKCS1: Scheme.PKCS1 << 4, ECDSA_SHA1: Scheme.DEFAULT << 4}
"""The same in the ISO door's words; the hash of the second is seen to here."""

HOST_PADS = b"\x0a"
"""RSA without padding as CardOS calls it, and GnuPG to every card; free in the ISO door."""

MAX_KEYS = 16


def slot_of(writable: bool, reference: int) -> Slot:
    """The slot a key reference of the driver names: on a writable card 0 to 15, else the card's own reference."""
    if not writable:
        return Slot.of_reference(reference)
    expect(reference < MAX_KEYS, SW.REFERENCE_NOT_FOUND)
    return Slot(reference + 1, Role.SIGN)


@dataclass(frozen=True, slots=True)
class DriversEnvironment(Command):
    """MANAGE SECURITY ENVIRONMENT SET (ISO/IEC 7816-4:2013, 11.5.11) with the isoApplet driver's references."""

    kind: int
    values: Template

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        try:
            values = tlv.fields(apdu.data)
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None
        expect(all(len(values.get(tag, b"\0")) == 1 for tag in (ALGORITHM, PRIVATE)), SW.WRONG_DATA)
        expect(PRIVATE in values, SW.WRONG_DATA)
        return cls(apdu.p2, values)

    def run(self, ctx: Context) -> bytes:
        expect(ctx.session.dialect is Dialect.ISO_APPLET, SW.WRONG_P1P2)
        values = dict(self.values)
        values[PRIVATE] = bytes((slot_of(ctx.session.writable, values[PRIVATE][0]).reference,))
        if self.kind != FOR_GENERATION and ALGORITHM in values:
            coded = ALGORITHMS.get(values[ALGORITHM][0])
            if coded is None:
                raise Refused(SW.FUNCTION_NOT_SUPPORTED)
            values[ALGORITHM] = bytes((coded,))
        ctx.session.environment[self.kind] = values
        return b""


@dataclass(frozen=True, slots=True)
class ManageEnvironment(Command):
    """MANAGE SECURITY ENVIRONMENT (ISO/IEC 7816-4:2013, 11.5.11): the ISO door's, or the driver's."""

    apdu: CommandApdu

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        """Which of the two it is depends on the dialect, so the parameters are looked at when it runs."""
        if apdu.p1p2 == 0x4100 | FOR_GENERATION:
            return DriversEnvironment.parse(apdu)
        return cls(apdu) if apdu.p1 == 0x41 else ManageSecurityEnvironment.parse(apdu)

    def run(self, ctx: Context) -> bytes:
        if ctx.session.dialect is Dialect.ISO_APPLET:
            spoken = DriversEnvironment.parse(self.apdu)
        else:
            spoken = ManageSecurityEnvironment.parse(self.apdu)
            assert isinstance(spoken, ManageSecurityEnvironment)
            if spoken.values.get(ALGORITHM) == HOST_PADS:
                spoken = replace(spoken, values={**spoken.values, ALGORITHM: bytes((Scheme.RAW << 4,))})
        done = spoken.run(ctx)
        assert isinstance(done, bytes)
        return done


class ComputeSignature(operations.ComputeSignature):
    """PSO COMPUTE DIGITAL SIGNATURE (ISO/IEC 7816-8:2021, 5.2.4); for the driver curves hash and answer in DER."""

    def run(self, ctx: Context) -> bytes:
        reference = template(ctx, DST).get(PRIVATE)
        pair = ctx.rooms.containers.pair(Slot.of_reference(reference[-1])) if reference else None
        if ctx.session.dialect is Dialect.ISO or pair is None or pair.kind == KeyKind.RSA:
            return operations.ComputeSignature.run(self, ctx)
        hashed = operations.ComputeSignature(self._to_sign(ctx, pair.kind))
        signature = hashed.run(ctx)
        half = len(signature) // 2
        return der.sequence(der.unsigned(signature[:half]), der.unsigned(signature[half:]))

    def _to_sign(self, ctx: Context, kind: str) -> bytes:
        """The digest of the message: SHA-1 as the driver's algorithm says; an SM2 key signs a digest that is ready."""
        return self.data if kind == KeyKind.SM2 else ctx.rooms.crypto.digest(Hash.SHA1, self.data)


class PerformSecurityOperation(operations.PerformSecurityOperation):
    """PERFORM SECURITY OPERATION (ISO/IEC 7816-8:2021, 5.2)."""

    choices: ClassVar = {**operations.PerformSecurityOperation.choices, 0x9E9A: ComputeSignature}
