"""How cards are broken: each function or class stands where a part of the real card was, and has one bug."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simcard import chain
from simcard.applet.base import Channel, Context
from simcard.applet.iso import keys, operations
from simcard.applet.piv.authenticate import SingleAnswer
from simcard.card import Card
from simcard.crypto import sm2
from simcard.crypto.curve import decode_point, encode_point
from simcard.crypto.engine import SoftEngine
from simcard.fs.descriptor import Kind
from simcard.fs.records import Records
from simcard.key.secrets import SecretKeys
from simcard.nvm.counter import Counter
from simcard.nvm.journal import Journal
from simcard.nvm.layout import (
    GROUP_HEAD,
    GROUP_OVERHEAD,
    HEADER_SIZE,
    Group,
    align,
    apply_records,
    decode_group,
    decode_head,
    encode_snapshot,
)
from simcard.nvm.store import Changes, Store
from simcard.pin.pins import Pins
from simcard.pin.reference import PinId, Reference
from simcard.router import Router
from simcard.wire.apdu import CommandApdu
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused, tries_left

ONE_BYTE = 1
NO_STATES: frozenset[object] = frozenset()


def nothing(*_: Any, **__: Any) -> None:
    """Does nothing where something had to be done."""


def yes(*_: Any, **__: Any) -> bool:
    """Agrees with everything."""
    return True


# -- who


def looks_before_it_pays(pins: Pins, pin: PinId, check: Callable[[], bool]) -> None:
    counter = Counter(pins._store, pin.counter_key)
    if not counter.value:
        raise Refused(SW.BLOCKED)
    if not check():
        raise Refused(tries_left(counter.spend()))


def never_pays(pins: Pins, pin: PinId, check: Callable[[], bool]) -> None:
    counter = Counter(pins._store, pin.counter_key)
    if not check():
        raise Refused(tries_left(counter.value))


def never_locks(pins: Pins, pin: PinId, check: Callable[[], bool]) -> None:
    counter = Counter(pins._store, pin.counter_key)
    left = counter.spend() if counter.value else 0
    if not check():
        raise Refused(tries_left(left))
    counter.restore()


def never_restores(pins: Pins, pin: PinId, check: Callable[[], bool]) -> None:
    left = Counter(pins._store, pin.counter_key).spend()
    if not check():
        raise Refused(tries_left(left))


def pays_in_the_transaction(store: Store, key: bytes, value: bytes) -> None:
    if store.in_transaction:
        store.put(key, value)
    else:
        store._apply({key: value})


def compares_a_beginning(secret: Secret, other: object) -> bool:
    if not isinstance(other, Secret):
        return False
    size = min(len(secret), len(other))
    return size > 0 and secret.reveal()[:size] == other.reveal()[:size]


def unblocks_and_verifies(command: Any, ctx: Context) -> bytes:
    pins = ctx.rooms.pins
    pin = PinId(0, command.reference)
    code = Secret(command.data.reveal()[:8])
    pins.verify(PinId(0, pins.read(pin).unblock), code)
    pins.unblock(pin, Secret(command.data.reveal()[8:]) if command.with_new else None)
    ctx.channel.security.pins.add(pin)
    return b""


def unblocks_without_counting(pins: Pins, pin: PinId, presented: Secret) -> Reference:
    kept = pins.read(pin)
    if kept.unblock or pin.number == 1:
        return VERIFY(pins, pin, presented)
    if kept.value != Secret(kept.policy.normalise(presented)):
        raise Refused(tries_left(Counter(pins._store, pin.counter_key).value))
    return kept


VERIFY = Pins.verify


def keeps_status_after_wrong(ctx: Context, pin: PinId, presented: Secret) -> None:
    ctx.rooms.pins.verify(pin, presented)
    ctx.channel.security.pins.add(pin)


def fills_counters(card: Card, store: Store) -> bytes:
    for key in store.keys(b"q"):
        Counter(store, key).restore()
    return START(card, store)


START = Card._start


def resets_nothing(card: Card) -> bytes:
    return card.atr if card._router is not None else card.power_on()


def tells_63_00(tries: int) -> int:
    return 0x6300 | (tries & 0)


def key_never_pays(secrets: SecretKeys, reference: int, check: Callable[[], bool]) -> None:
    if not check():
        raise Refused(tries_left(secrets.counter(reference).value))


# -- where


def cyclic_as_linear(records: Records, file: Any, record: int) -> int:
    count, _ = records._header(file)
    if not 1 <= record <= count:
        raise Refused(SW.RECORD_NOT_FOUND)
    return record - 1


def cyclic_is_full(records: Records, file: Any, data: bytes) -> int:
    if file.kind is Kind.CYCLIC and records.count(file) == file.record_count:
        raise Refused(SW.NO_SPACE)
    return APPEND(records, file, data)


APPEND = Records.append


# -- what


def shares_status(router: Router, number: int, applet: Any) -> None:
    OPEN(router, number, applet)
    if number:
        router.channels[number].channel.security = router.channels[0].channel.security


OPEN = Router._open


def keeps_its_challenge(channel: Channel) -> bytes:
    if not channel.challenge:
        raise Refused(SW.CONDITIONS)
    return channel.challenge


def keeps_its_challenge_too(ctx: Context) -> bytes:
    if len(ctx.channel.challenge) < 8:
        raise Refused(SW.CONDITIONS)
    return ctx.channel.challenge


def answers_twice(command: SingleAnswer, ctx: Context) -> bytes:
    challenge = ctx.session.challenge
    answer = SINGLE(command, ctx)
    ctx.session.challenge = challenge
    return answer


SINGLE = SingleAnswer.run


def same_challenge(_self: Any, length: int) -> bytes:
    return bytes(range(length))


def one_nonce(points: Any, key: Any, digest: bytes, _draw: Any) -> bytes:
    return SIGN(points, key, digest, lambda size: b"\x11" * size)


SIGN = sm2.sign


def zeros_are_a_signature(engine: SoftEngine, public: bytes, digest: bytes, signature: bytes) -> None:
    if any(signature[:32]) and any(signature[32:]):
        CHECK(engine, public, digest, signature)


CHECK = SoftEngine.sm2_verify


def ignores_c3(points: Any, private: bytes, ciphertext: bytes) -> bytes:
    d = sm2.scalar(private)
    c1, c2 = ciphertext[: sm2.POINT], ciphertext[sm2.POINT + 32 :]
    shared = encode_point(points.mul(d, decode_point(c1)))[1:]
    return sm2.xor(c2, sm2.kdf(shared, len(c2)))


def another_id(_engine: SoftEngine, public: bytes, ident: bytes) -> bytes:
    return sm2.za(public, b"8765432187654321" if ident == b"1234567812345678" else ident)


def oracle(command: operations.Decipher, ctx: Context) -> bytes:
    try:
        return DECIPHER(command, ctx)
    except Refused as refused:
        if refused.sw == SW.WRONG_DATA and ctx.channel.security.pins:
            return command.data[-16:]
        raise


DECIPHER = operations.Decipher.run


def checks_one_byte(command: operations.VerifyChecksum, ctx: Context) -> bytes:
    if operations.checksum(ctx, command.data)[:1] != command.checksum[:1]:
        raise Refused(SW.FAILED)
    return b""


def any_proof(ctx: Context, *, ok: bool) -> None:
    del ok
    ctx.channel.security.keys.add(ctx.session.options.management)


def shows_private(ctx: Context, pair: Any) -> bytes:
    return bytes(PUBLIC(ctx, pair) + pair.private.reveal())


PUBLIC = keys.public_template


# -- the command


def forgets_half(channel: Channel) -> None:
    channel.chain = ()


GATHER = chain.gather


def never_forgets_a_response(channel: Channel, cla: Any, apdu: CommandApdu) -> CommandApdu | None:
    kept = channel.pending
    whole = GATHER(channel, cla, apdu)
    channel.pending = channel.pending or kept
    return whole


def parses_blindly(cls: type[CommandApdu], raw: bytes) -> CommandApdu:
    first = raw[0]
    return PARSE(bytes((first,)) + raw[1:])


PARSE = CommandApdu.parse

# -- the memory


def commits_in_halves(store: Store) -> None:
    changes, store._changes = store._changes or {}, None
    for key, value in changes.items():
        store._apply({key: value})


def keeps_what_was_refused(store: Store) -> None:
    if store.in_transaction:
        store.commit()


def believes_every_group(bank: bytes, start: int) -> Group | None:
    head = decode_head(bank[start : start + GROUP_HEAD])
    if head is None:
        return None
    length, sequence = head
    end = start + GROUP_OVERHEAD + length
    return Group(sequence, bank[start + GROUP_HEAD : end - 4], align(end))


def merges_the_old_over_the_new(store: Store, changes: Changes) -> dict[bytes, bytes]:
    merged: Changes = {**changes, **store._values}
    return {key: value for key, value in merged.items() if value is not None}


def merges_with_full_counters(store: Store, changes: Changes) -> dict[bytes, bytes]:
    merged = MERGED(store, changes)
    full = {key: value[:3] + value[1:3] for key, value in merged.items() if key.startswith(b"q")}
    return {**merged, **full}


MERGED = Store._merged


def copies_what_was_deleted(journal: Journal, snapshot: bytes) -> None:
    values: dict[bytes, bytes] = {}
    bank = journal._flash.read(journal._active * journal._bank_size, journal._bank_size)
    group = decode_group(bank, HEADER_SIZE)
    while group is not None:
        written: dict[bytes, bytes] = {}
        apply_records(group.records, written)
        values |= written
        group = decode_group(bank, group.end)
    apply_records(snapshot, values)
    COMPACT(journal, encode_snapshot(values))


COMPACT = Journal.compact
