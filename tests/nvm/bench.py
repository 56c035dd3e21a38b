"""A bench for memory: small flash, scripted content, and power that is cut on order."""

from __future__ import annotations

from dataclasses import dataclass

from simcard.hal.entropy import SeededEntropy
from simcard.hal.flash import RamFlash
from simcard.hal.power import PowerLost, PowerSupply
from simcard.nvm.store import Store

SIZE = 1024
PAGE = 64

Content = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Step:
    """One commit: what changes (None deletes), and whether it is written through."""

    changes: tuple[tuple[bytes, bytes | None], ...]
    through: bool = False

    def on(self, content: Content) -> Content:
        """The content after this step."""
        after: dict[bytes, bytes | None] = {**content, **dict(self.changes)}
        return {key: value for key, value in after.items() if value is not None}

    def do(self, store: Store) -> None:
        """Carry the step out."""
        if self.through:
            for key, value in self.changes:
                assert value is not None
                store.write_through(key, value)
            return
        store.begin()
        for key, value in self.changes:
            if value is None:
                store.delete(key)
            else:
                store.put(key, value)
        store.commit()


def script(seed: int, steps: int) -> list[Step]:
    """Random steps over a few keys: small enough to fit, many enough to compact."""
    noise = SeededEntropy(seed)

    def draw(below: int) -> int:
        return int.from_bytes(noise.read(2), "big") % below

    def change() -> tuple[bytes, bytes | None]:
        value = None if draw(6) == 0 else noise.read(draw(30))
        return b"key%d" % draw(6), value

    made: list[Step] = []
    for number in range(steps):
        if draw(3) == 0:
            made.append(Step(((b"tries", bytes((3, number & 0xFF))),), through=True))
        else:
            made.append(Step(tuple(change() for _ in range(1 + draw(3)))))
    return made


def fresh(power: PowerSupply | None = None) -> tuple[RamFlash, Store]:
    """A small formatted flash."""
    flash = RamFlash(SIZE, PAGE, power)
    return flash, Store.format(flash)


def content_of(flash: RamFlash) -> Content:
    """What a mount finds."""
    return dict(Store.mount(flash).items())


def run(steps: list[Step], store: Store) -> tuple[Content, Content]:
    """Carry out `steps` until the power goes: (content acknowledged, content if the last commit counts)."""
    acknowledged: Content = dict(store.items())
    for step in steps:
        wanted = step.on(acknowledged)
        try:
            step.do(store)
        except PowerLost:
            return acknowledged, wanted
        acknowledged = wanted
    return acknowledged, acknowledged


def operations_of(steps: list[Step]) -> int:
    """How many flash operations a run without a cut takes."""
    power = PowerSupply()
    _, store = fresh(power)
    before = power.operations
    run(steps, store)
    return power.operations - before
