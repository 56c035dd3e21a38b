"""Verification, change and unblocking of reference data (ISO/IEC 7816-4:2013, 11.5).

Pay before you look: the retry counter is decremented and committed before the comparison it guards, so pulling
the power never wins a free guess. A right value restores the counter. Nothing here returns a verdict: a wrong
value is `Refused` with 63Cx, a blocked one with 6983.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from simcard.nvm.counter import Counter
from simcard.nvm.store import Store
from simcard.pin.reference import LOCAL, NUMBER, Flag, PinId, Reference
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused, tries_left


@dataclass(frozen=True, slots=True)
class PinState:
    """What may be told of a reference without knowing it."""

    limit: int
    left: int
    enabled: bool
    must_change: bool
    default: bool


class Pins:
    """All reference data of the card."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, pin: PinId, reference: Reference, tries: int) -> None:
        """A new reference, inside the caller's transaction; its first value must satisfy its policy."""
        if self._store.get(pin.key) is not None:
            raise Refused(SW.FILE_EXISTS)
        if not reference.policy.allows(reference.value):
            raise Refused(SW.WRONG_DATA)
        self._store.put(pin.key, reference.encode())
        Counter.create(self._store, pin.counter_key, tries)

    def delete_scope(self, scope: int) -> None:
        """Forget all references of a DF that is being deleted."""
        prefix = scope.to_bytes(2, "big")
        for key in self._store.keys(b"p" + prefix) + self._store.keys(b"q" + prefix):
            self._store.delete(key)

    def all(self) -> list[PinId]:
        return [PinId(int.from_bytes(key[1:3], "big"), key[3]) for key in self._store.keys(b"p")]

    def resolve(self, reference: int, scopes: Iterable[int]) -> PinId:
        """The reference a P2 byte names: global, or local to the nearest DF of `scopes` that has it."""
        number = reference & NUMBER
        candidates = [scope for scope in scopes if scope] if reference & LOCAL else [0]
        for scope in candidates:
            pin = PinId(scope, number)
            if self._store.get(pin.key) is not None:
                return pin
        raise Refused(SW.REFERENCE_NOT_FOUND)

    def read(self, pin: PinId) -> Reference:
        record = self._store.get(pin.key)
        if record is None:
            raise Refused(SW.REFERENCE_NOT_FOUND)
        return Reference.decode(record)

    def state(self, pin: PinId) -> PinState:
        reference = self.read(pin)
        counter = Counter(self._store, pin.counter_key)
        return PinState(
            counter.limit,
            counter.value,
            Flag.ENABLED in reference.flags,
            Flag.MUST_CHANGE in reference.flags,
            reference.is_default,
        )

    def verify(self, pin: PinId, presented: Secret) -> Reference:
        """Compare; raises 63Cx or 6983, and 6984 for a value no PIN of this reference can have."""
        kept = self.read(pin)
        if len(presented) > max(kept.policy.max_length, 1):
            raise Refused(SW.WRONG_DATA)
        normal = Secret(kept.policy.normalise(presented))
        self._pay(pin, lambda: kept.value == normal)
        return kept

    def prove(self, pin: PinId, check: Callable[[Reference], bool]) -> Reference:
        """Spend a try, ask `check`, restore the counter if it agrees; for doors that prove a PIN by cipher."""
        kept = self.read(pin)
        self._pay(pin, lambda: check(kept))
        return kept

    def _pay(self, pin: PinId, check: Callable[[], bool]) -> None:
        counter = Counter(self._store, pin.counter_key)
        left = counter.spend()
        if not check():
            raise Refused(tries_left(left))
        counter.restore()

    def change(self, pin: PinId, new: Secret) -> None:
        """Set a value chosen by the holder; the caller has checked who asks."""
        reference = self.read(pin)
        self._admissible(reference, new)
        self._store.put(pin.key, reference.changed(new).encode())

    def unblock(self, pin: PinId, new: Secret | None) -> None:
        """Restore the counter and, with `new`, set that value."""
        reference = self.read(pin)
        if new is not None:
            if not reference.policy.allows(new):
                raise Refused(SW.WRONG_DATA)
            self._store.put(pin.key, reference.changed(new).encode())
        Counter.create(self._store, pin.counter_key, Counter(self._store, pin.counter_key).limit)

    def reset(self, pin: PinId, tries: int) -> None:
        """Back to the value the card was made with, and a full counter of `tries`; the caller has checked who asks."""
        reference = self.read(pin)
        self._store.put(pin.key, replace(reference, value=reference.initial, former=()).encode())
        Counter.create(self._store, pin.counter_key, tries)

    def assign(self, pin: PinId, new: Secret, tries: int) -> None:
        """Make `new` the first value from now on, with a full counter of `tries`; the caller has checked who asks."""
        reference = self.read(pin)
        if not reference.policy.allows(new):
            raise Refused(SW.WRONG_DATA)
        value = Secret(reference.policy.normalise(new))
        self._store.put(pin.key, replace(reference, value=value, initial=value, former=()).encode())
        Counter.create(self._store, pin.counter_key, tries)

    def set_flag(self, pin: PinId, flag: Flag, on: bool) -> None:
        reference = self.read(pin)
        flags = reference.flags | flag if on else reference.flags & ~flag
        self._store.put(pin.key, replace(reference, flags=flags).encode())

    @staticmethod
    def _admissible(reference: Reference, new: Secret) -> None:
        if not reference.policy.allows(new):
            raise Refused(SW.WRONG_DATA)
        normal = Secret(reference.policy.normalise(new))
        # Who must change the value may not keep it, whatever the policy remembers.
        depth = max(reference.policy.history, Flag.MUST_CHANGE in reference.flags)
        kept = (reference.value, *reference.former)[:depth]
        if any(normal == old for old in kept):
            raise Refused(SW.CONDITIONS)
