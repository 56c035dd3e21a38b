"""GENERATE ASYMMETRIC KEY PAIR, Yubico's import of a pair, and the PIN policy a pair comes to live under."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simcard.applet.base import Command, Context, expect
from simcard.applet.iso.keys import public_template
from simcard.applet.piv.objects import POLICIES, holder_of, store, stored
from simcard.applet.piv.session import require_replace
from simcard.applet.piv.slots import ASYMMETRIC, PinPolicy, PivSlot, make_home, pair_of, slot_of
from simcard.hal.engine import CryptoFault, KeyKind
from simcard.key.pair import DEFAULT_USAGE, KeyPair, Origin
from simcard.wire import access, tlv
from simcard.wire.access import Right
from simcard.wire.apdu import CommandApdu
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

PIN_POLICY, TOUCH_POLICY = 0xAA, 0xAB
TOUCH_NEVER = 1
TOUCHES = range(4)
"""Default, never, always, cached. There is nothing to touch: the policy is kept and told, and never asks."""
RSA_EXPONENT = b"\x01\x00\x01"


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """When a key asks for the PIN, and when it would ask for a touch."""

    pin: PinPolicy
    touch: int = TOUCH_NEVER


def _policies(ctx: Context) -> dict[int, KeyPolicy]:
    kept = stored(ctx, POLICIES) or b""
    rows = (kept[at : at + 3] for at in range(0, len(kept), 3))
    return {row[0]: KeyPolicy(PinPolicy(row[1]), row[2]) for row in rows}


def policy_of(ctx: Context, slot: PivSlot) -> KeyPolicy:
    """The policy of the pair in a slot: the one it was made with, or the slot's usual one."""
    return _policies(ctx).get(slot.reference) or KeyPolicy(slot.policy)


def _note_policy(ctx: Context, slot: PivSlot, policy: KeyPolicy) -> None:
    """Remember a policy that differs from the slot's usual one."""
    known = _policies(ctx)
    known.pop(slot.reference, None)
    if policy != KeyPolicy(slot.policy):
        known[slot.reference] = policy
    if known or holder_of(ctx) is not None:
        rows = (bytes((number, each.pin, each.touch)) for number, each in sorted(known.items()))
        store(ctx, POLICIES, b"".join(rows))


@dataclass(frozen=True, slots=True)
class WantedPolicy:
    """What the host said of a new pair's policies; zeros for the slot's usual ones."""

    pin: PinPolicy
    touch: int

    @classmethod
    def of(cls, found: dict[int, bytes]) -> WantedPolicy:
        """From the tags AA and AB; 6A80 for values there are not."""
        pin, touch = found.get(PIN_POLICY, b"\0"), found.get(TOUCH_POLICY, b"\0")
        expect(len(pin) == len(touch) == 1 and touch[0] in TOUCHES and pin[0] in set(PinPolicy), SW.WRONG_DATA)
        return cls(PinPolicy(pin[0]), touch[0])

    def settle(self, slot: PivSlot) -> KeyPolicy:
        return KeyPolicy(self.pin or slot.policy, self.touch or TOUCH_NEVER)


def _rules(ctx: Context, policy: KeyPolicy) -> bytes:
    """The access rules of a new pair: those the build sheet gives, and use without a PIN where the policy says so.

    A pair that wants the PIN every time is used at this door alone, as no other one would ask again: its rule is the
    sheet's and NEVER, and `rule_here` takes the NEVER off.
    """
    sheet = ctx.rooms.sheet
    conditions = sheet.new_keys.conditions(sheet.labels)
    if policy.pin is PinPolicy.NEVER:
        conditions[Right.USE] = access.ALWAYS
    elif policy.pin is PinPolicy.ALWAYS:
        conditions[Right.USE] = access.AllOf((conditions[Right.USE], access.NEVER))
    return access.encode_expanded(conditions)


def rule_here(pair: KeyPair, policy: KeyPolicy) -> KeyPair:
    """The pair with the rule for use that holds at this door."""
    match pair.rules.of(Right.USE):
        case access.AllOf((asked, access.Never())) if policy.pin is PinPolicy.ALWAYS:
            return replace(pair, expanded=access.encode_expanded({Right.USE: asked}))
    return pair


@dataclass(frozen=True, slots=True)
class NewPair:
    """A pair about to come into a slot, and the policy it will have."""

    kind: KeyKind
    bits: int
    private: Secret
    public: bytes
    origin: Origin


