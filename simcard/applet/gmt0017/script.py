"""Office scripts: what the issuing office does to a card, exactly once, in one transaction.

These two commands are ours; no public source shows how the real office unlocks and renews. A script is a count, a
list of operations and a CMAC under the card's management key, bound to the card's number. The count must be the next
one, and it is written together with everything the script does: whatever is cut, the count tells whether it was done,
so a script can be neither played twice nor lost.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from simcard.applet.base import Context, expect
from simcard.applet.gmt0017.command import GmtCommand
from simcard.applet.gmt0017.fields import Fields
from simcard.applet.gmt0017.session import applications, session_of
from simcard.applet.view import body_of, file_at, refuse_view
from simcard.fs.descriptor import Kind, LifeCycle
from simcard.fs.tree import MF
from simcard.hal.engine import Cipher, KeyKind, Mode
from simcard.key.containers import Slot
from simcard.key.pair import KeyPair, Role
from simcard.key.secrets import Purpose, SecretKey
from simcard.pin.reference import PinId
from simcard.wire import tlv
from simcard.wire.gmt0017 import SCRIPT_COUNTER, SCRIPT_MAC, STAGED, ScriptTag, script_message
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

LAST_COUNT = 0xFFFFFFFF
IDENTIFIER = 2
"""Bytes of a file identifier in a path."""


def management_key(ctx: Context) -> tuple[int, SecretKey]:
    """Reference and value of the key that scripts are made with; 6D00 for a token that takes none."""
    label = session_of(ctx).switches.script_key
    expect(bool(label), SW.INS_NOT_SUPPORTED)
    reference = ctx.rooms.sheet.labels.get(f"key:{label}", 0)
    return reference, ctx.rooms.secrets.require(reference, Purpose.MAC)


@dataclass(frozen=True, slots=True)
class ScriptState(GmtCommand):
    """ScriptState (ours; INS F6): count of scripts carried out (4), tries left for the management key (1)."""

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        fields.end()
        return cls()

    def act(self, ctx: Context) -> bytes:
        reference, _ = management_key(ctx)
        left = min(ctx.rooms.secrets.counter(reference).value, 0xFF)
        return applications(ctx).scripts().to_bytes(SCRIPT_COUNTER, "big") + bytes((left,))


@dataclass(frozen=True, slots=True)
class ExecuteScript(GmtCommand):
    """ExecuteScript (ours; INS F8): count (4), operations (BER-TLV), CMAC (16).

    63Cx for a wrong CMAC, 6983 after too many; 6985 for a count that is not the next one, and for a switch to what
    is not whole; 6A80 for operations that are none; 6A88 for what they name and the card has not.
    """

    count: int
    operations: bytes
    mac: bytes
    # A blank's first management key travels under a transport key that everybody may know.
    secret_data = True

    @classmethod
    def read(cls, fields: Fields) -> Self:
        fields.no_parameters()
        expect(fields.left > SCRIPT_COUNTER + SCRIPT_MAC, SW.WRONG_LENGTH)
        count = int.from_bytes(fields.take(SCRIPT_COUNTER), "big")
        return cls(count, fields.take(fields.left - SCRIPT_MAC), fields.rest())

    def act(self, ctx: Context) -> bytes:
        self._authenticate(ctx)
        known = applications(ctx)
        expect(self.count == known.scripts() + 1, SW.CONDITIONS)
        items = self._items()
        # Nothing can be refused behind the end of the card, so it stands last.
        expect(all(item.tag != ScriptTag.TERMINATE for item in items[:-1]), SW.WRONG_DATA)
        for item in items:
            operation = OPERATIONS.get(item.tag)
            if operation is None:
                raise Refused(SW.WRONG_DATA)
            operation(ctx, item.value)
        known.count_script(self.count)
        # PINs and keys may not be what they were when somebody proved them.
        ctx.card.distrust()
        return b""

    def _authenticate(self, ctx: Context) -> None:
        reference, key = management_key(ctx)
        file = file_at(ctx.rooms, session_of(ctx).switches.script_card)
        if file is None:
            raise Refused(SW.REFERENCE_NOT_FOUND)
        message = script_message(body_of(ctx, file), self.count, self.operations)
        expected = ctx.rooms.crypto.cmac(Cipher(key.cipher), key.value, message)
        ctx.rooms.secrets.prove(reference, lambda: hmac.compare_digest(expected, self.mac))

    def _items(self) -> tuple[tlv.Tlv, ...]:
        try:
            return tlv.parse(self.operations)
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None


def _reset_pin(ctx: Context, value: bytes) -> None:
    expect(len(value) == 1, SW.WRONG_DATA)
    pin = PinId(0, value[0])
    ctx.rooms.pins.reset(pin, ctx.rooms.pins.state(pin).limit)


def _switch(ctx: Context, name: bytes) -> None:
    containers, known = ctx.rooms.containers, applications(ctx)
    old, staged = containers.by_name(name), containers.by_name(name + STAGED)
    if old is None or staged is None:
        raise Refused(SW.REFERENCE_NOT_FOUND)
    for role in Role:
        expect(_is_whole(ctx, Slot(staged, role), containers.pair(Slot(old, role))), SW.CONDITIONS)
    known.replace_container(old, staged)
    session_of(ctx).forget_container(staged)


def _is_whole(ctx: Context, slot: Slot, old: KeyPair | None) -> bool:
    """A slot can take over: it has what the old one has, and its certificate speaks of its key."""
    pair, certificate = ctx.rooms.containers.pair(slot), ctx.rooms.containers.certificate(slot)
    if pair is None:
        return old is None
    if certificate is None or (old is not None and (old.kind, old.bits) != (pair.kind, pair.bits)):
        return False
    # The card reads no X.509: a certificate that does not even hold the key's number is none for it.
    rsa = pair.kind == KeyKind.RSA
    return (ctx.rooms.crypto.rsa_public_parts(pair.public)[0] if rsa else pair.public) in certificate


def _file(ctx: Context, value: bytes) -> None:
    try:
        found = tlv.fields(value)
        path, body = found[0x83], found[0x53]
    except (tlv.TlvError, KeyError):
        raise Refused(SW.WRONG_DATA) from None
    tree = ctx.rooms.files.tree
    file = tree.file(MF)
    for at in range(0, len(path), IDENTIFIER):
        child = tree.child(file.number, int.from_bytes(path[at : at + IDENTIFIER], "big")) if file.is_df else None
        if child is None:
            raise Refused(SW.REFERENCE_NOT_FOUND)
        file = child
    expect(file.kind is Kind.TRANSPARENT, SW.INCOMPATIBLE_FILE)
    refuse_view(file)
    expect(len(body) <= file.size, SW.NO_SPACE)
    ctx.rooms.files.binary.update(file, 0, body.ljust(file.size, b"\0"))


def _new_key(ctx: Context, cryptogram: bytes) -> None:
    reference, key = management_key(ctx)
    value = _opened(ctx, cryptogram)
    tries = ctx.rooms.secrets.counter(reference).limit
    ctx.rooms.secrets.put(reference, SecretKey(key.cipher, key.purpose, value), tries)


def _new_pin(ctx: Context, value: bytes) -> None:
    expect(bool(value), SW.WRONG_DATA)
    pin = PinId(0, value[0])
    ctx.rooms.pins.assign(pin, _opened(ctx, value[1:]), ctx.rooms.pins.state(pin).limit)


def _opened(ctx: Context, cryptogram: bytes) -> Secret:
    """One block, enciphered under the present management key."""
    _, key = management_key(ctx)
    cipher = Cipher(key.cipher)
    expect(len(cryptogram) == cipher.block, SW.WRONG_DATA)
    return Secret(ctx.rooms.crypto.cipher(cipher, Mode.ECB, key.value, b"", cryptogram, encrypt=False))


def _terminate(ctx: Context, value: bytes) -> None:
    expect(not value, SW.WRONG_DATA)
    tree = ctx.rooms.files.tree
    tree.set_life_cycle(tree.file(MF), LifeCycle.TERMINATED)
    ctx.card.forget()


OPERATIONS: dict[int, Callable[[Context, bytes], None]] = {
    ScriptTag.RESET_PIN: _reset_pin,
    ScriptTag.SWITCH: _switch,
    ScriptTag.FILE: _file,
    ScriptTag.NEW_KEY: _new_key,
    ScriptTag.TERMINATE: _terminate,
    ScriptTag.NEW_PIN: _new_pin,
}