def _install(ctx: Context, slot: PivSlot, wanted: WantedPolicy, new: NewPair) -> KeyPair:
    options = ctx.session.options
    old = pair_of(ctx, slot, options)
    home = make_home(ctx, slot, options)
    # A pair that another door made keeps its rules; here a pair brings its policy with it.
    viewed = old is not None and ctx.rooms.containers.name(home.container) != slot.container
    policy = wanted.settle(slot)
    expanded = old.expanded if old is not None and viewed else _rules(ctx, policy)
    pair = KeyPair(new.kind, new.bits, new.private, new.public, DEFAULT_USAGE[slot.role], new.origin, expanded)
    ctx.rooms.containers.put_pair(home, pair)
    _note_policy(ctx, slot, policy)
    return pair


@dataclass(frozen=True, slots=True)
class GenerateKeyPair(Command):
    """GENERATE ASYMMETRIC KEY PAIR (NIST SP 800-73-4 part 2, 3.3.1): AC { 80 algorithm }, the answer is 7F49.

    AC may also hold 81, the exponent, and Yubico's AA and AB, the policies of PIN and touch.
    """

    reference: int
    algorithm: int
    exponent: int
    wanted: WantedPolicy

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 == 0, SW.WRONG_P1P2)
        try:
            found = tlv.fields(tlv.find(apdu.data, 0xAC) or b"")
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None
        algorithm = found.get(0x80, b"")
        expect(len(algorithm) == 1 and algorithm[0] in ASYMMETRIC, SW.WRONG_DATA)
        exponent = int.from_bytes(found.get(0x81) or RSA_EXPONENT, "big")
        return cls(apdu.p2, algorithm[0], exponent, WantedPolicy.of(found))

    def run(self, ctx: Context) -> bytes:
        slot = slot_of(self.reference, ctx.session.options)
        require_replace(ctx, pair_of(ctx, slot, ctx.session.options))
        kind, bits = ASYMMETRIC[self.algorithm]
        try:
            private, public = ctx.rooms.crypto.generate(kind, bits, ctx.rooms.noise.key, self.exponent)
        except CryptoFault:
            raise Refused(SW.WRONG_DATA) from None
        new = NewPair(kind, bits, private, public, Origin.GENERATED)
        return public_template(ctx, _install(ctx, slot, self.wanted, new))


@dataclass(frozen=True, slots=True)
class ImportKeyPair(Command):
    """IMPORT ASYMMETRIC KEY (NIST SP 800-73-4 part 2 has none; this is Yubico's INS FE): P1 algorithm, P2 slot.

    RSA: 01 p, 02 q (03 to 05, the exponents and the coefficient, are worked out here); curves: 06 d.
    """

    reference: int
    algorithm: int
    numbers: dict[int, Secret]
    wanted: WantedPolicy
    secret_data = True

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        expect(apdu.p1 in ASYMMETRIC, SW.WRONG_P1P2)
        try:
            found = tlv.fields(apdu.data)
        except tlv.TlvError:
            raise Refused(SW.WRONG_DATA) from None
        needed = (0x01, 0x02) if ASYMMETRIC[apdu.p1][0] is KeyKind.RSA else (0x06,)
        expect(all(found.get(tag) for tag in needed), SW.WRONG_DATA)
        return cls(apdu.p2, apdu.p1, {tag: Secret(found[tag]) for tag in needed}, WantedPolicy.of(found))

    def run(self, ctx: Context) -> bytes:
        slot = slot_of(self.reference, ctx.session.options)
        require_replace(ctx, pair_of(ctx, slot, ctx.session.options))
        _install(ctx, slot, self.wanted, self._pair(ctx))
        return b""

    def _pair(self, ctx: Context) -> NewPair:
        crypto = ctx.rooms.crypto
        kind, bits = ASYMMETRIC[self.algorithm]
        try:
            private = self._private(ctx, kind, bits)
            public = crypto.public_of(kind, private)
            crypto.check_pair(kind, private, public)
            expect(crypto.bits_of(kind, public) == bits, SW.WRONG_DATA)
        except CryptoFault:
            raise Refused(SW.WRONG_DATA) from None
        return NewPair(kind, bits, private, public, Origin.IMPORTED)

    def _private(self, ctx: Context, kind: KeyKind, bits: int) -> Secret:
        if kind is KeyKind.RSA:
            return ctx.rooms.crypto.rsa_private_from(self.numbers[0x01], self.numbers[0x02], RSA_EXPONENT)
        return Secret(self.numbers[0x06].reveal().rjust(bits // 8, b"\0"))
